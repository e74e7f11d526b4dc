"""Creating, changing, deleting and reading records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.simply_crm.documents import retrieved
from kobling_simulators.simply_crm.errors import ServiceError, denied
from kobling_simulators.simply_crm.fields import Fields
from kobling_simulators.simply_crm.goods import GOODS, read_goods, shown_goods
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.invoicing import Documents
from kobling_simulators.simply_crm.lineitems import find_line
from kobling_simulators.simply_crm.modules import Module
from kobling_simulators.simply_crm.newlines import add_line_alone
from kobling_simulators.simply_crm.rendering import full_row, plain_row
from kobling_simulators.simply_crm.sessions import User
from kobling_simulators.simply_crm.store import Row
from kobling_simulators.simply_crm.values import as_text

Shown = dict[str, Any]


class Records:
    """The record operations of one installation."""

    def __init__(self, place: Installation) -> None:
        self._place = place
        self.fields = Fields(place)
        self._documents = Documents(place, self.fields)

    def create(self, user: User, module_name: str, element: Mapping[str, Any], source: str = "WEBSERVICE") -> Shown:
        """A new record; the answer is the whole record. Raises ServiceError, Crash.

        Fidelity: known simply_crm §5 – unknown and read-only fields are ignored silently
        Fidelity: inferred simply_crm §3 – defaults are not applied: a product without `discontinued` is inactive
        Fidelity: known simply_crm §10.3 – create of ProductTaxes is RECORD_NOT_FOUND and stores nothing
        """
        if module_name == "ProductTaxes":
            raise ServiceError("RECORD_NOT_FOUND", "Record not found")
        if module_name == "LineItem":
            return add_line_alone(self._place, self.fields, element)
        module = self._module(module_name)
        self.fields.check_all(module, element)
        if module.is_inventory:
            return self._documents.create(user, module, element, source)
        goods = read_goods(self._place, element, None) if module.name in GOODS else None
        row = self.fields.new_row(user, module, element, source)
        row.goods = goods
        self._place.store.tables[module.name].add(row)
        return self.shown(module, row)

    def update(self, user: User, element: Mapping[str, Any]) -> Shown:
        """Change a record; all mandatory fields must be sent, others left out keep their value. Raises ServiceError.

        Fidelity: known simply_crm §5 – update keeps what is left out but refuses without all mandatory fields
        """
        module, row = self.locate(as_text(element.get("id")))
        self.fields.check_all(module, element)
        if module.is_inventory:
            return self._documents.update(user, module, row, element)
        return self._save(user, module, row, element)

    def revise(self, user: User, element: Mapping[str, Any]) -> Shown:
        """Change the fields that are sent, "" clears; a mandatory field may not be cleared. Raises ServiceError.

        Fidelity: known simply_crm §5 – no optimistic concurrency: whoever writes last wins
        Fidelity: assumed simply_crm §5 – clearing a mandatory field by revise is MANDATORY_FIELDS_MISSING
        """
        module, row = self.locate(as_text(element.get("id")))
        self.fields.check_sent(module, element)
        if module.is_inventory:
            return self._documents.revise(user, module, row, element)
        return self._save(user, module, row, element)

    def delete(self, full_id: str) -> None:
        """Move a record to the recycle bin. Raises ServiceError, Crash.

        Fidelity: known simply_crm §4 – afterwards every access is ACCESS_DENIED
        Fidelity: known simply_crm §6 – a delete bumps modifiedtime
        """
        module, row = self.locate(full_id)
        if module.is_inventory:
            self._documents.delete(module, row)
        else:
            self._place.store.tables[module.name].remove(row, self._place.time_text())

    def retrieve(self, full_id: str) -> Shown:
        """One record in full. Raises ServiceError, Crash."""
        parts = self._place.store.split(full_id)
        if parts is not None and parts[0] == "LineItem":
            line = find_line(self._place.store, parts[1])
            if line is None:
                raise denied()
            return line
        module, row = self.locate(full_id, writable=False)
        return self.shown(module, row)

    def shown(self, module: Module, row: Row) -> Shown:
        """A record as retrieve shows it. Raises Crash."""
        if module.is_inventory:
            return retrieved(self._place, module, row)
        if not module.number_field:
            return plain_row(self._place.store, module, row)
        shown = full_row(self._place.store, module, row)
        return {**shown, **shown_goods(self._place, row)} if module.name in GOODS else shown

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
        goods = read_goods(self._place, element, row.goods) if module.name in GOODS else None
        self.fields.change(user, module, row, element)
        row.goods = goods
        return self.shown(module, row)
