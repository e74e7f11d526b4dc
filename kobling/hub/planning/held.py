"""Records held back for a value that fits no rule: looked at again each run, since what was missing may have come."""

from __future__ import annotations

from kobling.hub.models import SyncIssue
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import mirror
from kobling.mapping import Side

KIND = "bad_value"
_AT_ONCE = 500


def look_again(bench: Workbench) -> None:
    """Let this run plan what was held back, as if it had moved; a product may have been made, an option chosen."""
    held = SyncIssue.objects.filter(table_id=bench.table, kind=KIND, state="open")
    for side, rows in ((Side.LEFT, held.exclude(left_id=None)), (Side.RIGHT, held.filter(left_id=None))):
        ids = list(rows.order_by("pk").values_list(f"{side.value}_id", flat=True))
        for at in range(0, len(ids), _AT_ONCE):
            mirror.touch(bench.feeds[side], ids[at : at + _AT_ONCE])
