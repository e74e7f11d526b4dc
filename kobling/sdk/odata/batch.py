"""Several requests in one: the JSON format (OData 4.01) and the multipart format (OData 4.0)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kobling.records import N_, Unreachable, to_json
from kobling.sdk.http import Answer

_BREAK = b"\r\n"
_HEAD_END = b"\r\n\r\n"


class Headers(Mapping[str, str]):
    """Headers of one part, whatever the case of their names."""

    def __init__(self, given: Iterable[Sequence[str]]) -> None:
        self._by_name = {str(name).strip().lower(): str(value).strip() for name, value in given}

    def __getitem__(self, name: str) -> str:
        return self._by_name[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch. ``path`` is relative to the service's root, query string included."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Unplaced(Answer):
    """The one answer of a change set that names none of its parts: it is the whole set's, and no part's own."""

    __slots__ = ()


def tells_of_parts(answer: Answer) -> bool:
    """Whether an answer, whatever its own status, holds those of the parts: a failed change set answers so."""
    kind = answer.headers.get("Content-Type", "").lower()
    return "multipart/mixed" in kind or (kind.startswith("application/json") and b'"responses"' in answer.body[:100])


def json_batch(parts: Sequence[Part]) -> dict[str, Any]:
    """The body of a JSON batch; ids are the places of the parts."""
    return {
        "requests": [
            {
                "id": str(at),
                "method": part.method,
                "url": part.path.lstrip("/"),
                "headers": dict(part.headers) | ({"Content-Type": "application/json"} if part.body is not None else {}),
                **({} if part.body is None else {"body": part.body}),
            }
            for at, part in enumerate(parts)
        ]
    }


def read_json_batch(told: Any, wanted: int) -> list[Answer | None]:
    """Answers by place; None where a part was not answered."""
    answers: list[Answer | None] = [None] * wanted
    responses = told.get("responses") if isinstance(told, dict) else None
    for each in responses if isinstance(responses, list) else ():
        place = str(each.get("id"))
        if place.isdigit() and int(place) < wanted:
            body = each.get("body")
            raw = b"" if body is None else body.encode() if isinstance(body, str) else to_json(body)
            answers[int(place)] = Answer(int(each["status"]), Headers((each.get("headers") or {}).items()), raw)
    return answers


def multipart_batch(parts: Sequence[Part], root: str, boundary: str, *, together: bool = False) -> bytes:
    """The body of a multipart batch: every part for itself, or ``together`` in one change set; lines end in CR LF.

    ``root`` is the path of the service, since a part names its whole path.
    """
    if not together:
        return _parts(parts, root, boundary)
    inner = boundary.replace("batch", "changeset", 1) + "_1"
    head = [b"--" + boundary.encode(), f'Content-Type: multipart/mixed; boundary="{inner}"'.encode(), b""]
    tail = [b"--" + boundary.encode() + b"--", b""]
    return _BREAK.join([*head, _parts(parts, root, inner), *tail])


def _parts(parts: Sequence[Part], root: str, boundary: str) -> bytes:
    lines: list[bytes] = []
    for at, part in enumerate(parts, start=1):
        lines += [
            b"--" + boundary.encode(),
            b"Content-Type: application/http",
            b"Content-Transfer-Encoding: binary",
            f"Content-ID: {at}".encode(),
            b"",
            f"{part.method} {root}{part.path} HTTP/1.1".encode(),
        ]
        lines += [f"{name}: {value}".encode() for name, value in part.headers.items()]
        if part.body is not None:
            lines.append(b"Content-Type: application/json")
        lines += [b"", b"" if part.body is None else to_json(part.body)]
    return _BREAK.join([*lines, b"--" + boundary.encode() + b"--", b""])


def read_multipart_batch(content_type: str, body: bytes, wanted: int) -> list[Answer | None]:
    """Answers by the place of their parts; None where a part has none.

    A part is told by its Content-ID; where the answer names none at all, by its order. The single answer of a failed
    change set that names no part is ``Unplaced``. Raises Unreachable for an answer without a boundary, since nobody
    knows then what was done.
    """
    boundary = _boundary(content_type)
    if not boundary:
        raise Unreachable(N_("The answer to a batch could not be read."), detail=content_type)
    told = _answers(body, boundary)
    if any(name for name, _ in told):
        return _by_name(told, wanted)
    answers: list[Answer | None] = [answer for _, answer in told][:wanted]
    only = answers[0] if len(told) == 1 else None
    if wanted > 1 and only is not None and only.status >= 400:
        answers = [Unplaced(only.status, only.headers, only.body)]
    return answers + [None] * (wanted - len(answers))


def _by_name(told: Sequence[tuple[str, Answer | None]], wanted: int) -> list[Answer | None]:
    """Answers that name their part; one that names none is nobody's, but for a failure that stands alone."""
    answers: list[Answer | None] = [None] * wanted
    for name, answer in told:
        if name.isdigit() and 1 <= int(name) <= wanted:
            answers[int(name) - 1] = answer
    return answers


def _answers(body: bytes, boundary: bytes) -> list[tuple[str, Answer | None]]:
    """The answers of a multipart body with the Content-IDs they carry; those of a change set stand in its place."""
    answers: list[tuple[str, Answer | None]] = []
    for piece in (_BREAK + body).split(_BREAK + b"--" + boundary)[1:]:
        if piece.startswith(b"--"):
            break
        head, _, inside = piece.partition(_HEAD_END)
        nested = _nested_boundary(head)
        if nested:
            answers += _answers(inside, nested)
        else:
            answer = _answer(piece)
            named = _content_id(head) or ("" if answer is None else answer.headers.get("Content-ID", ""))
            answers.append((named, answer))
    return answers


def _content_id(head: bytes) -> str:
    for line in head.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-id":
            return value.strip()
    return ""


def _nested_boundary(head: bytes) -> bytes:
    for line in head.decode("utf-8", "replace").splitlines():
        if line.lower().startswith("content-type:") and "multipart/mixed" in line.lower():
            return _boundary(line)
    return b""


def _boundary(content_type: str) -> bytes:
    for item in content_type.split(";")[1:]:
        name, _, value = item.strip().partition("=")
        if name.lower() == "boundary":
            return value.strip('"').encode()
    return b""


def _answer(piece: bytes) -> Answer | None:
    _, _, http = piece.partition(_HEAD_END)
    head, _, rest = http.partition(_HEAD_END)
    lines = head.strip().split(_BREAK)
    words = lines[0].split(b" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        return None
    headers = Headers(line.decode("utf-8", "replace").split(":", 1) for line in lines[1:] if b":" in line)
    return Answer(int(words[1]), headers, rest.removesuffix(_BREAK))
