"""Tables and columns as EntityDefinitions show them."""

from __future__ import annotations

from collections.abc import Collection, Set
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from kobling_simulators.dataverse.facts import CHOICES, LOOKUPS, Column, Table
from kobling_simulators.dataverse.roles import privileges
from kobling_simulators.dataverse.values import MEMO_LENGTH

_LEVELS = {0: "None", 1: "ApplicationRequired", 2: "SystemRequired"}
_CLASSES = {"Owner": "Lookup", "Customer": "Lookup"}
_ENGLISH = 1033
_IMAGE = "entityimage"


def stable_id(*parts: str) -> str:
    """The same GUID for the same thing."""
    return str(uuid5(NAMESPACE_URL, "/".join(parts)))


def label(text: str) -> dict[str, Any]:
    """A text in the one language of this organization."""
    told = {"Label": text, "LanguageCode": _ENGLISH, "IsManaged": True, "MetadataId": stable_id("label", text)}
    return {"LocalizedLabels": [told], "UserLocalizedLabel": told}


def managed(value: object, name: str) -> dict[str, Any]:
    """A property that a solution may forbid to change."""
    return {"Value": value, "CanBeChanged": True, "ManagedPropertyLogicalName": name}


def table_definition(table: Table, tracked: Collection[str]) -> dict[str, Any]:
    """One table without what hangs on navigation properties.

    Fidelity: known dataverse §1 – EntitySetName, ChangeTrackingEnabled, IsOptimisticConcurrencyEnabled
    Fidelity: inferred dataverse §1 – CanBeChanged properties, the image column and the names of the collection
    """
    name = _words(table.logical)
    return {
        "MetadataId": stable_id("table", table.logical),
        "LogicalName": table.logical,
        "SchemaName": table.logical.capitalize(),
        "EntitySetName": table.set_name,
        "LogicalCollectionName": table.set_name,
        "CollectionSchemaName": table.set_name.capitalize(),
        "DisplayName": label(name),
        "DisplayCollectionName": label(_words(table.set_name)),
        "Description": label(f"{name}."),
        "ObjectTypeCode": 1 + sum(map(ord, table.logical)),
        "PrimaryIdAttribute": table.key,
        "PrimaryNameAttribute": table.primary_name,
        "PrimaryImageAttribute": _IMAGE if f"{_IMAGE}id" in table.columns else None,
        "ChangeTrackingEnabled": table.logical in tracked,
        "CanChangeTrackingBeEnabled": managed(True, "canchangetrackingbeenabled"),
        "IsOptimisticConcurrencyEnabled": True,
        **_traits(table),
        "Privileges": privileges(table),
        "OwnershipType": "UserOwned" if "ownerid" in table.columns else "OrganizationOwned",
    }


def _traits(table: Table) -> dict[str, Any]:
    """What may be done with a table, the same for nearly all of them."""
    return {
        "IsCustomEntity": table.logical.startswith("bcbi_"),
        "IsManaged": True,
        "IsCustomizable": managed(True, "iscustomizable"),
        "IsAuditEnabled": managed(False, "canmodifyauditsettings"),
        "IsDuplicateDetectionEnabled": managed(True, "canmodifyduplicatedetectionsettings"),
        "IsValidForAdvancedFind": True,
        "IsActivity": False,
        "IsActivityParty": table.logical in ("account", "contact", "systemuser"),
        "IsIntersect": False,
        "IsPrivate": False,
        "IsLogicalEntity": False,
        "IsBPFEntity": False,
        "HasNotes": True,
        "HasActivities": True,
        "TableType": "Standard",
        "DataProviderId": None,
        "IntroducedVersion": "5.0.0.0",
    }


def attribute(table: Table, column: Column, unpublished: Set[tuple[str, str, int]] = frozenset()) -> dict[str, Any]:
    """One column, without options that nobody published yet."""
    kind = "UniqueIdentifier" if column.type == "Uniqueidentifier" else column.type
    found: dict[str, Any] = {
        "@odata.type": f"#Microsoft.Dynamics.CRM.{_CLASSES.get(column.type, kind)}AttributeMetadata",
        "MetadataId": stable_id("column", table.logical, column.name),
        "LogicalName": column.name,
        "SchemaName": column.name.capitalize(),
        "EntityLogicalName": table.logical,
        "AttributeType": column.type,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "DisplayName": label(_words(column.name)),
        "Description": label(f"{_words(column.name)}."),
        "AttributeOf": None,
        "IsPrimaryId": column.name == table.key,
        "IsPrimaryName": column.name == table.primary_name,
        "IsCustomAttribute": column.name.startswith("bcbi_"),
        "IsManaged": True,
        "IsLogical": False,
        "IsValidODataAttribute": True,
        "IsCustomizable": managed(True, "iscustomizable"),
        "IsAuditEnabled": managed(False, "canmodifyauditsettings"),
        "IsValidForAdvancedFind": managed(True, "canmodifysearchsettings"),
        "IsValidForCreate": column.access in ("F", "C"),
        "IsValidForUpdate": column.access in ("F", "U"),
        "IsValidForRead": True,
        "IsSecured": False,
        "SourceType": 0 if column.type in ("String", "Decimal", "Integer", "Money", "DateTime", "Boolean") else None,
        "RequiredLevel": {"Value": _LEVELS[column.required], "CanBeChanged": column.required != 2},
    }
    hidden = {value for logical, name, value in unpublished if (logical, name) == (table.logical, column.name)}
    return found | _details(table, column, hidden)


def _details(table: Table, column: Column, hidden: Set[int]) -> dict[str, Any]:
    if column.type in ("String", "Memo"):
        return {"MaxLength": column.length or (MEMO_LENGTH if column.type == "Memo" else 4000), "Format": "Text"}
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
        return {"OptionSet": _choices(table, column, hidden), "GlobalOptionSet": None}
    if column.type == "Boolean":
        two = {"TrueOption": _option(1, "Yes"), "FalseOption": _option(0, "No")}
        return {"OptionSet": {**_option_set(table, column, "Boolean"), **two}, "GlobalOptionSet": None}
    return {}


def _choices(table: Table, column: Column, hidden: Set[int]) -> dict[str, Any]:
    options = [_option(value, text) for value, text in (column.options or {}).items() if value not in hidden]
    return {**_option_set(table, column, column.type), "Options": options}


def _option_set(table: Table, column: Column, kind: str) -> dict[str, Any]:
    name = f"{table.logical}_{column.name}"
    return {"MetadataId": stable_id("choices", name), "Name": name, "IsGlobal": False, "OptionSetType": kind}


def _option(value: int, text: str) -> dict[str, Any]:
    return {"Value": value, "Label": label(text), "Description": label(""), "Color": None, "IsManaged": True}


def _words(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()
