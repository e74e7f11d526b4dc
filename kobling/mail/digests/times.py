"""When the next digest comes. Pure: nothing here knows what time it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from kobling.hub.store.moved import ZONE
from kobling.records import N_


class Frequency(StrEnum):
    """How often; the value is what is kept."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


WORDS: Mapping[Frequency, str] = {
    Frequency.DAILY: N_("Daily"),
    Frequency.WEEKLY: N_("Weekly"),
    Frequency.MONTHLY: N_("Monthly"),
}
COUNTRIES: Mapping[str, str] = {"DK": N_("Denmark"), "SE": N_("Sweden"), "NO": N_("Norway")}
HOME = "DK"
"""Ten o'clock is ten o'clock in all three countries."""

AT = time(10)
_SATURDAY, _FIRST_WEEK = 5, 7


def next_at(frequency: Frequency, after: datetime, country: str = HOME, zone: ZoneInfo = ZONE) -> datetime:
    """The first time after that instant: Mondays at 10, the month's first Monday, or each working day.

    Mondays are a promise, whatever is celebrated on them; holidays of the country hold up daily mail alone.
    """
    day = after.astimezone(zone).date()
    while True:
        found = datetime.combine(day, AT, zone).astimezone(UTC)
        if found > after and _fits(frequency, day, country):
            return found
        day += timedelta(days=1)


def _fits(frequency: Frequency, day: date, country: str) -> bool:
    if frequency is Frequency.DAILY:
        return day.weekday() < _SATURDAY and day not in _holidays(country)
    return day.weekday() == 0 and (frequency is Frequency.WEEKLY or day.day <= _FIRST_WEEK)


@cache
def _holidays(country: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country if country in COUNTRIES else HOME)
