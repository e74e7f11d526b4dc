"""Journals: batches of templates, and their lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from kobling_simulators.business_central.dimensions import copy_defaults
from kobling_simulators.business_central.errors import MISSING_PARAMETER, bad_request, no_relation, wrong_field
from kobling_simulators.business_central.facts import NO_DATE, ZERO_GUID
from kobling_simulators.business_central.ledger import Ledger
from kobling_simulators.business_central.shelf import Row
from kobling_simulators.business_central.table import Parent, Reading, Table, Values
from kobling_simulators.business_central.values import money

GENERAL, RECEIPTS, PAYMENTS = "General", "Cash_x0020_Receipts", "Payments"
GL, CUSTOMER, VENDOR, BANK = "G_x002F_L_x0020_Account", "Customer", "Vendor", "Bank_x0020_Account"
SETS = {GL: "accounts", CUSTOMER: "customers", VENDOR: "vendors", BANK: "bankAccounts"}
_TYPES = {"journals": GENERAL, "customerPaymentJournals": RECEIPTS, "vendorPaymentJournals": PAYMENTS}
_DIGITS = re.compile(r"(\d+)(?!.*\d)")


class Journals(Table):
    """Batches of one type of template.

    Fidelity: known business_central §6.1 – without a filter on templateDisplayName a list shows the default template
    only: the first by name of its type; GET by id is not affected; a new batch gets that template
    """

    shelf_name = "journals"
    shelf_key = "code"

    @property
    def type(self) -> str:
        """The type of template that this entity set is about."""
        return _TYPES[self.entity.name]

    def templates(self, kind: str = "") -> list[str]:
        """Names of the templates of a type in order; the first is the default."""
        more = self.company.settings.templates if (kind or self.type) == GENERAL else []
        told = [name for name, one in self.company.setup["templates"] if one == (kind or self.type)]
        return sorted({*told, *more})

    def computed(self) -> Mapping[str, Reading]:
        """The number of the balancing account."""
        return {"balancingAccountNumber": lambda row: self.balancing(row)[1]}

    def balancing(self, row: Row) -> tuple[str, str]:
        """Type and number of a batch's balancing account."""
        wanted = row.values.get("balancingAccountId", "")
        for kind in (GL, BANK):
            found = self.company.find(SETS[kind], wanted)
            if found is not None:
                return kind, str(found.values["number"])
        return GL, ""

    def scope(self, asked: Mapping[str, object], parent: Parent | None) -> Callable[[Row], bool] | None:
        """The default template, unless the filter names one."""
        known = set(self.templates())
        if "templateDisplayName" in asked and self.entity.name == "journals":
            return lambda row: row.values.get("templateDisplayName") in known
        default = self.templates()[0]
        return lambda row: row.values.get("templateDisplayName") == default

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """The template has to exist; codes are unique within it. Raises ApiError."""
        if row is None and not values.get("templateDisplayName"):
            values["templateDisplayName"] = self.templates()[0]
        template = values.get("templateDisplayName")
        if template is not None and template not in self.templates():
            raise no_relation("templateDisplayName", self.entity.entity, template, "Gen. Journal Template")
        account = values.get("balancingAccountId", ZERO_GUID)
        if account != ZERO_GUID and not any(self.company.find(SETS[kind], account) for kind in (GL, BANK)):
            raise no_relation("balancingAccountId", self.entity.entity, account, "accounts")

    def same_key(self, values: Values) -> bool:
        """Whether the template has such a batch."""
        template = values.get("templateDisplayName")
        return any(
            one.values.get("templateDisplayName") == template for one in self.shelf.equal("code", values["code"])
        )

    def deleting(self, row: Row) -> None:
        """A batch takes its lines along."""
        for line in self.lines_of(row):
            remove_line(self, line)

    def lines_of(self, row: Row) -> list[Row]:
        """All lines of a batch, payments too, in order."""
        lines = self.company.table("journalLines").shelf.equal("journalId", row.id)
        return sorted(lines, key=lambda line: (line.values.get("lineNumber", 0), line.order))


def remove_line(table: Table, line: Row) -> None:
    """Take a line away with its dimensions and attachments."""
    for name in ("dimensionSetLines", "attachments"):
        shelf = table.company.table(name).shelf
        for one in shelf.equal("parentId", line.id):
            shelf.remove(one)
    table.company.table("journalLines").shelf.remove(line)


class JournalLines(Table):
    """Lines of general journals.

    Fidelity: known business_central §6.1 – a line needs its journal; account types beyond Bank Account are out of reach
    Fidelity: known business_central §6.1 – accountId resolves G/L and bank accounts, others come by accountNumber
    Fidelity: known business_central §6.1 – journalId and journalDisplayName cannot change
    """

    shelf_name = "journalLines"
    shelf_key = "lineNumber"
    immutable = frozenset({"journalId", "journalDisplayName"})
    payment = ""

    def computed(self) -> Mapping[str, Reading]:
        """The code of the journal."""
        return {"journalDisplayName": lambda row: self.company.code_of("journals", row.values.get("journalId"))}

    def scope(self, asked: Mapping[str, object], parent: Parent | None) -> Callable[[Row], bool] | None:
        """Lines of one journal. Raises ApiError."""
        if parent is None and not asked.get("journalId") and not asked.get("id"):
            text = "You must specify a journal batch ID or a journal ID to get a journal line."
            raise bad_request(text, "Application_DialogException")
        return lambda row: row.values.get("_payment", "") == self.payment

    def belongs(self, row: Row, parent: Parent | None) -> bool:
        """Payments are no journal lines, and the other way round."""
        return row.values.get("_payment", "") == self.payment and super().belongs(row, parent)

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """Find journal and accounts, fill in number, date and text. Raises ApiError."""
        if "amount" in values:
            values["amount"] = money(values["amount"])
        values.pop("journalDisplayName", None)
        if row is None:
            self._begin(values)
        self._account(values, row, given)
        self._balancing(values, given)
        code = values.get("taxCode", "")
        if code and self.company.named("taxGroups", code) is None:
            raise no_relation("taxCode", self.entity.entity, code, "taxGroups")

    def journal_of(self, values: Mapping[str, Any]) -> Row:
        """The batch of a line. Raises ApiError."""
        wanted = values.get("journalId", ZERO_GUID)
        if wanted == ZERO_GUID:
            text = "You must specify a journal batch ID or a journal ID to insert a journal line."
            raise bad_request(text, MISSING_PARAMETER)
        found = self.company.find("journals", wanted)
        if found is None:
            raise no_relation("journalId", self.entity.entity, wanted, "journals")
        return found

    def _begin(self, values: Values) -> None:
        """Fidelity: inferred business_central §6.1 – line, document number and date go on from the line before."""
        journal = self.journal_of(values)
        journals = self.company.table("journals")
        assert isinstance(journals, Journals)
        lines = journals.lines_of(journal)
        last = lines[-1] if lines else None
        if not values.get("lineNumber"):
            values["lineNumber"] = (0 if last is None else last.values["lineNumber"]) + 10_000
        elif any(line.values.get("lineNumber") == values["lineNumber"] for line in lines):
            text = f"The Gen. Journal Line {values['lineNumber']} already exists."
            raise bad_request(text, "Internal_EntityWithSameKeyExists")
        if values.get("postingDate", NO_DATE) == NO_DATE:
            values["postingDate"] = (
                self.company.today().isoformat()
                if last is None
                else last.values.get("postingDate", self.company.today().isoformat())
            )
        if not values.get("documentNumber"):
            values["documentNumber"] = self._document_number(lines)
        kind, number = journals.balancing(journal)
        if number:
            values.setdefault("balanceAccountType", kind)
            if "balancingAccountNumber" not in values and "balancingAccountId" not in values:
                values["balancingAccountNumber"] = number
        if self.payment:
            values["_payment"] = self.payment

    def _document_number(self, lines: list[Row]) -> str:
        if not lines:
            return self.company.next_number("journalDocuments")
        last = str(lines[-1].values.get("documentNumber", ""))
        open_lines = [one for one in lines if one.values.get("documentNumber") == last]
        left = sum(one.values.get("amount", Decimal()) for one in open_lines if not _balances(one))
        return last if left else increased(last)

    def _account(self, values: Values, row: Row | None, given: frozenset[str]) -> None:
        kind = values.get("accountType", GL if row is None else row.values.get("accountType", GL))
        if kind not in SETS:
            raise wrong_field(f"The account type {kind} is not supported in journal lines.")
        if not {"accountType", "accountId", "accountNumber"} & given and row is not None:
            return
        found = self._named(kind, values.get("accountId", ZERO_GUID), values.get("accountNumber", ""), "account")
        values["accountType"] = kind
        if found is None:
            return
        values["accountNumber"] = found.values["number"]
        values["accountId"] = found.id if kind in (GL, BANK) else ZERO_GUID
        if not values.get("description") and (row is None or not row.values.get("description")):
            values["description"] = found.values.get("displayName", "")

    def _named(self, kind: str, by_id: str, number: str, what: str) -> Row | None:
        set_name, entity = SETS[kind], self.entity.entity
        found: Row | None = None
        if by_id != ZERO_GUID:
            found = self.company.find(set_name, by_id) if kind in (GL, BANK) else None
            if found is None:
                raise no_relation(f"{what}Id", entity, by_id, set_name)
        if number:
            other = self.company.named(set_name, number)
            if other is None:
                raise no_relation(f"{what}Number", entity, number, set_name)
            if found is not None and other is not found:
                raise wrong_field(f'The "{what}Id" and "{what}Number" do not match.')
            found = other
        if found is not None and kind == GL:
            Ledger(self.company).account(found.values["number"], by_hand=True)
        return found

    def _balancing(self, values: Values, given: frozenset[str]) -> None:
        """Fidelity: known business_central §6.1 – balanceAccountType with balancingAccountNumber or -Id wins."""
        if not {"balanceAccountType", "balancingAccountId", "balancingAccountNumber"} & values.keys():
            return
        kind = values.get("balanceAccountType", GL)
        if kind not in SETS:
            raise wrong_field(f"The account type {kind} is not supported in journal lines.")
        by_id, number = values.get("balancingAccountId", ZERO_GUID), values.get("balancingAccountNumber", "")
        found = self._named(kind, by_id, number, "balancingAccount")
        values["balanceAccountType"] = kind
        if found is not None:
            values["balancingAccountNumber"] = found.values["number"]
            values["balancingAccountId"] = found.id if kind in (GL, BANK) else ZERO_GUID

    def created(self, row: Row, parent: Parent | None) -> None:
        """Dimensions of the customer or vendor."""
        set_name = SETS[row.values.get("accountType", GL)]
        owner = self.company.named(set_name, row.values.get("accountNumber", ""))
        copy_defaults(self, row, "Journal_x0020_Line", [] if owner is None else [owner.id])

    def delete(self, row: Row) -> None:
        """Take a line away."""
        remove_line(self, row)


class Payments(JournalLines):
    """Payments of customers or to vendors: journal lines of their own journals.

    Fidelity: known business_central §6.1 – customerId or customerNumber; receipts are negative; appliesToInvoiceId
    """

    def __init__(self, *args: Any) -> None:
        self.payment = "customer" if args[1].name == "customerPayments" else "vendor"
        super().__init__(*args)

    def computed(self) -> Mapping[str, Reading]:
        """The number of the invoice that is paid."""
        invoices = "salesInvoices" if self.payment == "customer" else "purchaseInvoices"
        number = lambda row: self.company.code_of(invoices, row.values.get("appliesToInvoiceId"))  # noqa: E731
        return {**super().computed(), "appliesToInvoiceNumber": number}

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """Find the party and the invoice. Raises ApiError."""
        party_id = values.get(f"{self.payment}Id", ZERO_GUID)
        party = self.company.find(f"{self.payment}s", party_id)
        if party is not None:
            kind = CUSTOMER if self.payment == "customer" else VENDOR
            values |= {"accountType": kind, "accountNumber": party.values["number"]}
            values.setdefault("description", party.values.get("displayName", ""))
        elif row is None:
            values["accountType"] = CUSTOMER if self.payment == "customer" else VENDOR
        invoices = self.company.table("salesInvoices" if self.payment == "customer" else "purchaseInvoices")
        number = values.pop("appliesToInvoiceNumber", "")
        if number:
            found = next((one for one in invoices.shelf.equal("number", number) if one.values.get("_posted")), None)
            if found is None or values.get("appliesToInvoiceId", found.id) != found.id:
                raise no_relation("appliesToInvoiceNumber", self.entity.entity, number, invoices.entity.name)
            values["appliesToInvoiceId"] = found.id
        wanted = values.get("appliesToInvoiceId", ZERO_GUID)
        if wanted != ZERO_GUID:
            invoice = invoices.shelf.rows.get(wanted)
            if invoice is None or not invoice.values.get("_posted"):
                raise no_relation("appliesToInvoiceId", self.entity.entity, wanted, invoices.entity.name)
        super().prepare(values, row, given, parent)


def _balances(line: Row) -> bool:
    return bool(line.values.get("balancingAccountNumber"))


def increased(number: str) -> str:
    """The next document number: the last digits counted up."""
    found = _DIGITS.search(number)
    if found is None:
        return f"{number}1"
    text = str(int(found[1]) + 1).zfill(len(found[1]))
    return f"{number[: found.start(1)]}{text}{number[found.end(1) :]}"
