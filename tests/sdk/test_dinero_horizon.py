"""The bound on Dinero's clock: never ahead of it, whatever our own clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kobling.connectors.dinero.books import HORIZON, Horizon
from kobling.sdk.clock import FakeClock

STAMP = datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_time_that_passes_here_passes_there_too_for_a_while() -> None:
    clock = FakeClock()
    horizon = Horizon(clock)
    assert horizon.now() is None
    horizon.saw(STAMP)
    clock.turn(5)
    assert horizon.now() == STAMP + timedelta(seconds=5)


def test_an_older_stamp_does_not_set_it_back() -> None:
    clock = FakeClock()
    horizon = Horizon(clock)
    horizon.saw(STAMP)
    horizon.saw(STAMP - timedelta(days=1))
    assert horizon.now() == STAMP


def test_after_a_while_nothing_is_believed_and_a_new_stamp_counts_even_if_it_is_behind() -> None:
    clock = FakeClock()
    horizon = Horizon(clock)
    horizon.saw(STAMP)
    clock.turn(HORIZON + 1)
    assert horizon.now() is None, "a week of drift between two clocks must not skip a record"
    horizon.saw(STAMP + timedelta(seconds=HORIZON - 30))
    assert horizon.now() == STAMP + timedelta(seconds=HORIZON - 30)
