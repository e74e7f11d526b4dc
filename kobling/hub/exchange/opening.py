"""Looks into a file that somebody brings, and believes nothing of it: names, sizes, sums and version first."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kobling.hub.exchange.packing import FORMAT, MANIFEST, VERSION
from kobling.hub.exchange.parts import Part
from kobling.hub.exchange.refusing import NotTaken, TooNew, damaged
from kobling.records import N_

MOST_UNPACKED = 4 * 1024**3
MOST_LINE = 64 * 1024**2
MOST_MANIFEST = 1024**2
MOST_MEMBERS = 50
_ORIGIN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SUM = re.compile(r"[0-9a-f]{64}")
_LONGEST = 200
_HOW = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class Member:
    """What a member must be."""

    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file says of itself."""

    origin: str
    name: str
    number: str
    exported_at: datetime
    by: str
    connections: tuple[tuple[str, str, str], ...]
    pairs: tuple[str, ...]
    history: tuple[datetime | None, datetime | None]
    members: dict[str, Member]

    def rows(self, part: str) -> int:
        """How many rows a part has."""
        found = self.members.get(f"{part}.jsonl")
        return found.rows if found else 0


class Opened:
    """A file whose names, sizes and manifest were looked at; its members are when they are read."""

    def __init__(self, archive: zipfile.ZipFile, parts: Sequence[Part]) -> None:
        self._archive = archive
        self._infos = _known(archive, {MANIFEST, *(each.member for each in parts)})
        self.manifest = _manifest(self._read_manifest())
        if set(self.manifest.members) != set(self._infos) - {MANIFEST}:
            raise damaged(MANIFEST, "members")

    def _read_manifest(self) -> Any:
        if MANIFEST not in self._infos:
            raise _strange()
        if self._infos[MANIFEST].file_size > MOST_MANIFEST:
            raise _too_big()
        try:
            return json.loads(self._archive.read(MANIFEST))
        except (ValueError, RecursionError, OSError, zipfile.BadZipFile, zlib.error, EOFError):
            raise damaged(MANIFEST) from None

    def rows(self, part: Part) -> Iterator[tuple[dict[str, Any], int]]:
        """A part's rows, one at a time, and how long each is.

        Raises NotTaken at the end where it is not what the manifest says.
        """
        wanted = self.manifest.members.get(part.member)
        if wanted is None:
            return
        digest, number, size = hashlib.sha256(), 0, 0
        try:
            with self._archive.open(self._infos[part.member]) as member:
                while line := member.readline(MOST_LINE + 1):
                    number, size = number + 1, size + len(line)
                    if len(line) > MOST_LINE or number > wanted.rows or size > wanted.size:
                        raise damaged(part.member, "longer than told")
                    digest.update(line)
                    yield _row(line, part), len(line)
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as fault:
            raise damaged(part.member, type(fault).__name__) from None
        if (number, size, digest.hexdigest()) != (wanted.rows, wanted.size, wanted.sha256):
            raise damaged(part.member, "sum")

    def check(self, parts: Sequence[Part]) -> None:
        """Read every member to its end. Raises NotTaken for one that is damaged."""
        for part in parts:
            for _ in self.rows(part):
                pass


@contextmanager
def opened(path: Path, parts: Sequence[Part]) -> Iterator[Opened]:
    """Open a file. Raises NotTaken saying why it is none of ours."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError):
        raise NotTaken(N_("This is not a file of a client: it is no zip file."), code="no_zip") from None
    with archive:
        yield Opened(archive, parts)


def _known(archive: zipfile.ZipFile, names: set[str]) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS or sum(each.file_size for each in infos) > MOST_UNPACKED:
        raise _too_big()
    if MANIFEST not in (each.filename for each in infos):
        raise _strange()
    for each in infos:
        if each.flag_bits & 1 or each.compress_type not in _HOW:
            raise damaged(each.filename[:_LONGEST], "packed another way")
    found = {each.filename: each for each in infos}
    if len(found) != len(infos):
        raise damaged(MANIFEST, "a name twice")
    newer = _version(archive, found[MANIFEST]) > VERSION
    if strange := sorted(found.keys() - names):
        raise _newer() if newer else damaged(strange[0][:_LONGEST], "not ours")
    return found


def _version(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> int:
    """The version alone, before anything else is judged that a newer one may have more of; 0 where it is unreadable."""
    if info.file_size > MOST_MANIFEST:
        raise _too_big()
    try:
        version = json.loads(archive.read(info)).get("version")
    except Exception:  # noqa: BLE001 - told properly when the manifest is read
        return 0
    return version if type(version) is int else 0


def _manifest(found: Any) -> Manifest:
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise _strange()
    if type(found.get("version")) is not int or found["version"] < 1:
        raise damaged(MANIFEST, "version")
    if found["version"] > VERSION:
        raise _newer()
    try:
        return _checked(found)
    except (KeyError, TypeError, ValueError):
        raise damaged(MANIFEST) from None


def _checked(found: dict[str, Any]) -> Manifest:
    origin, (first, last) = found["origin"], found["history"]
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(origin)
    by = _text(found["exported_by"]["name"])
    connections = [(_text(kind), _text(name), _text(account)) for kind, name, account in found["connections"]]
    return Manifest(
        origin,
        _text(found["name"]),
        _text(found["number"]),
        _moment(found["exported_at"]),
        by,
        tuple(connections),
        tuple(_text(each) for each in found["pairs"]),
        (_moment(first) if first else None, _moment(last) if last else None),
        {_text(name): _member(each) for name, each in found["members"].items()},
    )


def _member(found: dict[str, Any]) -> Member:
    rows, size, digest = found["rows"], found["bytes"], found["sha256"]
    if type(rows) is not int or type(size) is not int or min(rows, size) < 0 or not _SUM.fullmatch(digest):
        raise ValueError(found)
    return Member(rows, size, digest)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST or "\x00" in value:
        raise ValueError(value)
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment


def _row(line: bytes, part: Part) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise damaged(part.member, "no JSON") from None
    if not isinstance(found, dict):
        raise damaged(part.member, "no row")
    return found


def _strange() -> NotTaken:
    return NotTaken(N_("This is not a file of a client: Kobling did not write it."), code="another_format")


def _newer() -> NotTaken:
    return TooNew(N_("A newer Kobling wrote this file."), code="newer_version")


def _too_big() -> NotTaken:
    return NotTaken(N_("The file is larger than any client is. It is not unpacked."), code="too_big")
