"""The tables of a simulated pair, spelled out once for the engine (as mappings) and once for the oracle (as fields)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kobling.mapping import ConflictPolicy, DeletionPolicy, Evidence, FieldMapping, MatchRule, Side, TableMapping, end
from kobling.mapping.codecs import EMAIL, NUMBER
from kobling.mapping.people import CVR
from kobling.mapping.references import reference, soft_reference


@dataclass(frozen=True, slots=True)
class Field:
    """A field as the oracle knows it: its names on both sides, the table that it points into."""

    key: str
    left: str
    right: str
    points_to: str = ""
    frozen: bool = False
    clears: bool = True

    def on(self, side: Side) -> str:
        return self.left if side is Side.LEFT else self.right


SERIAL = Field("serial", "nr", "Nr", frozen=True)
"""What no two records that people make have in common: it travels when a record is made, and is never merged."""
FIELDS: dict[str, tuple[Field, ...]] = {
    "customers": (
        SERIAL,
        Field("name", "title", "Name"),
        Field("cvr", "cvr", "VatNumber", clears=False),
        Field("email", "mail", "Email"),
        Field("limit", "limit", "Limit"),
    ),
    "orders": (
        SERIAL,
        Field("name", "subject", "Text"),
        Field("customer", "company", "Contact", "customers"),
        Field("note", "note", "Note"),
    ),
    "visits": (
        SERIAL,
        Field("name", "what", "Title"),
        Field("order", "order", "Order", "orders"),
        Field("customer", "company", "Contact", "customers"),
    ),
}
RESOURCES = {"customers": ("companies", "contacts"), "orders": ("orders", "invoices"), "visits": ("visits", "tasks")}
CODECS: dict[str, Any] = {"cvr": CVR, "email": EMAIL, "limit": NUMBER}
SOFT = (("visits", "customer"),)
"""References that do not hold their record up."""


def resource(table: str, side: Side) -> str:
    """The resource of one side of a table."""
    return RESOURCES[table][0 if side is Side.LEFT else 1]


def mapping(table: str, conflict: ConflictPolicy, deletion: DeletionPolicy, leading: Side) -> TableMapping:
    """The same table as the engine knows it."""
    return TableMapping(
        name=table,
        left=RESOURCES[table][0],
        right=RESOURCES[table][1],
        fields=tuple(_field(table, each) for each in FIELDS[table]),
        match=(MatchRule(("cvr",), Evidence.LEGAL), MatchRule(("name",))) if table == "customers" else (),
        conflict=conflict,
        deletion=deletion,
        leading=leading,
        depends_on=tuple(dict.fromkeys(each.points_to for each in FIELDS[table] if each.points_to)),
    )


def _field(table: str, each: Field) -> FieldMapping:
    codec: dict[str, Any] = {"codec": CODECS[each.key]} if each.key in CODECS else {}
    if each.points_to:
        kind = soft_reference if (table, each.key) in SOFT else reference
        codec = {"codec": kind(each.points_to)}
    return FieldMapping(
        each.key,
        end(each.left, **codec),
        end(each.right, **codec),
        clear=each.clears,
        frozen=each.frozen,
        legal=each.key == "cvr",
    )
