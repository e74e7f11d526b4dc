"""Numbers, amounts and times as people of each language write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from kobling.access import spoken

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
NOW = datetime(2026, 11, 30, 7, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("da", "-1.234.567,50"),
        ("sv", "\u22121\xa0234\xa0567,50"),
        ("nb", "\u22121\xa0234\xa0567,50"),
        ("en", "-1,234,567.50"),
    ],
)
def test_an_amount(language: str, told: str) -> None:
    assert spoken.amount(Decimal("-1234567.5"), language) == told
    assert spoken.amount(Decimal("-1234567.5"), language, "NOK") == f"{told}\xa0NOK"


@pytest.mark.parametrize(
    ("language", "told"), [("da", "30.11.2026"), ("sv", "2026-11-30"), ("nb", "30.11.2026"), ("en", "30/11/2026")]
)
def test_a_day(language: str, told: str) -> None:
    assert spoken.day(date(2026, 11, 30), language) == told


@pytest.mark.parametrize(
    ("moment", "da", "sv"),
    [
        (datetime(2026, 11, 30, 7, 0, tzinfo=UTC), "i dag kl.\xa008.00", "i dag kl.\xa008:00"),
        (datetime(2026, 11, 29, 22, 59, tzinfo=UTC), "i går kl.\xa023.59", "i går kl.\xa023:59"),
        (datetime(2026, 11, 29, 23, 0, tzinfo=UTC), "i dag kl.\xa000.00", "i dag kl.\xa000:00"),
        (datetime(2026, 12, 1, 8, 0, tzinfo=UTC), "i morgen kl.\xa009.00", "i morgon kl.\xa009:00"),
        (datetime(2026, 11, 27, 14, 20, tzinfo=UTC), "fre. kl.\xa015.20", "fre kl.\xa015:20"),
        (datetime(2026, 11, 23, 14, 20, tzinfo=UTC), "23.11.2026 kl.\xa015.20", "2026-11-23 kl.\xa015:20"),
        (datetime(2026, 12, 2, 8, 0, tzinfo=UTC), "02.12.2026 kl.\xa009.00", "2026-12-02 kl.\xa009:00"),
    ],
)
def test_a_time_is_told_in_the_persons_own_zone_and_near_days_by_name(moment: datetime, da: str, sv: str) -> None:
    assert spoken.spoken(moment, "da", COPENHAGEN, NOW) == da
    assert spoken.spoken(moment, "sv", COPENHAGEN, NOW) == sv


def test_a_month_begins_a_line() -> None:
    assert [spoken.month(date(2026, 11, 1), each) for each in ("da", "sv", "nb", "en")] == [
        "November",
        "November",
        "November",
        "November",
    ]
    assert spoken.month(date(2026, 5, 1), "da") == "Maj"
