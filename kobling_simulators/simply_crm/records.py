"""Creating, changing, deleting and reading records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.simply_crm import documents
from kobling_simulators.simply_crm.errors import ServiceError, denied, missing
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.inventory import move_stock, read_lines, total_columns, totals
from kobling_simulators.simply_crm.lineitems import find_line
from kobling_simulators.simply_crm.modules import Module
from kobling_simulators.simply_crm.rendering import full_row, label_of, plain_row
from kobling_simulators.simply_crm.sessions import User
from kobling_simulators.simply_crm.store import Row
from kobling_simulators.simply_crm.values import as_text, stored, to_decimal, utf8mb3_text

Shown = dict[str, Any]
_SERVERS_OWN = {"id", "createdtime", "modifiedtime", "modifiedby", "source", "hdnSubTotal", "hdnGrandTotal", "balance"}


class Records:
    """The record operations of one installation."""

    def __init__(self, place: Installation) -> None:
        self._place = place

    def create(self, user: User, module_name: str, element: Mapping[str, Any], source: str = "WEBSERVICE") -> Shown:
        """A new record; the answer is the whole record. Raises ServiceError.

        Fidelity: known simply_crm §5 – unknown and read-only fields are ignored silently
        Fidelity: inferred simply_crm §3 – defaults are not applied: a product without `discontinued` is inactive
        """
        module = self._module(module_name)
        self._check_references(module, element)
        self._check_mandatory(module, element)
        self._check_owner(element)
        if module.is_inventory and not _sent_lines(element):
            raise ServiceError("MANDATORY_FIELDS_MISSING", "Mandatory Fields Missing..")
        values = self._values(module, element)
        self._check_unique(module, values, None)
        store, now = self._place.store, self._place.time_text()
        row = Row(store.next_number(module.name), values)
        values.update(createdtime=now, modifiedtime=now, modifiedby=user.full_id, source=source)
        values[module.number_field] = store.next_in_series(module)
        row.label = self._label(module, values, element)
        if module.is_inventory:
            self._price(module, row, values, element)
        store.tables[module.name].add(row)
        if module.is_inventory:
            return documents.created(store, module, row, self._place.settings.taxes)
        return full_row(store, module, row)

    def update(self, user: User, element: Mapping[str, Any]) -> Shown:
        """Change a record; all mandatory fields must be sent, others left out keep their value. Raises ServiceError.

        Fidelity: known simply_crm §5 – update keeps what is left out but refuses without all mandatory fields
        """
        module, row = self.locate(as_text(element.get("id")))
        self._check_references(module, element)
        self._check_mandatory(module, element)
        return self._save(user, module, row, element)

    def revise(self, user: User, element: Mapping[str, Any]) -> Shown:
        """Change the fields that are sent, "" clears; a mandatory field may not be cleared. Raises ServiceError.

        Fidelity: known simply_crm §5 – no optimistic concurrency: whoever writes last wins
        Fidelity: assumed simply_crm §5 – clearing a mandatory field by revise is MANDATORY_FIELDS_MISSING
        """
        module, row = self.locate(as_text(element.get("id")))
        self._check_references(module, element)
        for name in module.mandatory:
            if name in element and as_text(element[name]) == "":
                raise missing(name)
        return self._save(user, module, row, element)

    def delete(self, full_id: str) -> None:
        """Move a record to the recycle bin. Raises ServiceError.

        Fidelity: known simply_crm §4 – afterwards every access is ACCESS_DENIED
        Fidelity: known simply_crm §6 – a delete bumps modifiedtime
        """
        module, row = self.locate(full_id)
        self._place.store.tables[module.name].remove(row, self._place.time_text())

    def retrieve(self, full_id: str) -> Shown:
        """One record in full. Raises ServiceError."""
        parts = self._place.store.split(full_id)
        if parts is not None and parts[0] == "LineItem":
            line = find_line(self._place.store, parts[1])
            if line is None:
                raise denied()
            return line
        module, row = self.locate(full_id, writable=False)
        if module.is_inventory:
            return documents.retrieved(self._place.store, module, row, self._place.settings.taxes)
        if not module.number_field:
            return plain_row(self._place.store, module, row)
        return full_row(self._place.store, module, row)

    def locate(self, full_id: str, *, writable: bool = True) -> tuple[Module, Row]:
        """The live row of an id. Raises ServiceError.

        Fidelity: known simply_crm §4 – unknown or deleted: ACCESS_DENIED; another module's id: INVALID_ID_ATTRIBUTE
        Fidelity: assumed simply_crm §5 – set-up modules (Users, Currency, Tax …) cannot be written
        """
        store = self._place.store
        parts = store.split(full_id)
        if parts is None:
            raise denied("Permission to perform the operation is denied for id")
        module = store.modules[parts[0]]
        row = store.tables[module.name].rows.get(parts[1])
        if row is None:
            owner = store.module_of(parts[1]) if module.number_field else None
            if owner is not None and owner != module.name:
                raise ServiceError("INVALID_ID_ATTRIBUTE", "Id specified is incorrect")
            raise denied()
        if writable and not module.number_field:
            raise denied()
        return module, row

    def _module(self, name: str) -> Module:
        module = self._place.store.modules.get(name)
        if module is None or not module.number_field:
            raise denied()
        return module

    def _save(self, user: User, module: Module, row: Row, element: Mapping[str, Any]) -> Shown:
        self._check_owner(element)
        values = self._values(module, element)
        self._check_unique(module, values, row)
        values.update(modifiedtime=self._place.time_text(), modifiedby=user.full_id)
        label = self._label(module, {**row.values, **values}, element)
        store = self._place.store
        if not module.is_inventory:
            row.label = label
            store.tables[module.name].change(row, values)
            return full_row(store, module, row)
        self._price(module, row, values, element)
        row.label = label
        store.tables[module.name].change(row, values)
        if _sent_lines(element):
            return documents.after_lines(store, module, row, self._place.settings.taxes)
        return documents.after_header(store, module, row)

    def _price(self, module: Module, row: Row, values: dict[str, str], element: Mapping[str, Any]) -> None:
        """Lines, stock, conversion rate, sums and balance of a document.

        Fidelity: known simply_crm §5 – without LineItems the lines stay, with them all lines are replaced
        Fidelity: inferred simply_crm §3 – recordings a2 to a5: balance is computed from the total before the new lines
        """
        store, settings = self._place.store, self._place.settings
        is_new = "hdnGrandTotal" not in row.values
        before = to_decimal(row.values.get("hdnGrandTotal"))
        lines = row.lines
        if _sent_lines(element):
            lines = read_lines(store, element["LineItems"], row.lines, len(settings.taxes), utf8mb3=settings.utf8mb3)
        move_stock(store, row.lines, +1)
        if lines is not row.lines:
            move_stock(store, lines, -1)
            row.lines = lines
        values.setdefault("hdnTaxType", row.values.get("hdnTaxType", "group"))
        if not values.get("currency_id") and not row.values.get("currency_id"):
            values["currency_id"] = "21x1"
        if is_new and not to_decimal(values.get("conversion_rate")):
            currency = store.find(values.get("currency_id", "21x1"))
            values["conversion_rate"] = currency.values["conversion_rate"] if currency else "1.000"
        values.update(total_columns(totals(row.lines, {**row.values, **values})))
        if "balance" in module.columns:
            received = to_decimal(values.get("received", row.values.get("received")))
            total = to_decimal(values["hdnGrandTotal"]) if is_new else before
            values["balance"] = f"{total - received:.8f}"

    def _values(self, module: Module, element: Mapping[str, Any]) -> dict[str, str]:
        settings = self._place.settings
        values = {}
        for name, given in element.items():
            column = module.columns.get(name)
            if column is None or not column.editable or name in _SERVERS_OWN or name not in module.blank:
                continue
            try:
                values[name] = stored(column, given, utf8mb3=settings.utf8mb3, strict_lengths=settings.strict_lengths)
            except ValueError:
                message = "Database error while performing required operation"
                raise ServiceError("DATABASE_QUERY_ERROR", message) from None
        return values

    def _label(self, module: Module, values: Mapping[str, str], element: Mapping[str, Any]) -> str:
        """The entity's name from what was sent, before any column cut it.

        Fidelity: known simply_crm §5 – recording f4: the label keeps 255 characters of a lastname cut to 80
        """
        given = {name: as_text(element[name]) for name in module.label_fields if name in element}
        label = label_of(module, {**values, **given})
        return (utf8mb3_text(label) if self._place.settings.utf8mb3 else label)[:255]

    def _check_references(self, module: Module, element: Mapping[str, Any]) -> None:
        """Fidelity: inferred simply_crm §5 – the kind of a referenced id is checked, not whether it exists."""
        for column in module.references:
            value = as_text(element.get(column.name))
            if not value or column.name == "modifiedby" or not column.refers_to:
                continue
            parts = self._place.store.split(value)
            if parts is None or parts[0] not in column.refers_to:
                raise ServiceError("REFERENCE_INVALID", f"Invalid reference specified for {column.name}")

    def _check_mandatory(self, module: Module, element: Mapping[str, Any]) -> None:
        for name in module.mandatory:
            if as_text(element.get(name)) == "":
                raise missing(name)

    def _check_owner(self, element: Mapping[str, Any]) -> None:
        owner = as_text(element.get("assigned_user_id"))
        if owner and not self._place.owner_exists(owner):
            raise denied("Cannot assign record to the given user")

    def _check_unique(self, module: Module, values: Mapping[str, str], row: Row | None) -> None:
        """Fidelity: known simply_crm §5 – a duplicate is {"code": 0, "message": "Duplicate(s) detected!"}."""
        table = self._place.store.tables[module.name]
        for name in module.unique:
            if values.get(name) and any(other is not row for other in table.with_value(name, values[name])):
                raise ServiceError(0, "Duplicate(s) detected!")


def _sent_lines(element: Mapping[str, Any]) -> bool:
    return isinstance(element.get("LineItems"), list) and bool(element["LineItems"])
