"""Small lists that are only read, whole each time: reference data, and what only an administrator may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kobling.records import N_, NotThere, Record, Refused
from kobling.sdk.protocols import Bookmark, Capabilities, FieldSchema, IdPage, Page, Report, Unread, Write
from kobling.sdk.reading import ids_on, raise_for


class NotWritten:
    """The writing half of a ``Resource`` that is only read."""

    name: str

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Raises Refused: this is only read."""
        raise Refused(N_("%(resource)s can only be read."), resource=self.name)

    async def find_created(self, write: Write) -> Record | None:
        """Nothing is ever created here."""
        return None


class ReadOnlyList(NotWritten):
    """A list of records; implements ``Resource``. A connector says how all of them are read."""

    capabilities = Capabilities(many_by_all=True)

    def __init__(self, name: str, columns: Sequence[str], *, vendor: str) -> None:
        self.name = name
        self._columns = columns
        self._vendor = vendor

    async def all(self) -> tuple[Sequence[Record], Sequence[Unread]]:
        """Every record, read afresh, and those that cannot be read. Raises as ``Api.request`` does."""
        raise NotImplementedError

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The columns that are read."""
        return {name: FieldSchema(name, name, read_only=True) for name in self._columns}

    async def read(self, bookmark: Bookmark | None) -> Page:
        """Everything, in one page."""
        records, unread = await self.all()
        return Page(records, {}, more=False, total=len(records), unread=unread)

    async def read_ids(self, position: str | None) -> IdPage:
        """Every id."""
        return IdPage(ids_on(await self.read(None)), None)

    async def get(self, external_id: str) -> Record:
        """One record. Raises NotThere."""
        found = await self.get_many([external_id])
        if not found:
            raise NotThere(N_("%(vendor)s has no such record."), vendor=self._vendor, detail=self.name)
        return found[0]

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Records by id."""
        records, unread = await self.all()
        raise_for(unread, external_ids)
        return [each for each in records if each.external_id in external_ids]
