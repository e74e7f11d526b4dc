"""Dimensions of documents, lines and entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kobling_simulators.business_central.errors import no_record, rule
from kobling_simulators.business_central.facts import ZERO_GUID
from kobling_simulators.business_central.shelf import Row
from kobling_simulators.business_central.table import Parent, Reading, Table, Values

_POSTED_SETS = frozenset({"generalLedgerEntries", "salesShipments", "salesShipmentLines", "purchaseReceipts"})


class DimensionSetLines(Table):
    """One dimension with its value, under a parent only.

    Fidelity: known business_central §6.1 – the key is the dimension's id; give id or code, and valueId or valueCode
    Fidelity: known business_central §6.1 – PATCH changes the value only; posted parents are read-only
    """

    shelf_key = "id"
    row_id_is_id = False

    def computed(self) -> Mapping[str, Reading]:
        """Everything is read off the dimension and its value."""
        return {
            "id": lambda row: row.values["_dimension"],
            "code": lambda row: self._of(row, "dimensions", "_dimension", "code"),
            "displayName": lambda row: self._of(row, "dimensions", "_dimension", "displayName"),
            "consolidationCode": lambda row: self._of(row, "dimensions", "_dimension", "consolidationCode"),
            "valueCode": lambda row: self._of(row, "dimensionValues", "valueId", "code"),
            "valueDisplayName": lambda row: self._of(row, "dimensionValues", "valueId", "displayName"),
            "valueConsolidationCode": lambda row: self._of(row, "dimensionValues", "valueId", "consolidationCode"),
        }

    def _of(self, row: Row, set_name: str, by: str, name: str) -> str:
        found = self.company.find(set_name, row.values.get(by, ""))
        return "" if found is None else str(found.values.get(name, ""))

    def scope(self, asked: Mapping[str, object], parent: Parent | None) -> Callable[[Row], bool] | None:
        """Without a parent there is nothing to list. Raises ApiError."""
        if parent is None and not asked.get("parentId"):
            raise rule("You must specify a parent id to get the dimension set lines.")
        return None

    def get(self, key: str, parent: Parent | None = None) -> Row:
        """The line of a dimension under a parent. Raises ApiError."""
        rows = [] if parent is None else self.shelf.equal("parentId", parent.value)
        found = next((row for row in rows if row.values["_dimension"] == key), None)
        if found is None:
            raise no_record(self.entity.entity, key)
        return found

    def create(self, body: object, parent: Parent | None = None) -> Row:
        """A new line. Raises ApiError."""
        if parent is None:
            raise rule("You must specify a parent id to insert dimension set lines.")
        self._need_open(parent.table.entity.name, parent.row)
        return super().create(body, parent)

    def _need_writable(self, told: object) -> None:
        name = getattr(told, "name", "")
        if name not in ("id", "code", "valueId", "valueCode"):
            super()._need_writable(told)  # type: ignore[arg-type]

    def _resolve(self, values: Values) -> None:
        """Ids and codes of dimension and value are resolved together in prepare."""

    def _need_key(self, values: Values, row: Row | None = None) -> None:
        """Uniqueness is per parent; see prepare."""

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """Find dimension and value. Raises ApiError."""
        if row is not None:
            self._need_open("", row)
            dimension = self.company.find("dimensions", row.values["_dimension"])
            if values.pop("id", dimension and dimension.id) != (dimension and dimension.id) or "code" in values:
                raise rule("The dimension of a dimension set line cannot be changed, only its value.")
        else:
            dimension = self._dimension(values)
        if dimension is None:
            raise rule("The dimension ID or code is missing or does not match an existing dimension.")
        values["valueId"] = self._value(values, dimension)
        if row is None:
            values["_dimension"] = dimension.id
            if any(
                one.values["_dimension"] == dimension.id for one in self.shelf.equal("parentId", values["parentId"])
            ):
                text = "The dimension set line already exists. Check existing dimension set lines"
                raise rule(f"{text} and the default dimension set lines on the parent.")

    def _dimension(self, values: Values) -> Row | None:
        code, by_id = values.pop("code", ""), values.pop("id", ZERO_GUID)
        found = self.company.named("dimensions", code) if code else self.company.find("dimensions", by_id)
        if found is not None and by_id not in (ZERO_GUID, found.id):
            raise rule('The dimension "id" and "code" do not match.')
        return found

    def _value(self, values: Values, dimension: Row) -> str:
        code, by_id = values.pop("valueCode", ""), values.pop("valueId", ZERO_GUID)
        rows = self.company.table("dimensionValues").shelf.equal("dimensionId", dimension.id)
        found = next((one for one in rows if one.id == by_id or (code and one.values["code"] == code)), None)
        if found is None or (by_id != ZERO_GUID and found.id != by_id) or (code and found.values["code"] != code):
            raise rule("The dimension value ID or code is missing or does not match the dimension.")
        return found.id

    def deleting(self, row: Row) -> None:
        """Posted parents keep their dimensions. Raises ApiError."""
        self._need_open("", row)

    def _need_open(self, set_name: str, row: Row) -> None:
        owner = row.id if set_name else row.values.get("parentId", "")
        posted = set_name in _POSTED_SETS or any(self.company.find(one, owner) for one in _POSTED_SETS)
        header = next((found for one in _HEADERS if (found := self.company.find(one, owner)) is not None), None)
        if posted or (header is not None and header.values.get("_posted")):
            raise rule("The dimensions of a posted document cannot be changed.")


_HEADERS = ("salesInvoices", "salesCreditMemos", "purchaseInvoices", "purchaseCreditMemos")


def need_postable(table: Table, dimensions: Mapping[str, str]) -> None:
    """Refuse values that only head or total others. Raises ApiError.

    Fidelity: inferred business_central §10 – headings and totals cannot be posted to; API v2.0 does not show the kind
    """
    for value in dimensions.values():
        row = table.company.find("dimensionValues", value)
        kind = "Standard" if row is None else row.values.get(VALUE_KIND, "Standard")
        if row is not None and kind != "Standard":
            raise rule(f"Dimension Value Type for dimension value {row.values['code']} must not be {kind}.")


VALUE_KIND = "_type"
"""Under this name a person says that a dimension value is a Heading, Total, Begin-Total or End-Total."""


def dimensions_of(table: Table, *owners: str) -> dict[str, str]:
    """Value ids by dimension id, gathered from records; a later one overrides."""
    shelf = table.company.table("dimensionSetLines").shelf
    found: dict[str, str] = {}
    for owner in owners:
        for row in shelf.equal("parentId", owner):
            found[row.values["_dimension"]] = row.values["valueId"]
    return found


def copy_defaults(table: Table, row: Row, kind: str, owners: Iterable[str]) -> None:
    """Give a new record the default dimensions of what it is about."""
    defaults, lines = table.company.table("defaultDimensions"), table.company.table("dimensionSetLines")
    seen = dimensions_of(table, row.id)
    for owner in owners:
        for one in defaults.shelf.equal("parentId", owner):
            dimension = one.values.get("dimensionId")
            if dimension and dimension not in seen and one.values.get("dimensionValueId"):
                seen[dimension] = one.values["dimensionValueId"]
                values = {"_dimension": dimension, "valueId": seen[dimension], "parentId": row.id, "parentType": kind}
                lines.insert(values)
