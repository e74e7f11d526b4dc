"""What of a vendor's records can be kept: ids and versions of a bearable length, texts that a database can hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kobling.records import N_, Misunderstood, Record, to_json
from kobling.sdk.protocols import Page, Unread

LONGEST_ID, LONGEST_VERSION = 128, 200
"""Characters; no vendor's ids or version tokens come near."""


def misfit(record: Record) -> Misunderstood | None:
    """Why a record cannot be kept, None for one that can."""
    if not fits(record.external_id):
        return _told("id")
    if record.version is not None and not fits(record.version, LONGEST_VERSION):
        return _told("version")
    try:
        to_json(record.fields)
    except (UnicodeError, TypeError, ValueError, RecursionError):
        return _told("text")
    return None


def fits(text: str, longest: int = LONGEST_ID) -> bool:
    """Whether an id (or another short text) can be kept and asked for again."""
    return 0 < len(text) <= longest and "\x00" not in text and (text.isascii() or _is_text(text))


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:
        return False
    return True


def split(records: Iterable[Record]) -> tuple[list[Record], list[Unread]]:
    """Records that can be kept, and those that cannot; of an id that cannot be kept nothing is told but the error."""
    kept, unread = list[Record](), list[Unread]()
    for each in records:
        error = misfit(each)
        if error is None:
            kept.append(each)
        else:
            unread.append(Unread(each.external_id if fits(each.external_id) else "", error))
    return kept, unread


def fitting(page: Page) -> Page:
    """The page with what cannot be kept among what cannot be read."""
    kept, unread = split(page.records)
    gone = [each for each in page.gone if fits(each.external_id)]
    if not unread and len(gone) == len(page.gone):
        return page
    return replace(page, records=kept, gone=gone, unread=[*page.unread, *unread])


def _told(what: str) -> Misunderstood:
    return Misunderstood(
        N_("A record holds something that cannot be kept: a letter that is none, or an id of absurd length."),
        detail=what,
        code="misfit",
    )
