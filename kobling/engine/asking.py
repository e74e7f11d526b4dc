"""Systems are asked for their figures beside the runs: a few at a time, and nobody waits for an answer."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from kobling.hub.connections.opening import Opener
from kobling.hub.models import Connection
from kobling.hub.store import faults, figures
from kobling.hub.store.figures import Turn
from kobling.records import N_, KoblingError, Misunderstood, Unreachable
from kobling.sdk.figures import Figure, Figured

log = structlog.get_logger("kobling.figures")
AT_ONCE = 4
"""Connections that one worker has asked and not heard from yet."""

ENROLLED_AT_ONCE = 200


@dataclass(slots=True)
class _Asked:
    turn: Turn
    answer: Future[Sequence[Figure]]


@dataclass(slots=True)
class Asking:
    """What one worker has asked. Whoever dies is asked for again once the lease of each asking is over."""

    opener: Opener
    _asked: dict[int, _Asked] = field(default_factory=dict)

    def hear(self, now: datetime) -> int:
        """Keep what was answered by now; give up what takes too long. Returns how many ended."""
        over = [number for number, each in self._asked.items() if each.answer.done() or each.turn.until <= now]
        for number in over:
            each = self._asked.pop(number)
            each.answer.cancel()
            self._keep(each, now)
        return len(over)

    def ask(self, now: datetime) -> int:
        """Ask those whose turn it is. Returns how many."""
        figures.enrol(now, ENROLLED_AT_ONCE)
        claimed = figures.claim(now, AT_ONCE - len(self._asked)) if len(self._asked) < AT_ONCE else []
        for connection, turn in claimed:
            self._begin(connection, turn, now)
        return len(claimed)

    def let_go(self, now: datetime) -> None:
        """This worker stops: what it has not heard is asked by another one, or by the next."""
        for each in self._asked.values():
            each.answer.cancel()
            figures.give_back(each.turn, now)
        self._asked.clear()

    @property
    def waits(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._asked)

    def _begin(self, connection: Connection, turn: Turn, now: datetime) -> None:
        try:
            connector = self.opener.connector(connection)
        except KoblingError as error:
            figures.failed(turn, error, now)
            return
        if not isinstance(connector, Figured):
            figures.keep_none(turn, now)
            return
        asked: Coroutine[Any, Any, Sequence[Figure]] = connector.figures()
        self._asked[connection.pk] = _Asked(turn, self.opener.waiting.submit(asked))

    def _keep(self, each: _Asked, now: datetime) -> None:
        try:
            figures.keep(each.turn, each.answer.result(timeout=0), now)
        except CancelledError:
            slow = Unreachable(N_("The figures did not come in time."), code="figures_slow")
            figures.failed(each.turn, slow, now)
        except KoblingError as error:
            figures.failed(each.turn, error, now)
        except Exception as fault:
            if faults.told(fault) is not None:
                raise
            log.error("figures could not be taken in", connection=each.turn.connection, exc_info=fault)
            ours = Misunderstood(N_("Something happened that Kobling does not know."), code="fault")
            figures.failed(each.turn, ours, now)
