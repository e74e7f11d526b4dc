"""Shapes default mappings by what a person chose: other fields, directions and policies, checked against the schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kobling.mapping import ConflictPolicy, DeletionPolicy, Direction, End, FieldMapping, Side, TableMapping
from kobling.mapping.codecs import DAY, EMAIL, FLAG, NUMBER, NUMBER_AS_TEXT, TEXT, Codec
from kobling.mapping.people import CVR
from kobling.pairs.base import Schemas
from kobling.records import N_, SettingsError

CODECS: Mapping[str, Codec] = {
    "text": TEXT,
    "email": EMAIL,
    "number": NUMBER,
    "number_as_text": NUMBER_AS_TEXT,
    "flag": FLAG,
    "day": DAY,
    "cvr": CVR,
}


def shape(mapping: TableMapping, chosen: Mapping[str, Any], schemas: Schemas) -> TableMapping:
    """Apply a person's ``fields`` and ``policies`` to a default mapping.

    Raises SettingsError for a field that the installation does not have, or a rule that there is not.
    """
    fields = {each.key: each for each in mapping.fields if _exists(each, mapping, schemas)}
    for key, wish in (chosen.get("fields") or {}).get(mapping.name, {}).items():
        if wish is None:
            fields.pop(key, None)
        else:
            fields[key] = _wished(key, wish, fields.get(key), mapping, schemas)
    policies = (chosen.get("policies") or {}).get(mapping.name, {})
    for key, policy in policies.get("fields", {}).items():
        if key in fields:
            fields[key] = replace(fields[key], policy=_one_of(ConflictPolicy, policy, key))
    shaped = replace(mapping, fields=tuple(fields.values()))
    if "conflict" in policies:
        shaped = replace(shaped, conflict=_one_of(ConflictPolicy, policies["conflict"], "conflict"))
    if "deletion" in policies:
        shaped = replace(shaped, deletion=_one_of(DeletionPolicy, policies["deletion"], "deletion"))
    return shaped


def _exists(each: FieldMapping, mapping: TableMapping, schemas: Schemas) -> bool:
    """A default field that an installation lacks is left out; nothing is known before it was described."""
    for side in Side:
        known = schemas.get(side, {}).get(mapping.resource(side))
        end = each.end(side)
        if known and end is not None and not any(path in known for path in end.paths):
            return False
    return True


def _wished(
    key: str, wish: Mapping[str, Any], default: FieldMapping | None, mapping: TableMapping, schemas: Schemas
) -> FieldMapping:
    base = default or FieldMapping(key, None, None)
    ends: dict[Side, End | None] = {}
    for side in Side:
        path = wish.get(side.value)
        if path is None:
            ends[side] = base.end(side)
            continue
        _must_exist(path, side, mapping, schemas)
        codec_name = wish.get(f"{side.value}_codec") or wish.get("codec")
        old = base.end(side)
        codec = _codec(codec_name) if codec_name else old.codec if old and len(old.paths) == 1 else TEXT
        ends[side] = End((path,), codec)
    direction = _one_of(Direction, wish["direction"], key) if "direction" in wish else base.direction
    return replace(base, left=ends[Side.LEFT], right=ends[Side.RIGHT], direction=direction)


def _must_exist(path: str, side: Side, mapping: TableMapping, schemas: Schemas) -> None:
    known = schemas.get(side, {}).get(mapping.resource(side))
    if known and path not in known:
        raise SettingsError(
            N_("%(resource)s has no field “%(field)s”. It has: %(known)s."),
            field=path,
            resource=mapping.resource(side),
            known=", ".join(sorted(known)),
            code="missing_field",
        )


def _codec(name: str) -> Codec:
    try:
        return CODECS[name]
    except KeyError:
        raise SettingsError(
            N_("There is no rule “%(name)s” for values. Known: %(known)s."), name=name, known=", ".join(CODECS)
        ) from None


def _one_of(kind: Any, value: str, field: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise SettingsError(
            N_("“%(value)s” is not a choice for %(option)s. Choose one of: %(choices)s."),
            field=field,
            value=value,
            option=field,
            choices=", ".join(each.value for each in kind),
        ) from None
