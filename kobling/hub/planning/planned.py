"""References to records that a plan is only about to create: a preview of dependent tables needs them."""

from __future__ import annotations

from typing import Any

from kobling.hub.models import PlanChunk
from kobling.hub.planning.resolver import StoredResolver
from kobling.mapping import Side
from kobling.sync.actions import Couple, Create, from_blob

PREFIX = "planned-"


class PlannedResolver(StoredResolver):
    """Answers from the database, then from the plan made so far: ``planned-left-11x2`` names a coupling to come.

    Records that are about to be coupled are named by that coupling from either side, so that they count as the same.
    """

    def __init__(self, stored: StoredResolver, run: int) -> None:
        super().__init__(stored.tables, stored.feeds, stored.mappings)
        self._run = run
        self._coming: dict[tuple[str, Side], dict[str, str]] = {}
        self._read_chunks: set[int] = set()

    def coupling(self, mapping: str, side: str, external_id: str) -> str | None:
        found = super().coupling(mapping, side, external_id)
        if found is not None:
            return found
        self._read_plan(mapping)
        return self._coming.get((mapping, Side(side)), {}).get(external_id)

    def _read_plan(self, mapping: str) -> None:
        if mapping not in self.tables:
            return
        chunks = PlanChunk.objects.filter(run_id=self._run, table_id=self.tables[mapping]).exclude(
            pk__in=self._read_chunks
        )
        for chunk in chunks:
            self._read_chunks.add(chunk.pk)
            for action in from_blob(chunk.actions.encode()):
                if isinstance(action, Create):
                    known = self._coming.setdefault((mapping, action.side.other), {})
                    known[action.source_id] = f"{PREFIX}{action.side.other.value}-{action.source_id}"
                elif isinstance(action, Couple):
                    self._coming.setdefault((mapping, Side.LEFT), {})[action.left_id] = action.coupling
                    self._coming.setdefault((mapping, Side.RIGHT), {})[action.right_id] = action.coupling


def with_real_references(value: Any, resolver: StoredResolver) -> Any:
    """Replace references to planned couplings by the couplings that came of them; those that did not come stay."""
    if isinstance(value, str):
        mapping, colon, coupling = value.partition(":")
        if not colon or not coupling.startswith(PREFIX):
            return value
        side, _, external_id = coupling.removeprefix(PREFIX).partition("-")
        real = resolver.coupling(mapping, side, external_id)
        return f"{mapping}:{real}" if real else value
    if isinstance(value, list):
        return [with_real_references(each, resolver) for each in value]
    if isinstance(value, dict):
        return {key: with_real_references(each, resolver) for key, each in value.items()}
    return value
