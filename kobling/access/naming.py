"""Names: one that selects and fits several is refused, never guessed at; and what those who did things are called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from django.db.models import Q

from kobling.access.actors import Kind, Who, read_key
from kobling.access.models import Client, Person
from kobling.records import N_, SettingsError

_ID = re.compile(r"#(\d{1,18})")
SHOWN = 11
"""How many of those that a name fits are looked at; one more than are told."""


class Ambiguous(SettingsError):
    """A name that fits several of those the actor may see."""

    who_fixes = "company admin"
    advice = N_("Give a name, number or # and id that only one of them has.")


def by_id(name: str) -> Q:
    """What is selected by its id, written ``#12``; nothing where the name is not written so."""
    found = _ID.fullmatch(name)
    return Q(pk=int(found[1])) if found else Q(pk__in=())


def client_called(name: str) -> Q:
    """Clients that answer to a name: by it, by number, or by id."""
    return Q(name=name) | Q(number=name) | by_id(name) if name else Q(pk__in=())


def told(clients: Iterable[Client]) -> str:
    """Clients with what tells them apart. For those that the reader may see."""
    known = [_told(each) for each in islice(clients, SHOWN)]
    return "; ".join([*known[:-1], "…"] if len(known) == SHOWN else known)


def _told(client: Client) -> str:
    firm = client.firm.name if client.firm else ""
    return " · ".join(part for part in (client.name, client.number, firm, f"#{client.pk}") if part)


def named(keys: Iterable[str]) -> dict[str, Who]:
    """Stored keys → who that is; one query for all of them."""
    parts = {key: read_key(key) for key in keys}
    ids = {int(ident) for kind, ident in parts.values() if kind is Kind.PERSON and ident.isdecimal()}
    names = {str(pk): name for pk, name in Person.objects.filter(pk__in=ids).values_list("pk", "username")}
    return {
        key: Who(kind, names.get(ident, key) if kind is Kind.PERSON else ident) for key, (kind, ident) in parts.items()
    }


def who_did(key: str) -> Who:
    """As ``named``, for one."""
    return named([key])[key]


def called_all(keys: Iterable[str]) -> dict[str, str]:
    """Stored keys → what people call who that is, not by what they sign in with; one query for all of them."""
    found = named(keys)
    ids = {int(ident) for kind, ident in map(read_key, found) if kind is Kind.PERSON and ident.isdecimal()}
    people = {f"{Kind.PERSON.value}:{each.pk}": each.called for each in Person.objects.filter(pk__in=ids)}
    return {key: people.get(key, who.name) for key, who in found.items()}


def called(key: str) -> str:
    """As ``called_all``, for one; empty for no key."""
    return called_all([key])[key] if key else ""
