"""What the entities are made of: fields with their kinds, and relations with the field that carries them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kobling_simulators.wire import from_json

NUMBER, TEXT, FLAG, INSTANT, DAY = "n", "s", "b", "d", "l"


def names(text: str) -> frozenset[str]:
    """Words of a text."""
    return frozenset(text.split())


_CARRIED = {
    ("Customer", "Info"): "BusinessRelationID",
    ("Account", "MainAccount"): "AccountID",
    ("CustomerInvoice", "InvoiceNumberNumberSeries"): "InvoiceNumberSeriesID",
    ("CustomerOrder", "OrderNumberNumberSeries"): "OrderNumberSeriesID",
    ("BusinessRelation", "Contacts"): "ParentBusinessRelationID",
    ("Account", "SubAccounts"): "AccountID",
}
_OWNED = frozenset(
    [
        "Customer.Info",
        "BusinessRelation.DefaultContact",
        "BusinessRelation.Contacts",
        "BusinessRelation.Addresses",
        "BusinessRelation.Phones",
        "BusinessRelation.Emails",
        "BusinessRelation.BankAccounts",
        "BusinessRelation.InvoiceAddress",
        "BusinessRelation.ShippingAddress",
        "BusinessRelation.DefaultPhone",
        "BusinessRelation.DefaultEmail",
        "BusinessRelation.DefaultBankAccount",
        "Contact.Info",
        "CustomerInvoice.Items",
        "CustomerOrder.Items",
        "JournalEntry.DraftLines",
        "Eventplan.Subscribers",
        "Eventplan.ExpressionFilters",
        "CompanySettings.DefaultAddress",
        "CompanySettings.DefaultPhone",
        "CompanySettings.DefaultEmail",
        "Project.WorkPlaceAddress",
    ]
)
_WHOLE = frozenset(
    [
        "CustomerNumber",
        "CreditDays",
        "StatusCode",
        "SortIndex",
        "InvoiceType",
        "AccountNumber",
        "Type",
        "ProjectNumberNumeric",
        "OrderNumber",
        "DepartmentNumberNumeric",
        "NextNumber",
        "FromNumber",
        "ToNumber",
        "Year",
        "AccountYear",
        "PlanType",
        "OrderItemId",
        "PrintStatus",
    ]
)
AUDIT = ("ID", "CreatedAt", "CreatedBy", "UpdatedAt", "UpdatedBy", "Deleted")


@dataclass(frozen=True, slots=True)
class Relation:
    """A way from one entity to another.

    `many`: the other ones carry our ID in `carrier`; otherwise we carry its. `owned`: written with us as one graph.
    """

    name: str
    target: str
    carrier: str
    many: bool
    owned: bool


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of record.

    Fidelity: known unimicro §7 – names and TypeScript types of the fields and relations, as of February 2021
    """

    name: str
    route: str
    fields: Mapping[str, str]
    relations: Mapping[str, Relation]
    spelled: Mapping[str, str]

    def whole(self, field: str) -> bool:
        """Whether a number has no decimals; the contract only says number."""
        return field.endswith("ID") or field in _WHOLE

    def carried(self) -> Mapping[str, Relation]:
        """Relations by the field of ours that carries them."""
        return {relation.carrier: relation for relation in self.relations.values() if not relation.many}


@cache
def entities() -> Mapping[str, Entity]:
    """All entities by name, from entities.json."""
    read = from_json((Path(__file__).parent / "entities.json").read_bytes())
    fields: dict[str, dict[str, str]] = {}
    for name, told in read.items():
        fields[name] = {field: kind for kind, text in told["fields"].items() for field in text.split()}
    found = {}
    for name, told in read.items():
        relations = {}
        for relation, target in told["relations"].items():
            made = _relation(name, relation, target, fields)
            if made is not None:
                relations[relation] = made
        spelled = {each.lower(): each for each in (*fields[name], *relations, "CustomFields")}
        found[name] = Entity(name, told["route"], fields[name], relations, spelled)
    return found


def _relation(entity: str, name: str, target: str, fields: Mapping[str, Mapping[str, str]]) -> Relation | None:
    """The relation with its carrier, or nothing where the contract does not show one."""
    many = target.startswith("*")
    target = target.removeprefix("*")
    usual = f"{entity}ID" if many else f"{name}ID"
    carrier = _CARRIED.get((entity, name), usual)
    if carrier not in fields[target if many else entity]:
        return None
    return Relation(name, target, carrier, many, f"{entity}.{name}" in _OWNED)


@cache
def by_route() -> Mapping[str, Entity]:
    """Entities that have a route."""
    return {entity.route: entity for entity in entities().values() if entity.route}


def entity_named(name: str) -> Entity | None:
    """An entity by its name in any case, or by its route."""
    folded = name.lower()
    return next(
        (each for each in entities().values() if folded == each.name.lower() or (each.route and folded == each.route)),
        None,
    )
