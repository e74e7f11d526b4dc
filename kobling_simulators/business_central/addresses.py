"""Addresses: which environment, API, company, entity set and record a path names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from kobling_simulators.business_central.errors import INVALID_GUID, INVALID_URL, ApiError, bad_request, no_segment

_SEGMENT = re.compile(r"([$\w.@-]+)(?:\((.*)\))?")
_KEYED = re.compile(r"(\w+)\s*=\s*(.*)")
_MANY = re.compile(r",\w+=")


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a path: a name, and the key in its parentheses (None without any)."""

    name: str
    key: str | None = None

    def guid(self) -> str:
        """The key as a GUID. Raises ApiError."""
        try:
            return str(UUID(self.key or ""))
        except ValueError:
            raise bad_request(f"Invalid GUID '{self.key}' in the request URL.", INVALID_GUID) from None


@dataclass(frozen=True, slots=True)
class Address:
    """Where a call goes: `root` is everything before the company, as it stood in the request."""

    root: str
    tenant: str
    environment: str
    route: str
    segments: tuple[Segment, ...]


_ONLINE = re.compile(
    r"^(?P<root>/v2\.0(?:/(?P<tenant>[^/]+))?/(?P<environment>[^/]+)"
    r"/(?:api/(?P<api>v2\.0|microsoft/runtime/beta|microsoft/automation/v2\.0|[^/]+/[^/]+/[^/]+)|(?P<odata>ODataV4)))"
    r"(?:/(?P<rest>.*))?$"
)
_ON_PREMISES = re.compile(
    r"^(?P<root>/(?P<instance>[^/]+)"
    r"/(?:api/(?P<api>v2\.0|microsoft/runtime/beta|[^/]+/[^/]+/[^/]+)|(?P<odata>ODataV4)))(?:/(?P<rest>.*))?$"
)


def read_address(path: str, *, online: bool, instance: str) -> Address:
    """The parts of a path. Raises ApiError.

    Fidelity: known business_central §1 – /v2.0/{environment}/api/v2.0 and /v2.0/{tenant}/{environment}/api/v2.0
    Fidelity: known business_central §1 – on-premises /{serverInstance}/api/v2.0; custom pages api/{publisher}/{group}/…
    """
    match = (_ONLINE if online else _ON_PREMISES).match(path)
    if match is None:
        raise no_segment(path.strip("/").partition("/")[0])
    found = match.groupdict()
    environment = found.get("environment") or ""
    if not online and found["instance"].lower() != instance.lower():
        raise no_segment(found["instance"])
    segments = split_segments(found["rest"] or "")
    return Address(found["root"], found.get("tenant") or "", environment, found["odata"] or found["api"], segments)


def split_segments(text: str) -> tuple[Segment, ...]:
    """The steps of a path below the root of an API. Raises ApiError."""
    return tuple(_segment(part) for part in split_path(text.lstrip("/")))


def split_path(text: str) -> list[str]:
    """Steps of a path; a slash inside quotes does not separate, and two are as good as one. Raises ApiError.

    Fidelity: inferred business_central §1 – clients in use ask for Company('X')//Page
    """
    parts: list[str] = []
    begin, quoted = 0, False
    for at, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif letter == "/" and not quoted:
            parts.append(text[begin:at])
            begin = at + 1
    if quoted:
        raise ApiError(400, INVALID_URL, "Quotes do not close in the request URL.")
    parts.append(text[begin:])
    return [part for part in parts if part]


def _segment(text: str) -> Segment:
    match = _SEGMENT.fullmatch(text)
    if match is None:
        raise no_segment(text[:80])
    if match[2] is None:
        return Segment(match[1])
    key = match[2].strip()
    named = _KEYED.fullmatch(key)
    if named is not None and not _MANY.search(key):
        key = named[2]
    if len(key) >= 2 and key[0] == key[-1] == "'":
        key = key[1:-1].replace("''", "'")
    return Segment(match[1], key)
