"""What must hold of any sync, said once more in other words than the planner's."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from typing import Any

from kobling.mapping import ConflictPolicy, DeletionPolicy, FieldMapping, Side, TableMapping
from kobling.sync.actions import Create, Delete, Uncouple, Update
from tests.planner.moves import AGREEING, do
from tests.planner.twin import Link, Plan, Thing, Twin

MISSING = object()


def play(mapping: TableMapping, moves: list[Any], plan: Plan) -> None:
    """Play moves and hold every sync against the rules. Raises AssertionError where one is broken."""
    twin = Twin(mapping)
    removed: dict[Side, list[str]] = {Side.LEFT: [], Side.RIGHT: []}
    for move in [*moves, ("sync",), ("sync",)]:
        if move[0] == "sync":
            checked_sync(twin, plan)
        else:
            do(twin, move, removed)
    before = len(twin.done)
    checked_sync(twin, plan)
    sent = [each for each in twin.done if isinstance(each, Create | Update | Delete | Uncouple)]
    assert not sent, f"a sync without edits sends something: {sent} after {before}"


def checked_sync(twin: Twin, plan: Plan) -> None:
    """One sync, held against the rules."""
    before = copy.deepcopy(twin)
    twin.sync(plan)
    for rule in RULES:
        problems = list(rule(before, twin))
        assert not problems, f"{rule.__name__}: {problems}"


def fields_merge(before: Twin, after: Twin) -> Iterator[str]:
    """Of a coupled pair, each field ends as the three-way rules say, and nothing else moves."""
    nothing: dict[Side, dict[str, Any]] = {Side.LEFT: {}, Side.RIGHT: {}}
    fresh = {uid: Link(each.left, each.right, nothing) for uid, each in after.links.items() if uid not in before.links}
    for uid, link in {**before.links, **fresh}.items():
        left = before.sides[Side.LEFT].get(link.left)
        right = before.sides[Side.RIGHT].get(link.right)
        if left is None or right is None:
            continue
        for each in before.mapping.fields:
            wanted = _merged(before, each, left, right, link.base)
            now = (
                after.sides[Side.LEFT][link.left].values.get(each.key),
                after.sides[Side.RIGHT][link.right].values.get(each.key),
            )
            if wanted is not None and now != wanted:
                yield f"{uid} {each.key}: {now}, not {wanted}"
            asked = any(one.coupling == uid and each.key in one.fields for one in after.asked if one.kind == "conflict")
            if asked != (wanted is None):
                yield f"{uid} {each.key}: asked {asked}"


def _merged(
    twin: Twin, each: FieldMapping, left: Thing, right: Thing, base: dict[Side, dict[str, Any]]
) -> tuple[Any, Any] | None:
    """The values both sides should have; None where a person must be asked."""
    here, there = left.values.get(each.key), right.values.get(each.key)
    if each.key in left.left_out | right.left_out:
        return here, there
    if each.key in left.hidden or each.key in right.hidden:
        return _with_hidden(twin, each, left, right, base)
    base_left, base_right = base[Side.LEFT].get(each.key, MISSING), base[Side.RIGHT].get(each.key, MISSING)
    left_moved, right_moved = not each.same(here, base_left), not each.same(there, base_right)
    if here == there or not (left_moved or right_moved):
        return here, there
    to_right, to_left = (twin.mapping.direction.allows(side) for side in (Side.RIGHT, Side.LEFT))
    if base_left is MISSING and base_right is MISSING:
        winner = _first_time(twin, here, there, to_right, to_left)
    elif left_moved and right_moved:
        winner = Side.LEFT if not to_left else Side.RIGHT if not to_right else _by_policy(twin, left, right)
        if winner is None:
            return None
    else:
        winner = Side.LEFT if left_moved else Side.RIGHT
    return _carried(each, winner, here, there, to_right, to_left, left, right)


def _carried(
    each: FieldMapping, winner: Side, here: Any, there: Any, to_right: bool, to_left: bool, left: Thing, right: Thing
) -> tuple[Any, Any]:
    value = here if winner is Side.LEFT else there
    allowed = to_right if winner is Side.LEFT else to_left
    target = right if winner is Side.LEFT else left
    if not allowed or (value is None and not each.clear) or target.locked:
        return here, there
    return value, value


def _first_time(twin: Twin, here: Any, there: Any, to_right: bool, to_left: bool) -> Side:
    if not to_left:
        return Side.LEFT
    if not to_right:
        return Side.RIGHT
    if here is None or there is None:
        return Side.RIGHT if here is None else Side.LEFT
    return twin.mapping.leading


def _by_policy(twin: Twin, left: Thing, right: Thing) -> Side | None:
    policy = twin.mapping.conflict
    if policy is ConflictPolicy.NEWEST:
        return None if left.at == right.at else Side.LEFT if left.at > right.at else Side.RIGHT
    return None if policy is ConflictPolicy.ASK else Side(policy.value)


def _with_hidden(
    twin: Twin, each: FieldMapping, left: Thing, right: Thing, base: dict[Side, dict[str, Any]]
) -> tuple[Any, Any]:
    """A field that a side does not send clears nothing and wins nothing; the other side's change may still go there."""
    here, there = left.values.get(each.key), right.values.get(each.key)
    if each.key in left.hidden and each.key in right.hidden:
        return here, there
    source = Side.RIGHT if each.key in left.hidden else Side.LEFT
    value = there if source is Side.RIGHT else here
    moved = value != base[source].get(each.key, MISSING)
    target = left if source is Side.RIGHT else right
    if (
        not moved
        or not twin.mapping.direction.allows(source.other)
        or target.locked
        or (value is None and not each.clear)
    ):
        return here, there
    return (value, there) if source is Side.RIGHT else (here, value)


def deletions_obey(before: Twin, after: Twin) -> Iterator[str]:
    """What vanished on one side is restored, uncoupled, deleted or asked about, as the policy says."""
    for uid, link in before.links.items():
        there = [side for side in Side if (link.left if side is Side.LEFT else link.right) in before.sides[side]]
        if len(there) != 1:
            if not there and uid in after.links:
                yield f"{uid}: both are gone and still coupled"
            continue
        side = there[0]
        survivor_id = link.left if side is Side.LEFT else link.right
        survivor = before.sides[side][survivor_id]
        moved = any(
            key not in survivor.hidden | survivor.left_out
            and survivor.values.get(key) != link.base[side].get(key, MISSING)
            for key in survivor.values
        )
        asked = any(one.coupling == uid for one in after.asked)
        exists = survivor_id in after.sides[side]
        policy, allows = before.mapping.deletion, before.mapping.direction.allows
        if policy is DeletionPolicy.UNCOUPLE:
            good = uid not in after.links and exists and not asked
        elif policy is DeletionPolicy.RESTORE and allows(side.other):
            restored = after.links.get(uid) != link
            good = exists and uid in after.links and not asked and restored is not survivor.blocked
        elif policy is DeletionPolicy.DELETE and allows(side) and not moved and not survivor.locked:
            good = not exists and uid not in after.links
        else:
            good = asked and exists and uid in after.links
        if not good:
            yield f"{uid}: {policy} is not obeyed (moved {moved}, asked {asked}, exists {exists})"


def directions_hold(before: Twin, after: Twin) -> Iterator[str]:
    """A one-way mapping writes nothing to its source."""
    for action in after.done:
        if isinstance(action, Create | Update | Delete) and not before.mapping.direction.allows(action.side):
            yield f"writes to the {action.side} side"


def new_ones_arrive(before: Twin, after: Twin) -> Iterator[str]:
    """A lone record that resembles nobody is made on the other side with all its values."""
    for side in Side:
        if not before.mapping.may_create(side.other) or before.mapping.only_coupled:
            continue
        for external_id in before.lone(side):
            thing = before.sides[side][external_id]
            if thing.blocked or _resembles_somebody(before, side, external_id) or before.word(side, external_id):
                continue
            link = after.link_of(side, external_id)
            if link is None:
                yield f"{external_id} did not arrive"
                continue
            made = after.sides[side.other][link.right if side is Side.LEFT else link.left]
            for key, value in thing.sent().items():
                if made.values.get(key) != value:
                    yield f"{external_id} arrived with {key}={made.values.get(key)}, not {value}"


def hand_made_ones_are_asked_about(before: Twin, after: Twin) -> Iterator[str]:
    """Where one side is the master, a new record of the other side is a question; elsewhere it is none."""
    for side in Side:
        asks = before.mapping.asks_about_new and not before.mapping.may_create(side.other)
        for external_id in before.lone(side):
            if before.word(side, external_id) or _resembles_somebody(before, side, external_id):
                continue
            told = [a for a in after.asked if a.kind == "made_elsewhere" and external_id in (a.left_id, a.right_id)]
            wanted = asks and not before.sides[side][external_id].blocked and not before.mapping.only_coupled
            if bool(told) != wanted:
                yield f"{external_id}: asked {bool(told)}, not {wanted}"


def those_left_alone_keep_their_name(before: Twin, after: Twin) -> Iterator[str]:
    """A record of the same name as one that was left alone is asked about, never made beside it."""
    for side in Side:
        alone = {
            before.sides[where][each].sent().get("name")
            for where, each in before.left_alone
            if where is not side and each in before.sides[where]
        }
        names = {_folded(each) for each in alone if each}
        for external_id in before.lone(side):
            name = _folded(before.sides[side][external_id].sent().get("name"))
            link = after.link_of(side, external_id)
            if not name or name not in names or link is None or before.word(side, external_id):
                continue
            made = link.right if side is Side.LEFT else link.left
            if made not in before.sides[side.other]:
                yield f"{external_id} was made though {name} was left alone there"


def _resembles_somebody(twin: Twin, side: Side, external_id: str) -> bool:
    me = twin.sides[side][external_id].sent()
    for where in Side:
        for other in twin.sides[where]:
            if (where, other) == (side, external_id):
                continue
            them = twin.sides[where][other].sent()
            if me.get("cvr") and me.get("cvr") == them.get("cvr"):
                return True
            if AGREEING in twin.mapping.match and me.get("mail") and me.get("mail") == them.get("mail"):
                return True
            if where is not side and _folded(me.get("name")) == _folded(them.get("name")):
                return True
    return False


def _folded(name: Any) -> str:
    text = str(name or "").casefold()
    return " ".join(text.replace("ø", "oe").replace("&", " og ").split())


def identities_stay_one(before: Twin, after: Twin) -> Iterator[str]:
    """No sync makes a second record of an identity number, and none couples records without proof."""
    for side in Side:
        was = Counter(each.sent().get("cvr") for each in before.sides[side].values())
        now = Counter(each.sent().get("cvr") for each in after.sides[side].values())
        for cvr, number in now.items():
            created = [a for a in after.done if isinstance(a, Create) and a.side is side and a.values.get("cvr") == cvr]
            wished = any(a.restores or (side.other, a.source_id) in before.said for a in created)
            if cvr and number > 1 and number > was[cvr] and created and not wished:
                yield f"identity {cvr} exists {number} times on the {side} side"
    for uid, link in after.links.items():
        if (
            uid in before.links
            or link.left not in before.sides[Side.LEFT]
            or link.right not in before.sides[Side.RIGHT]
            or _said_of(before, link)
        ):
            continue
        left = before.sides[Side.LEFT][link.left].sent()
        right = before.sides[Side.RIGHT][link.right].sent()
        if not _proven(before, left, right):
            yield f"coupled without proof: {left} {right}"


def _proven(twin: Twin, left: dict[str, Any], right: dict[str, Any]) -> bool:
    """One number of an authority, or one address and one town where no such number says otherwise."""
    if left.get("cvr") and right.get("cvr"):
        return bool(left["cvr"] == right["cvr"])
    alike = all(left.get(key) and left.get(key) == right.get(key) for key in ("mail", "city"))
    return AGREEING in twin.mapping.match and alike


def _said_of(twin: Twin, link: Link) -> bool:
    """Whether a person named this pair."""
    return (
        twin.said.get((Side.LEFT, link.left)) == f"couple:{link.right}"
        or twin.said.get((Side.RIGHT, link.right)) == f"couple:{link.left}"
    )


def nothing_is_taken_up_unasked(before: Twin, after: Twin) -> Iterator[str]:
    """What the filter leaves out, and all where only coupled records count, waits for a person's word."""
    for uid, link in after.links.items():
        if uid in before.links or _said_of(before, link):
            continue
        for side, external_id in ((Side.LEFT, link.left), (Side.RIGHT, link.right)):
            thing = before.sides[side].get(external_id)
            if thing is None:
                continue
            if thing.blocked:
                yield f"{external_id} is left out and was coupled"
            if before.mapping.only_coupled and before.said.get((side, external_id)) != "create":
                yield f"{external_id} was taken up though only coupled ones count"


def a_persons_word_counts(before: Twin, after: Twin) -> Iterator[str]:
    """What a person named is coupled with what was named, what was to be made is made."""
    for (side, external_id), word in before.said.items():
        thing = before.sides[side].get(external_id)
        if thing is None or thing.blocked or before.link_of(side, external_id) is not None:
            continue
        if (side, external_id) in before.left_alone:
            continue
        link = after.link_of(side, external_id)
        if word == "create":
            if before.mapping.may_create(side.other) and link is None:
                yield f"{external_id} was to be made"
        elif word.removeprefix("couple:") in before.lone(side.other):
            other = (link.right if side is Side.LEFT else link.left) if link else None
            if other != word.removeprefix("couple:"):
                yield f"{external_id} was to be coupled: {word}, is {other}"


def locked_stay(before: Twin, after: Twin) -> Iterator[str]:
    """What is posted is neither changed nor deleted."""
    for side in Side:
        for external_id, thing in before.sides[side].items():
            if thing.locked:
                now = after.sides[side].get(external_id)
                if now is None or now.values != thing.values:
                    yield f"the posted {external_id} was touched"


def agreement_is_remembered(before: Twin, after: Twin) -> Iterator[str]:
    """What both sides hold alike is the base of the next merge."""
    for uid, link in after.links.items():
        left = after.sides[Side.LEFT].get(link.left)
        right = after.sides[Side.RIGHT].get(link.right)
        if left is None or right is None or uid not in before.links:
            continue
        for key in left.sent().keys() & right.sent().keys():
            value = left.values[key]
            if value == right.values[key]:
                for side in Side:
                    if link.base[side].get(key, MISSING) != value:
                        yield f"{uid} {key}: both hold {value}, the base of the {side} side does not"


RULES = (
    fields_merge,
    deletions_obey,
    directions_hold,
    new_ones_arrive,
    hand_made_ones_are_asked_about,
    those_left_alone_keep_their_name,
    identities_stay_one,
    nothing_is_taken_up_unasked,
    a_persons_word_counts,
    locked_stay,
    agreement_is_remembered,
)
