"""Lines of sales and purchase documents: what is sold, at which price and tax."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from kobling_simulators.business_central.dimensions import copy_defaults
from kobling_simulators.business_central.documents import Documents
from kobling_simulators.business_central.errors import MISSING_PARAMETER, bad_request, no_relation, rule
from kobling_simulators.business_central.facts import ZERO_GUID, EntitySet, custom_api
from kobling_simulators.business_central.kinds import BY_LINES, Kind
from kobling_simulators.business_central.ledger import rate_of
from kobling_simulators.business_central.set_up import told
from kobling_simulators.business_central.shelf import Row, plain
from kobling_simulators.business_central.table import Company, Parent, Reading, Table, Values

_SETS = {"Item": "items", "Account": "accounts", "Resource": "resources"}
_PRICE_STEP = Decimal("0.00001")


class DocumentLines(Table):
    """Lines of one kind of document.

    Fidelity: known business_central §6.1 – itemId or accountId or lineType with lineObjectNumber; both are an error
    Fidelity: known business_central §6.1 – sequence, documentId and lineObjectNumber cannot change after insert
    Fidelity: known business_central §5 – no lastModifiedDateTime; a change of a line changes its document
    """

    shelf_key = "sequence"
    immutable = frozenset({"sequence", "documentId", "lineObjectNumber", "lineType"})

    def __init__(self, company: Company, entity: EntitySet) -> None:
        self.kind: Kind = BY_LINES[entity.name]
        super().__init__(company, entity)

    @property
    def documents(self) -> Documents:
        """The table of the documents."""
        found = self.company.table(self.kind.name)
        assert isinstance(found, Documents)
        return found

    def computed(self) -> Mapping[str, Reading]:
        """Open quantities of an order line are its quantity."""
        left = {"invoiceQuantity", "shipQuantity", "receiveQuantity"} & self.entity.properties.keys()
        return {name: lambda row: row.values.get("quantity", Decimal()) for name in left}

    def scope(self, asked: Mapping[str, object], parent: Parent | None) -> Callable[[Row], bool] | None:
        """Fidelity: known business_central §6.1 – lines are listed under a document, or filtered by documentId."""
        if parent is None and not asked.get("documentId") and not asked.get("id"):
            raise bad_request(
                "You must specify an Id or a Document Id to get the lines.", "Application_DialogException"
            )
        return None

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """Find what the line is about and fill in what it says. Raises ApiError."""
        header = self._header(values, row)
        self.documents.need_draft(header)
        for name in ("invoiceQuantity", "shipQuantity", "receiveQuantity"):
            values.pop(name, None)
        if row is None:
            self._about(values)
            self._number(values, header)
        elif {"itemId", "accountId"} & given:
            self._about(values)
        self._variant(values, row)
        kind = values.get("lineType", "" if row is None else row.values.get("lineType", "Comment"))
        if kind in ("", "Comment"):
            if any(values.get(name) for name in ("quantity", self.kind.price)):
                raise rule("A comment line can have neither quantity nor price.")
        elif row is None or {"itemId", "accountId"} & given:
            self._fill(values, header, kind)
        self._discount(values, given)
        if "taxCode" in values or row is None:
            values["taxPercent"] = self.tax_rate(header, values.get("taxCode", "")) if kind != "Comment" else Decimal()

    def _header(self, values: Values, row: Row | None) -> Row:
        owner = values.get("documentId", ZERO_GUID) if row is None else row.values["documentId"]
        if owner == ZERO_GUID:
            raise bad_request("You must specify a document id to insert a line.", MISSING_PARAMETER)
        found = self.documents.shelf.rows.get(owner)
        if found is None:
            raise no_relation("documentId", self.entity.entity, owner, self.kind.name)
        return found

    def _about(self, values: Values) -> None:
        item, account = values.get("itemId", ZERO_GUID), values.get("accountId", ZERO_GUID)
        number, kind = values.get("lineObjectNumber", ""), values.get("lineType", "")
        if item != ZERO_GUID and account != ZERO_GUID:
            raise rule("You cannot specify both an itemId and an accountId.")
        if item != ZERO_GUID or account != ZERO_GUID:
            wanted = "Item" if item != ZERO_GUID else "Account"
            if kind not in ("", wanted):
                raise rule(f"The lineType {kind} does not fit the id that was given.")
            found = self.company.find(_SETS[wanted], item if wanted == "Item" else account)
            object_number = "" if found is None else found.values["number"]
            if number not in ("", object_number):
                raise rule("The lineObjectNumber does not match the id that was given.")
            values |= {"lineType": wanted, "lineObjectNumber": object_number}
        elif number:
            self._named(values, kind, number)
        elif kind not in ("", "Comment"):
            raise rule(f"A line of type {kind} needs an itemId, an accountId or a lineObjectNumber.")

    def _named(self, values: Values, kind: str, number: str) -> None:
        if kind not in _SETS:
            raise rule("The lineType must be Item, Account or Resource for a lineObjectNumber.")
        schema = custom_api() if kind == "Resource" else None
        table = self.company.table(_SETS[kind], schema)
        rows = table.shelf.equal("number", number)
        if not rows:
            raise no_relation("lineObjectNumber", self.entity.entity, number, _SETS[kind])
        if kind != "Resource":
            values["itemId" if kind == "Item" else "accountId"] = rows[0].id

    def _number(self, values: Values, header: Row) -> None:
        """Fidelity: assumed business_central §6.1 – sequences go on in steps of 10,000."""
        lines = self.documents.lines_of(header)
        if not values.get("sequence"):
            values["sequence"] = (lines[-1].values["sequence"] if lines else 0) + 10_000
        elif any(line.values.get("sequence") == values["sequence"] for line in lines):
            raise bad_request(f"The line {values['sequence']} already exists.", "Internal_EntityWithSameKeyExists")

    def _variant(self, values: Values, row: Row | None) -> None:
        variant = values.get("itemVariantId", ZERO_GUID)
        if variant != ZERO_GUID:
            item = values.get("itemId") or (row.values.get("itemId") if row is not None else None)
            found = self.company.find("itemVariants", variant)
            if found is None or found.values.get("itemId") != item:
                raise rule("The item variant does not belong to the item.")

    def _fill(self, values: Values, header: Row, kind: str) -> None:
        thing, priced = self._thing(values, kind), False
        found = thing.values
        values.setdefault("description", found.get("displayName", ""))
        if kind == "Account":
            self._need_account(thing)
            values.setdefault("taxCode", "MOMS25" if self.kind.is_sale else "MOMS0")
            return
        if found.get("blocked"):
            raise rule(f"You cannot choose {kind.lower()} number {found['number']} because it is blocked.")
        values.setdefault("description2", found.get("displayName2", ""))
        values.setdefault("unitOfMeasureId", found.get("baseUnitOfMeasureId", ZERO_GUID))
        if self.kind.price not in values:
            local = found.get("unitPrice" if self.kind.is_sale else "unitCost", Decimal())
            rate = rate_of(self.company, header.values.get("currencyId"))
            values[self.kind.price] = plain((local / rate).quantize(_PRICE_STEP)) if rate != 1 else local
            priced = True
        values.setdefault("taxCode", self.company.code_of("taxGroups", found.get("taxGroupId")) or "MOMS25")
        if priced and header.values.get("pricesIncludeTax"):
            self._add_tax(values, header)

    def _add_tax(self, values: Values, header: Row) -> None:
        """Fidelity: inferred business_central §10 – where prices include VAT, an item's own price is raised by it."""
        price = values[self.kind.price] * (100 + self.tax_rate(header, values["taxCode"])) / 100
        values[self.kind.price] = plain(price.quantize(_PRICE_STEP))

    def _thing(self, values: Values, kind: str) -> Row:
        schema = custom_api() if kind == "Resource" else None
        return self.company.table(_SETS[kind], schema).shelf.equal("number", values["lineObjectNumber"])[0]

    def _need_account(self, account: Row) -> None:
        values = account.values
        if (
            values.get("accountType", "Posting") != "Posting"
            or values.get("blocked")
            or not values.get("directPosting")
        ):
            raise rule(
                f"The G/L Account {values['number']} cannot be posted to directly, is blocked or no posting account."
            )

    def _discount(self, values: Values, given: frozenset[str]) -> None:
        if "discountAmount" in given:
            values["_byAmount"] = True
        elif "discountPercent" in given:
            values["_byAmount"] = None

    def tax_rate(self, header: Row, code: str) -> Decimal:
        """Fidelity: assumed business_central §10 – VAT is 25 or 0 by tax area and tax code."""
        if code and self.company.named("taxGroups", code) is None:
            raise no_relation("taxCode", self.entity.entity, code, "taxGroups")
        party = self.company.find(self.kind.parties, header.values[f"{self.kind.party}Id"])
        assert party is not None
        key = f"{self.area(party)} {code}"
        return Decimal() if key in self.company.settings.reverse_charge else Decimal(told()["vat"].get(key, 0))

    def is_reversed(self, party: Row, code: str) -> bool:
        """Whether the buyer owes the VAT of a line."""
        return f"{self.area(party)} {code}" in self.company.settings.reverse_charge

    def area(self, party: Row) -> str:
        """The VAT business posting group of a customer or vendor."""
        code = self.company.code_of("taxAreas", party.values.get("taxAreaId"))
        return code or self.company.setup["taxAreas"].get(party.values.get("country", "DK"), "EKSPORT")

    def created(self, row: Row, parent: Parent | None) -> None:
        """Dimensions of the item, and the totals of the document."""
        owners = [row.values["itemId"]] if "itemId" in row.values else []
        copy_defaults(self, row, self.kind.line_type, owners)
        self._after(row)

    def changed(self, row: Row, before: Values) -> None:
        """The totals of the document follow."""
        self._after(row)

    def _after(self, row: Row) -> None:
        header = self.documents.shelf.rows[row.values["documentId"]]
        self.documents.line_changed(header)

    def delete(self, row: Row) -> None:
        """Take a line out of a draft. Raises ApiError."""
        header = self.documents.shelf.rows[row.values["documentId"]]
        self.documents.need_draft(header)
        super().delete(row)
        self.documents.line_changed(header)
