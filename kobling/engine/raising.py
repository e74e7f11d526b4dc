"""What becomes an issue: questions and warnings of a plan, and fields that a write went without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kobling.hub.store.issues import Raised
from kobling.mapping import Side
from kobling.sync.actions import AnyAction, RaiseConflict, Skip, Warn
from kobling.sync.doubts import GOES_WITHOUT, UNCARRIED, told_of
from kobling.sync.execute import Prepared


def lacking(written: Iterable[tuple[Prepared, tuple[str | None, str | None]]]) -> list[Raised]:
    """One for each write that had to go without a field; ``written``: with the ids of both sides, as far as known."""
    raised = []
    for each, ids in written:
        if each.lacking:
            told = told_of(each.lacking)
            details = {"side": each.action.side.value, "fields": told["fields"]}
            raised.append(Raised(UNCARRIED, *ids, None, each.action.title, GOES_WITHOUT, told["params"], details))
    return raised


def _told(each: RaiseConflict) -> dict[str, Any]:
    asks = {"asks": each.asks.value} if each.asks else {}
    return {"fields": each.fields, "candidates": each.candidates, **asks}


def questions(actions: Sequence[AnyAction]) -> list[Raised]:
    """What a plan asks or tells."""
    raised = []
    for each in actions:
        if isinstance(each, RaiseConflict):
            raised.append(
                Raised(
                    each.kind,
                    each.left_id,
                    each.right_id,
                    each.coupling,
                    each.title,
                    each.reason,
                    dict(each.params),
                    _told(each),
                )
            )
        elif isinstance(each, Warn):
            details = {"fields": dict(each.fields)}
            ids = (each.left_id, each.right_id, None)
            raised.append(Raised(each.kind, *ids, each.title, each.reason, dict(each.params), details))
        elif isinstance(each, Skip) and each.why == "waits" and each.waits_for:
            left, right = (each.external_id, None) if each.side is Side.LEFT else (None, each.external_id)
            table, waits_id = each.waits_for[0]
            raised.append(
                Raised("waits", left, right, None, each.title, each.reason, waits_table=table, waits_id=waits_id)
            )
    return raised
