"""Records that a system hands out for work, and takes back: only what is handed out now may be made on the other side.

A copy of one that was taken back is not worked on, since a person may have changed it there meanwhile.
"""

from __future__ import annotations

from kobling.hub.planning.gather import Batch
from kobling.hub.planning.workbench import Workbench
from kobling.mapping import Side
from kobling.records import N_
from kobling.sync.actions import RaiseConflict
from kobling.sync.states import Loner, Pairing


def split(bench: Workbench, batch: Batch, awaited: frozenset[str]) -> tuple[Batch, list[RaiseConflict]]:
    """The batch without records that were taken back before they arrived, and a question about each of these."""
    kept: list[Pairing | Loner] = []
    questions = []
    for each in batch.work:
        if isinstance(each, Loner) and each.side is Side.LEFT and each.seen.external_id not in awaited:
            if each.decision == "ignore":
                continue
            questions.append(
                RaiseConflict(
                    kind="taken_back",
                    left_id=each.seen.external_id,
                    title=str(each.seen.values.get(bench.mapping.title_key) or each.seen.external_id),
                    reason=N_("It is not handed out any more: export it again in the system it comes from."),
                )
            )
        else:
            kept.append(each)
    return Batch(kept, batch.upto, batch.rows), questions
