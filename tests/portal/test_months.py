"""How far the last months are exported: kept with a client's figures, added up over clients, as a filter."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kobling.access.models import Client
from kobling.portal import months
from kobling.portal.figures import renew
from kobling.portal.models import ClientMonth
from kobling.portal.months import Month, months_of, not_done
from kobling.sdk.figures import Figure, months_until
from tests.portal.test_rows import NOW, Company

pytestmark = pytest.mark.django_db
NOVEMBER, OCTOBER, SEPTEMBER = date(2026, 11, 1), date(2026, 10, 1), date(2026, 9, 1)


def told(company: Company, **kinds: int) -> None:
    """``submitted_11=5``: five entries of November."""
    names = {name.replace("_", ":2026-"): (number, {}) for name, number in kinds.items()}
    company.told(**names)


def kept(company: Company) -> dict[date, tuple[int, int]]:
    renew([company.client.pk], NOW)
    rows = ClientMonth.objects.filter(client=company.client)
    return {row.month: (row.submitted, row.exported) for row in rows}


def test_months_are_kept_as_told_and_those_without_an_entry_are_none() -> None:
    company = Company()
    told(company, submitted_11=12, exported_11=9, submitted_10=4, exported_10=4, submitted_09=0, exported_09=0)
    assert kept(company) == {NOVEMBER: (12, 9), OCTOBER: (4, 4)}


def test_what_is_told_anew_replaces_what_was() -> None:
    company = Company()
    told(company, submitted_11=12, exported_11=9, submitted_10=1)
    kept(company)
    company.left.told_figures.figures = {"submitted:2026-11": {"number": 12, "amounts": {}}}
    company.left.told_figures.save()
    assert kept(company) == {NOVEMBER: (12, 0)}
    before = ClientMonth.objects.get().pk
    with CaptureQueriesContext(connection) as asked:
        kept(company)
    assert ClientMonth.objects.get().pk == before
    assert not [each for each in asked if "clientmonth" in each["sql"] and not each["sql"].startswith("SELECT")]


def test_two_systems_of_a_client_add_up() -> None:
    company = Company()
    told(company, submitted_11=12, exported_11=9)
    company.told(company.right, **{"submitted:2026-11": (3, {}), "exported:2026-11": (3, {})})
    assert kept(company) == {NOVEMBER: (15, 12)}


def test_clients_add_up_and_only_those_that_are_asked_for() -> None:
    ours, other = Company(), Company("Anden")
    told(ours, submitted_11=12, exported_11=9, submitted_10=4, exported_10=4)
    told(other, submitted_11=100, exported_11=0)
    renew([ours.client.pk, other.client.pk], NOW)
    mine = Client.objects.filter(pk=ours.client.pk)
    with CaptureQueriesContext(connection) as asked:
        found = months_of(mine, NOW)
    assert len(asked) == 1
    assert found == (Month(SEPTEMBER, 0, 0), Month(OCTOBER, 4, 4), Month(NOVEMBER, 12, 9))
    assert [each.is_done for each in found] == [True, True, False]
    assert months_of(Client.objects.all(), NOW)[-1] == Month(NOVEMBER, 112, 9)
    assert set(Client.objects.filter(not_done(OCTOBER))) == set()
    assert set(Client.objects.filter(not_done(NOVEMBER))) == {ours.client, other.client}


def test_where_no_system_tells_months_none_are_shown() -> None:
    assert months_of(Client.objects.all(), NOW) == ()


@pytest.mark.parametrize(
    ("name", "number"),
    [("submitted:x", 1), ("submitted:2026-13", 1), ("other:2026-11", 1), ("submitted:2026-11", None)],
)
def test_what_is_no_month_counts_for_nothing(name: str, number: int | None) -> None:
    assert months.counted([Figure(name, number, {})]) == {}


def test_the_months_are_those_of_the_calendar_also_over_a_new_year() -> None:
    assert months_until(date(2027, 1, 31)) == ("2026-11", "2026-12", "2027-01")
    late = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert months.shown_months(late)[-1] == date(2027, 1, 1), "by the clock where the books are kept"
