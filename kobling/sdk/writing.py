"""Sending writes: bounded concurrency, exactly one outcome each, one account's fault told from one record's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from kobling.records import (
    N_,
    KoblingError,
    Misunderstood,
    NotReached,
    RateLimited,
    SettingsError,
    SignInExpired,
    Temporary,
)
from kobling.sdk.outcomes import Declined, NotSent, Outcome, Sending, Unknown, asked_account, ended, refusal, sending
from kobling.sdk.paging import groups
from kobling.sdk.protocols import Report, Write
from kobling.sdk.shapes import SHAPES, misunderstood

WriteOne = Callable[[Write], Awaitable[Outcome]]
WriteSome = Callable[[Sequence[Write]], Awaitable[Sequence[Outcome]]]
_ROUNDS = 4
"""How often what the vendor certainly did not carry out is sent (its limit, an expired token)."""
_IN_A_ROW = 3
"""So many writes in a row that could not even be begun: it is the vendor, not the records."""


async def send_all(
    writes: Iterable[Write],
    write_one: WriteOne,
    report: Report,
    *,
    concurrency: int,
    pausing: Pausing | None = None,
) -> None:
    """Send writes through ``write_one``, at most ``concurrency`` at once; every one is reported, whatever happens.

    What ``write_one`` raises becomes that write's outcome. What concerns the whole connection (a failing sign-in, a
    limit, a vendor out of reach) stops the handing out: the rest is reported as not sent, and the error is raised.
    With ``pausing``, what a limit or an expired sign-in inside an answer kept back is sent again after the pause.
    """
    sender = _Sender(report)

    async def some(given: Sequence[Write]) -> None:
        await sender.one(given[0], write_one, pausing)

    await sender.hand_out([[each] for each in writes], some, concurrency)


async def send_batches(
    writes: Sequence[Write],
    write_some: WriteSome,
    report: Report,
    *,
    size: int,
    concurrency: int,
    pausing: Pausing,
) -> None:
    """Send writes ``size`` at a time through ``write_some``, which gives one outcome for each.

    Parts that a limit or an expired sign-in kept back are sent again after the pause. A batch that is refused as a
    whole says nothing of its parts, so it is sent again in halves, down to the one that is refused. Reports and raises
    as ``send_all`` does.
    """
    sender = _Sender(report)

    async def some(given: Sequence[Write]) -> None:
        await sender.batch(given, write_some, pausing)

    await sender.hand_out([list(each) for each in groups(writes, size)], some, concurrency)


@contextmanager
def all_told(writes: Sequence[Write], report: Report) -> Iterator[Report]:
    """For a ``write`` made of several sendings: what an error leaves untouched is reported as not sent."""
    told: set[str] = set()

    def note(outcome: Outcome) -> None:
        told.add(outcome.key)
        report(outcome)

    try:
        yield note
    except BaseException as cut:
        why = cut if isinstance(cut, KoblingError) else _a_fault(cut)
        for each in writes:
            if each.key not in told:
                report(NotSent(each.key, each.external_id, why))
        raise


class Pausing(Protocol):
    """Waits for a limit, and signs in again; ``Api`` does."""

    async def pause(self, error: Temporary, attempt: int) -> None:
        """Wait before the next attempt. Raises the error when it is not worth it."""
        ...

    async def sign_in_again(self) -> None:
        """Get a newer sign-in. Raises SignInExpired."""
        ...


class _Sender:
    """One call of ``Resource.write``: what was reported, what stops it, whether the account was asked already."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._stopped: BaseException | None = None
        self._failed_in_a_row = 0
        self._welcome: bool | None = None
        self._asking = asyncio.Lock()

    async def hand_out(
        self, work: Sequence[Sequence[Write]], do: Callable[[Sequence[Write]], Awaitable[None]], concurrency: int
    ) -> None:
        waiting = iter(work)

        async def worker() -> None:
            for some in waiting:
                await do(some)
                if self._stopped is not None:
                    return

        workers = [asyncio.ensure_future(worker()) for _ in range(max(1, min(concurrency, len(work))))]
        try:
            await asyncio.gather(*workers)
        except BaseException as cut:  # noqa: BLE001 - raised once everything was reported
            self._stopped = self._stopped or cut
            for each in workers:
                each.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        if self._stopped is None:
            return
        for left in waiting:
            self._leave(left, self._stopped)
        raise self._stopped

    def _leave(self, writes: Sequence[Write], stopped: BaseException) -> None:
        why = stopped if isinstance(stopped, KoblingError) else _a_fault(stopped)
        for each in writes:
            self._report(NotSent(each.key, each.external_id, why))

    async def one(self, write: Write, write_one: WriteOne, pausing: Pausing | None) -> None:
        for attempt in range(1, _ROUNDS + 1):
            with sending() as sent:
                try:
                    outcome = await write_one(write)
                except KoblingError as error:
                    outcome = ended(write.key, write.external_id, error, sent)
                except SHAPES as error:
                    outcome = ended(write.key, write.external_id, misunderstood(error, write.operation.value), sent)
                except BaseException as cut:  # noqa: BLE001 - raised once everything was reported
                    self._report(ended(write.key, write.external_id, _a_fault(cut), sent))
                    self._stopped = self._stopped or cut
                    return
            kept_back = isinstance(outcome, Declined) and _not_done(outcome.error) and not sent.locked_out
            if pausing is None or not kept_back or attempt == _ROUNDS:
                break
            assert outcome.error is not None
            if not await self._wait(outcome.error, attempt, pausing):
                break
        await self._tell(outcome, sent)

    async def batch(self, writes: Sequence[Write], write_some: WriteSome, pausing: Pausing) -> None:
        todo = list(writes)
        for attempt in range(1, _ROUNDS + 1):
            outcomes, whole = await self._round(todo, write_some)
            if whole and len(todo) > 1 and refusal(outcomes[0]) is not None:
                for half in groups(todo, (len(todo) + 1) // 2):
                    if self._stopped is None:
                        await self.batch(half, write_some, pausing)
                    else:
                        self._leave(half, self._stopped)
                return
            again = [] if whole else [each for each in outcomes if isinstance(each, Declined) and _not_done(each.error)]
            kept = {each.key for each in again}
            for each in outcomes:
                if each.key not in kept:
                    await self._tell(each, whole or Sending())
            if not again:
                return
            if attempt == _ROUNDS or not await self._wait(again[0].error, attempt, pausing):
                for late in again:
                    await self._tell(late, Sending())
                return
            todo = [each for each in todo if each.key in kept]

    async def _round(self, todo: Sequence[Write], write_some: WriteSome) -> tuple[list[Outcome], Sending | None]:
        """One outcome for each; where they are those of the whole, what was put on the wire, which tells them."""
        with sending() as sent:
            try:
                told = {each.key: each for each in await write_some(todo)}
            except KoblingError as error:
                return [ended(each.key, each.external_id, error, sent) for each in todo], sent
            except SHAPES as error:
                strange = misunderstood(error, "batch")
                return [ended(each.key, each.external_id, strange, sent) for each in todo], sent
            except BaseException as cut:  # noqa: BLE001 - raised once everything was reported
                self._stopped = self._stopped or cut
                return [ended(each.key, each.external_id, _a_fault(cut), sent) for each in todo], sent
        return [told.get(each.key) or Unknown(each.key, each.external_id, _no_answer()) for each in todo], None

    async def _wait(self, error: KoblingError, attempt: int, pausing: Pausing) -> bool:
        try:
            if isinstance(error, Temporary):
                await pausing.pause(error, attempt)
            else:
                await pausing.sign_in_again()
        except KoblingError as final:
            self._stopped = self._stopped or final
            return False
        return True

    async def _tell(self, outcome: Outcome, sent: Sending) -> None:
        """Report how a write ended; stop when what ended it would end every other as well."""
        error = outcome.error
        if isinstance(outcome, Declined | NotSent) and self._stopped is None:
            of_all = await self._of_all(outcome.error, sent)
            self._stopped = self._stopped or of_all
            if of_all is None and isinstance(error, SettingsError):
                outcome = Declined(outcome.key, outcome.external_id, error)
        self._failed_in_a_row = self._failed_in_a_row + 1 if isinstance(outcome, NotSent) else 0
        self._report(outcome)

    async def _of_all(self, error: KoblingError, sent: Sending) -> KoblingError | None:
        """The error, where it is not this write's alone."""
        if sent.locked_out or isinstance(error, RateLimited | NotReached):
            return error
        if isinstance(error, Temporary):
            return error if self._failed_in_a_row + 1 >= _IN_A_ROW else None
        return await self._of_the_account(error) if isinstance(error, SettingsError) else None

    async def _of_the_account(self, error: SettingsError) -> KoblingError | None:
        """Asks, once, whether the connection is still welcome: then only this record is not allowed."""
        who_am_i = asked_account()
        if who_am_i is None:
            return error if isinstance(error, SignInExpired) else None
        async with self._asking:
            if self._welcome is None:
                try:
                    with sending():
                        await who_am_i()
                    self._welcome = True
                except KoblingError as locked:
                    self._welcome = False
                    return locked
        return None if self._welcome else error


def _not_done(error: KoblingError) -> bool:
    """Whether waiting or signing in again may help what the vendor certainly did not carry out."""
    return isinstance(error, RateLimited | SignInExpired)


def _no_answer() -> Misunderstood:
    return Misunderstood(N_("The answer to a batch could not be read."), code="no_part")


def _a_fault(cut: BaseException) -> KoblingError:
    """A bug, or a cancellation, which says nothing against a record, as the reason of an outcome; none of its words."""
    kind = Temporary if isinstance(cut, asyncio.CancelledError) else Misunderstood
    return kind(N_("Something happened that Kobling does not know."), detail=type(cut).__name__, code="fault")
