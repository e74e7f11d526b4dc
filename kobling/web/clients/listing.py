"""The list of clients: its columns, filters and orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import get_language

from kobling.access import spoken
from kobling.access.collating import LANGUAGES, search_key
from kobling.hub.told.said import filled
from kobling.portal.entered import WORDS
from kobling.portal.months import not_done, shown_months
from kobling.records import N_, rounded
from kobling.web.ground.words import STATE_WORDS
from kobling.web.lists.listing import Column, Filter, Listing, Told


def search(text: str) -> Q:
    """Clients by name or number."""
    return Q(looked_for__contains=search_key(text))


NAME = Column(
    "client",
    N_("Client"),
    LANGUAGES,
    (Told(N_("Client"), lambda row: row.name), Told(N_("Number"), lambda row: row.number)),
    fixed=True,
)
"""The first column of every list of clients."""


def _figure(head: str, name: str, words: Mapping[str, str] | None = None) -> Told:
    """A figure of a client for a file; empty where nothing was reckoned yet."""
    return Told(head, lambda row: _of(row, name), words)


def _money(head: str, head_of_currency: str, name: str, currency: str) -> tuple[Told, Told]:
    """A sum to its currency's smallest coin, and the currency beside it."""

    def value(row: Any) -> Any:
        amount = _of(row, name)
        return None if amount is None else rounded(amount, _of(row, currency))

    return Told(head, value), _figure(head_of_currency, currency)


def _of(row: Any, name: str) -> Any:
    return getattr(getattr(row, "figures", None), name, None)


CLIENTS = Listing(
    "clients",
    (
        NAME,
        Column("state", N_("State"), "figures__urgency", (_figure(N_("State"), "state", STATE_WORDS),), fixed=True),
        Column("people", N_("Bookk."), classes="p3"),
        Column("systems", N_("Systems"), classes="p2 off"),
        Column(
            "run",
            N_("Last good run"),
            "figures__last_good_run_at",
            (_figure(N_("Last good run"), "last_good_run_at"),),
            "p3",
        ),
        Column(
            "issues",
            N_("Open issues"),
            "figures__open_issues",
            (_figure(N_("Open issues"), "open_issues"), _figure(N_("Oldest issue"), "oldest_issue_at")),
            "r",
            descending=True,
        ),
        Column(
            "receipts",
            N_("Missing receipts"),
            "figures__missing_receipts",
            (_figure(N_("Missing receipts"), "missing_receipts"),),
            "r",
            descending=True,
        ),
        Column(
            "ready",
            N_("Ready for export"),
            "figures__ready_sum",
            (
                _figure(N_("Ready for export"), "ready_count"),
                *_money(N_("Ready for export, sum"), N_("Ready for export, currency"), "ready_sum", "ready_currency"),
            ),
            "r p2 mw",
            descending=True,
        ),
        Column(
            "wallet",
            N_("Balance in Wallet"),
            "figures__wallet",
            _money(N_("Balance in Wallet"), N_("Balance in Wallet, currency"), "wallet", "wallet_currency"),
            "r p3",
        ),
        Column(
            "deadline",
            N_("Next deadline"),
            "figures__next_deadline",
            (
                _figure(N_("Next deadline"), "next_deadline_kind", {key.value: word for key, word in WORDS.items()}),
                _figure(N_("Day"), "next_deadline"),
            ),
            "p2 off",
        ),
    ),
    (
        Filter("receipts", N_("Missing receipts"), Q(figures__missing_receipts__gt=0)),
        Filter("faults", N_("Faults"), Q(figures__state__in=("bad", "half", "key"))),
        Filter("low", N_("Low balance"), Q(figures__low_balance=True)),
        Filter("issues", N_("Open issues"), Q(figures__open_issues__gt=0)),
        Filter("late", N_("Late"), Q(figures__state="late")),
        Filter("favourites", N_("Favourites"), Q(favourite=True)),
        Filter("snoozed", N_("Put off"), Q(snoozed=True), hides=True),
    ),
    search,
    "client",
)


def listing_of(now: datetime, *, pressing_first: bool = False) -> Listing:
    """The list as it is on a day, with a filter for each of the last months.

    ``pressing_first``: for bookkeepers, since a handful of rows needs no alphabet.
    """
    months = tuple(
        Filter(month_key(each), _not_done(each), not_done(each), offered=False) for each in shown_months(now)
    )
    return replace(CLIENTS, filters=(*months, *CLIENTS.filters), order="state" if pressing_first else CLIENTS.order)


def month_key(month: date) -> str:
    """What the filter of a month is called in an address."""
    return f"open-{month:%Y-%m}"


def _not_done(month: date) -> str:
    return filled(N_("%(month)s not closed"), {"month": spoken.month(month, get_language() or "en")})
