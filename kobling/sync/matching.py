"""How records that are not coupled find each other: keys of match rules, and what the hits mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
    if not rule.silent:
        text = _NOT_WORD.sub(" ", text.translate(_FOLDED)).strip()
    return text


class Verdict:
    """What the match rules say of a lone record."""

    __slots__ = ("candidates", "kind", "rule")

    def __init__(self, kind: str, candidates: tuple[str, ...] = (), rule: MatchRule | None = None) -> None:
        self.kind = kind
        self.candidates = candidates
        self.rule = rule


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
        if hits.rivals and rule.silent:
            return Verdict("duplicate_identity", hits.rivals, rule)
    return Verdict("nobody")
