"""What the API says about itself: $metadata, the service document, captions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from xml.sax.saxutils import quoteattr

from kobling_simulators.business_central.facts import EntitySet, Property, Schema, custom_api, standard
from kobling_simulators.business_central.values import decode_member

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" '
    'xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
    '<Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
)
COMPANIES = "companies"
_TAIL = "</Schema></edmx:DataServices></edmx:Edmx>"


@lru_cache(maxsize=8)
def csdl(schema: Schema) -> bytes:
    """The CSDL of a schema."""
    types = "".join(_entity_type(one) for one in schema.sets.values())
    companies = _companies(schema)
    enums = "".join(_enums(one) for one in schema.sets.values())
    actions = "".join(_actions(one) for one in schema.sets.values())
    sets = "".join(_entity_set(one, schema) for one in schema.sets.values())
    if companies:
        sets = f'{sets}<EntitySet Name="{COMPANIES}" EntityType="Microsoft.NAV.company" />'
    container = f'<EntityContainer Name="NAV">{sets}</EntityContainer>'
    return f"{_HEAD}{types}{companies}{enums}{actions}{container}{_TAIL}".encode()


def _companies(schema: Schema) -> str:
    """The company of an API that has none among its own sets, with what is in it.

    Fidelity: inferred business_central §1 – a custom API's $metadata lists companies too
    """
    if COMPANIES in schema.sets or not schema.route.count("/"):
        return ""
    own = standard().sets[COMPANIES]
    told = "".join(_property(own, one) for one in own.properties.values())
    inside = "".join(
        f'<NavigationProperty Name="{one.name}" Type="Collection(Microsoft.NAV.{one.entity})" ContainsTarget="true" />'
        for one in schema.sets.values()
    )
    key = f'<Key><PropertyRef Name="{own.key}" /></Key>'
    return f'<EntityType Name="{own.entity}">{key}{told}{inside}</EntityType>'


def _entity_type(one: EntitySet) -> str:
    keys = "".join(f'<PropertyRef Name="{name}" />' for name in one.key.split(","))
    properties = "".join(_property(one, told) for told in one.properties.values())
    navigation = "".join(
        f'<NavigationProperty Name="{nav.name}" Type="{_navigation_type(one, nav.target, nav.many)}" '
        f'ContainsTarget="{"true" if nav.many else "false"}" />'
        for nav in one.navigation.values()
    )
    return f'<EntityType Name="{one.entity}"><Key>{keys}</Key>{properties}{navigation}</EntityType>'


def _navigation_type(one: EntitySet, target: str, many: bool) -> str:
    name = f"Microsoft.NAV.{target_entity(target)}"
    return f"Collection({name})" if many else name


@lru_cache(maxsize=256)
def target_entity(set_name: str) -> str:
    """The entity name behind a set of the standard API or our own."""
    for schema in (standard(), custom_api()):
        if set_name in schema.sets:
            return schema.sets[set_name].entity
    return set_name


def _property(one: EntitySet, told: Property) -> str:
    kind = f"Microsoft.NAV.{one.entity}_{told.name}" if told.choices else f"Edm.{told.type}"
    length = f' MaxLength="{told.length}"' if told.length else ""
    scale = ' Scale="Variable"' if told.type == "Decimal" else ""
    nullable = ' Nullable="false"' if told.name in one.key.split(",") else ""
    return f'<Property Name="{told.name}" Type="{kind}"{length}{scale}{nullable} />'


def _enums(one: EntitySet) -> str:
    made = []
    for told in one.properties.values():
        members = "".join(f'<Member Name={quoteattr(name)} Value="{at}" />' for at, name in enumerate(told.choices))
        if members:
            made.append(f'<EnumType Name="{one.entity}_{told.name}">{members}</EnumType>')
    return "".join(made)


def _actions(one: EntitySet) -> str:
    return "".join(
        f'<Action Name="{name}" IsBound="true"><Parameter Name="bindingParameter" Type="Microsoft.NAV.{one.entity}" />'
        "</Action>"
        for name in one.actions
    )


def _entity_set(one: EntitySet, schema: Schema) -> str:
    bindings = "".join(
        f'<NavigationPropertyBinding Path="{nav.name}" Target="{nav.target}" />'
        for nav in one.navigation.values()
        if nav.target in schema.sets
    )
    return f'<EntitySet Name="{one.name}" EntityType="Microsoft.NAV.{one.entity}">{bindings}</EntitySet>'


def service_document(schema: Schema, root: str) -> dict[str, Any]:
    """The list of entity sets."""
    names = [*schema.sets] if not _companies(schema) else [COMPANIES, *schema.sets]
    rows = [{"name": name, "kind": "EntitySet", "url": name} for name in names]
    return {"@odata.context": f"{root}/$metadata", "value": rows}


def entity_definitions(schema: Schema, root: str) -> dict[str, Any]:
    """Captions of entities and enum members.

    Fidelity: assumed business_central §1 – captions here are the AL names, in one language
    """
    rows = [
        {
            "entityName": one.entity,
            "entitySetName": one.name,
            "entityCaptions": [{"languageCode": 1033, "caption": one.entity}],
            "properties": [
                {"name": told.name, "captions": [{"languageCode": 1033, "caption": told.name}]}
                for told in one.properties.values()
            ],
            "enumMembers": [
                {"property": told.name, "name": name, "caption": decode_member(name)}
                for told in one.properties.values()
                for name in told.choices
            ],
        }
        for one in schema.sets.values()
    ]
    return {"@odata.context": f"{root}/$metadata#entityDefinitions", "value": rows}
