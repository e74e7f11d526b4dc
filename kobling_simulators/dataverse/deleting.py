"""What goes with a deleted row, what lets go of it, and what keeps it from going."""

from __future__ import annotations

from collections.abc import Callable

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import IN_USE, ApiError
from kobling_simulators.dataverse.facts import LOOKUPS
from kobling_simulators.dataverse.rules import Rules
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.store import Store

_BELONGS = frozenset(
    {
        ("salesorderdetail", "salesorderid"),
        ("invoicedetail", "invoiceid"),
        ("quotedetail", "quoteid"),
        ("productpricelevel", "pricelevelid"),
        ("productpricelevel", "productid"),
        ("uom", "uomscheduleid"),
        ("annotation", "objectid"),
        ("post", "regardingobjectid"),
    }
)
_HOLDS = frozenset(
    {
        "customerid",
        "productid",
        "uomid",
        "baseuom",
        "uomscheduleid",
        "defaultuomid",
        "defaultuomscheduleid",
        "pricelevelid",
        "defaultpricelevelid",
        "transactioncurrencyid",
    }
)
_STAMPS = frozenset(
    {
        "createdby",
        "createdonbehalfby",
        "modifiedby",
        "modifiedonbehalfby",
        "ownerid",
        "owningbusinessunit",
        "owningteam",
        "owninguser",
        "organizationid",
    }
)


class Deleting:
    """Deletion along the relationships.

    Fidelity: known dataverse §6 – restricted relations refuse with 405
    Fidelity: assumed dataverse §6 – lines go with their document, price-list items with product or list, units with
    their group; customers, products, units, price lists and currencies in use are held; other lookups are emptied
    """

    def __init__(self, store: Store, rules_of: Callable[[str], Rules]) -> None:
        self._store = store
        self._rules_of = rules_of

    def delete(self, logical: str, row: Row, context: Context) -> None:
        """Delete a row and all that belongs to it. Raises ApiError when something that stays needs one of them."""
        doomed: dict[str, tuple[str, Row]] = {}
        self._gather(logical, row, doomed)
        for one_logical, one in doomed.values():
            for child, column, other in pointing(self._store, one_logical, one):
                if other.id not in doomed and column in _HOLDS and (child, column) not in _BELONGS:
                    raise ApiError(
                        405,
                        IN_USE,
                        f"The record could not be deleted because of an association: {child} '{other.id}' "
                        f"refers to it through '{column}'.",
                    )
        self._rules_of(logical).deleting(row, context)
        for one_logical, one in reversed(doomed.values()):
            self._let_go(one_logical, one, doomed)
            self._store.remove(one_logical, one)
        self._rules_of(logical).deleted(row, context)

    def _gather(self, logical: str, row: Row, doomed: dict[str, tuple[str, Row]]) -> None:
        doomed[row.id] = (logical, row)
        for child, column, other in pointing(self._store, logical, row):
            if (child, column) in _BELONGS and other.id not in doomed:
                self._gather(child, other, doomed)

    def _let_go(self, logical: str, row: Row, doomed: dict[str, tuple[str, Row]]) -> None:
        for child, column, other in pointing(self._store, logical, row):
            if other.id not in doomed:
                self._store.change(child, other, {column: None, f"{column}@type": None})


def pointing(store: Store, logical: str, row: Row) -> list[tuple[str, str, Row]]:
    """Rows whose lookups hold a row: their tables, the columns, and they themselves."""
    return [
        (table.logical, column.name, other)
        for table in store.schema.tables.values()
        for column in table.columns.values()
        if column.type in LOOKUPS and logical in column.targets and column.name not in _STAMPS
        for other in store.where(table.logical, column.name, row.id)
    ]
