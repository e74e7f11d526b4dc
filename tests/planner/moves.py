"""Worlds to try the planner on, and what people do in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from kobling.mapping import (
    ConflictPolicy,
    DeletionPolicy,
    Direction,
    Evidence,
    FieldMapping,
    MatchRule,
    Side,
    TableMapping,
    end,
)
from tests.planner.twin import Twin

BASIC = TableMapping(
    name="things",
    left="a",
    right="b",
    fields=(
        FieldMapping("name", end("n"), end("N")),
        FieldMapping("cvr", end("c"), end("C"), clear=False, legal=True),
        FieldMapping("mail", end("m"), end("M")),
        FieldMapping("city", end("s"), end("S"), policy=None),
    ),
    match=(MatchRule(("cvr",), Evidence.LEGAL), MatchRule(("name",))),
)
AGREEING = MatchRule(("mail",), Evidence.AGREEING, ("city",))
KEYS = tuple(each.key for each in BASIC.fields)
_words = {
    "name": st.sampled_from(["Alfa", "Beta", "Gamma", "Delta", "Bøgh & Søn", "Boegh og Soen"]),
    "cvr": st.sampled_from([None, None, "1", "2", "3"]),
    "mail": st.sampled_from([None, "a@x", "b@x", "c@x"]),
    "city": st.sampled_from([None, "Aarhus", "Ribe", "Odense"]),
}
mappings = st.builds(
    lambda direction, conflict, deletion, leading, only, asks, agreeing: replace(
        BASIC,
        match=(BASIC.match[0], *([AGREEING] if agreeing else []), BASIC.match[1]),
        direction=direction,
        conflict=conflict,
        deletion=deletion,
        leading=leading,
        only_coupled=only,
        asks_about_new=asks,
    ),
    st.sampled_from(list(Direction)),
    st.sampled_from(list(ConflictPolicy)),
    st.sampled_from(list(DeletionPolicy)),
    st.sampled_from(list(Side)),
    st.sampled_from([False, False, False, True]),
    st.booleans(),
    st.sampled_from([False, False, True]),
)
_side = st.sampled_from(list(Side))
_key = st.sampled_from(KEYS)
_at = st.integers(0, 5)
_twins = st.tuples(st.just("twins"), _side, st.fixed_dictionaries(_words), st.fixed_dictionaries(_words), st.booleans())
_moves = st.lists(
    st.one_of(
        st.tuples(st.just("put"), _side, st.fixed_dictionaries(_words)),
        st.tuples(st.just("edit"), _side, _at, _key, st.integers(0, 5)),
        st.tuples(st.just("clear"), _side, _at, _key),
        st.tuples(st.just("hide"), _side, _at, _key),
        st.tuples(st.just("remove"), _side, _at),
        st.tuples(st.just("reuse"), _side, st.fixed_dictionaries(_words)),
        st.tuples(st.just("lock"), _side, _at),
        st.tuples(st.just("block"), _side, _at),
        st.tuples(st.just("leave"), _side, _at, _key),
        st.tuples(st.just("say"), _side, _at, st.one_of(st.none(), _at)),
        st.tuples(st.just("both"), _side, _at, _key, st.integers(0, 5), st.integers(0, 5)),
        st.tuples(st.just("orphan"), _side, _at, st.booleans()),
        st.tuples(st.just("namesake"), _side, _at, _key, st.integers(0, 5)),
        _twins,
        st.just(("sync",)),
        st.just(("sync",)),
    ),
    min_size=3,
    max_size=14,
)
steps = st.one_of(_moves, st.builds(lambda first, rest: [first, ("sync",), *rest], _twins, _moves))
"""Any moves; half of the time over two records that are coupled already, which most rules are about."""
_edited = {
    "name": ["Alfa 2", "Beta 2", "Gamma 2", "Omega", "Zeta", "Eta"],
    "cvr": ["4", "5", "6", "7", "8", "9"],
    "mail": ["d@x", "e@x", "f@x", "g@x", "h@x", "i@x"],
    "city": ["Køge", "Skive", "Vejle", "Lemvig", "Hobro", "Faxe"],
}


def _do_coupled(twin: Twin, move: tuple[Any, ...]) -> None:
    """Moves that need a coupled pair: the same field edited on both sides, or one side lost (its twin posted)."""
    kind, side, at = move[:3]
    whole = [link for link in twin.links.values() if link.left in twin.left and link.right in twin.right]
    if not whole:
        return
    link = whole[at % len(whole)]
    ids = {Side.LEFT: link.left, Side.RIGHT: link.right}
    if any(twin.sides[each][external_id].locked for each, external_id in ids.items()):
        return
    if kind == "both":
        for each, value in ((side, move[4]), (side.other, move[5])):
            twin.edit(each, ids[each], move[3], _edited[move[3]][value])
    else:
        twin.sides[side].pop(ids[side])
        twin.sides[side.other][ids[side.other]].locked = move[3]


def _say(twin: Twin, side: Side, at: int, other: int | None) -> None:
    """A person says of a lone record that it is to be made, or which one it is; nobody is promised twice."""
    mine = [each for each in sorted(twin.lone(side)) if (side, each) not in twin.said]
    promised = set(twin.said.values())
    there = [
        each
        for each in sorted(twin.lone(side.other))
        if (side.other, each) not in twin.said and f"couple:{each}" not in promised
    ]
    mine = [each for each in mine if f"couple:{each}" not in promised]
    if not mine or (other is not None and not there):
        return
    word = "create" if other is None else f"couple:{there[other % len(there)]}"
    twin.said[(side, mine[at % len(mine)])] = word


def do(twin: Twin, move: tuple[Any, ...], removed: dict[Side, list[str]]) -> None:
    kind, side = move[0], move[1]
    if kind in ("both", "orphan"):
        _do_coupled(twin, move)
        return
    if kind == "put":
        twin.put(side, move[2])
    elif kind == "twins":
        number = f"t{twin.made}"
        twin.put(side, {**move[2], "cvr": number})
        twin.put(side.other, {**move[3], "cvr": number})
        if move[4]:
            twin.put(side, {**move[3], "cvr": number})
    elif kind == "reuse" and removed[side]:
        twin.put(side, move[2], removed[side].pop())
    if kind == "say":
        _say(twin, side, move[2], move[3])
        return
    things = sorted(twin.sides[side])
    if not things or kind in ("put", "reuse", "twins"):
        return
    external_id = things[move[2] % len(things)]
    thing = twin.sides[side][external_id]
    if kind == "namesake":
        values = {key: None if key == "cvr" else value for key, value in thing.values.items()}
        twin.put(side.other, values | {move[3]: _edited[move[3]][move[4]]})
    elif kind == "lock":
        thing.locked = True
    elif kind == "block":
        thing.blocked = not thing.blocked
    elif kind == "leave":
        thing.left_out ^= {move[3]}
    elif kind == "hide":
        thing.hidden.add(move[3])
    elif thing.locked:
        return
    elif kind == "edit":
        twin.edit(side, external_id, move[3], _edited[move[3]][move[4]])
    elif kind == "clear":
        twin.edit(side, external_id, move[3], None)
    elif kind == "remove":
        twin.sides[side].pop(external_id)
        removed[side].append(external_id)
