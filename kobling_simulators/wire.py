"""What goes over the wire, freed from the HTTP library: a Call comes in, a Reply goes out, money stays Decimal."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def to_json(value: object) -> bytes:
    """JSON of plain values; a Decimal becomes a JSON number with exactly its digits."""
    return _encoder.encode(value)


def from_json(data: bytes | str) -> Any:
    """Plain values from JSON; numbers with a fraction become Decimal, never float. Raises ValueError."""
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


@dataclass(slots=True)
class Part:
    """One part of a multipart form."""

    name: str
    filename: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Call:
    """One request as a vendor sees it, its body read to the end."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    operation: str = ""
    client: str = ""
    in_flight: int = 1
    _form: dict[str, str] | None = field(default=None, repr=False)

    def form(self) -> dict[str, str]:
        """Fields of a urlencoded or multipart body; the last of equal names wins; empty for any other body."""
        if self._form is None:
            kind = self.headers.get("Content-Type", "")
            if kind.startswith("application/x-www-form-urlencoded"):
                self._form = dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
            elif kind.startswith("multipart/form-data"):
                self._form = {part.name: part.content.decode("utf-8", "replace") for part in self.parts()}
            else:
                self._form = {}
        return self._form

    def parts(self) -> list[Part]:
        """Parts of a multipart/form-data body; empty when the body is none."""
        found = re.search(r'boundary="?([^";]+)"?', self.headers.get("Content-Type", ""))
        if found is None:
            return []
        chunks = self.body.split(b"--" + found.group(1).encode())
        return [_part(chunk[2:-2]) for chunk in chunks[1:] if chunk.startswith(b"\r\n")]


def _part(chunk: bytes) -> Part:
    head, _, content = chunk.partition(b"\r\n\r\n")
    text = head.decode("utf-8", "replace")
    named = re.findall(r'\b(name|filename)=(?:"([^"]*)"|([^\s;"]+))', text)
    names = {key: quoted or bare for key, quoted, bare in named}
    kind = re.search(r"content-type:\s*([^\r\n]+)", text, re.IGNORECASE)
    content_type = kind.group(1).strip() if kind else ""
    return Part(names.get("name", ""), names.get("filename", ""), content_type, content)


@dataclass(slots=True)
class Reply:
    """One answer of a vendor, complete; or `later`, when the vendor has to call somebody else before it can answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    later: Callable[[], Awaitable[Reply]] | None = None


def json_reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer whose body is the JSON of value."""
    return Reply(status, to_json(value), "application/json", headers or {})


def text_reply(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer in plain text."""
    return Reply(status, text.encode(), "text/plain; charset=utf-8", headers or {})
