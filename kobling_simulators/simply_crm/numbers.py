"""Numbers as PHP computes them and as its database and screens write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from kobling_simulators.simply_crm.errors import Crash
from kobling_simulators.simply_crm.values import as_text, fixed, to_decimal

_LEADING = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_LARGEST = 1e15
_CENT = Decimal("0.01")


def cast(value: Any) -> float:
    """(float) value: the number at the beginning of a text, 0 when there is none."""
    found = _LEADING.match(as_text(value))
    return max(-_LARGEST, min(_LARGEST, float(found.group(1)))) if found else 0.0


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What + - * / do with a text: PHP 7 reads "" as 0, PHP 8 refuses it.

    Fidelity: known simply_crm §10.6 – stock PHP 8 dies of "" in a sum; PHP 7 counts it as 0
    """

    strict: bool

    def number(self, value: Any) -> float:
        """An operand. Raises Crash for a text without a number in front when this is PHP 8."""
        if self.strict and value is not None and not isinstance(value, bool) and not _LEADING.match(as_text(value)):
            raise Crash
        return cast(value)


def column(number: float, decimals: int = 8) -> str:
    """What a DECIMAL column keeps of a float, which PHP writes with 14 digits."""
    return fixed(Decimal(format(number + 0.0, ".14g")), decimals)


def kept(value: Any, decimals: int) -> str:
    """What a DECIMAL column keeps of what a client sent.

    Fidelity: known simply_crm §10.5 – "1,234.50" is read as 1, without an error
    """
    return fixed(to_decimal(value), decimals)


def money(number: float) -> str:
    """number_format(…, 2)."""
    rounded = Decimal(repr(number)).quantize(_CENT, ROUND_HALF_UP)
    return str(abs(rounded) if rounded == 0 else rounded)


def half_down(number: float) -> float:
    """round(…, 2, PHP_ROUND_HALF_DOWN)."""
    return float(Decimal(repr(number)).quantize(_CENT, ROUND_HALF_DOWN))


def rounded(number: float) -> float:
    """round(…, 2)."""
    return float(money(number))


def trimmed(text: str) -> str:
    """A decimal text without the zeros at its end."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_json(number: float) -> int | float:
    """A float as a JSON number."""
    return int(number) if number == int(number) else number
