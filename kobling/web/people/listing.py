"""The list of colleagues: columns, filters, and a row as its template draws it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from kobling.access.collating import LANGUAGES, search_key
from kobling.access.models import Assignment, FirmMember, FirmRole, Stage
from kobling.records import N_
from kobling.web.lists.listing import Column, Filter, Listing, Told
from kobling.web.people.factors import Factor

ROLE_WORDS = {FirmRole.ADMIN.value: N_("Administrator"), FirmRole.BOOKKEEPER.value: N_("Bookkeeper")}
FACTOR_WORDS = {
    str(int(Factor.PASSKEY)): N_("Passkey"),
    str(int(Factor.CODE)): N_("One-time code"),
    str(int(Factor.NONE)): N_("None"),
}


def _search(text: str) -> Q:
    return Q(person__looked_for__contains=search_key(text))


def _looks_after_some() -> Exists:
    """Asked so, the filter reckons nobody's clients to the end."""
    theirs = Assignment.objects.filter(member=OuterRef("pk"), client__firm=OuterRef("firm"))
    return Exists(theirs.filter(client__stage=Stage.ACTIVE))


def _factor(row: Any) -> str:
    return str(row.factor)


PEOPLE = Listing(
    "people",
    (
        Column(
            "name",
            N_("Name"),
            {language: f"person__{alphabet}" for language, alphabet in LANGUAGES.items()},
            (Told(N_("Name"), lambda row: row.person.called), Told(N_("E-mail"), lambda row: row.person.email)),
            fixed=True,
        ),
        Column("role", N_("Role"), "role", (Told(N_("Role"), lambda row: row.role, ROLE_WORDS),)),
        Column(
            "clients", N_("Clients"), "clients", (Told(N_("Clients"), lambda row: row.clients),), "r", descending=True
        ),
        Column("factor", N_("Second factor"), "factor", (Told(N_("Second factor"), _factor, FACTOR_WORDS),), "p2"),
        Column("seen", N_("Last seen"), "seen_at", (Told(N_("Last seen"), lambda row: row.seen_at),), "p2"),
        Column("actions", N_("Actions"), classes="r", fixed=True),
    ),
    (
        Filter("unprotected", N_("No second factor"), Q(factor=int(Factor.NONE))),
        Filter("admins", N_("Administrators"), Q(role=FirmRole.ADMIN)),
        Filter("idle", N_("No clients"), Q(~_looks_after_some(), role=FirmRole.BOOKKEEPER)),
    ),
    _search,
    "name",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One colleague. ``factor`` is a key: passkey, code or none."""

    pk: int
    name: str
    email: str
    role: str
    clients: int
    factor: str
    seen_at: datetime | None
    inactive: bool


def rows(members: Sequence[FirmMember]) -> Iterable[Row]:
    """The rows of these colleagues, as ``with_factors`` has found them."""
    for each in members:
        told: Any = each
        yield Row(
            each.pk,
            each.person.called,
            each.person.email,
            each.role,
            told.clients,
            Factor(told.factor).name.lower(),
            told.seen_at,
            not each.person.is_active,
        )
