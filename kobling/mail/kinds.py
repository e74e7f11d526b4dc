"""What people are written to about: the kinds of things that can be outstanding at a client."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.db.models import Count, Q, QuerySet, Sum

from kobling.access.models import Client
from kobling.records import N_


class Kind(StrEnum):
    """A kind; the value is what is kept."""

    WALLET = "wallet"
    RECEIPTS = "receipts"
    READY = "ready"
    ISSUES = "issues"


WORDS: Mapping[Kind, str] = {
    Kind.WALLET: N_("Balance in the wallet"),
    Kind.RECEIPTS: N_("Missing receipts"),
    Kind.READY: N_("Expenses ready for export"),
    Kind.ISSUES: N_("Open issues"),
}
OUTSTANDING: Mapping[Kind, Q] = {
    Kind.WALLET: Q(figures__low_balance=True),
    Kind.RECEIPTS: Q(figures__missing_receipts__gt=0),
    Kind.READY: Q(figures__ready_count__gt=0),
    Kind.ISSUES: Q(figures__open_issues__gt=0),
}
"""A wallet over its threshold is not outstanding, nor one without a threshold."""

COUNTED: Mapping[Kind, str] = {
    Kind.RECEIPTS: "figures__missing_receipts",
    Kind.READY: "figures__ready_count",
    Kind.ISSUES: "figures__open_issues",
}


def known(told: Iterable[str]) -> frozenset[Kind]:
    """The kinds among these keys."""
    values = {each.value for each in Kind}
    return frozenset(Kind(each) for each in told if each in values)


def in_order(kinds: Collection[Kind]) -> list[Kind]:
    """As they stand in every mail: what is counted, then balances."""
    order = (Kind.RECEIPTS, Kind.READY, Kind.ISSUES, Kind.WALLET)
    return [each for each in order if each in kinds]


def any_of(kinds: Collection[Kind]) -> Q:
    """Clients where one of these is outstanding."""
    wanted = Q(pk__in=())
    for each in kinds:
        wanted |= OUTSTANDING[each]
    return wanted


@dataclass(frozen=True, slots=True)
class Totals:
    """What is outstanding at some clients taken together. ``sums``: what waits to be exported, by currency."""

    receipts: int
    ready: int
    issues: int
    low: int
    sums: tuple[tuple[str, Decimal], ...]

    def number(self, kind: Kind) -> int:
        """How many of a kind; of balances, how many are low."""
        told = {Kind.RECEIPTS: self.receipts, Kind.READY: self.ready, Kind.ISSUES: self.issues, Kind.WALLET: self.low}
        return told[kind]


def totals_of(clients: QuerySet[Client]) -> Totals:
    """From the kept figures of these clients. Two queries however many there are."""
    bare = clients.order_by()
    found = bare.aggregate(
        receipts=Sum("figures__missing_receipts"),
        ready=Sum("figures__ready_count"),
        issues=Sum("figures__open_issues"),
        low=Count("pk", filter=Q(figures__low_balance=True)),
    )
    sums = (
        bare.filter(figures__ready_sum__gt=0).values_list("figures__ready_currency").annotate(Sum("figures__ready_sum"))
    )
    largest = sorted(sums, key=lambda each: (-each[1], each[0]))
    return Totals(sums=tuple(largest), **{name: value or 0 for name, value in found.items()})
