"""Values that people must look at: held back until what was missing has come, or told until somebody accepts them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kobling.hub.models import Decision, SyncIssue
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import couplings, mirror
from kobling.mapping import Side
from kobling.sync.actions import Warn

KIND = "bad_value"
_AT_ONCE = 500


def look_again(bench: Workbench) -> None:
    """Let this run plan what was held back, as if it had moved; a product may have been made, an option chosen."""
    _look_at_met(bench)
    held = SyncIssue.objects.filter(table_id=bench.table, kind=KIND, state="open")
    for side, rows in ((Side.LEFT, held.exclude(left_id=None)), (Side.RIGHT, held.filter(left_id=None))):
        ids = list(rows.order_by("pk").values_list(f"{side.value}_id", flat=True))
        for at in range(0, len(ids), _AT_ONCE):
            mirror.touch(bench.feeds[side], ids[at : at + _AT_ONCE])


def _look_at_met(bench: Workbench) -> None:
    """Records that wait for one which is coupled by now: what they need of it may have come later than the coupling."""
    tables = bench.resolver.tables
    waiting = SyncIssue.objects.filter(table_id=bench.table, kind="waits", state="open").order_by("pk")
    rows = list(waiting.values_list("left_id", "right_id", "waits_table", "waits_id"))
    for at in range(0, len(rows), _AT_ONCE):
        part = rows[at : at + _AT_ONCE]
        met: set[tuple[str | None, str | None]] = set()
        for name in {each[2] for each in part if each[2] in tables}:
            ids = [each[3] for each in part if each[2] == name and each[3]]
            met |= {(name, one) for side in Side for one in couplings.coupled_in([tables[str(name)]], side, ids)}
        for side in Side:
            ids = [one for *both, name, awaited in part if (one := both[side is Side.RIGHT]) and (name, awaited) in met]
            mirror.touch(bench.feeds[side], ids)


def not_accepted(bench: Workbench, told: Iterable[Warn]) -> list[Warn]:
    """Warnings without those about values that a person accepted as they are."""
    kept = list(told)
    if not kept:
        return kept
    said = Decision.objects.filter(table_id=bench.table, choice="accept")
    accepted = set(said.values_list("external_id", "other_id"))
    return [
        each
        for each in kept
        if not {(each.left_id, value_of(each.params)), (each.right_id, value_of(each.params))} & accepted
    ]


def value_of(params: Mapping[str, str]) -> str:
    """What a warning is about, as a person's word on it remembers it."""
    return str(params.get("number") or params.get("values") or "")[:128]
