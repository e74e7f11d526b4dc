"""Errors named by who acts next: a person with settings, the machine, a person with the record, a developer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar


def N_(text: str) -> str:
    """Mark a sentence for translation where it is written; it is translated where it is shown."""
    return text


COUNTED: dict[str, str] = {}
"""Sentences about several, and how they read about one."""


def NP_(one: str, many: str) -> str:
    """Mark a sentence with a ``%(number)s`` for translation, once for one and once for many; its key is the latter."""
    COUNTED[many] = one
    return many


def in_english(sentence: str, params: Mapping[str, object]) -> str:
    """A sentence with its parameters, for one or for many; unfilled where they do not fit."""
    if sentence in COUNTED and str(params.get("number")) == "1":
        sentence = COUNTED[sentence]
    try:
        return sentence % params if params else sentence
    except (KeyError, ValueError, TypeError):
        return sentence


def keepable(text: str) -> str:
    """The text without what no database holds (noughts, halves of characters)."""
    return text.replace("\x00", "�").encode(errors="replace").decode()


class KoblingError(Exception):
    """Base of every error Kobling raises on purpose.

    ``summary`` is an English sentence for people with ``%(name)s`` placeholders, translated at the edge;
    ``detail`` is for support, already redacted; ``code`` and ``vendor_text`` are the vendor's own words.
    """

    who_fixes: ClassVar[str] = "developer"
    advice: ClassVar[str] = N_("Send the details to support.")

    def __init__(
        self,
        summary: str,
        *,
        detail: str = "",
        code: str | None = None,
        vendor_text: str = "",
        field: str | None = None,
        **params: object,
    ) -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = keepable(detail)
        self.code = code
        self.vendor_text = keepable(vendor_text)
        self.field = field
        told = params if field is None else {**params, "field": field}
        self.params = {name: keepable(value) if isinstance(value, str) else value for name, value in told.items()}

    @property
    def kind(self) -> str:
        return type(self).__name__

    def __str__(self) -> str:
        text = self.summary % self.params if self.params else self.summary
        return f"{text} [{self.detail}]" if self.detail else text


class SettingsError(KoblingError):
    """A person must change settings; the connection is paused and an administrator is told."""

    who_fixes = "company admin"
    advice = N_("Open the connection's settings, correct them and test the connection.")


class SignInExpired(SettingsError):
    """The vendor no longer accepts the stored sign-in."""

    advice = N_("Connect again: sign in or paste a new key.")


class NotOffered(SettingsError):
    """An installation lacks one table or field, or forbids it to our user: that table waits, others go on."""

    advice = N_("Have the table or field published, or give the user the right to it, then test the connection.")


class Temporary(KoblingError):
    """The machine tries again by itself, not before ``retry_at`` (UTC) where the vendor named a time."""

    who_fixes = "nobody"
    advice = N_("Nothing to do: Kobling tries again by itself.")

    def __init__(self, summary: str, *, retry_at: datetime | None = None, **rest: object) -> None:
        super().__init__(summary, **rest)  # type: ignore[arg-type]
        self.retry_at = retry_at


class RateLimited(Temporary):
    """The vendor's limit is reached."""


class Unreachable(Temporary):
    """No usable answer: a broken connection, a time-out, a vendor's fault. What a change did is not known then."""


class NotReached(Unreachable):
    """No connection was made: nothing left this machine."""


class StorageError(KoblingError):
    """Our own data folder, database or key file is not as it must be; whoever runs this installation mends it."""

    who_fixes = "operator"
    advice = N_("Put the data folder, its disk or its files right, then start again. Nothing was lost by stopping.")


class NoRoom(Temporary):
    """Our own disk is full: Kobling waits, and goes on by itself once there is room."""

    who_fixes = "operator"
    advice = N_("Make room on the disk. Kobling goes on by itself, and nothing is lost.")


class Refused(KoblingError):
    """The vendor said no to this record; the rest goes on and a sync issue is opened."""

    who_fixes = "bookkeeper"
    advice = N_("Correct the record in the system named above, then press Retry.")


class StaleVersion(Refused):
    """The record changed since it was read; it is read again before anything is decided."""

    who_fixes = "nobody"
    advice = N_("Nothing to do: the record is read again in the next run.")


class Busy(Refused):
    """The record is locked or being edited there; it is tried again by itself and never set aside."""

    who_fixes = "nobody"
    advice = N_("Nothing to do: the record is tried again in the next run.")


class NotThere(Refused):
    """No such record, or it was deleted, or we may no longer see it."""

    advice = N_("Check whether the record was deleted on purpose, then choose restore, uncouple or delete.")


class AlreadyThere(Refused):
    """A unique value is taken by another record."""

    advice = N_("Couple the two records, or change one of them, then press Retry.")


class Unsafe(KoblingError):
    """Kobling stopped on purpose; a person confirms or declines."""

    who_fixes = "company admin"
    advice = N_("Look at the plan, then confirm it or cancel the run.")


class Misunderstood(KoblingError):
    """The vendor's answer does not fit the contract."""

    who_fixes = "developer"
    advice = N_("Have the connection probed and send the report to support.")


SHOWN = 80
"""Characters of a value that fits no rule which a person is shown."""


class Wrong(ValueError):
    """A value that a rule cannot carry, told as a sentence that is translated where it is shown."""

    def __init__(self, summary: str, **params: object) -> None:
        super().__init__(summary % params if params else summary)
        self.summary = summary
        self.params = {name: str(value) for name, value in params.items()}

    @classmethod
    def about(cls, summary: str, value: object) -> Wrong:
        """A sentence about one value, which it shows as ``%(value)s``, cut where it is long."""
        return cls(summary, value=redacted(str(value), limit=SHOWN))

    @property
    def told(self) -> list[object]:
        """The sentence and its parameters, JSON-able."""
        return [self.summary, self.params]


def redacted(text: str, secrets: tuple[str, ...] = (), limit: int = 500) -> str:
    """Take the given secrets out of a text and cut it, so that an error can carry it."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "•••")
    return text if len(text) <= limit else text[:limit] + "…"
