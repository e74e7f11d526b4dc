"""Headers of sales and purchase documents: defaults, totals, what may still be changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from kobling_simulators.business_central.dimensions import copy_defaults
from kobling_simulators.business_central.errors import MISSING_PARAMETER, bad_request, no_relation, rule
from kobling_simulators.business_central.facts import NO_DATE, ZERO_GUID, EntitySet
from kobling_simulators.business_central.kinds import DOCUMENT_TYPES, KINDS, Kind
from kobling_simulators.business_central.masterdata import due_date
from kobling_simulators.business_central.shelf import Row, plain
from kobling_simulators.business_central.table import Company, Parent, Reading, Table, Values
from kobling_simulators.business_central.totals import LineSum, compute

_ADDRESS = {
    "AddressLine1": "addressLine1",
    "AddressLine2": "addressLine2",
    "City": "city",
    "Country": "country",
    "State": "state",
    "PostCode": "postalCode",
}
_AFTER_POSTING = frozenset({"promisedPayDate", "disputeStatusId", "disputeStatus"})
_BLOCKED = {
    "All": frozenset({"Quote", "Order", "Invoice", "Credit_x0020_Memo"}),
    "Invoice": frozenset({"Quote", "Order", "Invoice"}),
    "Ship": frozenset({"Quote", "Order"}),
}


class Documents(Table):
    """One kind of document; drafts and posted ones are in the same set.

    Fidelity: known business_central §6.1 – customerId or customerNumber is required; posting keeps the id
    Fidelity: assumed business_central §6.1 – a posted document is read-only but for its dispute and promised payment
    """

    shelf_key = "id"

    def __init__(self, company: Company, entity: EntitySet) -> None:
        self.kind: Kind = KINDS[entity.name]
        self._building = False
        super().__init__(company, entity)

    def computed(self) -> Mapping[str, Reading]:
        """What is still to pay, from the ledger."""
        return {"remainingAmount": self._remaining} if "remainingAmount" in self.entity.properties else {}

    def _remaining(self, row: Row) -> Decimal:
        """Fidelity: assumed business_central §10 – a draft's remainingAmount is its total."""
        if not row.values.get("_posted"):
            return Decimal(row.values.get("totalAmountIncludingTax", Decimal()))
        entries = self.company.shelf(self.kind.ledger).equal("documentId", row.id)
        return plain(sum((abs(one.values["openInCurrency"]) for one in entries), Decimal()))

    def create(self, body: Any, parent: Parent | None = None) -> Row:
        """A draft with its lines; totals are made once. Raises ApiError."""
        self._building = True
        try:
            row = super().create(body, parent)
        finally:
            self._building = False
        self.total(row)
        return row

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """Take over what the customer or vendor says. Raises ApiError."""
        kind = self.kind
        if row is not None and row.values.get("_posted") and not given <= _AFTER_POSTING:
            raise rule("A posted document cannot be changed.")
        name = f"{kind.party}Id"
        party_id = values.get(name, ZERO_GUID if row is None else row.values.get(name, ZERO_GUID))
        party = self.company.find(kind.parties, party_id)
        if party is None:
            text = f'A "{kind.party}Number" or a "{kind.party}Id" must be provided.'
            raise bad_request(text, MISSING_PARAMETER)
        self._check_dimensions(values)
        if row is None or (name in values and values[name] != row.values.get(name)):
            self.need_open_party(party)
            self._take_over(values, party, row)
        if row is None:
            self._date(values)
        self.fall_due(values, row)
        if values.get("discountAmount", Decimal()) < 0:
            raise rule("The discount of a document must not be negative.")

    def need_open_party(self, party: Row) -> None:
        """Fidelity: assumed business_central §6.1 – blocked All refuses all; Invoice and Ship what leads to them."""
        blocked = party.values.get("blocked", "")
        if self.kind.type in _BLOCKED.get(blocked, ()):
            number = party.values.get("number")
            raise rule(
                f"You cannot create this type of document when {self.kind.party} {number} is blocked ({blocked})."
            )

    def _take_over(self, values: Values, party: Row, row: Row | None) -> None:
        kind, told = self.kind, self.entity.properties
        payer_id = values.get(f"{kind.payer}{kind.party.capitalize()}Id", party.id)
        payer = self.company.find(kind.parties, payer_id) or party
        wanted: Values = {
            f"{kind.party}Name": party.values.get("displayName", ""),
            f"{kind.payer}Name": payer.values.get("displayName", ""),
            f"{kind.payer}{kind.party.capitalize()}Id": payer.id,
            "currencyId": payer.values.get("currencyId", ZERO_GUID),
            "paymentTermsId": payer.values.get("paymentTermsId", ZERO_GUID),
            "shipmentMethodId": party.values.get("shipmentMethodId", ZERO_GUID),
            "salesperson": party.values.get("salespersonCode", ""),
            "phoneNumber": party.values.get("phoneNumber", ""),
            "email": party.values.get("email", ""),
        }
        if party.values.get("number") in self.company.settings.prices_include_tax:
            wanted["pricesIncludeTax"] = True
        if kind.is_sale:
            wanted["shipToName"] = party.values.get("displayName", "")
        for prefix, source in ((kind.place, party), (kind.payer, payer), ("shipTo", party if kind.is_sale else None)):
            for name, found in _ADDRESS.items() if source is not None else ():
                wanted[f"{prefix}{name}"] = source.values.get(found, "") if source is not None else ""
        for name, value in wanted.items():
            if name in told:
                values.setdefault(name, value)

    def _date(self, values: Values) -> None:
        """Fidelity: assumed business_central §6.1 – dates that are not given are the work date."""
        today = self.company.today().isoformat()
        if values.get(self.kind.day, NO_DATE) == NO_DATE:
            values[self.kind.day] = today
        if "postingDate" in self.entity.properties and values.get("postingDate", NO_DATE) == NO_DATE:
            values["postingDate"] = values[self.kind.day] if self.kind.posted_series else today
        values["number"] = self.company.next_number(self.entity.name)
        values.setdefault("discountAppliedBeforeTax", True)
        if "status" in self.entity.properties:
            values["status"] = self.kind.first_status

    def fall_due(self, values: Values, row: Row | None) -> None:
        """The due date follows the document's date and its payment terms."""
        if "dueDate" not in self.entity.properties or "dueDate" in values:
            return
        before = {} if row is None else row.values
        if row is None or self.kind.day in values or "paymentTermsId" in values:
            terms = self.company.find("paymentTerms", values.get("paymentTermsId", before.get("paymentTermsId", "")))
            formula = "" if terms is None else str(terms.values.get("dueDateCalculation", ""))
            day = date.fromisoformat(values.get(self.kind.day) or before[self.kind.day])
            values["dueDate"] = due_date(formula, day).isoformat()

    def _check_dimensions(self, values: Values) -> None:
        for at, name in enumerate(("shortcutDimension1Code", "shortcutDimension2Code")):
            code = values.get(name)
            if code:
                setup = next(iter(self.company.shelf("generalLedgerSetup").rows.values()))
                dimension = self.company.named("dimensions", setup.values.get(f"shortcutDimension{at + 1}Code", ""))
                found = self.company.table("dimensionValues").shelf.equal("code", code)
                if dimension is None or all(one.values.get("dimensionId") != dimension.id for one in found):
                    raise no_relation(name, self.entity.entity, code, "dimensionValues")

    def created(self, row: Row, parent: Parent | None) -> None:
        """The customer's default dimensions become the document's."""
        party = row.values[f"{self.kind.party}Id"]
        copy_defaults(self, row, DOCUMENT_TYPES[self.entity.name], [party])
        self._shortcuts(row)

    def _shortcuts(self, row: Row) -> None:
        setup = next(iter(self.company.shelf("generalLedgerSetup").rows.values()))
        lines, values = self.company.table("dimensionSetLines"), self.company.table("dimensionValues")
        for at in (1, 2):
            code = row.values.get(f"shortcutDimension{at}Code")
            dimension = self.company.named("dimensions", setup.values.get(f"shortcutDimension{at}Code", ""))
            if not code or dimension is None:
                continue
            for line in lines.shelf.equal("parentId", row.id):
                if line.values["_dimension"] == dimension.id:
                    lines.shelf.remove(line)
            value = next(one for one in values.shelf.equal("code", code) if one.values["dimensionId"] == dimension.id)
            kind = DOCUMENT_TYPES[self.entity.name]
            lines.insert({"_dimension": dimension.id, "valueId": value.id, "parentId": row.id, "parentType": kind})

    def changed(self, row: Row, before: Values) -> None:
        """Totals follow the discount and the currency."""
        self.total(row)
        if any(
            row.values.get(f"shortcutDimension{at}Code") != before.get(f"shortcutDimension{at}Code") for at in (1, 2)
        ):
            self._shortcuts(row)

    def lines_of(self, row: Row) -> list[Row]:
        """The lines of a document in their order."""
        rows = self.company.table(self.kind.lines).shelf.equal("documentId", row.id)
        return sorted(rows, key=lambda line: (line.values.get("sequence", 0), line.order))

    def total(self, row: Row) -> None:
        """Work out lines and totals again; a line or header that stays the same is not touched."""
        if self._building:
            return
        lines = self.lines_of(row)
        sums = [self._sum(line) for line in lines]
        discount = row.values.get("discountAmount", Decimal())
        with_tax = bool(row.values.get("pricesIncludeTax"))
        gross = sum((one.quantity * one.price for one in sums), Decimal())
        if discount and discount > abs(gross):
            raise rule("The discount of the document must not be more than its lines.")
        compute(sums, discount, with_tax=with_tax, precision=self.precision(row))
        shelf, now = self.company.table(self.kind.lines).shelf, self.company.now()
        for line, one in zip(lines, sums, strict=True):
            changes = _line_values(one)
            if any(line.values.get(name, Decimal()) != value for name, value in changes.items()):
                shelf.change(line, {name: value or None for name, value in changes.items()}, now)
        net = plain(sum((one.net for one in sums), Decimal()))
        tax = plain(sum((one.tax for one in sums), Decimal()))
        totals = {"totalAmountExcludingTax": net, "totalTaxAmount": tax, "totalAmountIncludingTax": plain(net + tax)}
        if any(row.values.get(name, Decimal()) != value for name, value in totals.items()):
            self.put(row, **totals)

    def _sum(self, line: Row) -> LineSum:
        values = line.values
        return LineSum(
            quantity=values.get("quantity", Decimal()),
            price=values.get(self.kind.price, Decimal()),
            discount_percent=values.get("discountPercent", Decimal()),
            discount_amount=values.get("discountAmount", Decimal()) if values.get("_byAmount") else None,
            rate=values.get("taxPercent", Decimal()),
        )

    def precision(self, row: Row) -> Decimal:
        """The smallest unit of the document's currency."""
        currency = self.company.find("currencies", row.values.get("currencyId", ""))
        found = None if currency is None else currency.values.get("amountRoundingPrecision")
        return Decimal(found) if found else Decimal("0.01")

    def line_changed(self, row: Row) -> None:
        """A change of a line is one of its document."""
        if self._building:
            return
        version = row.version
        self.total(row)
        if row.version == version:
            self.shelf.change(row, {}, self.company.now())

    def need_draft(self, row: Row) -> None:
        """Refuse to change the lines of what was posted. Raises ApiError."""
        if row.values.get("_posted"):
            raise rule("The lines of a posted document cannot be changed.")

    def deleting(self, row: Row) -> None:
        """Fidelity: assumed business_central §6.1 – a posted document cannot be deleted; a draft can."""
        if row.values.get("_posted"):
            raise rule("A posted document cannot be deleted.")
        self.remove_parts(row)

    def remove_parts(self, row: Row) -> None:
        """Lines and dimensions of a document that goes."""
        lines, dimensions = self.company.table(self.kind.lines).shelf, self.company.table("dimensionSetLines").shelf
        for line in self.lines_of(row):
            for one in dimensions.equal("parentId", line.id):
                dimensions.remove(one)
            lines.remove(line)
        for one in dimensions.equal("parentId", row.id):
            dimensions.remove(one)


def _line_values(one: LineSum) -> dict[str, Decimal]:
    return {
        "discountAmount": one.discount,
        "discountPercent": one.percent,
        "amountExcludingTax": one.amount,
        "totalTaxAmount": one.full_tax,
        "amountIncludingTax": plain(one.amount + one.full_tax),
        "invoiceDiscountAllocation": one.allocated,
        "netAmount": one.net,
        "netTaxAmount": one.tax,
        "netAmountIncludingTax": plain(one.net + one.tax),
    }
