"""What the palette finds: clients first, then pages and actions of the first one, then pages of one's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from kobling.access.collating import search_key
from kobling.access.models import Client, Person
from kobling.access.policy import Actor, Doing, may
from kobling.portal.mine import Known, Places, places
from kobling.web.ground.places import places_of

MOST = 8


@dataclass(frozen=True, slots=True)
class Hit:
    """One place or action. ``kind``: what it is, where it has no ``state``."""

    key: str
    text: str
    more: str
    address: str
    icon: str
    kind: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Hits of one kind under a head."""

    head: str
    hits: tuple[Hit, ...]


def groups(actor: Actor, person: Person, language: str, words: str) -> tuple[Group, ...]:
    """What words find; without words, favourites, the last places and the pages."""
    known = places(actor, language, words, MOST)
    first = known.found[0] if known.found else None
    found = [
        *_clients(known),
        *((Group(_("At %(name)s") % {"name": first.name}, tuple(_of_client(actor, first))),) if first else ()),
        Group(_("Pages"), tuple(each for each in _pages(actor, person) if search_key(words) in search_key(each.text))),
    ]
    return tuple(each for each in found if each.hits)


def _clients(known: Places) -> Iterable[Group]:
    for head, clients in (
        (_("Clients"), known.found),
        (_("Favourites"), known.favourites),
        (_("Seen lately"), known.last),
    ):
        yield Group(head, tuple(_client(each) for each in clients))


def _client(each: Known) -> Hit:
    more = f"{_('No.')} {each.number}" if each.number else ""
    address = reverse("client", args=[each.pk])
    return Hit(f"client-{each.pk}", each.name, more, address, "building-2", "", each.state.value)


def _of_client(actor: Actor, client: Known) -> Iterable[Hit]:
    page, action = _("page"), _("action")
    yield Hit("overview", _("Overview"), "", reverse("client", args=[client.pk]), "layout-dashboard", page)
    yield Hit("history", _("History"), "", reverse("client_history", args=[client.pk]), "history", page)
    yield Hit("notifications", _("Notifications"), "", reverse("notifications", args=[client.pk]), "bell", page)
    if may(actor, Doing.WORK, client.pk) and Client.objects.filter(pk=client.pk, pairs__isnull=False).exists():
        yield Hit("run", _("Run all now"), "", reverse("run_pairs", args=[client.pk]), "play", action)
    yield Hit("actions", _("More actions"), "", reverse("client_actions", args=[client.pk]), "ellipsis", action)


def _pages(actor: Actor, person: Person) -> Iterable[Hit]:
    for each in places_of(actor, person):
        yield Hit(f"page-{each.key}", each.text, "", each.address, each.icon, _("page"))
    yield Hit("page-shortcuts", _("Keys"), "", reverse("shortcuts"), "keyboard", _("page"))
