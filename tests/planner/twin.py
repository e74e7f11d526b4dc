"""Two systems as plain dictionaries, with the planner between them: no database, no vendor, no time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from kobling.mapping import Side, TableMapping
from kobling.sync.actions import (
    Agree,
    AnyAction,
    Couple,
    Create,
    Delete,
    RaiseConflict,
    Skip,
    Uncouple,
    Update,
)
from kobling.sync.matching import match_keys
from kobling.sync.states import Hits, Loner, Pairing, Seen, coupling_id

Plan = Callable[[TableMapping, Iterable[Pairing | Loner]], Iterable[AnyAction]]
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Thing:
    """A record of one side; ``hidden`` keys are not sent by the vendor, ``left_out`` ones cannot be carried now.

    ``blocked``: the mapping's filter leaves it out, though it keeps its name.
    """

    values: dict[str, Any]
    at: int
    locked: bool = False
    hidden: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)
    blocked: bool = False

    def sent(self) -> dict[str, Any]:
        return {key: value for key, value in self.values.items() if key not in self.hidden | self.left_out}


@dataclass
class Link:
    """A coupling with its bases."""

    left: str
    right: str
    base: dict[Side, dict[str, Any]]


@dataclass
class Twin:
    """Both sides, their couplings, and what the last sync asked of people."""

    mapping: TableMapping
    sides: dict[Side, dict[str, Thing]] = field(default_factory=lambda: {Side.LEFT: {}, Side.RIGHT: {}})
    links: dict[str, Link] = field(default_factory=dict)
    left_alone: set[tuple[Side, str]] = field(default_factory=set)
    said: dict[tuple[Side, str], str] = field(default_factory=dict)
    asked: list[RaiseConflict] = field(default_factory=list)
    done: list[AnyAction] = field(default_factory=list)
    proofs: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    ticks: int = 0
    made: int = 0

    @property
    def left(self) -> dict[str, Thing]:
        return self.sides[Side.LEFT]

    @property
    def right(self) -> dict[str, Thing]:
        return self.sides[Side.RIGHT]

    def put(self, side: Side, values: dict[str, Any], external_id: str | None = None) -> str:
        self.ticks += 1
        self.made += 1
        external_id = external_id or f"{side.value[0]}{self.made}"
        self.sides[side][external_id] = Thing(dict(values), self.ticks)
        return external_id

    def edit(self, side: Side, external_id: str, key: str, value: Any) -> None:
        self.ticks += 1
        thing = self.sides[side][external_id]
        thing.values[key] = value
        thing.at = self.ticks

    def sync(self, plan: Plan) -> None:
        """One run: coupled records, then the lone ones of the leading side, then those of the other."""
        self.asked, self.done, self.proofs, self.dropped = [], [], {}, set()
        self._apply(list(plan(self.mapping, [self._pairing(uid) for uid in sorted(self.links)])))
        for side in (self.mapping.leading, self.mapping.leading.other):
            self._apply(list(plan(self.mapping, self._loners(side))))

    def link_of(self, side: Side, external_id: str) -> Link | None:
        for link in self.links.values():
            if (link.left if side is Side.LEFT else link.right) == external_id:
                return link
        return None

    def seen(self, side: Side, external_id: str) -> Seen | None:
        thing = self.sides[side].get(external_id)
        if thing is None:
            return None
        moment = EPOCH + timedelta(seconds=thing.at)
        return Seen(
            external_id,
            thing.sent(),
            str(thing.at),
            moment,
            locked=thing.locked,
            in_scope=not thing.blocked,
            left_out=frozenset(thing.left_out),
        )

    def _pairing(self, uid: str) -> Pairing:
        link = self.links[uid]
        return Pairing(
            uid,
            link.left,
            link.right,
            link.base[Side.LEFT],
            link.base[Side.RIGHT],
            self.seen(Side.LEFT, link.left),
            self.seen(Side.RIGHT, link.right),
        )

    def lone(self, side: Side) -> list[str]:
        return [
            each
            for each in self.sides[side]
            if self.link_of(side, each) is None and (side, each) not in self.left_alone
        ]

    def _loners(self, side: Side) -> list[Loner]:
        mine = {each: self.seen(side, each) for each in self.lone(side)}
        others = {each: self.seen(side.other, each) for each in self.lone(side.other)}
        keys = {each: match_keys(self.mapping, seen.values) for each, seen in mine.items() if seen}
        other_keys = {each: match_keys(self.mapping, seen.values) for each, seen in others.items() if seen}
        taken = self._taken()
        found = []
        for each, seen in mine.items():
            assert seen is not None
            hits = []
            for rule, key in enumerate(keys[each]):
                same = tuple(other for other, theirs in other_keys.items() if key is not None and theirs[rule] == key)
                rivals = tuple(o for o, theirs in keys.items() if o != each and key is not None and theirs[rule] == key)
                takers = tuple(o for o, theirs in taken if key is not None and theirs[rule] == key)
                promised = tuple(other for other in same if self._promised(side, each, other))
                if self.mapping.match[rule].silent:
                    hits.append(Hits(tuple(o for o in same if o not in promised), rivals, takers + promised))
                else:
                    alone = tuple(o for o, theirs in self._alone(side.other) if key is not None and theirs[rule] == key)
                    hits.append(Hits(same, rivals, left_alone=alone))
            there = {o: s for o, s in others.items() if s}
            found.append(Loner(side, seen, tuple(hits), there, decision=self.word(side, each)))
        return found

    def _alone(self, where: Side) -> list[tuple[str, tuple[str | None, ...]]]:
        """Match keys of records of a side that were left alone."""
        told = ((each, self.seen(side, each)) for side, each in sorted(self.left_alone) if side is where)
        return [(each, match_keys(self.mapping, seen.values)) for each, seen in told if seen is not None]

    def _promised(self, side: Side, external_id: str, other: str) -> bool:
        """Whether a person gave the other record to somebody else."""
        takers = {mine for (where, mine), word in self.said.items() if where is side and word == f"couple:{other}"}
        own = self.said.get((side.other, other), "")
        takers |= {own.removeprefix("couple:")} if own.startswith("couple:") else set()
        return bool(takers) and external_id not in takers

    def word(self, side: Side, external_id: str) -> str | None:
        """What a person said of a record, or of a record of the other side that it is to be coupled with."""
        told = [
            other for (where, other), word in self.said.items() if where is not side and word == f"couple:{external_id}"
        ]
        return self.said.get((side, external_id)) or (f"couple:{told[0]}" if told else None)

    def _taken(self) -> list[tuple[str, tuple[str | None, ...]]]:
        """Match keys of records that hold their identity: coupled ones and those left alone."""
        found = []
        for side, external_id in sorted(self.left_alone):
            seen = self.seen(side, external_id)
            if seen is not None:
                found.append((external_id, match_keys(self.mapping, seen.values)))
        for link in self.links.values():
            for side, external_id in ((Side.LEFT, link.left), (Side.RIGHT, link.right)):
                seen = self.seen(side, external_id)
                if seen is not None:
                    found.append((external_id, match_keys(self.mapping, seen.values)))
        return found

    def _apply(self, actions: list[AnyAction]) -> None:
        for action in actions:
            if getattr(action, "coupling", None) in self.dropped:
                continue
            self.done.append(action)
            if isinstance(action, RaiseConflict):
                self.asked.append(action)
            elif isinstance(action, Create):
                self._create(action)
            elif isinstance(action, Update):
                self._update(action)
            elif isinstance(action, Delete):
                self.sides[action.side].pop(action.external_id)
                self.links.pop(action.coupling)
            elif isinstance(action, Couple):
                self._couple(action)
            elif isinstance(action, Agree):
                for side in Side:
                    self.links[action.coupling].base[side].update(action.base)
            elif isinstance(action, Uncouple):
                self.links.pop(action.coupling)
                self.left_alone |= {(Side.LEFT, action.left_id), (Side.RIGHT, action.right_id)}
            else:
                assert isinstance(action, Skip)

    def _create(self, action: Create) -> None:
        made = self.put(action.side, {key: value for key, value in action.values.items() if value is not None})
        for each in self.mapping.fields:
            if each.end(action.side) is not None:
                self.sides[action.side][made].values.setdefault(each.key, None)
        left, right = (action.source_id, made) if action.side is Side.RIGHT else (made, action.source_id)
        uid = action.restores or coupling_id(self.mapping.name, left, right)
        self.links[uid] = Link(left, right, {side: dict(action.values) for side in Side})

    def _update(self, action: Update) -> None:
        link = self.links[action.coupling]
        for key, (_, value) in action.changes.items():
            self.edit(action.side, action.external_id, key, value)
            for side in Side:
                link.base[side][key] = value
        for side in Side:
            link.base[side].update(action.agree)

    def _couple(self, action: Couple) -> None:
        """Two rules may want one record: the first has it, as ``once`` would have it."""
        keys = action.params.get("keys", "")
        for taken in (self.link_of(Side.LEFT, action.left_id), self.link_of(Side.RIGHT, action.right_id)):
            if taken is not None:
                proof = self.proofs.get(f"{taken.left} {taken.right}", keys)
                assert proof != keys, "a record was coupled twice"
                self.dropped.add(action.coupling)
                return
        self.proofs[f"{action.left_id} {action.right_id}"] = keys
        self.links[action.coupling] = Link(action.left_id, action.right_id, {side: dict(action.base) for side in Side})
