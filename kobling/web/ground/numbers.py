"""Numbers of rows as addresses and forms give them: whoever writes something else there gets no error of ours."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls.converters import IntConverter

_DIGITS = 18
"""What every database holds."""


class RowConverter(IntConverter):
    """``<row:client>`` in an address: as Django's ``int``, of no more digits than a database holds."""

    regex = f"[0-9]{{1,{_DIGITS}}}"


def number_of(given: str | None) -> int | None:
    """The number; None for what is none."""
    return int(given) if given and given.isdecimal() and len(given) <= _DIGITS else None


def numbers_of(given: Iterable[str]) -> list[int]:
    """Those that are numbers."""
    return [number for each in given if (number := number_of(each)) is not None]
