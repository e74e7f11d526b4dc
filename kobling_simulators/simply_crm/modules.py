"""The modules of an installation: fields as describe tells them, and the columns behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kobling_simulators.simply_crm.localising import localised
from kobling_simulators.simply_crm.taxes import LocalSet
from kobling_simulators.wire import from_json

INVENTORY = ("Invoice", "SalesOrder", "Quotes")
_LINE_FIELDS = ("productid", "quantity", "listprice", "comment", "discount_amount", "discount_percent")
_TAX_FIELD = re.compile(r"tax\d+")


@dataclass(frozen=True, slots=True)
class Column:
    """One field: its type, whether it must be filled, what it may refer to, and how its database column is made."""

    name: str
    label: str
    kind: str
    mandatory: bool
    unique: bool
    editable: bool
    refers_to: tuple[str, ...]
    length: int | None
    decimals: int | None

    @property
    def blank(self) -> str:
        """What a read shows for a value never given."""
        if self.kind == "boolean":
            return "0"
        if self.decimals is None:
            return ""
        return "0" if self.decimals == 0 else "0." + "0" * self.decimals


@dataclass(slots=True)
class Module:
    """One module: columns in describe order, the blank row, and the describe answer itself."""

    name: str
    prefix: str
    is_entity: bool
    label_fields: tuple[str, ...]
    columns: dict[str, Column]
    described: dict[str, Any]
    number_field: str = ""
    number_prefix: str = ""
    indexed: tuple[str, ...] = ()
    blank: dict[str, Any] = field(default_factory=dict)
    references: tuple[Column, ...] = ()
    unique: tuple[str, ...] = ()
    mandatory: tuple[str, ...] = ()
    line_fields: frozenset[str] = frozenset()

    @property
    def is_inventory(self) -> bool:
        """Whether records carry lines."""
        return self.name in INVENTORY


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that this installation added; its name is cf_ and a number that differs everywhere."""

    module: str
    name: str
    label: str
    length: int = 40


@cache
def _facts(name: str) -> dict[str, Any]:
    read: dict[str, Any] = from_json((Path(__file__).parent / name).read_bytes())
    return read


def listtypes_facts() -> dict[str, Any]:
    """types and information as the recorded installation lists them."""
    return _facts("listtypes.json")


def build_modules(custom: Iterable[CustomField], local: LocalSet) -> dict[str, Module]:
    """All described modules with this installation's custom fields, taxes and currencies.

    Fidelity: known simply_crm §2 – prefixes, fields and flags are those of the recorded vTiger 8.0.0
    Fidelity: known simply_crm §3 – no CVR, EAN or external id in stock, only custom fields cf_<n> named by describe
    """
    extra = list(custom)
    modules = {}
    for name, recorded in _facts("describe.json").items():
        described = deepcopy(recorded)
        described["fields"] = localised(name, described["fields"], local)
        _add_custom(described, [one for one in extra if one.module == name])
        lengths = {one.name: one.length for one in extra if one.module == name}
        modules[name] = _module(described, lengths)
    return modules


def _add_custom(described: dict[str, Any], custom: list[CustomField]) -> None:
    names = [one["name"] for one in described["fields"]]
    at = names.index("id") if "id" in names else len(names)
    for one in reversed(custom):
        described["fields"].insert(
            at,
            {
                "name": one.name,
                "label": one.label,
                "mandatory": False,
                "type": {"name": "string"},
                "isunique": False,
                "nullable": True,
                "editable": True,
                "default": "",
            },
        )


def _module(described: dict[str, Any], custom_lengths: Mapping[str, int]) -> Module:
    facts = _facts("columns.json")
    name = described["name"]
    columns: dict[str, Column] = {}
    for one in described["fields"]:
        columns[one["name"]] = _column(name, one, custom_lengths)
        if one["name"] == "id" and name != "LineItem" and described["fields"][0]["name"] != "id":
            break
    number_field, number_prefix = facts["numbers"].get(name, ("", ""))
    labels = tuple(part for part in described["labelFields"].split(",") if part)
    module = Module(name, described["idPrefix"], described["isEntity"], labels, columns, described)
    module.number_field, module.number_prefix = number_field, number_prefix
    module.indexed = (*facts["indexed"].get(name, ()), *custom_lengths)
    if module.is_inventory:
        module.line_fields = frozenset(n for n in columns if n in _LINE_FIELDS or _TAX_FIELD.fullmatch(n))
    skipped = {*module.line_fields, "id"}
    module.blank = {column.name: column.blank for column in columns.values() if column.name not in skipped}
    if module.is_inventory:
        module.blank |= {"hdnDiscountPercent": "", "hdnDiscountAmount": ""}
    module.references = tuple(column for column in columns.values() if column.refers_to)
    module.unique = tuple(column.name for column in columns.values() if column.unique)
    module.mandatory = tuple(column.name for column in columns.values() if column.mandatory)
    return module


def _column(module: str, one: Mapping[str, Any], custom_lengths: Mapping[str, int]) -> Column:
    facts = _facts("columns.json")
    kind = one["type"]["name"]
    name = one["name"]
    length = custom_lengths.get(name) or facts["lengths"].get(module, {}).get(name) or facts["lengths"]["*"].get(kind)
    decimals = facts["decimals"].get(module, {}).get(name, facts["decimals"]["*"].get(kind))
    return Column(
        name=name,
        label=one["label"],
        kind=kind,
        mandatory=one["mandatory"],
        unique=one.get("isunique", False),
        editable=one["editable"],
        refers_to=tuple(one["type"].get("refersTo", ())),
        length=length,
        decimals=decimals,
    )
