"""How commands show what is left out of a file: counted by its reasons, then one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from kobling.cli import output
from kobling.cli.output import translated
from kobling.hub.exports.wishes import BY_CHOICE
from kobling.hub.planning import leaving
from kobling.hub.told.files import LeftTold
from kobling.records import N_, NP_

_WORDS = (leaving.BY_CHOICE, leaving.DONE_BEFORE)
_SHOWN = 20
"""So many of each kind of reason that people chose; ``--json`` has more."""


def counted(left_out: Mapping[str, int]) -> None:
    """How many of each kind."""
    number = sum(left_out.values())
    kinds = ", ".join(f"{output.shown(kind)}: {count}" for kind, count in left_out.items())
    said = NP_("Left out: %(number)s document (%(kinds)s).", "Left out: %(number)s documents (%(kinds)s).")
    output.say(said, {"number": number, "kinds": kinds}, "yellow")


def by_filters(rows: Iterable[tuple[str, str, str, int]]) -> None:
    """Records that no filter takes: (table, side, reason, how many); nothing where there are none."""
    shown = [(table, output.shown(side), _reason(reason), number) for table, side, reason, number in rows]
    if shown:
        names = ("Table", "Side", "Why", "Records")
        output.table(translated("Left out"), tuple(translated(each) for each in names), shown)


def _reason(reason: str) -> str:
    """A field and its value stand as they are."""
    return output.shown(reason) if reason in _WORDS else reason


def listed(left: Sequence[LeftTold], left_out: Mapping[str, int]) -> None:
    """Each with who, amount and why; of what people chose so the first ones, and how many more there are."""
    shown, rows = Counter[str](), []
    for each in left:
        if each.kind not in BY_CHOICE or shown[each.kind] < _SHOWN:
            shown[each.kind] += 1
            number = each.number or each.source_id
            rows.append((number, each.who, each.amount, each.currency, output.in_words(each.reason)))
    names: tuple[str, ...] = ("Number", "Customer", "Amount", "Currency", "Why")
    output.table("", tuple(translated(each) for each in names), rows)
    for kind, count in left_out.items():
        if more := count - shown[kind]:
            output.say(N_("… and %(number)s more: %(kind)s."), {"number": more, "kind": output.shown(kind)})
