"""What a client wants to write: a JSON body against the columns of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kobling_simulators.dataverse.errors import UNNAMED, bad_request, no_property
from kobling_simulators.dataverse.facts import LOOKUPS, Column, Navigation, Table
from kobling_simulators.dataverse.settings import Settings
from kobling_simulators.dataverse.values import guid, taken

_WRITABLE = {True: ("F", "C"), False: ("F", "U")}


@dataclass(slots=True)
class Draft:
    """A body taken apart: plain values, references still to be resolved, and rows to be made along with this one."""

    values: dict[str, Any] = field(default_factory=dict)
    row_id: str | None = None
    binds: list[tuple[Navigation, Any]] = field(default_factory=list)
    singles: list[tuple[Navigation, Mapping[str, Any]]] = field(default_factory=list)
    lists: list[tuple[str, str, list[Mapping[str, Any]]]] = field(default_factory=list)


def read_body(table: Table, body: Any, settings: Settings, *, creating: bool) -> Draft:
    """The draft of a body. Raises ApiError for anything the table does not take.

    Fidelity: known dataverse §4 – lookups are written through {navigationProperty}@odata.bind, case matters
    Fidelity: known dataverse §6 – a body may carry the primary key; nested rows are made with it (deep insert)
    """
    if not isinstance(body, dict):
        raise bad_request("The request body must be a JSON object.")
    draft = Draft()
    for name, value in body.items():
        if name.startswith("@"):
            _check_annotation(table, name, value)
        elif "@" in name:
            _read_bind(table, name, value, draft)
        elif name in table.by_read_name and table.by_read_name[name].type not in LOOKUPS:
            _read_column(table, table.by_read_name[name], value, draft, settings, creating=creating)
        elif name in table.singles:
            _read_single(table.singles[name], value, draft, creating=creating)
        elif name in table.collections:
            _read_list(table, name, value, draft, creating=creating)
        elif name in table.by_read_name:
            raise bad_request(f"The property '{name}' is read-only; bind its navigation property instead.", UNNAMED)
        else:
            raise no_property(name, table.logical)
    _check_access(table, draft, settings, creating=creating)
    return draft


def _check_annotation(table: Table, name: str, value: Any) -> None:
    if name == "@odata.type" and str(value).lstrip("#") != f"Microsoft.Dynamics.CRM.{table.logical}":
        raise bad_request(f"A type named '{value}' could not be resolved as 'Microsoft.Dynamics.CRM.{table.logical}'.")


def _read_bind(table: Table, name: str, value: Any, draft: Draft) -> None:
    plain, _, annotation = name.partition("@")
    if annotation != "odata.bind":
        return
    if plain not in table.singles:
        raise bad_request(
            f"An undeclared property '{plain}' which only has property annotations in the payload but no property "
            "value was found in the payload. In OData, only declared navigation properties and declared named streams "
            "can be represented as properties without values.",
            UNNAMED,
        )
    draft.binds.append((table.singles[plain], value))


def _read_column(table: Table, column: Column, value: Any, draft: Draft, settings: Settings, *, creating: bool) -> None:
    if column.name == table.key:
        draft.row_id = guid(value)
        if draft.row_id is None:
            raise bad_request(f"The primary key '{table.key}' must be a GUID.")
        return
    if column.access not in _WRITABLE[creating]:
        if settings.read_only_columns == "refuse":
            when = "created" if creating else "updated"
            raise bad_request(f"The column '{column.name}' of '{table.logical}' cannot be set when a row is {when}.")
        return
    draft.values[column.name] = taken(table, column, value, settings.price_decimals)


def _read_single(navigation: Navigation, value: Any, draft: Draft, *, creating: bool) -> None:
    if value is None:
        draft.binds.append((navigation, None))
    elif isinstance(value, dict) and creating:
        draft.singles.append((navigation, value))
    else:
        raise bad_request(
            f"A 'PrimitiveValue' node with non-null value was found when trying to read the value of the property "
            f"'{navigation.name}'; however, a reference through '{navigation.name}@odata.bind' was expected.",
            UNNAMED,
        )


def _read_list(table: Table, name: str, value: Any, draft: Draft, *, creating: bool) -> None:
    logical, column = table.collections[name]
    if not creating or not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise bad_request(f"The property '{name}' takes an array of new rows, on create only.")
    draft.lists.append((logical, column, value))


def _check_access(table: Table, draft: Draft, settings: Settings, *, creating: bool) -> None:
    """References are columns too: those of a kind that may not be written now are refused or passed over."""

    def writable(navigation: Navigation) -> bool:
        if table.columns[navigation.column].access in _WRITABLE[creating]:
            return True
        if settings.read_only_columns == "refuse":
            when = "created" if creating else "updated"
            raise bad_request(f"The property '{navigation.name}' cannot be set when a row is {when}.")
        return False

    draft.binds = [one for one in draft.binds if writable(one[0])]
    draft.singles = [one for one in draft.singles if writable(one[0])]
