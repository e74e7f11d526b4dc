"""What people enter for a client's row: from which balance on the wallet is low, and what must be done by which day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from kobling.access.models import Client
from kobling.access.policy import Actor, Doing, clients_of, require
from kobling.hub.happened import What
from kobling.hub.services.log import record
from kobling.hub.store import sql, stale
from kobling.portal.models import Deadline, Wallet
from kobling.records import N_, SettingsError, exact

MOST = Decimal(10) ** 15
MOST_DEADLINES = 200


class Kind(StrEnum):
    """What must be done by a day; the value is what is kept."""

    VAT = "vat"
    PAYROLL_TAX = "payroll_tax"
    CLOSING = "closing"
    START = "start"


WORDS = {
    Kind.VAT: N_("VAT"),
    Kind.PAYROLL_TAX: N_("Payroll tax"),
    Kind.CLOSING: N_("Close the month"),
    Kind.START: N_("Start-up"),
}


@dataclass(frozen=True, slots=True)
class DeadlineTold:
    """A day, and what must be done by then."""

    kind: Kind
    day: date


def set_wallet_threshold(actor: Actor, client: Client, amount: str | Decimal | None) -> Decimal | None:
    """The wallet is low under this amount, in the wallet's own currency; None: it never is. Raises SettingsError."""
    require(actor, Doing.WORK, client)
    threshold = None if amount is None else _amount(amount)
    with sql.together():
        before = Wallet.objects.filter(client=client).values_list("threshold", flat=True).first()
        if threshold is None:
            Wallet.objects.filter(client=client).delete()
        else:
            Wallet.objects.update_or_create(client=client, defaults={"threshold": threshold})
        stale.mark([client.pk])
        told = [None if each is None else str(each) for each in (before, threshold)]
        record(actor, client, What.THRESHOLD_SET, client.name, before=told[0], after=told[1])
    return threshold


def _amount(told: str | Decimal) -> Decimal:
    try:
        amount = exact(told)
    except ValueError:
        amount = -MOST
    if not 0 <= amount < MOST or amount != round(amount, 2):
        raise SettingsError(
            N_("“%(value)s” is no amount. Write it with at most two decimals, like 5000.00."),
            field="wallet_threshold",
            code="no_amount",
            value=told,
        )
    return amount


def add_deadline(actor: Actor, client: Client, kind: str, day: date) -> DeadlineTold:
    """Something must be done by a day; saying it again changes nothing. Raises SettingsError for what has no name."""
    require(actor, Doing.WORK, client)
    known = _kind(kind)
    with sql.together():
        if Deadline.objects.filter(client=client).count() >= MOST_DEADLINES:
            raise SettingsError(
                N_("A client has at most %(most)s deadlines. Take old ones away first."),
                code="too_many",
                most=MOST_DEADLINES,
            )
        _, made = Deadline.objects.get_or_create(client=client, kind=known.value, day=day)
        if made:
            stale.mark([client.pk])
            record(actor, client, What.DEADLINE_SET, client.name, after=f"{known.value} {day.isoformat()}")
    return DeadlineTold(known, day)


def remove_deadline(actor: Actor, client: Client, kind: str, day: date) -> bool:
    """It is done, or was none. False where there was no such deadline."""
    require(actor, Doing.WORK, client)
    known = _kind(kind)
    with sql.together():
        if not Deadline.objects.filter(client=client, kind=known.value, day=day).delete()[0]:
            return False
        stale.mark([client.pk])
        record(actor, client, What.DEADLINE_REMOVED, client.name, before=f"{known.value} {day.isoformat()}")
    return True


def deadlines(actor: Actor, client: Client) -> list[DeadlineTold]:
    """All of a client's, those that are past too, in their order."""
    seen = clients_of(actor, Doing.SEE).filter(pk=client.pk)
    rows = Deadline.objects.filter(client__in=seen).order_by("day", "kind")
    return [DeadlineTold(Kind(row.kind), row.day) for row in rows]


def _kind(told: str) -> Kind:
    try:
        return Kind(told)
    except ValueError:
        raise SettingsError(
            N_("There is no deadline “%(kind)s”. Known: %(known)s."),
            field="kind",
            code="no_kind",
            kind=told,
            known=", ".join(Kind),
        ) from None
