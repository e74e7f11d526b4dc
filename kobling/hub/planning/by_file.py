"""A document goes one way: over the API of a pair, or in a file. Here each way asks about the other."""

from __future__ import annotations

from collections.abc import Collection

from kobling.hub.models import Connection, Coupling, Pair, WriteIntent
from kobling.hub.models.exports import ACCEPTED, EXPORTED, ExportedDocument
from kobling.hub.planning.gather import Batch
from kobling.hub.planning.workbench import Workbench
from kobling.mapping import Side
from kobling.records import N_
from kobling.sync.actions import Skip
from kobling.sync.states import Loner, Pairing

IN_A_FILE = (EXPORTED, ACCEPTED)
_AT_ONCE = 500


def exported(connection: int, resource: str, external_ids: Collection[str]) -> dict[str, int]:
    """Which of these records are in a file that counts, with its number."""
    found: dict[str, int] = {}
    ids = sorted(external_ids)
    for at in range(0, len(ids), _AT_ONCE):
        rows = ExportedDocument.objects.filter(
            connection=connection, resource=resource, state__in=IN_A_FILE, source_id__in=ids[at : at + _AT_ONCE]
        )
        found |= dict(rows.order_by("export_id").values_list("source_id", "export_id"))
    return found


def split(bench: Workbench, pair: Pair, batch: Batch) -> tuple[Batch, list[Skip]]:
    """The batch without records of the left side that went in a file; they are told as skipped."""
    alone = [each.seen.external_id for each in batch.work if isinstance(each, Loner) and each.side is Side.LEFT]
    found = exported(pair.left_id, bench.mapping.resource(Side.LEFT), alone) if alone else {}
    if not found:
        return batch, []
    kept: list[Pairing | Loner] = []
    skipped = []
    for each in batch.work:
        if isinstance(each, Loner) and each.side is Side.LEFT and each.seen.external_id in found:
            skipped.append(
                Skip(
                    side=Side.LEFT,
                    external_id=each.seen.external_id,
                    why="in_a_file",
                    title=str(each.seen.values.get(bench.mapping.title_key) or each.seen.external_id),
                    reason=N_("It is in file %(file)s; withdraw that file to send it this way."),
                    params={"file": str(found[each.seen.external_id])},
                )
            )
        else:
            kept.append(each)
    return Batch(kept, batch.upto, batch.rows), skipped


def sent(connection: Connection, resource: str, external_ids: Collection[str], tables: Collection[int]) -> set[str]:
    """Which of these records a pair has sent, or is sending: coupled, or in the journal without a last word."""
    found: set[str] = set()
    ids = sorted(external_ids)
    for at in range(0, len(ids), _AT_ONCE):
        part = ids[at : at + _AT_ONCE]
        coupled = Coupling.objects.filter(table__in=tables, left_id__in=part)
        found |= set(coupled.values_list("left_id", flat=True))
        unsure = WriteIntent.objects.filter(table__in=tables, source_id__in=part, state__in=["open", "unknown"])
        found |= set(unsure.values_list("source_id", flat=True))
    return found
