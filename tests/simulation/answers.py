"""What persons say to Kobling's questions: anything that fits while things go on, one fixed rule when all is quiet."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from kobling.hub.models import SyncIssue
from kobling.hub.services import issues
from kobling.mapping import Side
from kobling.records import KoblingError
from tests.simulation.book import Where
from tests.simulation.world import BY, World

FITTING: dict[str, tuple[str, ...]] = {
    "conflict": ("left", "right"),
    "maybe_same": ("couple", "create", "never", "ignore"),
    "ambiguous": ("couple", "create", "ignore"),
    "duplicate_identity": ("create", "ignore"),
    "deleted": ("restore", "delete", "uncouple"),
    "deleted_but_changed": ("restore", "delete", "uncouple"),
    "waits": ("retry", "ignore"),
}
"""What ends each kind of question; every other kind is tried again."""


def fitting(issue: SyncIssue) -> Sequence[str]:
    """What a person may choose."""
    return FITTING.get(issue.kind, ("retry",))


def by_rule(issue: SyncIssue) -> str:
    """What is always chosen in the end; leaving out is the last resort."""
    if issue.kind == "waits":
        return "ignore"
    if issue.kind == "duplicate_identity":
        return "ignore"
    return fitting(issue)[0]


def give(world: World, issue: SyncIssue, choice: str, rng: Random) -> bool:
    """Say it. False where Kobling says that it cannot be done."""
    other = ""
    if choice in ("couple", "never") and issue.kind == "ambiguous":
        other = rng.choice(list(issues.details(issue).get("candidates") or [""]))
    about = f"{issue.kind} {issue.table.name} {issue.left_id or '-'} / {issue.right_id or '-'}"
    try:
        issues.settle(BY, issue, choice, world.opener, world.clock.now(), other=other)
    except KoblingError as no:
        world.book.tell(f"a person may not say {choice} to {about}: {no}")
        return False
    world.book.tell(f"a person says {choice} {other[:14]} to {about}")
    _remember(world, issue, choice, other)
    return True


def _remember(world: World, issue: SyncIssue, choice: str, other: str) -> None:
    book, table = world.book, issue.table.name
    about: list[Where] = [
        (table, side, external_id)
        for side, external_id in ((Side.LEFT, issue.left_id), (Side.RIGHT, issue.right_id))
        if external_id
    ]
    if choice in ("ignore", "uncouple"):
        book.left_out |= {each: f"{choice} of a person" for each in about}
    elif choice == "couple":
        for each in about:
            book.left_out.pop(each, None)
    elif choice == "create":
        for each in about:
            book.left_out.pop(each, None)
            book.made_anew[each] = book.made_anew.get(each, 0) + 1
    elif choice == "delete":
        book.deletions_said |= set(about)
