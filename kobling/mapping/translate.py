"""Between a vendor's record and agreed values, both ways, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kobling.mapping.codecs import LeftOut, Resolver, Unresolved
from kobling.mapping.model import Condition, FieldMapping, Side, TableMapping
from kobling.mapping.references import KEEP
from kobling.records import N_, Fields, Refused, Wrong, exact, is_empty

STUMBLES = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError)
"""What a rule raises for a value of a shape that nobody expects: it concerns that field of that record."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A record in agreed values. Keys the vendor did not send are absent; ``waits`` are references not coupled yet;
    ``problems`` are fields whose value fits no rule (key → what is wrong: a text, or a sentence with parameters);
    ``left_out`` are keys left alone for now; ``points_to`` are the records that some of these point to;
    ``lacking`` are light ones among them (key → as in ``problems``).
    """

    values: dict[str, Any]
    waits: tuple[tuple[str, str, str], ...] = ()
    problems: Mapping[str, Any] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    points_to: tuple[tuple[str, str], ...] = ()
    lacking: Mapping[str, Any] = field(default_factory=dict)


def read(mapping: TableMapping, side: Side, fields: Fields, resolver: Resolver | None) -> Reading:
    """Read a vendor's record into agreed values; never raises for one bad field."""
    values: dict[str, Any] = {}
    waits: list[tuple[str, str, str]] = []
    problems: dict[str, Any] = {}
    left_out: set[str] = set()
    points_to: list[tuple[str, str]] = []
    lacking: dict[str, Any] = {}
    side_name = side.value
    for each in mapping.fields:
        here = each.left if side is Side.LEFT else each.right
        if here is None:
            continue
        raw = tuple([fields.get(path, _ABSENT) for path in here.paths])
        if _ABSENT in raw:
            if raw.count(_ABSENT) == len(raw):
                continue
            raw = tuple(None if value is _ABSENT else value for value in raw)
        try:
            values[each.key] = here.codec.read(raw, side_name, resolver)
        except Unresolved as missing:
            waits.append((each.key, missing.mapping, missing.external_id))
        except LeftOut as left:
            left_out.add(each.key)
            if left.awaited is not None:
                points_to.append(left.awaited)
                if told := _not_coupled(each, left.awaited, side_name, resolver):
                    lacking[each.key] = told
        except STUMBLES as wrong:
            why = wrong.told if isinstance(wrong, Wrong) else _fits_no_rule(raw)
            (lacking if each.light else problems)[each.key] = why
    return Reading(values, tuple(waits), problems, frozenset(left_out | lacking.keys()), tuple(points_to), lacking)


def _not_coupled(
    each: FieldMapping, awaited: tuple[str, str], side: str, resolver: Resolver | None
) -> list[object] | None:
    """What a light field points to and cannot name yet; nothing of what was left out by choice."""
    if not each.light or resolver is None or resolver.left_out(awaited[0], side, awaited[1]):
        return None
    return Wrong.about(N_("“%(value)s” is not coupled yet."), resolver.title(awaited[0], side, awaited[1])).told


def write(
    mapping: TableMapping,
    side: Side,
    values: Mapping[str, Any],
    resolver: Resolver | None,
    lacking: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write agreed values as this side's fields.

    Raises Refused naming the field when a value does not fit, Unresolved when a reference is not coupled yet. Where
    ``lacking`` is given, light fields are left out instead and noted there, as in ``Reading``.
    """
    fields: dict[str, Any] = {}
    for each in mapping.fields:
        if each.key not in values or each.proof:
            continue
        here = each.end(side)
        if here is None:
            continue
        try:
            encoded = _encoded(each, side, values[each.key], resolver)
        except (Refused, Unresolved) as missing:
            if lacking is None or not each.light:
                raise
            lacking[each.key] = _why(missing)
            continue
        for path, value in zip(here.paths, encoded, strict=True):
            if value is not KEEP:
                fields[path] = value
    return fields


def _why(missing: Refused | Unresolved) -> list[object]:
    if isinstance(missing, Refused):
        return Wrong(missing.summary, **missing.params).told
    return Wrong(N_("What it points to is not coupled yet.")).told


def _encoded(each: FieldMapping, side: Side, value: Any, resolver: Resolver | None) -> Sequence[Any]:
    here = each.end(side)
    assert here is not None
    try:
        return here.codec.write(value, side.value, resolver)
    except Refused as refusal:
        refusal.field = refusal.field or here.paths[0]
        raise
    except STUMBLES as wrong:
        if value is None:
            raise Refused(
                N_("The field %(field)s cannot be emptied."), field=here.paths[0], detail=str(wrong)
            ) from wrong
        raise Refused(
            N_("The field %(field)s cannot take “%(value)s”."), field=here.paths[0], value=value, detail=str(wrong)
        ) from wrong


def _fits_no_rule(raw: Sequence[Any]) -> list[object]:
    shown = ", ".join(str(each) for each in raw if each is not None)
    return Wrong.about(N_("“%(value)s” fits no rule of this field."), shown).told


def holds(conditions: Sequence[Condition], fields: Fields) -> bool:
    """Whether all filter conditions hold for a vendor's record; a field that is absent counts as empty."""
    return all(_holds(each, fields.get(each.path)) for each in conditions)


def failing(conditions: Sequence[Condition], fields: Fields) -> tuple[Condition, ...]:
    """The filter conditions that leave a vendor's record out."""
    return tuple(each for each in conditions if not _holds(each, fields.get(each.path)))


def _holds(condition: Condition, value: Any) -> bool:
    match condition.operator:
        case "equals":
            return bool(_comparable(value) == _comparable(condition.value))
        case "differs":
            return bool(_comparable(value) != _comparable(condition.value))
        case "filled":
            return not is_empty(value)
        case "empty":
            return is_empty(value)
        case "in":
            return _comparable(value) in [_comparable(each) for each in condition.value]
        case "at_least":
            return not is_empty(value) and _at_least(value, condition.value)
        case unknown:
            raise ValueError(f"unknown filter operator {unknown!r}")


def _comparable(value: Any) -> Any:
    return None if is_empty(value) else value


def _at_least(value: Any, bound: Any) -> bool:
    if isinstance(bound, str):
        return str(value) >= bound
    try:
        return exact(value) >= exact(bound)
    except ValueError:
        return False


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


_ABSENT = _Absent()
