"""The books of one organization: everything a reset throws away."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from kobling_simulators.clock import Clock
from kobling_simulators.dinero.facts import facts
from kobling_simulators.dinero.settings import Settings
from kobling_simulators.dinero.shelf import Item, Shelf

SALES_ACCOUNTS = range(1000, 2000)
PURCHASE_ACCOUNTS = range(2000, 9400)
DEPOSIT_ACCOUNTS = range(55_000, 56_000)
DEBTORS, CREDITORS, SALES_VAT, PURCHASE_VAT, BANK_FEES, EXCHANGE_DIFFERENCES = (
    56_100,
    63_000,
    64_000,
    64_010,
    7_220,
    7_230,
)


@dataclass(slots=True)
class Account:
    """One account of the chart."""

    number: int
    name: str
    vat_code: str
    hidden: bool = False
    standard: int | None = None
    is_default: bool = False


@dataclass(slots=True)
class Year:
    """One accounting year."""

    name: str
    start: date
    end: date


@dataclass(slots=True)
class Entry:
    """One line of the ledger; amounts in DKK, changed is when it was booked (milliseconds)."""

    guid: str
    account: int
    day: date
    voucher_number: int
    voucher_guid: str
    voucher_type: str
    description: str
    vat_code: str | None
    amount: Any
    contact_guid: str | None
    changed: int
    file_guid: str | None = None


@dataclass(slots=True)
class StoredFile:
    """One uploaded file."""

    guid: str
    name: str
    content_type: str
    content: bytes
    uploaded: int
    used_by: list[str] = field(default_factory=list)


class Books:
    """One organization."""

    def __init__(self, number: int, name: str, tenant: str, clock: Clock, seed: int) -> None:
        self.number = number
        self.name = name
        self.tenant = tenant
        self.clock = clock
        self.settings = Settings()
        self._random = random.Random(f"guids {seed} {number}")
        self._version = 0x20A5EA8
        self.register: dict[str, dict[str, str]] = {}
        self.contacts = Shelf(("ExternalReference", "VatNumber", "Email", "Name", "EanNumber"))
        self.products = Shelf(("ExternalReference", "ProductNumber", "Name"))
        self.vouchers = {"Invoice": Shelf(_VOUCHER_INDEX), "CreditNote": Shelf(_VOUCHER_INDEX)}
        self.sales = Shelf()
        self.manuals = Shelf()
        self.purchases = {"Purchase": Shelf(), "PurchaseCreditNote": Shelf()}
        self.ledger_items: dict[str, Item] = {}
        self.entries: list[Entry] = []
        self.files: dict[str, StoredFile] = {}
        self.loose: dict[str, StoredFile] = {}
        self.subscriptions: dict[str, str] = {}
        self.taken: dict[tuple[str, int], set[int]] = {}
        self._fik = 0
        self.accounts = {row[0]: Account(*row) for row in facts("set_up.json")["accounts"]}
        self.deposits = {
            number: Account(number, text, "none", is_default=default)
            for number, text, default in facts("set_up.json")["deposits"]
        }
        self.accounts[1000].is_default = True
        today = clock.moment().date()
        self.years = [
            Year(str(year), date(year, 1, 1), date(year, 12, 31)) for year in range(today.year - 1, today.year + 1)
        ]

    def now(self) -> int:
        """Milliseconds since 1970 by the vendor's clock."""
        return int(self.clock.now() * 1000)

    def today(self) -> date:
        """The vendor's date.

        Fidelity: assumed dinero §3 – "today" is the UTC date
        """
        return self.clock.moment().date()

    def new_guid(self) -> str:
        """A guid made by Dinero."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def bump(self, item: Item) -> None:
        """A new version for a row."""
        self._version += 1
        item.version = self._version

    def next_fik(self) -> str:
        """The 15-digit payment id of a booked invoice, its last digit a check digit (mod 10)."""
        self._fik += 1
        digits = f"{self._fik:014d}"
        total = sum(sum(divmod(int(digit) * (2 if at % 2 else 1), 10)) for at, digit in enumerate(digits))
        return f"{digits}{-total % 10}"

    def year_of(self, day: date) -> Year | None:
        """The accounting year that holds a day."""
        return next((year for year in self.years if year.start <= day <= year.end), None)

    def account_name(self, number: int) -> str | None:
        """The name of an account, or None."""
        account = self.accounts.get(number) or self.deposits.get(number)
        return account.name if account else None


_VOUCHER_INDEX = ("ExternalReference", "ContactGuid")
