"""How records that are not coupled find each other: keys of match rules, and what the hits mean. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from kobling.mapping import MatchRule, TableMapping
from kobling.records.texts import as_key, loosely
from kobling.sync.evidence import speaks_against
from kobling.sync.states import Loner


def match_keys(mapping: TableMapping, values: Mapping[str, Any]) -> tuple[str | None, ...]:
    """One key per match rule, None where a value that the rule needs is empty."""
    return tuple(key_of(rule.keys, values, rule.ignore_case, loose=not rule.silent) for rule in mapping.match)


def key_of(keys: Sequence[str], values: Mapping[str, Any], ignore_case: bool, *, loose: bool) -> str | None:
    """What the values of these keys are found by, None where one is empty. ``loose``: as names are compared."""
    parts = []
    for key in keys:
        value = values.get(key)
        if value is None or value == "":
            return None
        text = as_key(str(value))
        text = text.casefold() if ignore_case else text
        parts.append(loosely(text) if loose else text)
    if not all(parts):
        return None
    return blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


def pair_off(
    left: Collection[str], right: Collection[str], never: Collection[tuple[str, str]] = ()
) -> tuple[list[tuple[str, str]], set[str], set[str]]:
    """Records of both sides that share a key: (those with exactly one hit both ways, left and right ones that compete).

    Who was said never to be the same is no hit. The order of the records makes no difference.
    """
    rights = {one: [other for other in right if (one, other) not in never] for one in left}
    lefts: dict[str, int] = {}
    for others in rights.values():
        for other in others:
            lefts[other] = lefts.get(other, 0) + 1
    pairs = sorted((one, others[0]) for one, others in rights.items() if len(others) == 1 and lefts[others[0]] == 1)
    done_left, done_right = {one for one, _ in pairs}, {other for _, other in pairs}
    return pairs, {one for one, others in rights.items() if others} - done_left, set(lefts) - done_right


class Verdict:
    """What the match rules say of a lone record. ``left_alone``: the candidates are records that a person left out.

    ``against``: keys of what differs, where a rule found one record that is not certain for that reason.
    """

    __slots__ = ("against", "candidates", "kind", "left_alone", "rule")

    def __init__(
        self,
        kind: str,
        candidates: tuple[str, ...] = (),
        rule: MatchRule | None = None,
        *,
        left_alone: bool = False,
        against: tuple[str, ...] = (),
    ) -> None:
        self.kind = kind
        self.candidates = candidates
        self.rule = rule
        self.left_alone = left_alone
        self.against = against


def verdict(mapping: TableMapping, loner: Loner) -> Verdict:
    """Judge by the first rule with hits: ``same`` (one certain hit), ``maybe_same``, ``ambiguous``,
    ``duplicate_identity`` (several on its own side share a legal id), or ``nobody``."""
    for rule, hits in zip(mapping.match, loner.hits, strict=False):
        others = tuple(other for other in hits.others if other not in loner.never)
        if rule.silent and hits.taken:
            return Verdict("duplicate_identity", hits.taken, rule)
        if len(others) == 1 and not hits.rivals:
            return _of_one(mapping, loner, rule, others[0])
        if others:
            return Verdict("ambiguous", others, rule)
        if alone := tuple(other for other in hits.left_alone if other not in loner.never):
            return Verdict("maybe_same" if len(alone) == 1 else "ambiguous", alone, rule, left_alone=True)
        if hits.rivals and rule.silent:
            return Verdict("duplicate_identity", hits.rivals, rule)
    return Verdict("nobody")


def _of_one(mapping: TableMapping, loner: Loner, rule: MatchRule, other_id: str) -> Verdict:
    """One record shares the key: certain where the evidence holds and no other rule names somebody else."""
    if not rule.silent:
        return Verdict("maybe_same", (other_id,), rule)
    if elsewhere := _named_by_others(mapping, loner, rule, other_id):
        return Verdict("ambiguous", (other_id, *elsewhere), rule)
    other = loner.others.get(other_id)
    against = speaks_against(mapping, rule, loner.seen.values, other.values) if other else ()
    return Verdict("maybe_same" if against else "same", (other_id,), rule, against=against)


def _named_by_others(mapping: TableMapping, loner: Loner, rule: MatchRule, other_id: str) -> tuple[str, ...]:
    """Who else a rule that couples by itself would have it be."""
    found = {
        each
        for another, hits in zip(mapping.match, loner.hits, strict=False)
        if another.silent and another is not rule
        for each in hits.others
    }
    return tuple(sorted(found - loner.never - {other_id}))
