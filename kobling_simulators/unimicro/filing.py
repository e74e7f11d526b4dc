"""Files: uploading, linking to an entity, listing, downloading."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError, not_found
from kobling_simulators.unimicro.facts import Entity, entities
from kobling_simulators.unimicro.table import Row
from kobling_simulators.unimicro.values import is_key
from kobling_simulators.wire import Call

_MOST = 20 * 1024 * 1024


def upload(books: Books, call: Call) -> Row:
    """POST /api/file. Raises ApiError.

    Fidelity: known unimicro §3 – multipart to the files host
    Fidelity: assumed unimicro §3 – the part with the content is called File; EntityType and EntityID beside it link it;
        the answer is the File; Authorization and CompanyKey are needed as everywhere; 20 MB at most
    """
    kind = call.headers.get("Content-Type", "")
    if not kind.startswith("multipart/form-data"):
        raise ApiError("The request must be multipart/form-data", 415)
    parts = {part.name.lower(): part for part in call.parts()}
    if "file" not in parts:
        raise ApiError("The form has no part File")
    part = parts["file"]
    if not part.filename or not part.content:
        raise ApiError("The file has no name or is empty")
    if len(part.content) > _MOST:
        raise ApiError("The file is too large", 413)
    target = _place(books, {name: parts[name].content for name in ("entitytype", "entityid") if name in parts})
    reference = books.new_guid()
    books.files[reference] = part.content
    row = books.add(
        "File",
        {
            "Name": part.filename,
            "ContentType": part.content_type or "application/octet-stream",
            "Size": str(len(part.content)),
            "Md5": hashlib.md5(part.content).hexdigest(),
            "StorageReference": reference,
            "Pages": 1,
        },
    )
    if target is not None:
        link(books, target[0], target[1], row["ID"])
    return row


def _place(books: Books, given: Mapping[str, bytes]) -> tuple[Entity, Row] | None:
    named = {name: content.decode("utf-8", "replace").strip() for name, content in given.items()}
    if named and len(named) < 2:
        raise ApiError("EntityType and EntityID belong together")
    return linked(books, named["entitytype"], named["entityid"]) if named else None


def linked(books: Books, kind: str, key: str) -> tuple[Entity, Row]:
    """The row that a file is to hang on. Raises ApiError."""
    entity = entities().get(kind)
    if entity is None:
        raise ApiError(f"Unknown EntityType '{kind}'")
    row = books.get(entity.name, int(key)) if is_key(key) else None
    if row is None:
        raise not_found(kind, key)
    return entity, row


def link(books: Books, entity: Entity, row: Row, file_id: int) -> Row:
    """POST files/{EntityType}/{EntityID}/{FileID}. Raises ApiError.

    Fidelity: assumed unimicro §3 – this is how a file that is there already is linked; twice is once
    """
    file = books.get("File", file_id)
    if file is None:
        raise not_found("File", file_id)
    if file not in files_of(books, entity, row["ID"]):
        place = {"EntityType": entity.name, "EntityID": row["ID"], "FileID": file_id, "IsAttachment": True}
        books.add("FileEntityLink", place)
    return file


def files_of(books: Books, entity: Entity, key: int) -> list[Row]:
    """GET files/{EntityType}/{EntityID}: files of a row."""
    links = books.tables["FileEntityLink"].found("EntityID", key)
    found = (books.get("File", each["FileID"]) for each in links if each["EntityType"] == entity.name)
    return [row for row in found if row is not None]


def download(books: Books, reference: str) -> tuple[bytes, str]:
    """GET /api/download?id={StorageReference}: content and its type. Raises ApiError."""
    row = books.tables["File"].first("StorageReference", reference)
    if row is None:
        raise not_found("File", reference)
    return books.files[row["StorageReference"]], row["ContentType"]
