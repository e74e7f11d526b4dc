"""Saved views: a person's own names for states of a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.http import url_has_allowed_host_and_scheme

from kobling.records import N_, SettingsError
from kobling.web.models import SavedView

LONGEST, LONGEST_ADDRESS, MOST = 60, 1000, 30


@dataclass(frozen=True, slots=True)
class View:
    """A saved view. ``opens``: the list begins with it."""

    name: str
    address: str
    opens: bool


def views_of(person: int, listing: str) -> tuple[View, ...]:
    """Somebody's views of a list, by name."""
    rows = SavedView.objects.filter(person=person, listing=listing)
    return tuple(_view(each) for each in sorted(rows, key=lambda each: each.name.casefold()))


def named(person: int, listing: str, name: str) -> View | None:
    """Somebody's view of that name."""
    row = SavedView.objects.filter(person=person, listing=listing, name=" ".join(name.split())).first()
    return _view(row) if row else None


def opening(person: int, listing: str) -> str:
    """The address of the view that a list begins with; empty where there is none."""
    row = SavedView.objects.filter(person=person, listing=listing, opens=True).first()
    return row.address if row else ""


def save(person: int, listing: str, name: str, address: str, *, opens: bool = False) -> View:
    """Keep a state of a list under a name; what had that name before is replaced. Raises SettingsError."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST:
        raise SettingsError(N_("A name has 1 to %(most)s characters."), field="name", most=LONGEST)
    safe = address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    if not safe or len(address) > LONGEST_ADDRESS:
        raise SettingsError(N_("This view cannot be kept: its address is too long or none of ours."), field="address")
    with transaction.atomic():
        rows = SavedView.objects.filter(person=person, listing=listing)
        if rows.exclude(name=name).count() >= MOST:
            raise SettingsError(N_("You have %(most)s views already. Take one away first."), field="name", most=MOST)
        if opens:
            rows.update(opens=False)
        row, _ = SavedView.objects.update_or_create(
            person_id=person, listing=listing, name=name, defaults={"address": address, "opens": opens}
        )
    return _view(row)


def remove(person: int, listing: str, name: str) -> View | None:
    """Forget a view. Returns what it was; None where there was none."""
    view = named(person, listing, name)
    if view is not None:
        SavedView.objects.filter(person=person, listing=listing, name=view.name).delete()
    return view


def now_shown(views: Iterable[View], address: str) -> View | None:
    """The view that is shown at an address."""
    return next((each for each in views if each.address == address), None)


def _view(row: SavedView) -> View:
    return View(row.name, row.address, row.opens)
