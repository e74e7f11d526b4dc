"""References looked up in the stored couplings and the mirror."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from kobling.hub.models import Decision
from kobling.hub.store import couplings, finding, mirror
from kobling.mapping import Side, TableMapping, holds
from kobling.records import from_json


class StoredResolver:
    """Answers the codecs' questions from the database, remembering answers until ``forget``."""

    def __init__(
        self, tables: dict[str, int], feeds: dict[Side, dict[str, int]], mappings: Mapping[str, TableMapping]
    ) -> None:
        self.tables = tables
        self.feeds = feeds
        self.mappings = mappings
        self.current: Mapping[str, Any] | None = None
        self.permitted: frozenset[str] = frozenset()
        self._permits: dict[int, dict[tuple[str, str], frozenset[str]]] = {}
        self._couplings: dict[tuple[str, str, str], str | None] = {}
        self._ids: dict[tuple[str, str, str], str | None] = {}
        self._records: dict[tuple[int, str], dict[str, Any]] = {}
        self._left_out: dict[tuple[str, str, str], bool] = {}
        self._found: dict[tuple[int, str, str | int | Decimal | bool], str | None] = {}

    def forget(self) -> None:
        """Drop remembered answers, since couplings were made."""
        self._couplings.clear()
        self._ids.clear()
        self._records.clear()
        self._left_out.clear()
        self._found.clear()
        self._permits.clear()

    def permit(self, table: int, side: Side, external_id: str, words: Collection[str]) -> None:
        """Let codecs see what a person allowed for the record that is read next."""
        if table not in self._permits:
            found: dict[tuple[str, str], frozenset[str]] = {}
            for where, who, word in Decision.objects.filter(table_id=table, choice__in=words).values_list(
                "side", "external_id", "choice"
            ):
                found[where, who] = found.get((where, who), frozenset()) | {word}
            self._permits[table] = found
        self.permitted = self._permits[table].get((side.value, external_id), frozenset())

    def coupling(self, mapping: str, side: str, external_id: str) -> str | None:
        key = (mapping, side, external_id)
        if key not in self._couplings:
            table = self.tables.get(mapping)
            link = couplings.by_side(table, Side(side), [external_id]).get(external_id) if table else None
            self._couplings[key] = link.uid if link else None
        return self._couplings[key]

    def external_id(self, mapping: str, side: str, coupling: str) -> str | None:
        key = (mapping, side, coupling)
        if key not in self._ids:
            table = self.tables.get(mapping)
            link = couplings.by_uid(table, [coupling]).get(coupling) if table else None
            self._ids[key] = None if link is None else link.left_id if side == Side.LEFT else link.right_id
        return self._ids[key]

    def left_out(self, mapping: str, side: str, external_id: str) -> bool:
        where, known = Side(side), self.mappings.get(mapping)
        if known is None or not external_id:
            return True
        key = (mapping, side, external_id)
        if key not in self._left_out:
            resource = known.resource(where)
            sharing = [each for each in self.mappings.values() if each.resource(where) == resource]
            row = mirror.by_ids(self.feeds[where][resource], [external_id]).get(external_id)
            fields = from_json(row.fields) if row is not None and not row.gone else None
            taken = fields is not None and any(holds(each.filter(where), fields) for each in sharing)
            self._left_out[key] = row is not None and not taken
        return self._left_out[key]

    def title(self, mapping: str, side: str, external_id: str) -> str:
        known = self.mappings.get(mapping)
        shown = next((each for each in known.fields if each.key == known.title_key), None) if known else None
        here = shown.end(Side(side)) if shown is not None else None
        if known is None or here is None:
            return external_id
        resource = known.resource(Side(side))
        parts = [self.field(side, resource, external_id, path) for path in here.paths]
        return " ".join(str(each) for each in parts if each) or external_id

    def field(self, side: str, resource: str, external_id: str, path: str) -> Any:
        feed = self.feeds[Side(side)].get(resource)
        if feed is None:
            return None
        key = (feed, external_id)
        if key not in self._records:
            row = mirror.by_ids(feed, [external_id]).get(external_id)
            self._records[key] = from_json(row.fields) if row else {}
        return self._records[key].get(path)

    def find(self, side: str, resource: str, path: str, value: Any) -> str | None:
        """The first mirrored record whose field holds the value, by an index; remembered until ``forget``."""
        feed = self.feeds[Side(side)].get(resource)
        if feed is None or not isinstance(value, str | int | Decimal | bool):
            return None
        key = (feed, path, value)
        if key not in self._found:
            self._found[key] = finding.find(feed, path, value)
        return self._found[key]
