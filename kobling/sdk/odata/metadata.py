"""What a service says of its entity sets: the ``$metadata`` document, read once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from kobling.records import N_, Misunderstood
from kobling.sdk.odata.service import Service
from kobling.sdk.protocols import FieldSchema

Sets = Mapping[str, Mapping[str, FieldSchema]]
"""Entity set → property → schema."""


class Metadata:
    """The document of one service, fetched when it is first asked for."""

    def __init__(self, service: Service, path: str = "/$metadata") -> None:
        self._service = service
        self._path = path
        self._sets: Sets | None = None
        self._asking = asyncio.Lock()

    async def sets(self) -> Sets:
        """Entity sets and their properties. Raises Misunderstood for a document that is none."""
        async with self._asking:
            if self._sets is None:
                headers = self._service.headers(Accept="application/xml")
                answer = await self._service.api.request("GET", self._path, headers=headers)
                self._sets = read_edmx(answer.body, self._service.api.vendor)
        return self._sets


def read_edmx(document: bytes, vendor: str) -> Sets:
    """Read an EDMX document. Raises Misunderstood."""
    try:
        if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
            raise ValueError("a document type is not expected here")
        tree = ElementTree.fromstring(document)  # noqa: S314 - no document type, so nothing expands
    except (ElementTree.ParseError, ValueError) as error:
        raise Misunderstood(
            N_("%(vendor)s's description of itself could not be read."), vendor=vendor, detail=str(error)
        ) from None
    types: dict[str, dict[str, FieldSchema]] = {}
    for kind in _named(tree, "EntityType"):
        types[kind.get("Name", "")] = {each.get("Name", ""): _schema(each) for each in _named(kind, "Property")}
    return {
        each.get("Name", ""): types.get(each.get("EntityType", "").rpartition(".")[2], {})
        for each in _named(tree, "EntitySet")
    }


def _named(tree: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Elements of that name in any namespace, since versions of the format differ in it."""
    return (each for each in tree.iter() if each.tag.rpartition("}")[2] == name)


def _schema(each: ElementTree.Element) -> FieldSchema:
    name, length = each.get("Name", ""), each.get("MaxLength", "")
    return FieldSchema(
        name,
        name,
        type=each.get("Type", "Edm.String").rpartition(".")[2].lower(),
        max_length=int(length) if length.isdigit() else None,
    )
