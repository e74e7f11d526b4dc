"""What speaks for two records being the same, beside the key that they share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import Evidence, FieldMapping, MatchRule, TableMapping
from kobling.records import is_empty
from kobling.records.texts import folded
from kobling.sync.states import roundings_of

_FORMS = frozenset(
    {
        *("aps", "as", "ivs", "is", "ks", "ps", "amba", "asa", "ans", "da", "ab", "hb", "kb", "oy", "oyj"),
        *("gmbh", "ltd", "limited", "bv", "inc", "llc", "sa", "sarl", "srl"),
    }
)
"""Legal forms of companies, without signs and blanks."""


def speaks_against(
    mapping: TableMapping, rule: MatchRule, one: Mapping[str, Any], other: Mapping[str, Any]
) -> tuple[str, ...]:
    """Keys of what keeps two records with equal keys from being the same: what the rule wants to agree and does not,
    what would have to agree and is empty, and legal numbers that both carry and that differ."""
    fields = {each.key: each for each in mapping.fields}
    lines = roundings_of(one, other)
    found = [
        key for key in rule.agrees if key not in fields or not _agree(fields[key], one.get(key), other.get(key), lines)
    ]
    if rule.evidence is not Evidence.LEGAL:
        found += [each.key for each in mapping.fields if each.legal and _differ(each, one, other)]
    return tuple(dict.fromkeys(found))


def _differ(each: FieldMapping, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    mine, theirs = one.get(each.key), other.get(each.key)
    return not is_empty(mine) and not is_empty(theirs) and not each.same(mine, theirs)


def _agree(each: FieldMapping, mine: Any, theirs: Any, lines: int) -> bool:
    if is_empty(mine) or is_empty(theirs):
        return False
    if isinstance(mine, str) and isinstance(theirs, str):
        return each.same(mine, theirs) or names_agree(mine, theirs)
    return each.near(mine, theirs, lines)


def names_agree(one: str, other: str) -> bool:
    """Whether two names are one company's or thing's: the same but for case, signs and Nordic letters.

    A legal form that only one of them tells is no difference; two that differ are (Alfa ApS, Alfa A/S).
    """
    (name, form), (second, its_form) = _parted(folded(one)), _parted(folded(other))
    return bool(name) and name == second and (form == its_form or not form or not its_form)


def _parted(name: str) -> tuple[str, str]:
    """A folded name without its legal form, and the form."""
    words = name.split(" ")
    for length in (3, 2, 1):
        form = "".join(words[-length:])
        if len(words) > length and form in _FORMS:
            return " ".join(words[:-length]), form
    return name, ""
