"""The operator's list of mail that is not over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from kobling.hub.told.said import filled
from kobling.mail.models import State
from kobling.mail.operating import WORDS
from kobling.records import N_
from kobling.web.lists.listing import Column, Filter, Listing, Told

_WORDS: Mapping[str, str] = {each.value: word for each, word in WORDS.items()}
STATES: Mapping[str, str] = {
    State.WAITING: "wait",
    State.GOING: "run",
    State.SENT: "ok",
    State.REFUSED: "bad",
    State.FAILED: "bad",
    State.UNKNOWN: "half",
}
"""Which of the states that pages draw a mail's looks like; the word is its own."""


def _search(text: str) -> Q:
    return Q(to__icontains=text)


def _field(head: str, name: str, words: Mapping[str, str] | None = None) -> Told:
    return Told(head, lambda row: getattr(row, name), words)


def _answer(row: Any) -> str:
    return filled(row.answer, row.answer_params)


MAIL = Listing(
    "mail",
    (
        Column("to", N_("To"), "to", (_field(N_("To"), "to"),), fixed=True),
        Column("state", N_("State"), "state", (_field(N_("State"), "state", _WORDS),), fixed=True),
        Column("asked", N_("Put down"), "asked_at", (_field(N_("Put down"), "asked_at"),), descending=True),
        Column("tries", N_("Tries"), "tries", (_field(N_("Tries"), "tries"),), "r", descending=True),
        Column("answer", N_("Answer"), file=(Told(N_("Answer"), _answer),)),
    ),
    (
        Filter("waiting", N_("Waits to be sent"), Q(state__in=(State.WAITING, State.GOING))),
        Filter("refused", N_("Refused"), Q(state=State.REFUSED)),
        Filter("failed", N_("Not sent"), Q(state=State.FAILED)),
        Filter("unknown", N_("May have arrived"), Q(state=State.UNKNOWN)),
    ),
    _search,
    "-asked",
)
