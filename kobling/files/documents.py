"""What a file is made of: documents with their party and their lines, whatever system they come from.

Amounts are exact decimals in major units of the document's currency, without VAT unless said otherwise.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kobling.records import arithmetic, minor_digits
from kobling.records.arithmetic import net_of

INVOICE, CREDIT_NOTE, EXPENSE = "invoice", "creditnote", "expense"


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a document is for."""

    number: str = ""
    name: str = ""
    org_number: str = ""
    email: str = ""
    phone: str = ""
    address1: str = ""
    address2: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    country_code: str = ""
    credit_days: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a document. ``amount`` is what it comes to, rounded by itself; ``price`` is for one."""

    text: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    product: str = ""
    discount: Decimal = Decimal(0)
    vat_percent: Decimal | None = None
    vat_code: str = ""
    account: str = ""
    contra: str = ""
    project: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """What a document comes to by its source's own word, in the document's currency; the file is held against it.

    ``apart``: the source rounds otherwise than line by line, so that each line may differ by half the smallest coin.
    """

    amount: Decimal
    with_vat: bool = True
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice, a credit note (its quantities are negative) or an expense. ``source_id`` is its id at its source.

    ``vat_included``: its lines' amounts are what is paid, VAT and all. ``total`` is None where the source tells none.
    """

    kind: str
    source_id: str
    number: str
    day: date
    currency: str
    lines: tuple[Line, ...]
    party: Party = Party()
    due: date | None = None
    kid: str = ""
    our_reference: str = ""
    your_reference: str = ""
    project: str = ""
    department: str = ""
    total: Total | None = None
    vat_included: bool = False

    @property
    def amount(self) -> Decimal:
        """What its lines come to."""
        return sum((each.amount for each in self.lines), Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a document cannot go into a file: which field of what, and a sentence with its parameters."""

    field: str
    text: str
    params: dict[str, str] = dataclasses.field(default_factory=dict)


def line_amount(quantity: Decimal, price: Decimal, discount: Decimal = Decimal(0), currency: str = "") -> Decimal:
    """Quantity × price less the discount in per cent, to the currency's smallest coin, halves away from zero."""
    return net_of(arithmetic.Line(quantity, price, discount_percent=discount), minor_digits(currency))
