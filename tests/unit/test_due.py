"""Schedules: right across daylight saving, one run per due time, errors that name what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kobling.hub.runs.due import next_time
from kobling.records import SettingsError

ZONE = "Europe/Copenhagen"


def test_every_third_hour_by_default() -> None:
    assert next_time("0 */3 * * *", ZONE, datetime(2026, 11, 23, 7, 1, tzinfo=UTC)) == datetime(
        2026, 11, 23, 8, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        (datetime(2026, 3, 28, 7, tzinfo=UTC), datetime(2026, 3, 29, 6, tzinfo=UTC)),
        (datetime(2026, 10, 24, 7, tzinfo=UTC), datetime(2026, 10, 25, 7, tzinfo=UTC)),
    ],
    ids=["clocks go forward", "clocks go back"],
)
def test_eight_in_the_morning_stays_eight_in_the_morning(after: datetime, wanted: datetime) -> None:
    assert next_time("0 8 * * *", ZONE, after) == wanted


@pytest.mark.parametrize("cron", ["", "every day", "61 * * * *", "* * * *", "* * * * * *"])
def test_what_is_no_schedule_is_refused(cron: str) -> None:
    with pytest.raises(SettingsError, match="five fields"):
        next_time(cron, ZONE, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "Europe", "../etc/passwd", "x" * 300])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(SettingsError, match="time zone"):
        next_time("0 8 * * *", zone, datetime(2026, 1, 1, tzinfo=UTC))
