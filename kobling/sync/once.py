"""A plan decides about every record once: what both sides tell is said once, nobody gets two partners. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kobling.mapping import Side
from kobling.records import N_
from kobling.sync.actions import AnyAction, Couple, Create, RaiseConflict, Skip, Warn

_GIVEN_AWAY = N_("The record that it looks the same as is coupled with another one.")


class Once:
    """What a plan of one table has decided so far; ``of`` lets only what is new through."""

    def __init__(self) -> None:
        self._partners: dict[Side, dict[str, str]] = {Side.LEFT: {}, Side.RIGHT: {}}
        self._said: set[tuple[str | None, ...]] = set()

    def note(self, actions: Iterable[AnyAction]) -> None:
        """Remember actions that an earlier chunk of the same plan holds."""
        for _ in self.of(actions):
            pass

    def of(self, actions: Iterable[AnyAction]) -> Iterator[AnyAction]:
        """The actions without repetitions; a second partner for a record becomes a question about who wanted it."""
        dropped: set[str] = set()
        for each in actions:
            if isinstance(each, Couple):
                if self._is_free(each):
                    self._take(each)
                    yield each
                    continue
                dropped.add(each.coupling)
                question = self._question(each)
                if question is not None and self._is_new(question):
                    yield question
            elif getattr(each, "coupling", None) not in dropped and self._is_new(each):
                yield each

    def _take(self, each: Couple) -> None:
        self._partners[Side.LEFT][each.left_id] = each.right_id
        self._partners[Side.RIGHT][each.right_id] = each.left_id

    def _is_free(self, each: Couple) -> bool:
        return each.left_id not in self._partners[Side.LEFT] and each.right_id not in self._partners[Side.RIGHT]

    def _question(self, each: Couple) -> RaiseConflict | None:
        """None where the two were given to each other, or neither is left to be asked about."""
        left_taken = each.left_id in self._partners[Side.LEFT]
        right_taken = each.right_id in self._partners[Side.RIGHT]
        if left_taken and right_taken:
            return None
        return RaiseConflict(
            kind="ambiguous",
            left_id=None if left_taken else each.left_id,
            right_id=None if right_taken else each.right_id,
            candidates=[each.left_id if left_taken else each.right_id],
            title=each.title,
            reason=_GIVEN_AWAY,
        )

    def _is_new(self, each: AnyAction) -> bool:
        said = _identity(each)
        if said is None:
            return True
        new = said not in self._said
        self._said.add(said)
        return new


def _identity(each: AnyAction) -> tuple[str | None, ...] | None:
    """What is the same action, told from whichever side; None for actions that are told from one side alone."""
    if isinstance(each, Create):
        return ("create", each.side.value, each.source_id)
    if isinstance(each, RaiseConflict | Warn):
        return (each.kind, each.left_id, each.right_id)
    if isinstance(each, Skip):
        return ("skip", each.side.value, each.external_id, each.why, *(str(one) for one in each.waits_for))
    return None
