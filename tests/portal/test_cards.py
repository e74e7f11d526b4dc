"""A client's pairs as cards, its last two weeks and its last runs: what is told, and how much is asked for it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kobling.access.policy import Actor
from kobling.hub import runs
from kobling.hub.models import Moved, SyncJob, Table
from kobling.portal.cards import Card, Stake, Verb, cards
from kobling.portal.days import Day, days_of
from kobling.portal.lately import last_runs
from kobling.portal.states import State
from kobling.portal.watching import watched
from tests.portal.test_rows import AT_EIGHT, NOW, Company

pytestmark = pytest.mark.django_db
WHO = Actor.operator()
FAILED = {"kind": "Unreachable", "summary": "%(vendor)s does not answer.", "params": {"vendor": "Pleo"}}


@pytest.fixture
def company() -> Company:
    return Company()


def card(company: Company) -> Card:
    return cards(WHO, company.client, NOW)[0]


def test_a_pair_that_never_ran_can_be_run(company: Company) -> None:
    told = card(company)
    assert (told.standing.state, told.verb, told.run, told.at_stake) == (State.NEVER, Verb.RUN, None, None)
    assert (told.left, told.right, told.direction) == ("pleo", "business_central", "to_right")


def test_what_waits_for_people_is_counted_and_settled(company: Company) -> None:
    company.ran(started_at=AT_EIGHT - timedelta(seconds=134))
    company.asks()
    company.asks(subject="2", at=NOW - timedelta(days=3))
    told = card(company)
    assert (told.verb, told.open_issues, told.oldest_issue_at) == (Verb.SETTLE, 2, NOW - timedelta(days=3))
    assert told.told.params == {"number": 2}
    assert (told.run_at, told.took) == (AT_EIGHT - timedelta(seconds=134), 134)


@pytest.mark.parametrize("state", [runs.FAILED])
def test_a_run_that_failed_says_of_what_and_what_waits_meanwhile(company: Company, state: str) -> None:
    company.told(to_export=(12, {"DKK": "18420.50"}))
    company.ran(state, error=FAILED)
    told = card(company)
    assert told.verb is Verb.TRY
    assert (told.why.text, told.why.params) == (FAILED["summary"], FAILED["params"])
    assert told.at_stake == Stake("pleo", 12, {"DKK": Decimal("18420.50")})


def test_nothing_is_at_stake_where_all_is_well_or_nothing_is_known(company: Company) -> None:
    company.told(to_export=(12, {"DKK": "18420.50"}))
    company.ran()
    assert card(company).at_stake is None
    company.ran(runs.FAILED, NOW, error=FAILED)
    assert card(company).at_stake is not None
    company.left.told_figures.figures = {}
    company.left.told_figures.save()
    assert card(company).at_stake is None


def test_a_run_that_is_late_is_tried_and_one_that_goes_on_is_watched(company: Company) -> None:
    company.ran(at=NOW - timedelta(hours=5))
    company.plans(on_since=NOW - timedelta(days=1))
    assert (card(company).standing.state, card(company).verb) == (State.LATE, Verb.TRY)
    company.ran(runs.RUNNING, NOW)
    assert card(company).verb is Verb.WATCH


def test_who_paused_is_named(company: Company) -> None:
    company.ran()
    company.plans(enabled=False, next_at=None, paused_at=NOW, paused_by="operator:root")
    told = card(company)
    assert (told.verb, told.told.params) == (Verb.RESUME, {"who": "root"})


def test_a_sign_in_that_ended_is_for_an_administrator(company: Company) -> None:
    company.left.healthy, company.left.health_kind = False, "SignInExpired"
    company.left.save()
    assert (card(company).standing.state, card(company).verb, card(company).broken) == (State.KEY, Verb.SIGN_IN, True)


def test_the_most_pressing_comes_first_and_ten_pairs_ask_no_more_than_one(company: Company) -> None:
    company.ran()
    with CaptureQueriesContext(connection) as one:
        cards(WHO, company.client, NOW)
    for number in range(9):
        pair = company.add_pair(f"more{number}")
        company.ran(runs.FAILED if number == 5 else runs.DONE, pair=pair, error=FAILED if number == 5 else None)
    with CaptureQueriesContext(connection) as ten:
        told = cards(WHO, company.client, NOW)
    assert told[0].name == "more5"
    assert len(told) == 10
    assert len(ten) == len(one)


def moved(company: Company, day: date, currency: str = "", records: int = 0, amount: str = "0") -> None:
    Moved.objects.create(pair=company.pair, day=day, currency=currency, records=records, amount=Decimal(amount))


def test_the_last_two_weeks_are_told_day_by_day_in_the_currency_of_most(company: Company) -> None:
    today = date(2026, 11, 30)
    moved(company, today, records=3)
    moved(company, today, "DKK", amount="100.50")
    moved(company, today, "EUR", amount="9")
    moved(company, today - timedelta(days=13), records=1)
    moved(company, today - timedelta(days=13), "DKK", amount="1")
    moved(company, today - timedelta(days=14), records=99)
    moved(company, today + timedelta(days=1), records=99)
    told = days_of(WHO, company.client, NOW)
    assert (told.currency, told.others, told.is_empty, len(told.days)) == ("DKK", True, False, 14)
    assert told.days[-1] == Day(today, 3, Decimal("100.50"))
    assert told.days[0] == Day(today - timedelta(days=13), 1, Decimal(1))
    assert {each.records for each in told.days[1:-1]} == {0}


def test_a_day_is_that_of_the_books(company: Company) -> None:
    moved(company, date(2026, 12, 1), records=5)
    assert days_of(WHO, company.client, NOW.replace(hour=23)).days[-1].records == 5


def test_pairs_add_up_and_other_clients_do_not(company: Company) -> None:
    day = date(2026, 11, 30)
    moved(company, day, records=2)
    Moved.objects.create(pair=company.add_pair("two"), day=day, records=5)
    Moved.objects.create(pair=Company("Anden").pair, day=day, records=70)
    assert days_of(WHO, company.client, NOW).days[-1].records == 7


def test_runs_are_told_with_what_they_wrote_newest_first(company: Company) -> None:
    first = company.ran(started_at=AT_EIGHT - timedelta(seconds=41))
    tables = [Table.objects.create(pair=company.pair, name=name) for name in ("a", "b")]
    SyncJob.objects.create(run=first, table=tables[0], inserted=1, modified=2, deleted=3, skipped=4, failed=5)
    SyncJob.objects.create(run=first, table=tables[1], inserted=10, skipped=1)
    second = company.ran(runs.FAILED, NOW, error=FAILED)
    company.ran(kind="plan")
    told = last_runs(WHO, company.client)
    assert [each.run for each in told] == [second.pk, first.pk]
    assert (told[1].written, told[1].skipped, told[1].failed, told[1].took) == (16, 5, 5, 41)
    assert (told[0].written, told[0].state, told[0].why.text) == (0, State.BAD, FAILED["summary"])


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (runs.QUEUED, State.WAIT),
        (runs.RUNNING, State.RUN),
        (runs.DONE, State.OK),
        (runs.PARTLY, State.HALF),
        (runs.FAILED, State.BAD),
        (runs.STOPPED, State.YOU),
        (runs.CANCELLED, None),
    ],
)
def test_every_end_of_a_run_has_its_state(company: Company, state: str, shown: State | None) -> None:
    run = company.ran(state)
    assert last_runs(WHO, company.client)[0].state is shown
    assert watched(WHO, run.pk).state is shown
    assert watched(WHO, run.pk).is_over is (state in runs.ENDED)


def test_a_run_that_goes_on_says_how_far_it_is(company: Company) -> None:
    run = company.ran(runs.RUNNING, phase="write", summary={"progress": {"what": "customers", "done": 4, "total": 9}})
    told = watched(WHO, run.pk)
    assert (told.doing.text, told.doing.params, told.done, told.total) == (
        "Writing %(what)s",
        {"what": "customers"},
        4,
        9,
    )
