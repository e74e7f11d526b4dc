"""Files that hang on lines, entries and documents.

Fidelity: known business_central §6.1 – POST attachments (parent, type, file name), then PATCH its content
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kobling.connectors.business_central import values
from kobling.records import Refused
from kobling.sdk.odata.batch import Part
from kobling.sdk.odata.service import Row, Service


def naming(parent: str, kind: str, name: str) -> Part:
    """The request that makes an attachment by its name, without content."""
    return Part("POST", "/attachments", {"parentId": parent, "parentType": values.encoded(kind), "fileName": name})


async def attach(service: Service, parent: str, kind: str, name: str, content: bytes) -> str:
    """Attach a file to something; returns the attachment's id. Raises as ``Service.send`` does.

    Two requests: a name without content is made first, as the API wants it, and taken away if the content fails.
    """
    part = naming(parent, kind, name)
    made = service.decoded(await service.send(part.method, part.path, part.body))
    await fill(service, made, content)
    return str(made["id"])


async def fill(service: Service, made: Row, content: bytes) -> None:
    """Give an attachment its content; one that cannot take it is taken away."""
    path = f"/attachments({made['id']})"
    tag = str(made.get("@odata.etag") or "*")
    try:
        await service.send(
            "PATCH", f"{path}/attachmentContent", raw=content, If_Match=tag, Content_Type="application/octet-stream"
        )
    except Refused:
        await service.send("DELETE", path, If_Match="*")
        raise


def held(row: Row, name: str) -> Row | None:
    """A line's attachment of that name; one without content was cut off before it got any."""
    return next((each for each in row.get("attachments") or () if each["fileName"] == name), None)


def listed(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Attachments as files of a record."""
    return [{"name": row["fileName"], "size": row["byteSize"]} for row in rows]
