"""Customer numbers: RecMan's as they are, or moved into the series that Unimicro counts in. Pure.

Fidelity: known recman §4a – Unimicro's customer numbers come from a series that begins at 100000
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kobling.mapping.codecs import Codec, Resolver, Values
from kobling.records import N_, SettingsError, Wrong

SAME = "same"


@dataclass(frozen=True, slots=True)
class Series:
    """How RecMan's numbers become Unimicro's: single ones by name, all others moved by ``offset``."""

    offset: int = 0
    single: tuple[tuple[str, int], ...] = ()

    def there(self, number: str) -> int:
        """RecMan's number as Unimicro's. Raises Wrong for one that is no number."""
        for mine, theirs in self.single:
            if mine == number:
                return theirs
        if not number.isascii() or not number.isdigit():
            raise Wrong(N_("“%(number)s” is no customer number that Unimicro takes: digits only."), number=number)
        moved = int(number) + self.offset
        if moved <= 0 or any(moved == theirs for _, theirs in self.single):
            raise Wrong(N_("The customer number %(number)s is somebody else's in Unimicro."), number=number)
        return moved

    def here(self, number: int) -> str:
        """Unimicro's number as RecMan's; numbers outside the series are told as they are."""
        for mine, theirs in self.single:
            if theirs == number:
                return mine
        return str(number - self.offset) if number > self.offset else f"={number}"


def series(rule: str) -> Series:
    """The rule as a person writes it. Raises SettingsError saying what was expected."""
    offset, single = 0, dict[str, int]()
    for part in (each.strip() for each in rule.split(",")):
        if part in ("", SAME):
            continue
        mine, sign, theirs = (each.strip() for each in part.partition("="))
        if not sign and part.startswith(("+", "-")) and part[1:].isdigit():
            offset = int(part)
        elif sign and mine and theirs.isdigit() and int(theirs) not in single.values() and mine not in single:
            single[mine] = int(theirs)
        else:
            raise SettingsError(
                N_("“%(part)s” is no rule for customer numbers. Write same, +100000 or 17=100017."),
                field="customer_numbers",
                part=part,
            )
    return Series(offset, tuple(single.items()))


def customer_number(rule: str) -> tuple[Codec, Codec]:
    """RecMan's side and Unimicro's; the agreed value is RecMan's number."""
    known = series(rule)

    def read_mine(values: Values, _side: str, _resolver: Resolver | None) -> Any:
        number = str(values[0] or "").strip().lstrip("0")
        if not number:
            raise Wrong(N_("The customer has no number. Give it one in RecMan."))
        known.there(number)
        return number

    def read_theirs(values: Values, _side: str, _resolver: Resolver | None) -> Any:
        return known.here(int(values[0])) if values[0] not in (None, "") else None

    mine = Codec("recman_customer_number", read_mine, lambda value, _side, _resolver: (value,))
    theirs = Codec("unimicro_customer_number", read_theirs, lambda value, _side, _resolver: (known.there(str(value)),))
    return mine, theirs
