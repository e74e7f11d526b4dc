"""$batch: many requests in one multipart body, change sets that hold together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from kobling_simulators.dataverse.errors import ApiError, bad_request
from kobling_simulators.dataverse.paths import ROOT
from kobling_simulators.dataverse.store import Store
from kobling_simulators.wire import Call, Reply

_MOST = 1000
_BOUNDARY = re.compile(r'^multipart/mixed\s*;\s*boundary=(?:"([^"]+)"|([^\s;"]+))\s*$', re.IGNORECASE)
_REQUEST_LINE = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) (\S.*?) HTTP/1\.1$")
_LONE_FEED = re.compile(rb"(?<!\r)\n")
_URL_LIMIT = 65_536
Handler = Callable[[Call], Reply]


class Headers(Mapping[str, str]):
    """Headers by name, whatever the case."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, str]] = {}

    def put(self, name: str, value: str) -> None:
        """Set a header."""
        self._told[name.lower()] = (name, value)

    def __getitem__(self, name: str) -> str:
        return self._told[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._told.values())

    def __len__(self) -> int:
        return len(self._told)


@dataclass(slots=True)
class Part:
    """One request of a batch."""

    call: Call
    content_id: str = ""


@dataclass(slots=True)
class ChangeSet:
    """Requests that are applied together or not at all."""

    parts: list[Part] = field(default_factory=list)


def boundary_of(content_type: str) -> str:
    """The boundary of a multipart/mixed content type. Raises ApiError."""
    match = _BOUNDARY.match(content_type.strip())
    if match is None:
        raise bad_request("The Content-Type of a batch must be multipart/mixed with a boundary parameter.")
    return match[1] or match[2]


def parse_batch(call: Call, *, strict: bool = False) -> list[Part | ChangeSet]:
    """The requests of a batch. Raises ApiError.

    Fidelity: known dataverse §6 – at most 1,000 requests, no nesting, CRLF, no GET in a change set
    Fidelity: inferred dataverse §6 – bare line feeds are taken too, since clients in use send them (`line_feeds`)
    Fidelity: inferred dataverse §6 – a part of a change set may do without a Content-ID
    """
    items: list[Part | ChangeSet] = []
    count = 0
    whole = call.body if strict else _LONE_FEED.sub(b"\r\n", call.body)
    for headers, body in _parts(whole, boundary_of(call.headers.get("Content-Type", ""))):
        kind = headers.get("Content-Type", "")
        if kind.lower().startswith("multipart/mixed"):
            inner = ChangeSet([_request(call, *one, changing=True) for one in _parts(body, boundary_of(kind))])
            items.append(inner)
            count += len(inner.parts)
        else:
            items.append(_request(call, headers, body, changing=False))
            count += 1
        if count > _MOST:
            raise bad_request(f"The number of requests in the batch exceeds the maximum of {_MOST}.")
    if not items:
        raise bad_request("The batch holds no request.")
    return items


def _parts(body: bytes, boundary: str) -> list[tuple[Headers, bytes]]:
    """Headers and body of each part; lines end in CRLF."""
    mark = b"--" + boundary.encode()
    chunks = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(chunks) < 3 or not chunks[-1].startswith(b"--"):
        raise bad_request(f"The batch does not begin and end with its boundary '{boundary}' on lines ended by CRLF.")
    found = []
    for chunk in chunks[1:-1]:
        if not chunk.startswith(b"\r\n"):
            raise bad_request("A boundary of the batch is not followed by CRLF.")
        head, blank, rest = chunk[2:].partition(b"\r\n\r\n")
        if not blank or b"\n" in head.replace(b"\r\n", b""):
            raise bad_request("The headers of a batch part must end with an empty line, all lines with CRLF.")
        found.append((_headers(head), rest))
    return found


def _headers(head: bytes) -> Headers:
    headers = Headers()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if line and not colon:
            raise bad_request(f"'{line[:100]}' is no header of a batch part.")
        if line:
            headers.put(name.strip(), value.strip())
    return headers


def _request(outer: Call, headers: Headers, body: bytes, *, changing: bool) -> Part:
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/http" or headers.get("Content-Transfer-Encoding", "").lower() != "binary":
        raise bad_request("A batch part needs Content-Type: application/http and Content-Transfer-Encoding: binary.")
    content_id = headers.get("Content-ID", "")
    head, blank, rest = body.partition(b"\r\n\r\n")
    if not blank and not head.endswith(b"\r\n"):
        raise bad_request("A request in a batch must end its headers with an empty line, all lines with CRLF.")
    line, _, more = head.partition(b"\r\n")
    match = _REQUEST_LINE.match(line.decode("utf-8", "replace"))
    if match is None or len(line) > _URL_LIMIT:
        raise bad_request(f"'{line[:100].decode('utf-8', 'replace')}' is no request line.")
    if changing and match[1] == "GET":
        raise bad_request("A change set cannot hold a GET request.")
    inner = _headers(more)
    for name in ("Authorization", "Host", "CallerObjectId"):
        if name in outer.headers:
            inner.put(name, outer.headers[name])
    url = urlsplit(match[2])
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    call = Call(match[1], unquote(url.path), query, inner, rest.removesuffix(b"\r\n"), "", outer.client)
    return Part(call, content_id)


class Batches:
    """Runs batches with the handler of single requests."""

    def __init__(self, store: Store, handle: Handler, *, strict: bool = False) -> None:
        self._store = store
        self._handle = handle
        self._strict = strict

    def run(self, call: Call, *, go_on: bool) -> Reply:
        """The answers in order; stops behind the first error unless told to go on. Raises ApiError.

        Fidelity: known dataverse §6 – executed in order; a change set is atomic; stops at the first error
        Fidelity: known dataverse §6 – told to go on, the answer is 200 whatever its parts say; else a failed change
        set makes it 400
        Fidelity: inferred dataverse §6 – other failures, and single requests, give the answer their own status
        """
        boundary = f"batchresponse_{self._store.new_id()}"
        chunks: list[bytes] = []
        status = 200
        for item in parse_batch(call, strict=self._strict):
            if isinstance(item, Part):
                reply = self._handle(self._rooted(item.call))
                chunk, told = _shown(boundary, reply, item.content_id), reply.status
            else:
                chunk, told = self._change_set(item, boundary)
            chunks.append(chunk)
            if told >= 400 and not go_on:
                status = told
                break
        body = b"".join(chunks) + f"--{boundary}--\r\n".encode()
        return Reply(status, body, f"multipart/mixed; boundary={boundary}", {"OData-Version": "4.0"})

    def _rooted(self, call: Call) -> Call:
        """Addresses in a batch are absolute, from the host's root, or from the service root."""
        if not ROOT.match(call.path):
            call.path = f"/api/data/v9.2/{call.path.lstrip('/')}"
        return call

    def _change_set(self, item: ChangeSet, boundary: str) -> tuple[bytes, int]:
        """The answers of a change set as one part, and the status of the whole."""
        inner = f"changesetresponse_{self._store.new_id()}"
        made: dict[str, str] = {}
        chunks: list[bytes] = []
        try:
            with self._store.atomic():
                for part in item.parts:
                    reply = self._handle(self._rooted(_referred(part.call, made)))
                    if reply.status >= 400:
                        raise _Failed(reply, part.content_id)
                    place = reply.headers.get("OData-EntityId", "")
                    if part.content_id:
                        made[part.content_id] = ROOT.sub("", urlsplit(place).path)
                    chunks.append(_shown(inner, reply, part.content_id))
        except _Failed as failure:
            return _shown(boundary, failure.reply, failure.content_id), failure.reply.status
        body = b"".join(chunks) + f"--{inner}--\r\n".encode()
        head = f"--{boundary}\r\nContent-Type: multipart/mixed; boundary={inner}\r\n\r\n"
        return head.encode() + body + b"\r\n", 200


class _Failed(Exception):
    """A request of a change set was refused."""

    def __init__(self, reply: Reply, content_id: str) -> None:
        super().__init__(reply.status)
        self.reply = reply
        self.content_id = content_id


_REFERENCE = re.compile(r"^/?(?:api/data/v9\.[0-2]/)?\$([\w.-]+)")
_QUOTED = re.compile(rb'"/?\$([\w.-]+)"')


def _referred(call: Call, made: dict[str, str]) -> Call:
    """The request with $1 replaced by the row that request 1 of the change set made.

    Fidelity: known dataverse §6 – Content-ID and $1 references, in addresses and in @odata.bind
    """
    match = _REFERENCE.match(call.path)
    if match is not None and match[1] not in ("batch", "metadata"):
        if not made.get(match[1]):
            raise _Failed(
                ApiError(400, "0x80060888", f"Content-ID Reference: '{match[1]}' does not exist.").reply(), ""
            )
        call.path = made[match[1]] + call.path[match.end() :]

    def named(found: re.Match[bytes]) -> bytes:
        place = made.get(found[1].decode())
        return found[0] if not place else f'"/{place.lstrip("/")}"'.encode()

    call.body = _QUOTED.sub(named, call.body)
    return call


def _shown(boundary: str, reply: Reply, content_id: str) -> bytes:
    reason = HTTPStatus(reply.status).phrase
    headers: dict[str, Any] = dict(reply.headers)
    if reply.body:
        headers["Content-Type"] = reply.content_type
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    named = f"Content-ID: {content_id}\r\n" if content_id else ""
    head = (
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{named}\r\n"
        f"HTTP/1.1 {reply.status} {reason}\r\n{told}\r\n"
    )
    return head.encode() + reply.body + b"\r\n"
