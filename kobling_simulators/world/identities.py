"""Invented identity numbers that pass the official checksums."""

from __future__ import annotations

import random

_CVR_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)


def cvr(source: random.Random) -> str:
    """Eight digits with a valid CVR checksum."""
    while True:
        digits = str(source.randrange(1_000_000, 10_000_000))
        check = -sum(weight * int(digit) for weight, digit in zip(_CVR_WEIGHTS, digits, strict=True)) % 11
        if check < 10:
            return f"{digits}{check}"


def ean(source: random.Random) -> str:
    """A 13-digit location number in the Danish range (57…) with a valid check digit."""
    digits = f"5798{source.randrange(10**8):08d}"
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))
    return f"{digits}{-total % 10}"
