"""Pages published as OData web services: the same records under the names of their AL fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kobling_simulators.business_central.errors import no_record
from kobling_simulators.business_central.facts import EntitySet, custom_api, standard
from kobling_simulators.business_central.shelf import Row, plain
from kobling_simulators.business_central.table import Company, Parent, Reading, Table
from kobling_simulators.business_central.values import iso

_BEHIND = {
    "Resources": "resources",
    "CustomerPriceGroups": "customerPriceGroups",
    "SalesPrices": "salesPrices",
    "ItemAvailability": "items",
}
_KEY_PART = re.compile(r"(\w+)=('(?:[^']|'')*'|[^,]*)(?:,|$)")


class Published(Table):
    """A web service; reads and writes go to the table behind the page.

    Fidelity: assumed business_central §1 – OData names of a page are its field captions with _ for what is no letter
    """

    text_key = True
    row_id_is_id = False

    def __init__(self, company: Company, entity: EntitySet) -> None:
        name = _BEHIND[entity.name]
        self.behind = company.table(name, standard() if name == "items" else custom_api())
        self.shelf_name, self.shelf_key = name, self.behind.entity.own_key
        super().__init__(company, entity)

    def computed(self) -> Mapping[str, Reading]:
        """Every property is read off the record behind."""
        found = {name: self._reading(told.stored_as, told.type) for name, told in self.entity.properties.items()}
        if self.entity.name == "ItemAvailability":
            found["Qty_on_Sales_Order"] = self._on_orders
        return found

    def _reading(self, name: str, kind: str) -> Reading:
        if name == "lastModifiedDateTime":
            return lambda row: iso(row.modified)[:10] if kind == "Date" else iso(row.modified)
        behind = self.behind
        return lambda row: behind.value(row, name)

    def _on_orders(self, row: Row) -> Decimal:
        lines = self.company.table("salesOrderLines").shelf.equal("itemId", row.id)
        return plain(sum((line.values.get("quantity", Decimal()) for line in lines), Decimal()))

    def get(self, key: str, parent: Parent | None = None) -> Row:
        """The record with a key, which may be of several parts. Raises ApiError."""
        names = self.entity.key.split(",")
        if len(names) == 1:
            rows = self.shelf.equal(self.behind.entity.own_key, key.upper())
            if rows:
                return rows[0]
        else:
            parts = {name: _bare(text) for name, text in _KEY_PART.findall(key)}
            for row in self.shelf.rows.values():
                if set(parts) == set(names) and all(str(self.value(row, name)) == parts[name] for name in names):
                    return row
        raise no_record(self.entity.entity, key)

    def create(self, body: Any, parent: Parent | None = None) -> Row:
        """A new record of the table behind. Raises ApiError."""
        return self.behind.create(self._renamed(body), None)

    def update(self, row: Row, body: Any) -> Row:
        """Change the record behind. Raises ApiError."""
        return self.behind.update(row, self._renamed(body))

    def delete(self, row: Row) -> None:
        """Delete the record behind. Raises ApiError."""
        self.behind.delete(row)

    def _renamed(self, body: Any) -> Any:
        given, _ = self._split(body, creating=False)
        return {self.entity.properties[name].stored_as: value for name, value in given.items()}


def _bare(text: str) -> str:
    return text[1:-1].replace("''", "'") if text[:1] == "'" else text
