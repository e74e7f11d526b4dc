"""How tables hang together, as RelationshipDefinitions and the definitions of tables show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kobling_simulators.dataverse.definitions import stable_id
from kobling_simulators.dataverse.facts import Schema, Table
from kobling_simulators.dataverse.roles import ASSOCIATION

_CRM = "#Microsoft.Dynamics.CRM."
_CASCADE = dict.fromkeys(
    ("Assign", "Delete", "Merge", "Reparent", "Share", "Unshare", "Archive", "RollupView"), "NoCascade"
)


def relations(schema: Schema) -> list[dict[str, Any]]:
    """Every relationship of the organization."""
    to_many = [one for table in schema.tables.values() for one in _lookups(schema, table)]
    return [*to_many, *_many_to_many(schema)]


def of_table(schema: Schema, table: Table, kind: str) -> list[dict[str, Any]]:
    """The relationships of a table by the name of the navigation property that holds them.

    Fidelity: known dataverse §1 – definitions expand OneToMany-, ManyToOne- and ManyToManyRelationships
    """
    if kind == "ManyToOneRelationships":
        return list(_lookups(schema, table))
    if kind == "OneToManyRelationships":
        others = (one for other in schema.tables.values() for one in _lookups(schema, other))
        return [one for one in others if one["ReferencedEntity"] == table.logical]
    names = ("Entity1LogicalName", "Entity2LogicalName")
    return [one for one in _many_to_many(schema) if table.logical in (one[name] for name in names)]


def _lookups(schema: Schema, table: Table) -> Iterable[dict[str, Any]]:
    """Fidelity: assumed dataverse §4 – a relationship is called like its collection-valued navigation property."""
    for one in table.singles.values():
        for target in one.targets:
            collection = _collection(schema, table, one.column, target)
            name = collection or f"{target}_{table.logical}_{one.column}"
            yield {
                "@odata.type": f"{_CRM}OneToManyRelationshipMetadata",
                "MetadataId": stable_id("relation", table.logical, one.name, target),
                "SchemaName": name,
                "RelationshipType": "OneToManyRelationship",
                "ReferencingEntity": table.logical,
                "ReferencingAttribute": one.column,
                "ReferencingEntityNavigationPropertyName": one.name,
                "ReferencedEntity": target,
                "ReferencedAttribute": schema.tables[target].key if target in schema.tables else f"{target}id",
                "ReferencedEntityNavigationPropertyName": name,
                "IsCustomRelationship": one.column.startswith("bcbi_"),
                "IsHierarchical": False,
                "IsManaged": True,
                "IsValidForAdvancedFind": True,
                "SecurityTypes": "None",
                "CascadeConfiguration": _CASCADE,
            }


def _collection(schema: Schema, table: Table, column: str, target: str) -> str:
    found = schema.tables[target].collections if target in schema.tables else {}
    return next((name for name, child in found.items() if child == (table.logical, column)), "")


def _many_to_many(schema: Schema) -> list[dict[str, Any]]:
    if not {"systemuser", "role"} <= schema.tables.keys():
        return []
    return [
        {
            "@odata.type": f"{_CRM}ManyToManyRelationshipMetadata",
            "MetadataId": stable_id("relation", ASSOCIATION),
            "SchemaName": ASSOCIATION,
            "RelationshipType": "ManyToManyRelationship",
            "IntersectEntityName": "systemuserroles",
            "Entity1LogicalName": "systemuser",
            "Entity1IntersectAttribute": "systemuserid",
            "Entity1NavigationPropertyName": ASSOCIATION,
            "Entity2LogicalName": "role",
            "Entity2IntersectAttribute": "roleid",
            "Entity2NavigationPropertyName": ASSOCIATION,
            "IsCustomRelationship": False,
            "IsManaged": True,
            "IsValidForAdvancedFind": True,
            "SecurityTypes": "None",
        }
    ]
