"""The list of clients: its columns, filters and orders."""

from __future__ import annotations

from django.db.models import Q

from kobling.access.collating import LANGUAGES, search_key
from kobling.access.models import Client
from kobling.records import N_
from kobling.web.lists.listing import Column, Filter, Listing

_FAULTY = ("bad", "half", "key")


def _search(text: str) -> Q:
    return Q(looked_for__contains=search_key(text))


CLIENTS = Listing(
    "clients",
    (
        Column("client", N_("Client"), LANGUAGES, lambda row: row.name, fixed=True),
        Column("state", N_("State"), "figures__urgency", lambda row: _of(row, "state"), fixed=True),
        Column("people", N_("Bookk."), classes="p3"),
        Column("systems", N_("Systems"), classes="p2 off"),
        Column("run", N_("Last good run"), "figures__last_good_run_at", lambda row: _of(row, "last_good_run_at"), "p3"),
        Column(
            "issues",
            N_("Open issues"),
            "figures__open_issues",
            lambda row: _of(row, "open_issues"),
            "r",
            descending=True,
        ),
        Column(
            "receipts",
            N_("Missing receipts"),
            "figures__missing_receipts",
            lambda row: _of(row, "missing_receipts"),
            "r",
            N_("Miss. rec."),
            descending=True,
        ),
        Column(
            "ready",
            N_("Ready for export"),
            "figures__ready_sum",
            lambda row: _of(row, "ready_sum"),
            "r p2 mw",
            N_("For export"),
            descending=True,
        ),
        Column("wallet", N_("Balance in Wallet"), "figures__wallet", lambda row: _of(row, "wallet"), "r p3"),
        Column(
            "deadline", N_("Next deadline"), "figures__next_deadline", lambda row: _of(row, "next_deadline"), "p2 off"
        ),
    ),
    (
        Filter("receipts", N_("Missing receipts"), lambda _, __: Q(figures__missing_receipts__gt=0)),
        Filter("faults", N_("Faults"), lambda _, __: Q(figures__state__in=_FAULTY)),
        Filter("low", N_("Low balance"), lambda _, __: Q(figures__low_balance=True)),
        Filter("issues", N_("Open issues"), lambda _, __: Q(figures__open_issues__gt=0)),
        Filter("late", N_("Late"), lambda _, __: Q(figures__state="late")),
    ),
    _search,
    "client",
)


def _of(row: Client, name: str) -> object:
    """A figure of a client; none where nothing was reckoned yet."""
    return getattr(getattr(row, "figures", None), name, None)
