"""Where one can go from every page: the side of the page and the palette lead to the same places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.urls import reverse
from django.utils.translation import gettext as _

from kobling.access.models import Person
from kobling.access.policy import Actor, InFirm, companies_of, firms_of


class Section(StrEnum):
    """Under which head a place stands in the side of the page."""

    WORK = "work"
    FIRM = "firm"
    INSTALLATION = "installation"


@dataclass(frozen=True, slots=True)
class Place:
    """A page that is led to. ``key`` is the name of its address."""

    key: str
    text: str
    address: str
    icon: str
    section: Section


def places_of(actor: Actor, person: Person) -> tuple[Place, ...]:
    """The places of somebody, in two queries."""
    return tuple(_places(actor, person))


def here_of(places: Iterable[Place], path: str) -> str:
    """Which of them a page belongs to: the one whose address it goes on from, the longest; empty where none."""
    found = [each for each in places if path.startswith(each.address)]
    return max(found, key=lambda each: len(each.address)).key if found else ""


def _places(actor: Actor, person: Person) -> Iterator[Place]:
    yield _place("clients", _("Clients"), "building-2", Section.WORK)
    if firms_of(actor, InFirm.ASSIGN).exists():
        yield _place("people", _("People"), "users", Section.FIRM)
    company = companies_of(actor).order_by("pk").values_list("pk", flat=True).first()
    if company is not None:
        # Of several companies, the first.
        yield _place("client_firm", _("Accounting firm"), "handshake", Section.FIRM, company)
    yield _place("my_access", _("My access"), "lock", Section.FIRM)
    if person.is_superuser:
        yield _place("operating", _("Operation"), "server", Section.INSTALLATION)
        yield _place("mail", _("Mail"), "mail", Section.INSTALLATION)


def _place(name: str, text: str, icon: str, section: Section, *arguments: object) -> Place:
    return Place(name, text, reverse(name, args=arguments), icon, section)
