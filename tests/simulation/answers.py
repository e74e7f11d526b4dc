"""What persons say to Kobling's questions: anything that fits while things go on, one fixed rule when all is quiet."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from kobling.hub.models import SyncIssue
from kobling.hub.services import issues
from kobling.mapping import Side
from kobling.records import KoblingError
from tests.simulation.book import Where
from tests.simulation.judged import coupled
from tests.simulation.tables import FIELDS, SERIAL
from tests.simulation.world import BY, World

IN_THE_END = ("left", "restore", "couple", "accept", "retry", "create", "ignore")
"""Which of the choices there are is taken when all is quiet: the first one of these."""
OTHERWISE = {
    "duplicate_identity": "ignore",
    "waits": "ignore",
    "out_of_reach": "ignore",
    "refused": "retry",
    "partner_gone": "create",
}
NAMED = ("maybe_same", "ambiguous")
"""Kinds that name records of the other side which it could be coupled with."""


def fitting(world: World, issue: SyncIssue) -> Sequence[str]:
    """What a person may choose. Where a write may have been made, they look first, and say what they saw."""
    offered = [each.choice for each in issues.choices(BY, issue, world.opener)]
    if issue.kind not in NAMED:
        offered = [each for each in offered if each not in ("couple", "never")]
    if issue.kind == "unknown_outcome" and "create" in offered:
        return ["couple"] if _made_there(world, issue) else ["create", "ignore"]
    return offered


def by_rule(world: World, issue: SyncIssue) -> str:
    """What is always chosen in the end; leaving out is the last resort."""
    offered = fitting(world, issue)
    wanted = OTHERWISE.get(issue.kind, "")
    return wanted if wanted in offered else next(each for each in IN_THE_END if each in offered)


def give(world: World, issue: SyncIssue, choice: str, rng: Random) -> bool:
    """Say it. False where Kobling says that it cannot be done."""
    other = ""
    if choice in ("couple", "never") and issue.kind == "ambiguous":
        other = rng.choice(list(issues.details(issue).get("candidates") or [""]))
    elif choice == "couple" and issue.kind == "unknown_outcome":
        other = _made_there(world, issue)
    those = _those(world, issue)
    if choice == "create":
        asks = issues.details(issue).get("asks")
        those = [each for each in those if asks in (None, each[1].value)]
    about = f"{issue.kind} {issue.table.name} {issue.left_id or '-'} / {issue.right_id or '-'}"
    try:
        issues.settle(BY, issue, choice, world.opener, world.clock.now(), other=other)
    except KoblingError as no:
        world.book.tell(f"a person may not say {choice} to {about}: {no}")
        return False
    world.book.tell(f"a person says {choice} {other[:14]} to {about}")
    _remember(world, those, choice)
    return True


def _made_there(world: World, issue: SyncIssue) -> str:
    """The record that was made from a lone one after all, as a person finds it; empty where there is none."""
    table = issue.table.name
    side, external_id = (Side.LEFT, issue.left_id) if issue.left_id else (Side.RIGHT, issue.right_id)
    serials = world.book.ever((table, side, external_id or ""), SERIAL.on(side))
    for each in world.vendors[table, side.other].living():
        free = coupled(world, (table, side.other, each.external_id)) is None
        if free and each.fields.get(SERIAL.on(side.other)) in serials:
            return each.external_id
    return ""


def _those(world: World, issue: SyncIssue) -> list[Where]:
    """The records that an issue is about, with those that they are coupled with."""
    sides = ((Side.LEFT, issue.left_id), (Side.RIGHT, issue.right_id))
    about: list[Where] = [(issue.table.name, side, external_id) for side, external_id in sides if external_id]
    return about + [other for each in about if (other := coupled(world, each)) is not None and other not in about]


def _remember(world: World, about: Sequence[Where], choice: str) -> None:
    book = world.book
    if choice in ("ignore", "uncouple"):
        book.left_out |= dict.fromkeys(about, f"{choice} of a person")
    elif choice == "couple":
        for each in about:
            book.left_out.pop(each, None)
    elif choice == "create":
        for each in about:
            book.left_out.pop(each, None)
            book.made_anew[each] = book.made_anew.get(each, 0) + 1
    elif choice == "delete":
        book.deletions_said |= set(about)
    elif choice == "accept":
        book.undone |= {(each, field.key): book.now for each in about for field in FIELDS[each[0]]}
