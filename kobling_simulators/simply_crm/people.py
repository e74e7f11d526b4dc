"""What a person does in the CRM's own screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.simply_crm.errors import ServiceError
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.records import Records
from kobling_simulators.vendor import PersonRefused


class People:
    """Edits by the second user; they bump modifiedtime and obey uniqueness like the web service.

    Fidelity: assumed simply_crm §5 – the screens refuse what the web service refuses, and mark the source as CRM
    """

    def __init__(self, place: Installation, records: Records) -> None:
        self._place = place
        self._records = records
        self._user = place.users[-1]

    def create(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A new record; assigned to the second user when nobody is named. Raises KeyError, PersonRefused."""
        module = self._place.store.modules[entity]
        if not module.number_field:
            raise PersonRefused(f"{entity} is not edited here")
        try:
            return self._records.create(
                self._user, entity, {"assigned_user_id": self._user.full_id, **values}, source="CRM"
            )
        except ServiceError as error:
            raise PersonRefused(f"{error.code}: {error.message}") from error

    def edit(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change fields of a record given by its full id or bare number. Raises KeyError, PersonRefused."""
        full_id = self._full_id(entity, key)
        try:
            return self._records.revise(self._user, {**values, "id": full_id})
        except ServiceError as error:
            raise PersonRefused(f"{error.code}: {error.message}") from error

    def delete(self, entity: str, key: str) -> None:
        """Put a record into the recycle bin. Raises KeyError."""
        self._records.delete(self._full_id(entity, key))

    def _full_id(self, entity: str, key: str) -> str:
        store = self._place.store
        full_id = key if "x" in key else f"{store.modules[entity].prefix}x{key}"
        if store.find(full_id) is None:
            raise KeyError(f"{entity} {key}")
        return full_id
