"""When digests come, over holidays and over the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kobling.mail.digests.times import Frequency, next_at

ZONES = [ZoneInfo(name) for name in ("Europe/Copenhagen", "Europe/Stockholm", "Europe/Helsinki", "Atlantic/Reykjavik")]
instants = st.integers(0, 25 * 366 * 24 * 60).map(
    lambda each: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=each)
)
countries = st.sampled_from(["DK", "SE", "NO"])


@settings(deadline=None)
@given(st.sampled_from(Frequency), instants, countries, st.sampled_from(ZONES))
def test_it_is_later_at_ten_by_the_clock_and_on_a_day_that_fits(
    frequency: Frequency, after: datetime, country: str, zone: ZoneInfo
) -> None:
    found = next_at(frequency, after, country, zone)
    local = found.astimezone(zone)
    assert found > after and found.utcoffset() == timedelta(0)
    assert (local.hour, local.minute, local.second) == (10, 0, 0)
    assert local.weekday() < 5 if frequency is Frequency.DAILY else local.weekday() == 0
    assert frequency is not Frequency.MONTHLY or local.day <= 7


@settings(deadline=None)
@given(st.sampled_from(Frequency), instants, countries)
def test_nothing_that_fits_is_left_out(frequency: Frequency, after: datetime, country: str) -> None:
    """Whoever asks again at each answer meets every Monday, every month, and no day twice."""
    first = next_at(frequency, after, country)
    assert next_at(frequency, first - timedelta(microseconds=1), country) == first
    second = next_at(frequency, first, country)
    days = (second.date() - first.date()).days
    assert {Frequency.DAILY: 1 <= days <= 7, Frequency.WEEKLY: days == 7, Frequency.MONTHLY: days in (28, 35)}[
        frequency
    ]


@pytest.mark.parametrize(
    ("after", "utc"),
    [
        ("2026-03-27T12:00", "2026-03-30T08:00"),  # summer time begins on the Sunday between
        ("2026-10-23T12:00", "2026-10-26T09:00"),  # and ends on the Sunday between
        ("2026-11-30T08:59", "2026-11-30T09:00"),
        ("2026-11-30T09:00", "2026-12-07T09:00"),
    ],
)
def test_mondays_at_ten_in_copenhagen(after: str, utc: str) -> None:
    assert next_at(Frequency.WEEKLY, _at(after)) == _at(utc)


def test_the_first_monday_of_a_month_may_be_its_first_day() -> None:
    assert next_at(Frequency.MONTHLY, _at("2026-05-31T22:30")).date() == date(2026, 6, 1)
    assert next_at(Frequency.MONTHLY, _at("2026-06-01T08:00")).date() == date(2026, 7, 6)


@pytest.mark.parametrize(
    ("country", "day"), [("DK", (2026, 5, 18)), ("SE", (2026, 5, 18)), ("NO", (2026, 5, 18)), ("", (2026, 5, 18))]
)
def test_daily_mail_rests_on_holidays(country: str, day: tuple[int, int, int]) -> None:
    """Ascension Day is a Thursday: the day before is the last, the day after is a working day."""
    assert next_at(Frequency.DAILY, _at("2026-05-13T12:00"), country).date() == date(2026, 5, 15)
    assert next_at(Frequency.DAILY, _at("2026-05-15T12:00"), country).date() == date(*day)


def test_each_country_has_its_own() -> None:
    found = {each: next_at(Frequency.DAILY, _at("2027-05-14T12:00"), each).date().day for each in ("DK", "SE", "NO")}
    assert found == {"DK": 18, "SE": 17, "NO": 18}, "Whit Monday is none in Sweden"


def test_a_monday_that_is_a_holiday_keeps_the_promise() -> None:
    assert next_at(Frequency.WEEKLY, _at("2026-04-01T12:00")).date() == date(2026, 4, 6), "Easter Monday"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
