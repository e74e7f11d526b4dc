"""Looking for what a create made whose answer was lost: by everything that was sent, never by one number alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from kobling.records import N_, Record, Unsafe, exact, is_empty
from kobling.sdk.protocols import Write

CLOCKS_APART = timedelta(minutes=15)
"""Our clock and the vendor's may differ by so much: what was made earlier was not made by this write."""
SURE_TO_FIT = 20
"""A kept text of at least so many letters that begins as the sent one does was cut on the way."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?=$|[T ]\d{2}:)")
_TRUE, _FALSE = ("1", "true"), ("0", "false")
MadeAt = Callable[[Record], datetime | None]
Same = Callable[[Any, Any], bool]


def the_one(
    write: Write,
    candidates: Iterable[Record],
    *,
    vendor: str,
    unique: bool,
    made_at: MadeAt | None = None,
    ignored: frozenset[str] = frozenset(),
    same: Same | None = None,
) -> Record | None:
    """The one candidate that says everything that was sent and was made since the write began; None without any.

    Candidates share what names them. One that says something else was made by somebody else, or was changed since it
    was made: where a value is shared that only one record may have (``unique``), or it was made since, a person is
    asked. An older record of a mere name is no concern, unless only its lines differ: it may be half made. What is
    known to belong to another record of ours (``write.taken``) is none of this one's. Raises Unsafe for these, for
    several too.
    """
    ours, others = list[Record](), list[Record]()
    for each in candidates:
        if each.external_id in write.taken and not unique:
            continue
        differing = differences(write.fields, each.fields, ignored, same)
        earlier = _earlier(write, each, made_at)
        if not differing and not earlier and each.external_id not in write.taken:
            ours.append(each)
        elif unique or (not earlier and (made_at is not None or _only_lines(write, differing))):
            others.append(each)
    if len(ours) > 1:
        raise several(vendor, len(ours))
    if not ours and others:
        raise somebody_elses(vendor, others[0].external_id)
    return ours[0] if ours else None


def somebody_elses(vendor: str, external_id: str) -> Unsafe:
    """A record is where the one that was being created would be, and it is another one or was changed since."""
    return Unsafe(
        N_("%(vendor)s has a record %(id)s there that says something else than what was sent. Is it the same?"),
        vendor=vendor,
        id=external_id,
        code="somebody_elses",
    )


def several(vendor: str, count: int) -> Unsafe:
    """More than one record could be the one that was being created."""
    return Unsafe(
        N_("%(count)s records in %(vendor)s could be the one that was being created."),
        count=count,
        vendor=vendor,
        code="several",
    )


def differences(
    sent: Mapping[str, Any], kept: Mapping[str, Any], ignored: frozenset[str], same: Same | None = None
) -> list[str]:
    """Names of what was sent and is kept otherwise.

    What was sent empty may have been filled by the vendor, and what it does not show cannot be compared.
    """
    alike = same or is_same
    return [
        name
        for name, value in sent.items()
        if name in kept
        and name not in ignored
        and not is_empty(value)
        and not _agree(value, kept[name], ignored, alike)
    ]


def is_same(sent: Any, kept: Any) -> bool:
    """Whether what the vendor keeps is what was sent, spelling of numbers, days, truth and emptiness aside."""
    if is_empty(sent) or is_empty(kept):
        return is_empty(sent) and is_empty(kept)
    if isinstance(sent, bool) or isinstance(kept, bool):
        return _truth(sent) == _truth(kept)
    try:
        return exact(sent) == exact(kept)
    except ValueError:
        return _same_text(str(sent), str(kept))


def _agree(sent: Any, kept: Any, ignored: frozenset[str], alike: Same) -> bool:
    if isinstance(sent, list | tuple) and isinstance(kept, list | tuple):
        pairs = zip(sent, kept, strict=False)
        return len(sent) == len(kept) and all(_agree(one, other, ignored, alike) for one, other in pairs)
    if isinstance(sent, Mapping) and isinstance(kept, Mapping):
        return not differences(sent, kept, ignored, alike)
    return alike(sent, kept)


def _same_text(sent: str, kept: str) -> bool:
    one, other = (" ".join(unicodedata.normalize("NFC", each).split()) for each in (sent, kept))
    if _DAY.match(one) and _DAY.match(other):
        return one[:10] == other[:10]
    return one == other or (len(other) >= SURE_TO_FIT and one.startswith(other))


def _truth(value: Any) -> object:
    word = str(value).lower()
    return True if word in _TRUE else False if word in _FALSE else word


def _only_lines(write: Write, differing: Sequence[str]) -> bool:
    return all(isinstance(write.fields[name], list | tuple) for name in differing)


def _earlier(write: Write, record: Record, made_at: MadeAt | None) -> bool:
    """Whether it was there before the write began."""
    if made_at is None or write.started_at is None:
        return False
    made = made_at(record)
    return made is not None and made < write.started_at - CLOCKS_APART
