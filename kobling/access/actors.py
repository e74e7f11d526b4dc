"""Who asks, and who did it: by kind and id, never by a name that a person can bear."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kobling.access.models import Client, Person


class Kind(StrEnum):
    """What somebody is who does something. ``UNKNOWN``: noted before kinds were, by a name alone."""

    PERSON = "person"
    OPERATOR = "operator"
    SCHEDULE = "schedule"
    KOBLING = "kobling"
    UNKNOWN = "unknown"


_LONGEST = 150
_ALONE = (Kind.SCHEDULE, Kind.KOBLING)
"""Kinds of which there is one, so that they need no id."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a person, the operator of this installation, who owns its data folder, or what works by itself.

    Nobody is the operator by leaving something out. ``only``: acts for this client alone, whatever else is allowed.
    """

    name: str
    person: int | None = None
    kind: Kind = Kind.PERSON
    only: int | None = None

    @property
    def is_operator(self) -> bool:
        return self.kind is Kind.OPERATOR

    @property
    def ident(self) -> str:
        """What tells the actor from others of its kind."""
        if self.kind is Kind.PERSON:
            return "" if self.person is None else str(self.person)
        return "" if self.kind in _ALONE else self.name

    @property
    def key(self) -> str:
        """Kind and id in one text, to be stored: ``person:12``, ``operator:root``, ``schedule``."""
        return self.kind.value if self.kind in _ALONE else f"{self.kind.value}:{self.ident}"

    def within(self, client: Client) -> Actor:
        """The same, for one client alone."""
        return replace(self, only=client.pk)

    @staticmethod
    def operator(name: str = "operator") -> Actor:
        """Whoever runs commands on the machine itself."""
        return Actor(name[:_LONGEST], kind=Kind.OPERATOR)

    @staticmethod
    def of(person: Person) -> Actor:
        """A signed-in person."""
        return Actor(person.get_username(), person.pk)


SCHEDULE = Actor("schedule", kind=Kind.SCHEDULE)
KOBLING = Actor("Kobling", kind=Kind.KOBLING)


@dataclass(frozen=True, slots=True)
class Who:
    """Who did something, as read back. ``name`` is what a person is called now."""

    kind: Kind
    name: str


def read_key(key: str) -> tuple[Kind, str]:
    """Kind and id of a stored key; what is no key is a name that says nothing of its kind."""
    kind, colon, ident = key.partition(":")
    if kind in _ALONE and not colon:
        return Kind(kind), kind
    if kind in (Kind.PERSON, Kind.OPERATOR, Kind.UNKNOWN) and ident:
        return Kind(kind), ident
    return Kind.UNKNOWN, key
