"""Invitations that nobody has answered, as lists: of colleagues, and of companies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from kobling.access.collating import LANGUAGES, search_key
from kobling.access.models import Invitation
from kobling.arriving import inviting
from kobling.records import N_
from kobling.web.lists.listing import Column, Filter, Listing, Told
from kobling.web.people.listing import ROLE_WORDS

FIRST = 5
"""Shown beneath another list, with the way to the rest."""


def _field(head: str, name: str) -> Told:
    return Told(head, lambda row: getattr(row, name))


_COMPANY = Column(
    "company",
    N_("Company"),
    {language: f"client__{alphabet}" for language, alphabet in LANGUAGES.items()},
    (Told(N_("Company"), lambda row: row.client.name),),
    fixed=True,
)
_TO = Column("to", N_("Sent to"), "email", (_field(N_("Sent to"), "email"), _field(N_("Name"), "name")), fixed=True)
_ROLE = Column("role", N_("Role"), "role", (Told(N_("Role"), lambda row: row.role, ROLE_WORDS),))
_SENT = Column("sent", N_("Sent"), "invited_at", (_field(N_("Sent"), "invited_at"),), descending=True)
_STATE = Column("state", N_("State"), "expires_at", (_field(N_("Expires"), "expires_at"),))
_ACTIONS = Column("actions", N_("Actions"), classes="r", fixed=True)


def _listing(name: str, columns: tuple[Column, ...], search: Callable[[str], Q], now: datetime) -> Listing:
    filters = (
        Filter("opened", N_("Opened"), Q(opened_at__isnull=False)),
        Filter("expired", N_("Expired"), Q(expires_at__lte=now)),
    )
    return Listing(name, columns, filters, search, "-sent")


def colleagues(now: datetime) -> Listing:
    """Colleagues who were invited."""
    return _listing("invited", (_TO, _ROLE, _SENT, _STATE, _ACTIONS), _by_address, now)


def companies(now: datetime) -> Listing:
    """Companies that were invited."""
    return _listing("sent", (_COMPANY, _TO, _SENT, _STATE, _ACTIONS), _by_company, now)


def rows(now: datetime) -> Callable[[Sequence[Invitation]], Iterable[Any]]:
    """What templates may know of them."""
    return lambda found: inviting.told(found, now)


def _by_address(text: str) -> Q:
    return Q(email__icontains=text) | Q(name__icontains=text)


def _by_company(text: str) -> Q:
    return Q(email__icontains=text) | Q(client__looked_for__contains=search_key(text))
