"""Money: an exact amount with its currency, in major units (kroner, not øre)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_MINOR_DIGITS = {"ISK": 0, "JPY": 0, "CLP": 0, "HUF": 2, "KWD": 3, "BHD": 3}
_USUAL_MINOR_DIGITS = 2


def minor_digits(currency: str) -> int:
    """How many decimals the currency's smallest coin has (ISO 4217)."""
    return _MINOR_DIGITS.get(currency.upper(), _USUAL_MINOR_DIGITS)


def rounded(amount: Decimal, currency: str = "DKK") -> Decimal:
    """Round to the currency's minor unit, halves away from zero as invoices do."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in major units with its ISO 4217 currency.

    Adding two currencies raises ValueError: a rate is needed, and rates are never guessed.
    """

    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def rounded(self) -> Money:
        return Money(rounded(self.amount, self.currency), self.currency)

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot add {self.currency} and {other.currency} without a rate")
