"""What a person does in the CRM's own screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.simply_crm.errors import ServiceError
from kobling_simulators.simply_crm.goods import GOODS
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.modules import Module
from kobling_simulators.simply_crm.records import Records
from kobling_simulators.simply_crm.screen import Screen
from kobling_simulators.simply_crm.sessions import User
from kobling_simulators.simply_crm.store import Row
from kobling_simulators.vendor import PersonRefused

_LIVE = ("", "0", 0, False)


class People:
    """Edits by the second user, or by the one named in `modifiedby`; they bump modifiedtime and obey uniqueness.

    {"deleted": false} takes a record out of the recycle bin.

    Fidelity: assumed simply_crm §5 – the screens refuse what the web service refuses, and mark the source as CRM
    """

    def __init__(self, place: Installation, records: Records) -> None:
        self._place = place
        self._records = records
        self._screen = Screen(place, records.fields)

    def create(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A new record; assigned to who makes it when nobody is named. Raises KeyError, PersonRefused."""
        module = self._place.store.modules[entity]
        if not module.number_field:
            raise PersonRefused(f"{entity} is not edited here")
        user = self._who(values)
        element = {"assigned_user_id": user.full_id, **_first_product(values), **values}
        try:
            if module.is_inventory:
                self._records.fields.check_all(module, element)
                return self._screen.create(user, module, element)
            return self._records.create(user, entity, element, source="CRM")
        except ServiceError as error:
            raise PersonRefused(f"{error.code}: {error.message}") from error

    def edit(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change fields of a record given by its full id or bare number. Raises KeyError, PersonRefused."""
        user = self._who(values)
        module, row = self._find(entity, key, binned=values.get("deleted") in _LIVE and "deleted" in values)
        try:
            if row.deleted:
                return self._restore(user, module, row)
            self._records.fields.check_sent(module, values)
            if module.is_inventory:
                return self._screen.edit(user, module, row, values)
            # the edit screen posts every field, so taxes and prices that are not given stay
            kept = {**_taxes_and_prices(row, values), **values} if entity in GOODS else values
            return self._records.revise(user, {**kept, "id": self._place.store.full_id(entity, row.number)})
        except ServiceError as error:
            raise PersonRefused(f"{error.code}: {error.message}") from error

    def delete(self, entity: str, key: str) -> None:
        """Put a record into the recycle bin. Raises KeyError."""
        module, row = self._find(entity, key)
        if module.is_inventory:
            self._screen.bin(module, row)
        else:
            self._records.delete(self._place.store.full_id(entity, row.number))

    def _restore(self, user: User, module: Module, row: Row) -> dict[str, Any]:
        if module.is_inventory:
            return self._screen.restore(user, module, row)
        values = {"modifiedtime": self._place.time_text(), "modifiedby": user.full_id}
        self._place.store.tables[module.name].restore(row, values)
        return self._records.shown(module, row)

    def _who(self, values: Mapping[str, Any]) -> User:
        named = [user for user in self._place.users if user.full_id == values.get("modifiedby")]
        return named[0] if named else self._place.users[-1]

    def _find(self, entity: str, key: str, *, binned: bool = False) -> tuple[Module, Row]:
        store = self._place.store
        table = store.tables[entity]
        parts = store.split(key if "x" in key else f"{table.module.prefix}x{key}")
        number = parts[1] if parts is not None and parts[0] == entity else 0
        row = table.rows.get(number) or (table.removed.get(number) if binned else None)
        if row is None:
            raise KeyError(f"{entity} {key}")
        return table.module, row


def _first_product(values: Mapping[str, Any]) -> dict[str, Any]:
    """The header's mandatory productid, which the screen takes from the lines."""
    lines = values.get("LineItems")
    first = lines[0] if isinstance(lines, list) and lines else None
    return {"productid": first.get("productid")} if isinstance(first, Mapping) else {}


def _taxes_and_prices(row: Row, values: Mapping[str, Any]) -> dict[str, Any]:
    goods = row.goods
    if goods is None:
        return {}
    prices: dict[str, Any] = {f"currency{number}": price for number, price in goods.prices.items()}
    if "unit_price" in values:
        prices[f"currency{goods.currency}"] = values["unit_price"]
    return {**goods.taxes, **prices}
