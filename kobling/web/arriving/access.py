"""What the two levels of access give, as both sides read it."""

from __future__ import annotations

from dataclasses import dataclass

from kobling.records import N_


@dataclass(frozen=True, slots=True)
class Given:
    """One right, and which level gives it."""

    word: str
    limited: bool
    extended: bool


def levels() -> tuple[Given, ...]:
    """What a company lets its firm do in its systems; Kobling notes it and does none of it by itself."""
    return (
        Given(N_("See, correct and export expenses"), True, True),
        Given(N_("Change the accounting set-up"), True, True),
        Given(N_("See the balance"), True, True),
        Given(N_("Manage users and cards"), False, True),
        Given(N_("Manage spending limits"), False, True),
    )
