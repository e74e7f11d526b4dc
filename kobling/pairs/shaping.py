"""Shapes default mappings by what a person chose: other fields, directions and policies, checked against the schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from kobling.mapping import Condition, ConflictPolicy, DeletionPolicy, Direction, End, FieldMapping, Side, TableMapping
from kobling.mapping.codecs import DAY, EMAIL, FLAG, NUMBER, NUMBER_AS_TEXT, TEXT, Codec
from kobling.mapping.model import OPERATORS
from kobling.mapping.people import CVR
from kobling.pairs.base import Schemas
from kobling.records import N_, NotOffered, SettingsError

CODECS: Mapping[str, Codec] = {
    "text": TEXT,
    "email": EMAIL,
    "number": NUMBER,
    "number_as_text": NUMBER_AS_TEXT,
    "flag": FLAG,
    "day": DAY,
    "cvr": CVR,
}


def shape_all(tables: Iterable[TableMapping], options: Mapping[str, Any], schemas: Schemas) -> dict[str, TableMapping]:
    """Shape the tables of a pair by a person's choices, and leave out those that an installation does not offer.

    ``tables`` among the options: name → ``enabled``, ``only_coupled``, ``direction``, ``left_filter``,
    ``right_filter`` (lists of [field, operator, value]). Raises SettingsError naming a wrong one.
    """
    known = {each.name: each for each in tables}
    for option in ("tables", "fields", "policies"):
        _must_be_known(options.get(option) or {}, known, option, N_("There is no table “%(name)s”. Known: %(known)s."))
    chosen = options.get("tables") or {}
    for wish in chosen.values():
        _must_be_known(wish, _RULES, "tables", _NO_RULE)
    kept = [
        each
        for each in known.values()
        if chosen.get(each.name, {}).get("enabled", True) not in (False, "false") and _offered(each, schemas)
    ]
    names = {each.name for each in kept}
    shaped = {each.name: shape(_chosen_rules(each, chosen.get(each.name, {})), options, schemas) for each in kept}
    return {
        name: replace(each, depends_on=tuple(other for other in each.depends_on if other in names))
        for name, each in shaped.items()
    }


_RULES = ("enabled", "only_coupled", "direction", "left_filter", "right_filter")
_WISHES = ("left", "right", "codec", "left_codec", "right_codec", "direction")
_NO_RULE = N_("There is no setting “%(name)s”. Known: %(known)s.")


def _must_be_known(given: Any, known: Iterable[str], option: str, told: str) -> None:
    """Raises SettingsError for what is misspelt: nothing that is not understood counts as saved."""
    names = given.keys() if isinstance(given, Mapping) else {str(given)}
    if strange := sorted(names - set(known)):
        raise SettingsError(told, name=strange[0], known=", ".join(known), field=option, code="not_known")


def _offered(mapping: TableMapping, schemas: Schemas) -> bool:
    """Whether both installations have the resource; before they were described everything may be there."""
    return all(not schemas.get(side) or bool(schemas[side].get(mapping.resource(side))) for side in Side)


def _chosen_rules(mapping: TableMapping, wish: Mapping[str, Any]) -> TableMapping:
    changes: dict[str, Any] = {}
    if "only_coupled" in wish:
        changes["only_coupled"] = wish["only_coupled"] not in (False, "false")
    if "direction" in wish:
        changes["direction"] = _one_of(Direction, wish["direction"], "direction")
    for side in Side:
        if given := wish.get(f"{side.value}_filter"):
            old = mapping.filter(side)
            changes[f"{side.value}_filter"] = (*old, *(_condition(each) for each in given))
    return replace(mapping, **changes) if changes else mapping


def _condition(given: Any) -> Condition:
    """``[field, operator, value]``, as a person writes it. Raises SettingsError."""
    parts = [*given, None, None][:3] if isinstance(given, list | tuple) else [None] * 3
    if not isinstance(parts[0], str) or parts[1] not in OPERATORS:
        raise SettingsError(
            N_("A filter is written as field, operator, value. Operators: %(known)s."),
            field="filter",
            known=", ".join(sorted(OPERATORS)),
        )
    return Condition(parts[0], str(parts[1]), parts[2])


_NO_FIELD = N_("There is no field “%(name)s” in this mapping; one of your own needs left and right. Known: %(known)s.")


def shape(mapping: TableMapping, chosen: Mapping[str, Any], schemas: Schemas) -> TableMapping:
    """Apply a person's ``fields`` and ``policies`` to a default mapping.

    Raises SettingsError for a field that the installation does not have, or a rule that there is not.
    """
    fields = {each.key: each for each in mapping.fields if _exists(each, mapping, schemas)}
    all_keys = [each.key for each in mapping.fields]
    for key, wish in (chosen.get("fields") or {}).get(mapping.name, {}).items():
        if wish is None:
            _must_be_known({key: None}, all_keys, "fields", _NO_FIELD)
            fields.pop(key, None)
        else:
            _must_be_known(wish, _WISHES, "fields", _NO_RULE)
            if key not in all_keys and not {"left", "right"} <= wish.keys():
                _must_be_known({key: None}, all_keys, "fields", _NO_FIELD)
            fields[key] = _wished(key, wish, fields.get(key), mapping, schemas)
    policies = (chosen.get("policies") or {}).get(mapping.name, {})
    _must_be_known(policies, ("fields", "conflict", "deletion"), "policies", _NO_RULE)
    _must_be_known(policies.get("fields", {}), [*all_keys, *fields], "policies", _NO_FIELD)
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
            if each.needed:
                raise NotOffered(
                    N_("%(resource)s has no field “%(field)s”, and this table cannot do without it."),
                    field=end.paths[0],
                    resource=mapping.resource(side),
                    code="missing_field",
                )
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
