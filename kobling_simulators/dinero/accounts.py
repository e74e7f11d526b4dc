"""Chart of accounts, VAT types, accounting years, entries, settings and the statement of account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kobling_simulators.dinero.books import (
    DEBTORS,
    DEPOSIT_ACCOUNTS,
    PURCHASE_ACCOUNTS,
    Account,
    Books,
    Entry,
)
from kobling_simulators.dinero.errors import INVALID_FORMAT, NO_ACCOUNTING_YEAR, bad_request, invalid, not_found
from kobling_simulators.dinero.facts import facts, vat_rates
from kobling_simulators.dinero.listing import changes_since
from kobling_simulators.dinero.schema import read_body
from kobling_simulators.wire import Call

_MONTH = 31 * 86_400_000


class Accounts:
    """The accounting endpoints of one organization."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def entry_accounts(self, call: Call) -> Any:
        """GET accounts/entry."""
        return _fields(call, [self._entry_account(one) for _, one in sorted(self._books.accounts.items())])

    def purchase_accounts(self, call: Call) -> Any:
        """GET accounts/purchase: 2000-9399."""
        rows = [one for number, one in sorted(self._books.accounts.items()) if number in PURCHASE_ACCOUNTS]
        return _fields(call, [self._entry_account(one) for one in rows])

    def deposit_accounts(self, call: Call) -> Any:
        """GET accounts/deposit: usually 55000-55999."""
        return _fields(call, [_deposit_account(one) for _, one in sorted(self._books.deposits.items())])

    def create_entry_account(self, call: Call) -> Any:
        """POST accounts/entry {Number, Name, VatCode}; "none" is a VatCode."""
        body = self._read(call, "EntryAccountCreate")
        wrong = {}
        if body["Number"] in self._books.accounts or body["Number"] in self._books.deposits:
            wrong["Number"] = "The number is taken"
        if body["VatCode"] not in vat_rates():
            wrong["VatCode"] = "Is not a VAT code"
        if wrong:
            raise invalid(**wrong)
        made = Account(body["Number"], body["Name"], body["VatCode"], standard=body["PublicStandardNumber"])
        self._books.accounts[made.number] = made
        return self._entry_account(made)

    def create_deposit_account(self, call: Call) -> Any:
        """POST accounts/deposit {Number, Name}."""
        body = self._read(call, "DepositAccountCreate")
        if body["Number"] in self._books.deposits or body["Number"] not in DEPOSIT_ACCOUNTS:
            raise invalid(Number="Is taken or outside 55000-55999")
        made = Account(body["Number"], body["Name"], "none")
        self._books.deposits[made.number] = made
        return _deposit_account(made)

    def vat_types(self, call: Call) -> Any:
        """GET vatTypes."""
        return [
            {"VatCode": code, "Name": name, "VatRate": Decimal(rate)}
            for code, name, rate in facts("set_up.json")["vat_types"]
            if code != "none"
        ]

    def years(self, call: Call) -> Any:
        """GET accountingyears."""
        return [
            {
                "Name": year.name,
                "FromDate": year.start.isoformat(),
                "ToDate": year.end.isoformat(),
                "SalarySumTaxStateEnum": "None",
            }
            for year in self._books.years
        ]

    def entries(self, call: Call) -> Any:
        """GET entries of fromDate..toDate.

        Fidelity: known dinero §4 – fromDate and toDate must lie within one accounting year
        Fidelity: assumed dinero §4 – no primo entries: the first year began with empty books
        """
        start, end = _day(call, "fromDate"), _day(call, "toDate")
        year = self._books.year_of(start)
        if year is None or not start <= end <= year.end:
            raise bad_request("fromDate and toDate must lie within one accounting year", NO_ACCOUNTING_YEAR)
        return [self._entry(one) for one in self._books.entries if start <= one.day <= end]

    def entry_changes(self, call: Call) -> Any:
        """GET entries/changes of changesFrom..changesTo, at most 31 days.

        Fidelity: assumed dinero §4 – both ends are inclusive instants YYYY-MM-DDTHH:mm:ssZ
        """
        start, end = changes_since(call.query, "changesFrom"), changes_since(call.query, "changesTo")
        if start is None or end is None or not 0 <= end - start <= _MONTH:
            raise bad_request("changesFrom and changesTo must span at most 31 days")
        return [self._entry(one) for one in self._books.entries if start <= one.changed <= end + 999]

    def all_entries(self) -> list[dict[str, Any]]:
        """Every entry, in the order they were booked."""
        return [self._entry(one) for one in self._books.entries]

    def statement(self, call: Call, guid: str) -> Any:
        """GET state-of-account/{contact}: Income, Expenses and the debtor entries."""
        if guid.lower() not in self._books.contacts.by_guid:
            raise not_found("The contact")
        rows = [one for one in self._books.entries if one.contact_guid == guid.lower() and one.account == DEBTORS]
        income = sum((one.amount for one in rows if one.amount > 0), Decimal(0))
        paid = -sum((one.amount for one in rows if one.amount < 0), Decimal(0))
        return {"Income": income, "Expenses": paid, "Entries": [self._entry(one) for one in rows]}

    def settings(self, call: Call) -> Any:
        """GET sales/settings."""
        return {
            "LinesInclVat": False,
            "FikCode": "88888888",
            "UseFikCode": True,
            "DefaultAccountNumber": 1000,
            "InvoiceTemplateId": None,
            "AddVoucherAsPdfAttachment": True,
            "ReminderFee": 100,
            "ReminderInterestRate": 0,
            "TrustPilotEmail": None,
            "PaymentConditionNumberOfDays": 8,
            "PaymentConditionType": "Netto",
        }

    def _read(self, call: Call, name: str) -> dict[str, Any]:
        return read_body(call.body, name, strict=self._books.settings.strict_bodies)

    def _entry_account(self, account: Account) -> dict[str, Any]:
        sales = account.number < 2000
        return {
            "AccountNumber": account.number,
            "PublicStandardNumber": account.standard,
            "Name": account.name,
            "VatCode": account.vat_code,
            "Category": "Revenue" if sales else "Other",
            "CategoryName": "Omsætning" if sales else "Øvrige",
            "IsHidden": account.hidden,
            "IsDefaultSalesAccount": account.is_default,
        }

    def _entry(self, entry: Entry) -> dict[str, Any]:
        return {
            "AccountNumber": entry.account,
            "AccountName": self._books.account_name(entry.account),
            "Date": entry.day.isoformat(),
            "VoucherNumber": entry.voucher_number,
            "VoucherGuid": entry.voucher_guid,
            "FileGuid": entry.file_guid,
            "VoucherType": entry.voucher_type,
            "Description": entry.description,
            "VatType": None,
            "VatCode": entry.vat_code,
            "Amount": entry.amount,
            "EntryGuid": entry.guid,
            "ContactGuid": entry.contact_guid,
            "Type": "Normal",
        }


def _deposit_account(account: Account) -> dict[str, Any]:
    return {
        "AccountNumber": account.number,
        "PublicStandardNumber": account.standard,
        "Name": account.name,
        "IsDefault": account.is_default,
        "IsHidden": account.hidden,
        "BankRegistrationNumber": None,
        "BankAccountNumber": None,
        "BankSwiftNumber": None,
        "BankIbanNumber": None,
    }


def _fields(call: Call, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, cut to `fields` when given, under the names as written."""
    text = call.query.get("fields", "")
    if not text:
        return list(rows)
    written = [one.strip() for one in text.split(",")]
    kept = []
    for row in rows:
        proper = {name.lower(): name for name in row}
        if any(name.lower() not in proper for name in written):
            raise bad_request("fields holds an unknown field")
        kept.append({name: row[proper[name.lower()]] for name in written})
    return kept


def _day(call: Call, name: str) -> date:
    text = call.query.get(name, "")
    try:
        return datetime.strptime(f"{text} +0000", "%Y-%m-%d %z").date()
    except ValueError:
        raise bad_request(f"{name} must be a date YYYY-MM-DD", INVALID_FORMAT) from None
