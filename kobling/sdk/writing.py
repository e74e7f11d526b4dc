"""Sending writes: bounded concurrency, every outcome reported once, a systemic error stops the handing out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from kobling.records import KoblingError, Refused, SettingsError, Temporary, Unreachable
from kobling.sdk.protocols import Outcome, Report, Write

WriteOne = Callable[[Write], Awaitable[Outcome]]


async def send_all(writes: Iterable[Write], write_one: WriteOne, report: Report, *, concurrency: int) -> None:
    """Send writes through ``write_one``, at most ``concurrency`` at once, reporting each outcome as it comes.

    A Refused raised by ``write_one`` becomes that write's outcome; an Unreachable with ``maybe_applied`` becomes an
    unknown one, and so does any answer to a write that was not understood. SettingsError, and Temporary before
    anything was sent, stop new writes and are raised once those in flight are reported.
    """
    waiting = iter(writes)
    stopped: list[BaseException] = []

    async def work() -> None:
        for write in waiting:
            try:
                outcome = await write_one(write)
            except KoblingError as error:
                if _systemic(error):
                    stopped.append(error)
                    return
                outcome = Outcome(write.key, write.external_id, error=outcome_error(error))
            except Exception as error:  # noqa: BLE001 - a bug must not cut those in flight
                stopped.append(error)
                return
            report(outcome)
            if stopped:
                return

    workers = [asyncio.ensure_future(work()) for _ in range(max(1, concurrency))]
    try:
        await asyncio.gather(*workers)
    finally:
        for each in workers:
            each.cancel()
    if stopped:
        raise stopped[0]


def _systemic(error: KoblingError) -> bool:
    if isinstance(error, Unreachable):
        return not error.maybe_applied
    return isinstance(error, SettingsError | Temporary)


def unknown(error: KoblingError) -> Unreachable:
    """The error of a write of several requests that stopped after the first was applied: it may have been applied."""
    found = Unreachable(
        error.summary, maybe_applied=True, detail=error.detail, code=error.code, vendor_text=error.vendor_text
    )
    found.params = error.params
    return found


def outcome_error(error: KoblingError) -> KoblingError:
    """The error that a write's outcome carries: a refusal or an unknown fate, whatever went wrong."""
    return error if isinstance(error, Refused | Unreachable) else unknown(error)
