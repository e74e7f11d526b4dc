"""The $metadata document."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from kobling_simulators.dataverse.facts import Navigation, Schema, Table
from kobling_simulators.dataverse.values import edm_type

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
    '<edmx:DataServices><Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" '
    'xmlns="http://docs.oasis-open.org/odata/ns/edm">'
)
_TAIL = "</Schema></edmx:DataServices></edmx:Edmx>"
_TRACKING = (
    '<Annotation Term="Org.OData.Capabilities.V1.ChangeTracking"><Record>'
    '<PropertyValue Property="Supported" Bool="true" /></Record></Annotation>'
)


def edmx(schema: Schema, tracked: Collection[str] = ()) -> str:
    """The document; `tracked` are the tables to be annotated as having change tracking.

    Fidelity: known dataverse §1 – ?annotations=true shows Org.OData.Capabilities.V1.ChangeTracking
    """
    return _document(schema, tuple(sorted(tracked)))


@lru_cache(maxsize=4)
def _document(schema: Schema, tracked: tuple[str, ...]) -> str:
    types = "".join(_entity_type(schema, table) for table in schema.tables.values())
    sets = "".join(_entity_set(table, table.logical in tracked) for table in schema.tables.values())
    return f'{_HEAD}{types}<EntityContainer Name="System">{sets}</EntityContainer>{_TAIL}'


def _entity_type(schema: Schema, table: Table) -> str:
    columns = "".join(
        f'<Property Name="{column.read_name}" Type="{edm_type(column)}"'
        + (f' MaxLength="{column.length}" />' if column.length else " />")
        for column in table.columns.values()
    )
    singles = "".join(_single(one) for one in table.singles.values() if one.targets[0] in schema.tables)
    many = "".join(
        f'<NavigationProperty Name="{name}" Type="Collection(mscrm.{logical})" />'
        for name, (logical, _) in table.collections.items()
    )
    key = f'<Key><PropertyRef Name="{table.key}" /></Key>'
    return f'<EntityType Name="{table.logical}">{key}{columns}{singles}{many}</EntityType>'


def _single(one: Navigation) -> str:
    kind = one.targets[0] if len(one.targets) == 1 else "principal"
    return (
        f'<NavigationProperty Name="{one.name}" Type="mscrm.{kind}">'
        f'<ReferentialConstraint Property="_{one.column}_value" ReferencedProperty="{one.targets[0]}id" />'
        "</NavigationProperty>"
    )


def _entity_set(table: Table, tracked: bool) -> str:
    head = f'<EntitySet Name="{table.set_name}" EntityType="Microsoft.Dynamics.CRM.{table.logical}"'
    return f"{head}>{_TRACKING}</EntitySet>" if tracked else f"{head} />"
