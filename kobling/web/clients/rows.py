"""A row of the list of clients, as its template draws it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kobling.access.models import Client
from kobling.access.naming import called_all
from kobling.portal.clients import Figures, looked_after_by
from kobling.portal.entered import WORDS, Kind
from kobling.portal.models import ClientFigures
from kobling.web.ground.standing import behind, lasted


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
    favourite: bool


def rows(clients: Sequence[Client], now: datetime) -> Iterable[Row]:
    """The rows of these clients, with who looks after them. Two queries however many there are."""
    people = looked_after_by(clients)
    figures = {each.pk: Figures.of(getattr(each, "figures", None) or ClientFigures(client=each)) for each in clients}
    paused = called_all(each.state_by for each in figures.values() if each.state_by)
    for each in clients:
        told = figures[each.pk]
        by = paused[told.state_by] if told.state_by else ""
        yield Row(
            each.pk,
            each.name,
            each.number,
            told,
            behind(
                told.state,
                now,
                issues=told.open_issues,
                since=told.state_at,
                until=told.state_until,
                by=by,
            ),
            tuple(people.get(each.pk, ())),
            lasted(told.oldest_issue_at, now),
            WORDS[Kind(told.next_deadline_kind)] if told.next_deadline_kind else "",
            bool(getattr(each, "favourite", False)),
        )
