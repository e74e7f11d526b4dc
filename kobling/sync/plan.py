"""The planner: from two observed states and the last agreed one to named actions. Pure; nothing else decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kobling.mapping import DeletionPolicy, Side, TableMapping
from kobling.records import N_, exact
from kobling.records.arithmetic import leeway
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
from kobling.sync.matching import Verdict, verdict
from kobling.sync.merge import Merge, merge, moved_since_base
from kobling.sync.scope import done_there, has_left, known_outside, out_of_reach, plan_left
from kobling.sync.states import Loner, Pairing, Seen, coupling_id, roundings_of


def plan(mapping: TableMapping, work: Iterable[Pairing | Loner]) -> Iterator[AnyAction]:
    """Say what is to be done with every record under work, in the order given."""
    for each in work:
        if isinstance(each, Pairing):
            yield from plan_pairing(mapping, each)
        else:
            yield from plan_loner(mapping, each)


def plan_pairing(mapping: TableMapping, pairing: Pairing) -> Iterator[AnyAction]:
    """Decide about a coupled pair: merge it, or settle what vanished."""
    if pairing.busy:
        yield Skip(side=Side.LEFT, external_id=pairing.left_id, why="unknown_outcome", title=_title(mapping, pairing))
    elif pairing.left is None and pairing.right is None:
        yield Uncouple(
            coupling=pairing.coupling,
            left_id=pairing.left_id,
            right_id=pairing.right_id,
            reason=N_("Both records are gone."),
        )
    elif pairing.left is None or pairing.right is None:
        yield from _plan_vanished(mapping, pairing, Side.LEFT if pairing.left is None else Side.RIGHT)
    elif has_left(pairing):
        yield from plan_left(mapping, pairing, _title(mapping, pairing))
    else:
        yield from _plan_merge(mapping, pairing, merge(mapping, pairing))


def _plan_merge(mapping: TableMapping, pairing: Pairing, result: Merge) -> Iterator[AnyAction]:
    title = _title(mapping, pairing)
    _balance(mapping, pairing, result)
    agree = result.agreed
    for target in (Side.RIGHT, Side.LEFT):
        changes = result.towards(target)
        if not changes:
            continue
        seen = pairing.seen(target)
        yield Update(
            side=target,
            coupling=pairing.coupling,
            external_id=pairing.id_of(target),
            other_id=pairing.id_of(target.other),
            changes=changes,
            agree=agree,
            version=seen.version if seen else None,
            overwrites={key: value for key, value in result.overwritten.items() if key in changes},
            title=title,
            reason=_why(pairing, result, changes),
        )
        agree = {}
    if agree:
        yield Agree(coupling=pairing.coupling, base=agree, title=title, reason=N_("Both sides have the same values."))
    yield from _plan_questions(pairing, result, title)
    yield from _plan_waits(pairing, title)


def _balance(mapping: TableMapping, pairing: Pairing, result: Merge) -> None:
    """Turn a rounding difference within the limit into an adjustment, unless lines are about to change anyway."""
    rule = mapping.balance if mapping.balance and mapping.direction.allows(mapping.balance.side) else None
    proof = result.proofs.get(rule.total) if rule else None
    if rule is None or proof is None or len(result.proofs) > 1 or result.to_left or result.to_right:
        return
    _, left, right = proof
    seen = pairing.seen(rule.side)
    if left is None or right is None or seen is None or seen.locked:
        return
    missing = exact(right) - exact(left) if rule.side is Side.LEFT else exact(left) - exact(right)
    if abs(missing) > min(rule.limit, leeway(_roundings_of(pairing))):
        return
    before = exact(seen.values.get(rule.field) or 0)
    if before and before == exact(pairing.base(rule.side).get(rule.field) or 0):
        # We adjusted it before, and it did not come right by that: more of the same would not either.
        return
    del result.proofs[rule.total]
    result.towards(rule.side)[rule.field] = [before, before + missing]


def _roundings_of(pairing: Pairing) -> int:
    return roundings_of(*(seen.values for side in Side if (seen := pairing.seen(side)) is not None))


def _plan_questions(pairing: Pairing, result: Merge, title: str) -> Iterator[AnyAction]:
    problems = {
        key: [text, None, None]
        for seen in (pairing.left, pairing.right)
        if seen is not None
        for key, text in seen.problems.items()
    }
    for kind, fields, reason in (
        ("conflict", result.conflicts, N_("Both sides changed the same field.")),
        ("posted", result.posted, N_("The record is posted and cannot be changed; a correction is a new entry.")),
        ("totals", result.proofs, N_("The totals of the two sides differ.")),
        ("bad_value", problems, N_("A field holds a value that fits no rule.")),
    ):
        if fields:
            yield RaiseConflict(
                kind=kind,
                coupling=pairing.coupling,
                left_id=pairing.left_id,
                right_id=pairing.right_id,
                fields=fields,
                title=title,
                reason=reason,
            )


def _plan_waits(pairing: Pairing, title: str) -> Iterator[AnyAction]:
    for side in Side:
        seen = pairing.seen(side)
        if seen is not None and seen.waits:
            yield _wait(side, seen, title)


def _wait(side: Side, seen: Seen, title: str) -> Skip:
    return Skip(
        side=side,
        external_id=seen.external_id,
        why="waits",
        waits_for=[[mapping, external_id] for _, mapping, external_id in seen.waits],
        title=title,
        reason=N_("Waits for a record it depends on."),
    )


def _why(pairing: Pairing, result: Merge, changes: dict[str, list[Any]]) -> str:
    if pairing.policy is not None:
        return N_("A person decided which side is right.")
    if any(key in result.overwritten for key in changes):
        return N_("Both sides changed; the rule of this mapping decided.")
    return N_("Changed on the other side.")


def _plan_vanished(mapping: TableMapping, pairing: Pairing, gone: Side) -> Iterator[AnyAction]:
    survivor = pairing.seen(gone.other)
    assert survivor is not None
    title = _title(mapping, pairing)
    policy, chosen = _deletion_policy(mapping, pairing)
    moved = not chosen and moved_since_base(mapping, survivor.values, pairing.base(gone.other))
    if policy is DeletionPolicy.UNCOUPLE:
        yield Uncouple(
            coupling=pairing.coupling,
            left_id=pairing.left_id,
            right_id=pairing.right_id,
            title=title,
            reason=N_("The other record was deleted; the rule says to uncouple."),
        )
    elif policy is DeletionPolicy.RESTORE and mapping.may_create(gone):
        yield from _create(mapping, survivor, gone, title, N_("Deleted there; the rule says to restore."), pairing)
    elif policy is DeletionPolicy.DELETE and mapping.direction.allows(gone.other) and not moved and not survivor.locked:
        yield Delete(
            side=gone.other,
            coupling=pairing.coupling,
            external_id=survivor.external_id,
            version=survivor.version,
            title=title,
            reason=N_("Deleted on the other side; the rule says to delete."),
        )
    else:
        yield RaiseConflict(
            kind="deleted_but_changed" if moved else "deleted",
            coupling=pairing.coupling,
            left_id=pairing.left_id,
            right_id=pairing.right_id,
            title=title,
            reason=N_("The record was deleted on the %(side)s side."),
            params={"side": gone.value},
        )


def _deletion_policy(mapping: TableMapping, pairing: Pairing) -> tuple[DeletionPolicy, bool]:
    """The rule for a vanished record, and whether a person chose it for this one."""
    if pairing.policy in set(DeletionPolicy):
        return DeletionPolicy(pairing.policy), True
    return mapping.deletion, False


def plan_loner(mapping: TableMapping, loner: Loner) -> Iterator[AnyAction]:
    """Decide about a record without a coupling: couple, create, ask or leave."""
    seen, side = loner.seen, loner.side
    title = _title_of(mapping, seen)
    if not seen.in_scope or loner.decision in ("ignore", "ask") or (mapping.only_coupled and not loner.decision):
        return
    if loner.busy or loner.parked:
        why = "unknown_outcome" if loner.busy else "parked"
        yield Skip(side=side, external_id=seen.external_id, why=why, title=title)
        return
    if loner.decision and loner.decision.startswith("couple:"):
        yield from _couple(mapping, loner, loner.decision.removeprefix("couple:"), N_("A person coupled them."))
        return
    found = verdict(mapping, loner)
    if loner.decision == "create":
        yield from _create(mapping, seen, side.other, title, N_("A person said to create it."))
    elif found.kind in ("same", "maybe_same") and _left_out(loner, found.candidates[0]):
        yield _question(seen, side, "maybe_same", found.candidates, title, _LEFT_OUT, alone=True)
    elif found.against and not seen.beyond and _waits_for(seen, found.against):
        yield _wait(side, seen, title)
    elif found.against:
        yield _question(seen, side, found.kind, found.candidates, title, _DIFFERS, fields=_both(loner, found))
    elif found.kind == "same":
        keys = ", ".join(found.rule.keys) if found.rule else ""
        yield from _couple(mapping, loner, found.candidates[0], N_("Same %(keys)s."), {"keys": keys})
    elif found.kind == "nobody" and mapping.asks_about_new and not mapping.may_create(side.other):
        yield _question(seen, side, "made_elsewhere", (), title, _MADE_ELSEWHERE)
    elif found.kind == "nobody" and loner.done is not None:
        yield done_there(loner, loner.done, title)
    elif found.kind == "nobody":
        yield from _create(mapping, seen, side.other, title, _NEW[side])
    elif found.kind == "duplicate_identity" and not mapping.may_create(side.other):
        return
    else:
        yield _question(seen, side, found.kind, found.candidates, title, _QUESTIONS[found.kind], alone=found.left_alone)


def _waits_for(seen: Seen, keys: tuple[str, ...]) -> bool:
    return any(key in keys for key, _, _ in seen.waits)


def _both(loner: Loner, found: Verdict) -> dict[str, list[Any]]:
    """What differs, as the two sides have it."""
    one, other = loner.seen.values, loner.others[found.candidates[0]].values
    left, right = (one, other) if loner.side is Side.LEFT else (other, one)
    return {key: [None, left.get(key), right.get(key)] for key in found.against}


def _left_out(loner: Loner, other_id: str) -> bool:
    other = loner.others.get(other_id)
    return other is not None and not other.in_scope


def _question(
    seen: Seen,
    side: Side,
    kind: str,
    candidates: tuple[str, ...],
    title: str,
    reason: str,
    *,
    alone: bool = False,
    fields: dict[str, list[Any]] | None = None,
) -> RaiseConflict:
    """``alone``: what it names is left out, and asks nothing itself."""
    pair = {side: seen.external_id}
    if kind == "maybe_same":
        pair[side.other] = candidates[0]
    return RaiseConflict(
        kind=kind,
        left_id=pair.get(Side.LEFT),
        right_id=pair.get(Side.RIGHT),
        candidates=list(candidates),
        fields=fields or {},
        asks=side if alone else None,
        title=title,
        reason=reason,
    )


_LEFT_OUT = N_("A record that is left out (blocked or inactive) looks the same. Is it?")
_DIFFERS = N_("A record there carries the same number, and something else differs. Is it the same one?")
_PARTNER_GONE = N_("The record that a person chose for it is gone, or is coupled with another one.")
_MADE_ELSEWHERE = N_("It was made by hand here; the other side is the master. Make it there, or leave it out.")
_NEW = {Side.LEFT: N_("New on the left side."), Side.RIGHT: N_("New on the right side.")}
_QUESTIONS = {
    "maybe_same": N_("A record with the same name exists there. Is it the same one?"),
    "ambiguous": N_("Several records could be the same one."),
    "duplicate_identity": N_("Several records here carry the same identity number."),
}


def _couple(
    mapping: TableMapping, loner: Loner, other_id: str, reason: str, params: dict[str, str] | None = None
) -> Iterator[AnyAction]:
    other = loner.others.get(other_id)
    title = _title_of(mapping, loner.seen)
    if other is None and loner.decision:
        yield _question(loner.seen, loner.side, "partner_gone", (), title, _PARTNER_GONE)
        return
    if other is None:
        yield Skip(side=loner.side, external_id=loner.seen.external_id, why="partner_gone", title=title)
        return
    left, right = (loner.seen, other) if loner.side is Side.LEFT else (other, loner.seen)
    uid = coupling_id(mapping.name, left.external_id, right.external_id)
    pairing = Pairing(uid, left.external_id, right.external_id, {}, {}, left, right)
    result = merge(mapping, pairing)
    yield Couple(
        coupling=uid,
        left_id=left.external_id,
        right_id=right.external_id,
        base=result.agreed | known_outside(left, right),
        title=title,
        reason=reason,
        params=params or {},
    )
    result.agreed = {}
    yield from _plan_merge(mapping, pairing, result)


def _create(
    mapping: TableMapping, seen: Seen, target: Side, title: str, reason: str, restores: Pairing | None = None
) -> Iterator[AnyAction]:
    if not mapping.may_create(target) or not seen.in_scope:
        return
    if seen.beyond:
        yield out_of_reach(seen, target.other, title)
        return
    if seen.waits:
        yield _wait(target.other, seen, title)
        return
    if seen.problems:
        yield RaiseConflict(
            kind="bad_value",
            left_id=seen.external_id if target is Side.RIGHT else None,
            right_id=seen.external_id if target is Side.LEFT else None,
            fields={key: [text, None, None] for key, text in seen.problems.items()},
            title=title,
            reason=N_("A field holds a value that fits no rule."),
        )
        return
    values = {
        each.key: seen.values[each.key]
        for each in mapping.fields
        if each.key in seen.values and not each.proof and not each.after_proof and each.direction.allows(target)
    }
    yield Create(
        side=target,
        source_id=seen.external_id,
        values=values,
        restores=restores.coupling if restores else None,
        title=title,
        reason=reason,
    )


def _title(mapping: TableMapping, pairing: Pairing) -> str:
    for seen in (pairing.left, pairing.right):
        if seen is not None:
            return _title_of(mapping, seen)
    return pairing.left_id


def _title_of(mapping: TableMapping, seen: Seen) -> str:
    return str(seen.values.get(mapping.title_key) or seen.external_id)
