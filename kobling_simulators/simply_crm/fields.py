"""What every write of a record goes through: references, mandatory fields, owners, duplicates, columns, the label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.simply_crm.errors import ServiceError, denied, missing
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.modules import Module
from kobling_simulators.simply_crm.rendering import label_of
from kobling_simulators.simply_crm.sessions import User
from kobling_simulators.simply_crm.store import Row
from kobling_simulators.simply_crm.values import as_text, stored, utf8mb3_text

_SERVERS_OWN = {"id", "createdtime", "modifiedtime", "modifiedby", "source"}


class Fields:
    """The field rules of one installation."""

    def __init__(self, place: Installation) -> None:
        self._place = place

    def check_all(self, module: Module, element: Mapping[str, Any]) -> None:
        """References, mandatory fields and owner of a record sent whole. Raises ServiceError."""
        self.check_references(module, element)
        for name in module.mandatory:
            if as_text(element.get(name)) == "":
                raise missing(name)
        self.check_owner(element)

    def check_sent(self, module: Module, element: Mapping[str, Any]) -> None:
        """References, mandatory fields and owner, where they are sent. Raises ServiceError."""
        self.check_references(module, element)
        for name in module.mandatory:
            if name in element and as_text(element[name]) == "":
                raise missing(name)
        self.check_owner(element)

    def check_references(self, module: Module, element: Mapping[str, Any]) -> None:
        """Fidelity: inferred simply_crm §5 – the kind of a referenced id is checked, not whether it exists."""
        for column in module.references:
            value = as_text(element.get(column.name))
            if not value or column.name == "modifiedby" or not column.refers_to:
                continue
            parts = self._place.store.split(value)
            if parts is None or parts[0] not in column.refers_to:
                raise ServiceError("REFERENCE_INVALID", f"Invalid reference specified for {column.name}")

    def check_owner(self, element: Mapping[str, Any]) -> None:
        """Whether the owner exists. Raises ServiceError."""
        owner = as_text(element.get("assigned_user_id"))
        if owner and not self._place.owner_exists(owner):
            raise denied("Cannot assign record to the given user")

    def check_unique(self, module: Module, values: Mapping[str, str], row: Row | None) -> None:
        """Fidelity: known simply_crm §5 – a duplicate is {"code": 0, "message": "Duplicate(s) detected!"}."""
        table = self._place.store.tables[module.name]
        for name in module.unique:
            if values.get(name) and any(other is not row for other in table.with_value(name, values[name])):
                raise ServiceError(0, "Duplicate(s) detected!")

    def values(self, module: Module, element: Mapping[str, Any]) -> dict[str, str]:
        """What the columns keep of what was sent. Raises ServiceError."""
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

    def label(self, module: Module, values: Mapping[str, str], element: Mapping[str, Any]) -> str:
        """The entity's name from what was sent, before any column cut it.

        Fidelity: known simply_crm §5 – recording f4: the label keeps 255 characters of a lastname cut to 80
        """
        given = {name: as_text(element[name]) for name in module.label_fields if name in element}
        label = label_of(module, {**values, **given})
        return self.text(label)[:255]

    def text(self, value: Any) -> str:
        """A text as this database keeps it."""
        text = as_text(value)
        return utf8mb3_text(text) if self._place.settings.utf8mb3 else text

    def new_row(self, user: User, module: Module, element: Mapping[str, Any], source: str) -> Row:
        """A new row with its numbers and stamps, not yet in its table. Raises ServiceError."""
        values = self.values(module, element)
        self.check_unique(module, values, None)
        store, now = self._place.store, self._place.time_text()
        row = Row(store.next_number(module.name), values)
        values.update(createdtime=now, modifiedtime=now, modifiedby=user.full_id, source=source)
        values[module.number_field] = store.next_in_series(module)
        row.label = self.label(module, values, element)
        return row

    def change(
        self, user: User, module: Module, row: Row, element: Mapping[str, Any], more: Mapping[str, str] | None = None
    ) -> None:
        """Put what was sent, and more on top of it, into a row. Raises ServiceError."""
        values = {**self.values(module, element), **(more or {})}
        self.check_unique(module, values, row)
        values.update(modifiedtime=self._place.time_text(), modifiedby=user.full_id)
        row.label = self.label(module, {**row.values, **values}, element)
        self._place.store.tables[module.name].change(row, values)
