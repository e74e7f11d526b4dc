"""Relations between modules: which there are, and the records at the other end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from kobling_simulators.simply_crm.errors import ServiceError, denied
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.querying import run_query
from kobling_simulators.simply_crm.records import Records
from kobling_simulators.simply_crm.rendering import query_row
from kobling_simulators.simply_crm.store import Row

# module -> label of the related list -> (module there, its reference back or "" for links made by add_related)
RELATIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Accounts": {
        "Contacts": ("Contacts", "account_id"),
        "Quotes": ("Quotes", "account_id"),
        "Sales Order": ("SalesOrder", "account_id"),
        "Invoice": ("Invoice", "account_id"),
        "Products": ("Products", ""),
        "Services": ("Services", ""),
    },
    "Contacts": {
        "Quotes": ("Quotes", "contact_id"),
        "Sales Order": ("SalesOrder", "contact_id"),
        "Invoice": ("Invoice", "contact_id"),
        "Products": ("Products", ""),
        "Services": ("Services", ""),
    },
    "Products": {"Accounts": ("Accounts", ""), "Contacts": ("Contacts", "")},
    "Services": {"Accounts": ("Accounts", ""), "Contacts": ("Contacts", "")},
    "SalesOrder": {"Invoice": ("Invoice", "salesorder_id")},
    "Quotes": {"Sales Order": ("SalesOrder", "quote_id")},
}


class Related:
    """The related operations of one installation.

    Fidelity: assumed simply_crm §1 – labels of related lists are those of the stock layout
    """

    def __init__(self, place: Installation, records: Records) -> None:
        self._place = place
        self._records = records

    def types(self, element_type: str) -> dict[str, Any]:
        """Modules related to one.

        Fidelity: known simply_crm §10.1 – information is keyed by label, isEntity is "1"
        """
        if element_type not in self._place.store.modules:
            raise denied()
        relations = RELATIONS.get(element_type, {})
        information = {
            label: {"name": there, "label": label, "isEntity": "1"} for label, (there, _) in relations.items()
        }
        return {"types": [there for there, _ in relations.values()], "information": information}

    def retrieve(self, full_id: str, related_type: str, label: str) -> list[dict[str, Any]]:
        """Records of a type that hang on a record under a label, at most 100."""
        module, _ = self._records.locate(full_id)
        there, back = self._relation(module.name, label, related_type)
        rows = self._rows(full_id, there, back)
        target = self._place.store.modules[there]
        return [query_row(self._place.store, target, one, one.last_line) for one in islice(rows, 100)]

    def query(self, text: str, full_id: str, label: str) -> list[dict[str, Any]]:
        """The rows of a query (without semicolon) that hang on a record under a label."""
        module, _ = self._records.locate(full_id)
        found = re.search(r"\bfrom\s+(\S+)", text, re.IGNORECASE)
        there, back = self._relation(module.name, label, found[1] if found else "")
        ids = {f"{self._place.store.modules[there].prefix}x{row.number}" for row in self._rows(full_id, there, back)}
        return [row for row in run_query(self._place.store, f"{text};") if row.get("id") in ids]

    def add(self, source: str, target: str, label: str) -> dict[str, Any]:
        """Relate two records; saves the source anew.

        Fidelity: known simply_crm §1 – add_related bumps modifiedtime of the source
        """
        module, row = self._records.locate(source)
        there, back = self._relation(module.name, label)
        other, other_row = self._records.locate(target)
        if other.name != there:
            raise ServiceError("INVALID_ID_ATTRIBUTE", "Id specified is incorrect")
        store, now = self._place.store, self._place.time_text()
        if back:
            store.tables[there].change(other_row, {back: source})
        else:
            store.links.setdefault(source, {})[target] = None
            store.links.setdefault(target, {})[source] = None
        store.tables[module.name].change(row, {"modifiedtime": now})
        return {"message": "successfull"}

    def _relation(self, module: str, label: str, related_type: str | None = None) -> tuple[str, str]:
        """Fidelity: inferred simply_crm §1 – vTiger's code: label and module must both fit, else UNKOWN_ENTITY."""
        relation = RELATIONS.get(module, {}).get(label)
        if relation is None or related_type not in (None, relation[0]):
            raise ServiceError("UNKOWN_ENTITY", "Relation specified is incorrect")
        return relation

    def _rows(self, full_id: str, there: str, back: str) -> Iterator[Row]:
        store = self._place.store
        if back and back in store.tables[there].equal:
            yield from store.tables[there].with_value(back, full_id)
        elif back:
            yield from (row for row in store.tables[there].rows.values() if row.values.get(back) == full_id)
        for other in store.links.get(full_id, {}):
            row, parts = store.find(other), store.split(other)
            if row is not None and parts is not None and parts[0] == there:
                yield row
