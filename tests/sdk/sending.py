"""What tests of sending share: writes, errors, somebody who waits without waiting, and all that was told."""

from __future__ import annotations

from kobling.records import KoblingError, RateLimited, Refused, SettingsError, SignInExpired, Temporary
from kobling.sdk.outcomes import Confirmed, Outcome
from kobling.sdk.protocols import Operation, Write
from kobling.sdk.writing import send_all, send_batches

WRITES = [Write(f"k{n}", Operation.UPDATE, external_id=f"x{n}") for n in range(10)]
LIMIT, EXPIRED, REFUSED, BAD_SETTINGS = RateLimited("429"), SignInExpired("401"), Refused("400"), SettingsError("403")


class Patient:
    """Waits without waiting; ``fails`` is what waiting raises."""

    def __init__(self, fails: KoblingError | None = None) -> None:
        self.waited: list[object] = []
        self.fails = fails

    async def pause(self, error: Temporary, attempt: int) -> None:
        self.waited.append((error, attempt))
        if self.fails is not None:
            raise self.fails

    async def sign_in_again(self) -> None:
        self.waited.append("signed in")
        if self.fails is not None:
            raise self.fails


async def told(write_one, writes=WRITES[:1], pausing=None, concurrency=1) -> tuple[list[Outcome], BaseException | None]:
    outcomes: list[Outcome] = []
    try:
        await send_all(writes, write_one, outcomes.append, concurrency=concurrency, pausing=pausing)
    except (KoblingError, ArithmeticError) as error:
        return outcomes, error
    return outcomes, None


async def batched(
    write_some, writes=WRITES, pausing=None, size=10, concurrency=1
) -> tuple[list[Outcome], BaseException | None]:
    outcomes: list[Outcome] = []
    pausing = pausing or Patient()
    try:
        await send_batches(writes, write_some, outcomes.append, size=size, concurrency=concurrency, pausing=pausing)
    except (KoblingError, ArithmeticError) as error:
        return outcomes, error
    return outcomes, None


def keys(outcomes, kind):
    return sorted(each.key for each in outcomes if isinstance(each, kind))


def confirmed(write):
    return Confirmed(write.key, write.external_id)
