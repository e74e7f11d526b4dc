"""How records that are not coupled find each other: keys of match rules, and what the hits mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Any

from kobling.mapping import MatchRule, TableMapping
from kobling.sync.states import Loner

_FOLDED = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "ue", "é": "e", "&": " og "})
_NOT_WORD = re.compile(r"[^\w]+")


def match_keys(mapping: TableMapping, values: Mapping[str, Any]) -> tuple[str | None, ...]:
    """One key per match rule, None where a value that the rule needs is empty."""
    return tuple(_key(rule, values) for rule in mapping.match)


def _key(rule: MatchRule, values: Mapping[str, Any]) -> str | None:
    parts = []
    for key in rule.keys:
        value = values.get(key)
        if value is None or value == "":
            return None
        parts.append(_spelled(rule, value))
    if not all(parts):
        return None
    return blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


def _spelled(rule: MatchRule, value: Any) -> str:
    text = str(value).strip()
    if rule.ignore_case:
        text = text.casefold()
    return text if rule.silent else _loosely(text)


def _loosely(text: str) -> str:
    return _NOT_WORD.sub(" ", text.translate(_FOLDED)).strip()


def folded(text: str) -> str:
    """A name as it is compared: no case, no punctuation, one spelling of Nordic letters."""
    return _loosely(text.strip().casefold())


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
    """What the match rules say of a lone record. ``left_alone``: the candidates are records that a person left out."""

    __slots__ = ("candidates", "kind", "left_alone", "rule")

    def __init__(
        self, kind: str, candidates: tuple[str, ...] = (), rule: MatchRule | None = None, *, left_alone: bool = False
    ) -> None:
        self.kind = kind
        self.candidates = candidates
        self.rule = rule
        self.left_alone = left_alone


def verdict(mapping: TableMapping, loner: Loner) -> Verdict:
    """Judge by the first rule with hits: ``same`` (one certain hit), ``maybe_same``, ``ambiguous``,
    ``duplicate_identity`` (several on its own side share a legal id), or ``nobody``."""
    for rule, hits in zip(mapping.match, loner.hits, strict=False):
        others = tuple(other for other in hits.others if other not in loner.never)
        if rule.silent and hits.taken:
            return Verdict("duplicate_identity", hits.taken, rule)
        if len(others) == 1 and not hits.rivals:
            return Verdict("same" if rule.silent else "maybe_same", others, rule)
        if others:
            return Verdict("ambiguous", others, rule)
        if alone := tuple(other for other in hits.left_alone if other not in loner.never):
            return Verdict("maybe_same" if len(alone) == 1 else "ambiguous", alone, rule, left_alone=True)
        if hits.rivals and rule.silent:
            return Verdict("duplicate_identity", hits.rivals, rule)
    return Verdict("nobody")
