"""The rows of a list of clients, as they were last reckoned."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F

from kobling.access.models import Assignment, Client, Person
from kobling.access.policy import Actor, Doing, clients_of
from kobling.portal.models import ClientFigures
from kobling.portal.states import State


@dataclass(frozen=True, slots=True)
class System:
    """Two systems of a client that are kept in step: connectors, direction, and whether one of them shows red."""

    left: str
    right: str
    direction: str
    broken: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """How a client stands. None of a figure: the client does not use it.

    ``state_at`` is since when, ``state_until`` until when, ``state_by`` the key of who paused, ``run`` the one that
    goes on. ``ready_more``: more waits to be exported, in other currencies than ``ready_currency``. ``figures_at``: no
    figure that a system told is older. ``renewed_at`` None: nothing was reckoned yet.
    """

    client: int
    state: State
    state_at: datetime | None
    state_until: datetime | None
    state_by: str
    run: int | None
    open_issues: int
    oldest_issue_at: datetime | None
    last_good_run_at: datetime | None
    expected_at: datetime | None
    missing_receipts: int | None
    ready_count: int | None
    ready_sum: Decimal | None
    ready_currency: str
    ready_more: bool
    wallet: Decimal | None
    wallet_currency: str
    wallet_threshold: Decimal | None
    low_balance: bool
    figures_at: datetime | None
    sign_in_until: datetime | None
    next_deadline: date | None
    next_deadline_kind: str
    systems: tuple[System, ...]
    renewed_at: datetime | None

    @classmethod
    def of(cls, row: ClientFigures) -> Figures:
        """As the row says."""
        same = {
            name: getattr(row, name) for name in cls.__dataclass_fields__ if name not in ("client", "state", "systems")
        }
        return cls(client=row.pk, state=State(row.state), systems=tuple(System(*each) for each in row.systems), **same)

    def sign_in_days(self, now: datetime) -> int | None:
        """Whole days until a person must sign in again; negative where that is past, None where no sign-in ends."""
        return None if self.sign_in_until is None else (self.sign_in_until - now).days


def looked_after_by(clients: Collection[Client]) -> dict[int, list[str]]:
    """What those are called who look after these clients, by client: people of the client's own firm alone."""
    found: dict[int, list[str]] = {}
    mine = Assignment.objects.filter(client__in=clients, member__firm=F("client__firm"), member__person__is_active=True)
    names = [f"member__person__{name}" for name in ("first_name", "last_name", "email", "username")]
    for client, *told in mine.order_by("pk").values_list("client_id", *names):
        found.setdefault(client, []).append(Person.called_by(*told))
    return found


def figures_of(actor: Actor, clients: Collection[int]) -> dict[int, Figures]:
    """The rows of those of these clients that the actor may see, by client; nothing is reckoned, no vendor asked."""
    seen = clients_of(actor, Doing.SEE).filter(pk__in=clients).values_list("pk", flat=True)
    found = {row.pk: Figures.of(row) for row in ClientFigures.objects.filter(client__in=seen)}
    return {client: found.get(client) or Figures.of(ClientFigures(client_id=client)) for client in seen}
