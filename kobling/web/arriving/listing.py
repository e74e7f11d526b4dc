"""The list of clients in onboarding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kobling.access.models import Client
from kobling.arriving.inviting_clients import STEP_WORDS
from kobling.hub.services import onboarding
from kobling.hub.services.stages import Progress, Step, progress_of
from kobling.portal.clients import looked_after_by
from kobling.records import N_
from kobling.web.clients.listing import NAME, search
from kobling.web.ground.standing import lasted
from kobling.web.lists.listing import Column, Listing, Told

ONBOARDING = Listing(
    "onboarding",
    (
        NAME,
        Column("state", N_("State"), fixed=True),
        Column("steps", N_("Steps")),
        Column(
            "begun",
            N_("Invited"),
            "onboarding__begun_at",
            (Told(N_("Invited"), lambda row: row.onboarding.begun_at),),
            "p2",
        ),
        Column("age", N_("Age"), classes="r p3"),
        Column("people", N_("Bookk."), classes="p3"),
    ),
    (),
    search,
    "client",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One client on its way in. ``following``: the word of the step that comes next."""

    pk: int
    name: str
    number: str
    progress: Progress
    done: int
    of: int
    following: str
    begun_at: datetime
    age: str
    people: tuple[str, ...]


def rows(clients: Sequence[Client], now: datetime) -> Iterable[Row]:
    """The rows of these clients."""
    people = looked_after_by(clients)
    for each in clients:
        asked = getattr(each, "onboarding", None) or onboarding.of(each)
        progress = progress_of(asked, assigned=each.pk in people)
        yield Row(
            each.pk,
            each.name,
            each.number,
            progress,
            len(progress.done),
            len(Step),
            STEP_WORDS[progress.left[0]] if progress.left else "",
            asked.begun_at,
            lasted(asked.begun_at, now),
            tuple(people.get(each.pk, ())),
        )
