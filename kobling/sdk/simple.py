"""Halves of a small connector that are the same for every vendor; each is overridden where a vendor can do better."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence

from kobling.records import N_, NotThere, Record
from kobling.sdk.protocols import Bookmark, FieldSchema, Finding, IdPage, Page, Resource
from kobling.sdk.reading import each_read, ids_on


class ReadPageByPage(ABC):
    """The reading half of a ``Resource``, made of ``read``, ``get`` and the fields (``schema``) that there are.

    ``name_of_mark`` is the name of the bookmark's one value.
    """

    schema: Mapping[str, FieldSchema]
    name_of_mark: str

    @abstractmethod
    async def read(self, bookmark: Bookmark | None) -> Page:
        """One page."""

    @abstractmethod
    async def get(self, external_id: str) -> Record:
        """One record. Raises NotThere."""

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The same in every installation."""
        return self.schema

    async def read_ids(self, position: str | None) -> IdPage:
        """Ids of what exists: a page of the records."""
        page = await self.read({self.name_of_mark: int(position)} if position else None)
        return IdPage(ids_on(page), str(page.bookmark[self.name_of_mark]) if page.more else None)

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """One by one; missing ones are left out."""
        found, _ = await each_read(external_ids, self.get)
        return found


class WithoutDocuments:
    """A connector whose vendor has no documents, and leaves a probe nothing to ask."""

    def __init__(self, *resources: Resource) -> None:
        self.resources: Mapping[str, Resource] = {each.name: each for each in resources}

    async def probe(self) -> AsyncIterator[Finding]:
        """No questions."""
        for each in list[Finding]():
            yield each

    async def document(self, resource: str, external_id: str) -> bytes:
        """Raises NotThere."""
        raise NotThere(N_("There is no document for this record."), detail=f"{resource} {external_id}")
