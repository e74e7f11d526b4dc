"""Finds which lone records belong together by rules that a person chose, in batches over the mirror."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kobling.hub.models import Decision
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import couplings, matches, mirror
from kobling.mapping import Side, TableMapping, holds, read
from kobling.records import N_, SettingsError, from_json
from kobling.sync.matching import key_of, pair_off

_Keys = Callable[[Mapping[str, Any]], Sequence[str | None]]

PAGE = 1000
KEYS_AT_ONCE = 500
MANY = 200
"""A key that so many records share says nothing: all of them go to a person, unread."""
HELD = "ask"
"""The decision that a person still has to say which record it is; until then no run touches it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Records with equal values of all ``keys`` belong together; rules of a low ``priority`` go first."""

    keys: tuple[str, ...]
    ignore_case: bool = True
    priority: int = 1


def own_rules(mapping: TableMapping) -> list[Rule]:
    """The mapping's own rules, those that couple by themselves first, with all that has to agree."""
    return [Rule((*each.keys, *each.agrees), each.ignore_case, number) for number, each in enumerate(mapping.match, 1)]


def in_order(mapping: TableMapping, rules: Sequence[Rule]) -> list[Rule]:
    """The rules as they are tried, the mapping's own where none are given. Raises SettingsError for unknown fields."""
    chosen = sorted(set(rules), key=lambda each: (each.priority, each.keys)) if rules else own_rules(mapping)
    if not chosen or not all(rule.keys for rule in chosen):
        raise SettingsError(
            N_("%(table)s has no match rules of its own. Say which fields to match by."), table=mapping.name
        )
    if not rules:
        return chosen
    known = [each.key for each in mapping.fields if each.left and each.right and not each.proof]
    for key in (key for rule in chosen for key in rule.keys):
        if key not in known:
            raise SettingsError(
                N_("There is no field “%(name)s” on both sides of %(table)s. Known: %(known)s."),
                name=key,
                table=mapping.name,
                known=", ".join(known),
            )
    return chosen


def find(bench: Workbench, rules: Sequence[Rule], *, left_out: bool = False) -> None:
    """Fill the scratch tables: hits, groups that compete, and the rest. Nothing else is changed."""
    matches.begin()
    view, hints = _view(bench.mapping, rules), {each.keys for each in bench.mapping.match if not each.silent}

    def keys_of(values: Mapping[str, Any]) -> Sequence[str | None]:
        return [key_of(each.keys, values, each.ignore_case, loose=each.keys in hints) for each in rules]

    for side in Side:
        for batch in _records(bench, view, side, left_out, keys_of):
            matches.add(side, batch)
    hits = 0
    for number in range(len(rules)):
        hits += _try(bench, number, hits)
    matches.seal()


def _view(mapping: TableMapping, rules: Sequence[Rule]) -> TableMapping:
    """The mapping with only the fields that these rules and the title need."""
    wanted = {mapping.title_key, *(key for each in rules for key in each.keys)}
    return replace(mapping, match=(), fields=tuple(each for each in mapping.fields if each.key in wanted))


def _records(
    bench: Workbench,
    view: TableMapping,
    side: Side,
    left_out: bool,
    keys_of: _Keys,
) -> Iterator[list[tuple[str, str, bool, Sequence[str | None]]]]:
    position, feed = 0, bench.feeds[side]
    decided = Decision.objects.filter(table_id=bench.table).exists()
    wide = [each for each in view.filter(side) if not each.keeps_name]
    while ids := mirror.page(feed, position, PAGE):
        position = ids[-1][0]
        names = [external_id for _, external_id in ids]
        taken = couplings.coupled_in([bench.table, *bench.siblings[side]], side, names)
        if decided:
            taken |= _spoken_for(bench.table, side, names, left_out)
        found: list[tuple[str, str, bool, Sequence[str | None]]] = []
        for external_id, row in mirror.by_ids(feed, [each for each in names if each not in taken]).items():
            fields = from_json(row.fields)
            if holds(wide, fields):
                values = read(view, side, fields, bench.resolver).values
                title = str(values.get(view.title_key) or external_id)
                found.append((external_id, title, holds(view.filter(side), fields), keys_of(values)))
        yield found


def _spoken_for(table: int, side: Side, external_ids: Sequence[str], left_out: bool) -> set[str]:
    """Records of which a person has said what they are: coupled with another one, new, or (unless asked) left out."""
    choices = ["couple", "create"] if left_out else ["couple", "create", "ignore"]
    mine = Decision.objects.filter(table_id=table, side=side.value, choice__in=choices, external_id__in=external_ids)
    theirs = Decision.objects.filter(table_id=table, side=side.other.value, choice="couple", other_id__in=external_ids)
    return {*mine.values_list("external_id", flat=True), *theirs.values_list("other_id", flat=True)}


def _try(bench: Workbench, number: int, first: int) -> int:
    """Try one rule; returns how many hits it had."""
    after, hits = "", 0
    any_never = Decision.objects.filter(table_id=bench.table, choice="never").exists()
    while keys := matches.shared_keys(number, after, KEYS_AT_ONCE):
        after = keys[-1][0]
        for key in [key for key, size in keys if size > MANY]:
            matches.contest_all(number, key)
        found = matches.sharing(number, [key for key, size in keys if size <= MANY])
        members = {side: [each for both in found.values() for each in both[side]] for side in Side}
        never = never_pairs(bench.table, members[Side.LEFT]) if any_never else set()
        pairs: list[tuple[str, str]] = []
        for key, both in found.items():
            pairs += _judge(number, key, both, never)
        matches.hit(number, pairs, first + hits)
        hits += len(pairs)
    return hits


def _judge(
    number: int, key: str, both: dict[Side, dict[str, bool]], never: Collection[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Note who competes for a key; returns those that belong together. A record left out is a person's to judge."""
    left, right = both[Side.LEFT], both[Side.RIGHT]
    pairs, rivals, others = pair_off(left, right, never)
    sure = [(one, other) for one, other in pairs if left[one] and right[other]]
    unsure = set(pairs) - set(sure)
    matches.contest(number, key, Side.LEFT, sorted(rivals | {one for one, _ in unsure}))
    matches.contest(number, key, Side.RIGHT, sorted(others | {other for _, other in unsure}))
    return sure


def never_pairs(table: int, left_ids: Sequence[str]) -> set[tuple[str, str]]:
    """Of the given left records: (left, right) that a person said are not the same, told of either one."""
    found: set[tuple[str, str]] = set()
    for start in range(0, len(left_ids), PAGE):
        batch = left_ids[start : start + PAGE]
        said = Decision.objects.filter(table_id=table, choice="never")
        found.update(said.filter(side="left", external_id__in=batch).values_list("external_id", "other_id"))
        found.update(said.filter(side="right", other_id__in=batch).values_list("other_id", "external_id"))
    return found
