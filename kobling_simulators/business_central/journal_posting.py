"""Posting a journal: all its lines or none."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from kobling_simulators.business_central.dimensions import dimensions_of
from kobling_simulators.business_central.errors import rule
from kobling_simulators.business_central.facts import ZERO_GUID
from kobling_simulators.business_central.journals import BANK, CUSTOMER, GL, SETS, VENDOR, Journals, remove_line
from kobling_simulators.business_central.ledger import Debt, Entry, Ledger, Voucher, rate_of, reverse_charge
from kobling_simulators.business_central.set_up import told
from kobling_simulators.business_central.shelf import Row, plain
from kobling_simulators.business_central.table import Company
from kobling_simulators.business_central.values import money

_LEDGERS = {CUSTOMER: "customerLedgerEntries", VENDOR: "vendorLedgerEntries"}


class PostedJournals(Journals):
    """Journals with their action."""

    def act(self, row: Row, action: str) -> None:
        """Post all lines. Raises ApiError."""
        JournalPosting(self).post(row)
        self.company.journal.commit()


class JournalPosting:
    """Posts the lines of one batch.

    Fidelity: known business_central §6.1 – all lines are posted; one bad line fails the whole; "nothing to post"
    Fidelity: inferred business_central §6.1 – every document number has to balance on its date
    """

    def __init__(self, journals: Journals) -> None:
        self._journals = journals
        self._company: Company = journals.company
        self._ledger = Ledger(journals.company)
        self._lines = journals.company.table("journalLines")

    def post(self, row: Row) -> None:
        """Post a batch. Raises ApiError."""
        lines = [line for line in self._journals.lines_of(row) if line.values.get("amount")]
        if not lines:
            raise rule("There is nothing to post.")
        documents: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for line in lines:
            self._check(line)
            documents[line.values["postingDate"], line.values["documentNumber"]].append(line)
        for (day, number), found in documents.items():
            posted = self._posted_number(row) or number
            self._document(Voucher(day, posted, self._kind(found)), found)
        for line in self._journals.lines_of(row):
            remove_line(self._journals, line)

    def _posted_number(self, row: Row) -> str:
        """The number that a document gets by being posted; empty where the batch has no such series.

        Fidelity: inferred business_central §6.1 – the series of the batch, else of its template; only the external
        document number stays as it was given
        """
        series = self._company.settings.posting_series
        code = next((one for one in (row.values["code"], row.values["templateDisplayName"]) if one in series), None)
        return "" if code is None else self._company.posting_number(code, series[code])

    def _kind(self, lines: list[Row]) -> str:
        return "Payment" if any(line.values.get("_payment") for line in lines) else "_x0020_"

    def _check(self, line: Row) -> None:
        values = line.values
        where = f"in Gen. Journal Line Line No.={values.get('lineNumber')}"
        if not values.get("accountNumber"):
            raise rule(f"Account No. must have a value {where}. It cannot be zero or empty.")
        if not values.get("documentNumber"):
            raise rule(f"Document No. must have a value {where}. It cannot be zero or empty.")
        self._ledger.check_day(values.get("postingDate", ""))
        for kind, number in self._sides(line):
            party = self._company.named(SETS[kind], number)
            if party is None:
                raise rule(f"The account {number} does not exist {where}.")
            if kind != GL and party.values.get("blocked") in ("All", True):
                raise rule(f"Blocked must be equal to 'No' in {kind} {number}. Current value is 'Yes'.")
        if self._company.settings.digital_voucher and not self._attachments(line):
            raise rule("Not possible to post without attaching the digital voucher.")

    def _sides(self, line: Row) -> list[tuple[str, str]]:
        values = line.values
        sides = [(values.get("accountType", GL), values["accountNumber"])]
        if values.get("balancingAccountNumber"):
            sides.append((values.get("balanceAccountType", GL), values["balancingAccountNumber"]))
        return sides

    def _attachments(self, line: Row) -> list[Row]:
        return self._company.table("attachments").shelf.equal("parentId", line.id)

    def _document(self, voucher: Voucher, lines: list[Row]) -> None:
        entries: list[Entry] = []
        for line in lines:
            local = money(line.values["amount"] * self._rate(line))
            sides = self._sides(line)
            entries += self._side(voucher, line, sides[0], local)
            if len(sides) == 2:
                entries += self._side(voucher, line, sides[1], plain(-local))
        left = sum((one.amount for one in entries), Decimal())
        if left:
            text = f"Document No. {voucher.number} is out of balance by {left}."
            raise rule(f"{text} Please check that Posting Date, Document No. and Amount are correct for each line.")
        self._ledger.post(voucher, entries)

    def _rate(self, line: Row) -> Decimal:
        """Fidelity: known business_central §6.1 – there is no currencyCode; a bank, customer or vendor implies one.

        Fidelity: assumed business_central §6.1 – the first account of a line that has a currency decides
        """
        for kind, number in self._sides(line):
            party = self._company.named(SETS[kind], number) if kind != GL else None
            if party is not None and party.values.get("currencyId", ZERO_GUID) != ZERO_GUID:
                return rate_of(self._company, party.values["currencyId"])
        return Decimal(1)

    def _side(self, voucher: Voucher, line: Row, side: tuple[str, str], amount: Decimal) -> list[Entry]:
        kind, number = side
        values = line.values
        posting = self._company.setup["posting"]
        text, dimensions = values.get("description", ""), dimensions_of(self._lines, line.id)
        attachments = self._attachments(line)
        if kind == GL:
            return self._with_tax(line, Entry(number, amount, text, dimensions, attachments))
        party = self._company.named(SETS[kind], number)
        assert party is not None
        if kind == BANK:
            self._bank(voucher, party, amount)
            account = str(party.values.get("_account", posting["bank"]))
        else:
            account = posting["receivables" if kind == CUSTOMER else "payables"]
            self._debt(voucher, line, kind, party, amount)
        return [Entry(account, amount, text, dimensions, attachments, by_hand=False)]

    def _bank(self, voucher: Voucher, bank: Row, amount: Decimal) -> None:
        values = {"partyId": bank.id, "documentNumber": voucher.number, "postingDate": voucher.day, "amount": amount}
        self._company.shelf("bankLedgerEntries").add(self._company.new_id(), values, self._company.now())

    def _debt(self, voucher: Voucher, line: Row, kind: str, party: Row, amount: Decimal) -> None:
        name = _LEDGERS[kind]
        external = line.values.get("externalDocumentNumber", "")
        told = Voucher(voucher.day, voucher.number, voucher.kind, external)
        in_currency = plain(amount / self._rate(line))
        made = self._ledger.owe(name, told, Debt(party, amount, money(in_currency), voucher.day))
        invoice = line.values.get("appliesToInvoiceId", ZERO_GUID)
        if invoice == ZERO_GUID:
            return
        for owed in self._ledger.entries_of(name, invoice):
            if owed.values["remaining"] * made.values["remaining"] < 0:
                self._ledger.settle(name, owed, made)
            invoices = self._company.table("salesInvoices" if kind == CUSTOMER else "purchaseInvoices")
            row = invoices.shelf.rows[invoice]
            invoices.put(row, status="Open" if owed.values["remaining"] else "Paid")

    def _with_tax(self, line: Row, entry: Entry) -> list[Entry]:
        """Fidelity: known business_central §6.1 – the amount includes VAT, which comes through taxCode alone.

        Fidelity: known business_central §6.1 – only with a template that copies the VAT set-up (copy_vat_to_journal)
        """
        code = line.values.get("taxCode", "")
        if f"INDENL {code}" in self._company.settings.reverse_charge:
            return self._reversed(line, entry)
        rate = Decimal(told()["vat"].get(f"INDENL {code}", 0))
        is_main = self._is_main(line, entry)
        if not rate or not is_main or not self._company.settings.copy_vat_to_journal:
            return [entry]
        account = self._company.named("accounts", entry.account)
        income = account is not None and account.values.get("category") == "Income"
        tax = money(entry.amount * rate / (100 + rate))
        vat = self._company.setup["posting"]["sales_vat" if income else "purchase_vat"]
        entry.amount = plain(entry.amount - tax)
        return [entry, Entry(vat, tax, entry.description, entry.dimensions, by_hand=False)]

    def _is_main(self, line: Row, entry: Entry) -> bool:
        return bool(entry.account == line.values["accountNumber"] and line.values.get("accountType", GL) == GL)

    def _reversed(self, line: Row, entry: Entry) -> list[Entry]:
        """The amount is whole, and its VAT comes on top on both sides."""
        if not self._is_main(line, entry) or not self._company.settings.copy_vat_to_journal:
            return [entry]
        return [entry, *reverse_charge(self._company, entry.amount, entry.description)]
