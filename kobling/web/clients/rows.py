"""A row of the list of clients, as its template draws it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import get_language

from kobling.access.models import Client
from kobling.access.naming import named
from kobling.hub.told.said import filled
from kobling.portal.clients import Figures, looked_after_by
from kobling.portal.entered import WORDS, Kind
from kobling.portal.models import ClientFigures
from kobling.records import N_, NP_
from kobling.web.ground import spoken

HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Row:
    """One client. ``after``: what stands behind the word of its state."""

    pk: int
    name: str
    number: str
    figures: Figures
    after: str
    people: tuple[str, ...]
    oldest: str
    deadline: str


def rows(clients: Sequence[Client], now: datetime) -> Iterable[Row]:
    """The rows of these clients, with who looks after them. Two queries however many there are."""
    people = looked_after_by(clients)
    figures = {each.pk: Figures.of(getattr(each, "figures", None) or ClientFigures(client=each)) for each in clients}
    paused = named(each.state_by for each in figures.values() if each.state_by)
    for each in clients:
        told = figures[each.pk]
        by = paused[told.state_by].name if told.state_by else ""
        yield Row(
            each.pk,
            each.name,
            each.number,
            told,
            _after(told, by, now),
            tuple(people.get(each.pk, ())),
            lasted(told.oldest_issue_at, now),
            WORDS[Kind(told.next_deadline_kind)] if told.next_deadline_kind else "",
        )


def _after(told: Figures, by: str, now: datetime) -> str:
    if told.state == "you":
        return str(told.open_issues)
    if told.state == "late":
        return lasted(told.state_at, now)
    if told.state == "pause":
        return by
    if told.state in ("limit", "wait") and told.state_until:
        return spoken.clock(timezone.localtime(told.state_until), get_language() or "en")
    return ""


def lasted(since: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    if since is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    for unit, sentence in (
        (DAY, NP_("%(number)s day", "%(number)s days")),
        (HOUR, NP_("%(number)s hour", "%(number)s hours")),
    ):
        if seconds >= unit:
            return filled(sentence, {"number": seconds // unit})
    return filled(N_("%(number)s min."), {"number": seconds // 60})
