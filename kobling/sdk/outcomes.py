"""How a write ended: exactly one of confirmed, declined, not sent, unknown. What was put on the wire decides.

While a write is under way, ``Api`` notes in a ``Sending`` what left this machine and what was answered. Whatever is
raised on the way (a failing look before, a lost answer, a reading back that breaks), ``ended`` tells from these notes
what became of the write; no error can say of itself whether something was applied.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import ClassVar

from kobling.records import KoblingError, Record, Refused, SettingsError, Temporary, Unreachable


@dataclass(frozen=True, slots=True)
class Confirmed:
    """It was carried out. ``record`` is what the vendor now holds; None: applied, not read yet (or deleted)."""

    key: str
    external_id: str
    record: Record | None = None
    error: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Declined:
    """It was certainly not carried out: the vendor said no, or we did before anything was sent.

    ``error`` says why: Refused or Misunderstood (this record), SettingsError (not allowed for this record), Temporary
    (the vendor's limit).
    """

    key: str
    external_id: str | None
    error: KoblingError
    record: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing of it ever left this machine; ``error`` is what kept it."""

    key: str
    external_id: str | None
    error: KoblingError
    record: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It, or a part of it, may have been carried out: it is looked up before anything is sent again."""

    key: str
    external_id: str | None
    error: KoblingError
    record: ClassVar[None] = None


Outcome = Confirmed | Declined | NotSent | Unknown


class Sending:
    """What one write, or one batch of them, has put on the wire so far.

    ``open`` counts requests that left and have no clear answer, ``applied`` those that were carried out, ``denied``
    those that the vendor said no to. ``locked_out``: the sign-in failed.
    """

    __slots__ = ("applied", "denied", "locked_out", "made", "open")

    def __init__(self) -> None:
        self.open = self.applied = self.denied = 0
        self.locked_out = False
        self.made: str | None = None

    def leaves(self) -> None:
        """A changing request is about to leave."""
        self.open += 1

    def stayed(self) -> None:
        """It did not: no connection was made."""
        self.open -= 1

    def answered(self, status: int) -> None:
        """An answer came: one below 300 is a confirmation, one that sends us elsewhere a refusal; see ``judged``."""
        if status < 300:
            self.open, self.applied = self.open - 1, self.applied + 1
        elif status < 400:
            self.open, self.denied = self.open - 1, self.denied + 1

    def judged(self, error: KoblingError) -> None:
        """What an error answer means: a fault of the vendor says nothing about what was done."""
        if not isinstance(error, Unreachable):
            self.open, self.denied = self.open - 1, self.denied + 1

    def said_no(self) -> None:
        """The body of the last answer says that nothing was done, whatever its status."""
        if self.applied:
            self.applied -= 1
        elif self.open:
            self.open -= 1
        self.denied += 1

    def said_nothing(self) -> None:
        """The body of the last answer leaves open what was done, whatever its status."""
        if self.applied:
            self.applied -= 1
            self.open += 1

    def complete(self, external_id: str) -> None:
        """Everything that this write asks for is done; what follows only reads."""
        self.made = external_id

    def taken_back(self) -> None:
        """What was carried out was undone again: the vendor holds nothing of this write."""
        self.applied = 0

    @property
    def touched(self) -> bool:
        """Whether the vendor may hold something of this write."""
        return bool(self.open or self.applied)


_sending: ContextVar[Sending | None] = ContextVar("sending", default=None)

WhoAmI = Callable[[], Awaitable[object]]
_who_am_i: ContextVar[WhoAmI | None] = ContextVar("who_am_i", default=None)


@contextmanager
def sending() -> Iterator[Sending]:
    """The requests made inside are those of one write."""
    made = Sending()
    token = _sending.set(made)
    try:
        yield made
    finally:
        _sending.reset(token)


def current() -> Sending:
    """The write under way; one that nobody looks at where there is none."""
    return _sending.get() or Sending()


@contextmanager
def aside() -> Iterator[None]:
    """Requests made inside belong to no write: a sign-in changes no record."""
    token = _sending.set(None)
    try:
        yield
    finally:
        _sending.reset(token)


@contextmanager
def account(who_am_i: WhoAmI) -> Iterator[None]:
    """Inside, a write that is not allowed is the connection's fault only when ``who_am_i`` is refused as well."""
    token = _who_am_i.set(who_am_i)
    try:
        yield
    finally:
        _who_am_i.reset(token)


def asked_account() -> WhoAmI | None:
    """How to ask whether the connection itself is still welcome."""
    return _who_am_i.get()


def ended(key: str, external_id: str | None, error: KoblingError, sent: Sending) -> Outcome:
    """How a write ended that raised ``error``, by what it had put on the wire."""
    if sent.made is not None:
        return Confirmed(key, sent.made)
    if sent.touched:
        return Unknown(key, external_id, error)
    if sent.denied or not isinstance(error, SettingsError | Temporary):
        return Declined(key, external_id, error)
    return NotSent(key, external_id, error)


def refusal(outcome: Outcome) -> Refused | None:
    """The refusal of a record, where that is how the write ended."""
    return outcome.error if isinstance(outcome, Declined) and isinstance(outcome.error, Refused) else None
