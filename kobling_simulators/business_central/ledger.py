"""The ledgers: what posting writes, append-only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from kobling_simulators.business_central.dimensions import need_postable
from kobling_simulators.business_central.errors import ApiError, rule
from kobling_simulators.business_central.facts import NO_DATE
from kobling_simulators.business_central.shelf import Row, plain
from kobling_simulators.business_central.table import Company
from kobling_simulators.business_central.values import money

Dimensions = Mapping[str, str]


@dataclass(slots=True)
class Entry:
    """One line of a posting, in local currency: debit is positive. `dimensions` are value ids by dimension id."""

    account: str
    amount: Decimal
    description: str = ""
    dimensions: Dimensions = field(default_factory=dict)
    attachments: Iterable[Row] = ()
    by_hand: bool = True


@dataclass(frozen=True, slots=True)
class Voucher:
    """What entries of one document share."""

    day: str
    number: str
    kind: str
    external: str = ""


@dataclass(slots=True)
class Debt:
    """What a customer owes or we owe a vendor (negative), in local currency and in that of the document."""

    party: Row
    amount: Decimal
    in_currency: Decimal
    due: str
    document: str = ""
    sales: Decimal = Decimal()


class Ledger:
    """Posts vouchers of one company. Raises ApiError when a rule says no."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def check_day(self, text: str) -> None:
        """Fidelity: known business_central §10 – generalLedgerSetup tells allowPostingFrom and allowPostingTo."""
        settings = self._company.settings
        if text in ("", NO_DATE):
            raise rule("Posting Date must have a value. It cannot be zero or empty.")
        late = settings.allow_posting_to != NO_DATE and text > settings.allow_posting_to
        if text < settings.allow_posting_from or late:
            raise rule(f"Posting Date {text} is not within your range of allowed posting dates.")

    def account(self, number: str, *, by_hand: bool) -> Row:
        """An account that can be posted to. Raises ApiError.

        Fidelity: known business_central §10 – accounts tell blocked, accountType and directPosting
        Fidelity: assumed business_central §6.1 – what they say binds every posting by hand
        """
        row = self._company.named("accounts", number)
        if row is None:
            raise rule(f"The G/L Account {number} does not exist.")
        if row.values.get("accountType", "Posting") != "Posting":
            raise rule(f"Account Type must be equal to 'Posting' in G/L Account: No.={number}.")
        if row.values.get("blocked"):
            raise rule(f"Blocked must be equal to 'No' in G/L Account: No.={number}. Current value is 'Yes'.")
        if by_hand and not row.values.get("directPosting"):
            raise rule(f"Direct Posting must be equal to 'Yes' in G/L Account: No.={number}. Current value is 'No'.")
        return row

    def post(self, voucher: Voucher, entries: list[Entry]) -> None:
        """Write the entries of a document that balances."""
        if sum((one.amount for one in entries), Decimal()) != 0:
            raise rule(f"The document {voucher.number} is out of balance.")
        for entry in entries:
            if entry.amount:
                self._write(voucher, entry)

    def _write(self, voucher: Voucher, entry: Entry) -> None:
        company = self._company
        account = self.account(entry.account, by_hand=entry.by_hand)
        self._check_dimensions(entry)
        need_postable(company.table("dimensionSetLines"), entry.dimensions)
        number = company.setup["entry"] + 1
        self._count(number)
        debit = entry.amount > 0
        row = company.table("generalLedgerEntries").insert(
            {
                "entryNumber": number,
                "postingDate": voucher.day,
                "documentNumber": voucher.number,
                "documentType": voucher.kind,
                "accountId": account.id,
                "description": entry.description[:100],
                "debitAmount": plain(entry.amount) if debit else Decimal(),
                "creditAmount": Decimal() if debit else plain(-entry.amount),
            }
        )
        shelf = company.table("accounts").shelf
        shelf.hide(account, "balance", plain(account.secret("balance", Decimal()) + entry.amount))
        lines = company.table("dimensionSetLines")
        for dimension, value in entry.dimensions.items():
            lines.insert({"_dimension": dimension, "valueId": value, "parentId": row.id, "parentType": _GL})
        attachments = company.table("attachments")
        for one in entry.attachments:
            copy = attachments.insert({**one.values, "parentId": row.id})
            attachments.shelf.hide(copy, "attachmentContent", one.secret("attachmentContent", b""))

    def _count(self, number: int) -> None:
        setup, before = self._company.setup, self._company.setup["entry"]
        setup["entry"] = number

        def undo() -> None:
            setup["entry"] = before

        self._company.journal.did(undo)

    def _check_dimensions(self, entry: Entry) -> None:
        """Fidelity: assumed business_central §6.1 – an account may demand dimensions (knob mandatory_dimensions)."""
        for code in self._company.settings.mandatory_dimensions.get(entry.account, ()):
            dimension = self._company.named("dimensions", code)
            if dimension is None or dimension.id not in entry.dimensions:
                text = f"Select a Dimension Value Code for the Dimension Code {code}"
                raise rule(f"{text} for G/L Account {entry.account}.")

    def owe(self, name: str, voucher: Voucher, debt: Debt) -> Row:
        """A customer or vendor ledger entry, open in full."""
        return self._company.shelf(name).add(
            self._company.new_id(),
            {
                "partyId": debt.party.id,
                "documentType": voucher.kind,
                "documentNumber": voucher.number,
                "externalDocumentNumber": voucher.external,
                "postingDate": voucher.day,
                "dueDate": debt.due,
                "amount": plain(debt.amount),
                "remaining": plain(debt.amount),
                "inCurrency": plain(debt.in_currency),
                "openInCurrency": plain(debt.in_currency),
                "sales": plain(debt.sales),
                "documentId": debt.document,
            },
            self._company.now(),
        )

    def settle(self, name: str, one: Row, other: Row) -> None:
        """Let two open entries of opposite sign pay each other as far as they go."""
        shelf, now = self._company.shelf(name), self._company.now()
        both = min(abs(one.values["remaining"]), abs(other.values["remaining"]))
        for row in (one, other):
            left = row.values["remaining"]
            taken = both if left > 0 else -both
            open_now = row.values["openInCurrency"]
            share = money(open_now * (left - taken) / left) if left else Decimal()
            shelf.change(row, {"remaining": plain(left - taken), "openInCurrency": share}, now)

    def entries_of(self, name: str, document: str) -> list[Row]:
        """Ledger entries that a document made."""
        return self._company.shelf(name).equal("documentId", document)


_GL = "General_x0020_Ledger_x0020_Entry"


def reverse_charge(company: Company, net: Decimal, text: str) -> list[Entry]:
    """The VAT of a purchase that the buyer owes: due and deductible at once.

    Fidelity: inferred business_central §10 – reverse-charge VAT is posted on top, on both sides: gross is net to pay
    """
    tax, posting = money(net * REVERSED_RATE / 100), company.setup["posting"]
    due = Entry(posting["sales_vat"], plain(-tax), text, by_hand=False)
    return [Entry(posting["purchase_vat"], tax, text, by_hand=False), due]


REVERSED_RATE = Decimal(25)


def rate_of(company: Company, currency: str | None) -> Decimal:
    """Local currency for one unit of a currency. Raises ApiError."""
    row = company.find("currencies", currency) if currency else None
    if row is None:
        return Decimal(1)
    rates = company.table("currencyExchangeRates").shelf.equal("currencyCode", row.values["code"])
    if not rates:
        raise ApiError(400, "Application_DialogException", f"There is no exchange rate for {row.values['code']}.")
    latest = max(rates, key=lambda one: str(one.values.get("startingDate", "")))
    return Decimal(latest.values["relationalExchangeRateAmount"] / latest.values["exchangeRateAmount"])


def day_of(text: str) -> date:
    """A plain date."""
    return date.fromisoformat(text)


def total(rows: Iterable[Any], name: str) -> Decimal:
    """The sum of one value of many rows."""
    return plain(sum((row.values.get(name, Decimal()) for row in rows), Decimal()))
