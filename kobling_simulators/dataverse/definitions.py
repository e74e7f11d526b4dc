"""Columns and relationships as EntityDefinitions show them."""

from __future__ import annotations

from collections.abc import Set
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from kobling_simulators.dataverse.facts import CHOICES, LOOKUPS, Column, Table
from kobling_simulators.dataverse.values import MEMO_LENGTH

_LEVELS = {0: "None", 1: "ApplicationRequired", 2: "SystemRequired"}
_CLASSES = {"Owner": "Lookup", "Customer": "Lookup"}


def attribute(table: Table, column: Column, unpublished: Set[tuple[str, str, int]] = frozenset()) -> dict[str, Any]:
    """One column, without options that nobody published yet."""
    kind = "UniqueIdentifier" if column.type == "Uniqueidentifier" else column.type
    found: dict[str, Any] = {
        "@odata.type": f"#Microsoft.Dynamics.CRM.{_CLASSES.get(column.type, kind)}AttributeMetadata",
        "MetadataId": str(uuid5(NAMESPACE_URL, f"column/{table.logical}/{column.name}")),
        "LogicalName": column.name,
        "SchemaName": column.name.capitalize(),
        "EntityLogicalName": table.logical,
        "AttributeType": column.type,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "IsPrimaryId": column.name == table.key,
        "IsPrimaryName": column.name == table.primary_name,
        "IsValidForCreate": column.access in ("F", "C"),
        "IsValidForUpdate": column.access in ("F", "U"),
        "IsValidForRead": True,
        "RequiredLevel": {"Value": _LEVELS[column.required], "CanBeChanged": column.required != 2},
    }
    hidden = {value for logical, name, value in unpublished if (logical, name) == (table.logical, column.name)}
    return found | _details(column, hidden)


def _details(column: Column, hidden: Set[int]) -> dict[str, Any]:
    if column.type in ("String", "Memo"):
        return {"MaxLength": column.length or (MEMO_LENGTH if column.type == "Memo" else 4000)}
    if column.type in ("Decimal", "Money", "Integer", "Double"):
        scale = {"Decimal": 10, "Money": 2, "Double": 5}.get(column.type)
        return {"MinValue": column.low, "MaxValue": column.high} | ({} if scale is None else {"Precision": scale})
    if column.type == "DateTime":
        only = column.date_only
        return {
            "Format": "DateOnly" if only else "DateAndTime",
            "DateTimeBehavior": {"Value": "DateOnly" if only else "UserLocal"},
        }
    if column.type in LOOKUPS:
        return {"Targets": list(column.targets)}
    if column.type in CHOICES:
        options = [
            {"Value": value, "Label": {"UserLocalizedLabel": {"Label": label, "LanguageCode": 1033}}}
            for value, label in (column.options or {}).items()
            if value not in hidden
        ]
        return {"OptionSet": {"Options": options}}
    return {}


def relationships(table: Table) -> list[dict[str, Any]]:
    """The lookups with the names of their navigation properties."""
    return [
        {
            "MetadataId": str(uuid5(NAMESPACE_URL, f"relation/{table.logical}/{one.name}/{target}")),
            "SchemaName": f"{target}_{table.logical}_{one.column}",
            "ReferencingEntity": table.logical,
            "ReferencingAttribute": one.column,
            "ReferencingEntityNavigationPropertyName": one.name,
            "ReferencedEntity": target,
        }
        for one in table.singles.values()
        for target in one.targets
    ]
