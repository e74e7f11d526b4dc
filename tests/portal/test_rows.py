"""A client's row: reckoned from our own tables, in as many queries for two hundred clients as for one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kobling.access.models import Client
from kobling.hub import runs
from kobling.hub.models import Connection, Pair, Run, Schedule, SyncIssue, Table, ToldFigures
from kobling.portal import figures, renewing
from kobling.portal.figures import renew
from kobling.portal.models import ClientFigures, Deadline, Wallet
from kobling.portal.states import GRACE

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
AT_EIGHT = NOW - timedelta(hours=1)


class Company:
    """A client with one pair."""

    def __init__(self, name: str = "Test ApS", **sides: Any) -> None:
        self.client = Client.objects.create(name=name)
        self.left, self.right = (
            Connection.objects.create(client=self.client, connector=side, name=side, healthy=True, **sides)
            for side in ("pleo", "business_central")
        )
        self.pair = self.add_pair("one", direction="to_right")

    def add_pair(self, name: str, **more: Any) -> Pair:
        return Pair.objects.create(
            client=self.client, pair_type="t", name=name, left=self.left, right=self.right, **more
        )

    def ran(self, state: str = runs.DONE, at: datetime = AT_EIGHT, pair: Pair | None = None, **more: Any) -> Run:
        ended = at if state in runs.ENDED else None
        given = {"kind": "sync", "asked_at": at, "started_at": at, "ended_at": ended, **more}
        return Run.objects.create(pair=pair or self.pair, state=state, **given)

    def asks(self, kind: str = "conflict", state: str = "open", at: datetime = AT_EIGHT, subject: str = "1") -> None:
        table, _ = Table.objects.get_or_create(pair=self.pair, name="customers")
        SyncIssue.objects.create(
            table=table, kind=kind, subject=f"left:{subject}", state=state, opened_at=at, seen_at=at
        )

    def plans(self, pair: Pair | None = None, **more: Any) -> Schedule:
        given = {"cron": "0 * * * *", "enabled": True, "next_at": NOW + timedelta(hours=1), "on_since": AT_EIGHT}
        return Schedule.objects.create(pair=pair or self.pair, **{**given, **more})

    def told(self, side: Connection | None = None, at: datetime = AT_EIGHT, **kinds: Any) -> ToldFigures:
        data = {name: {"number": number, "amounts": amounts} for name, (number, amounts) in kinds.items()}
        return ToldFigures.objects.create(connection=side or self.left, figures=data, told_at=at)

    def row(self, now: datetime = NOW) -> ClientFigures:
        renew([self.client.pk], now)
        return ClientFigures.objects.get(pk=self.client.pk)


@pytest.fixture
def company() -> Company:
    return Company()


def test_a_client_that_never_ran_has_a_row_and_uses_nothing(company: Company) -> None:
    row = company.row()
    assert (row.state, row.open_issues, row.last_good_run_at, row.renewed_at) == ("never", 0, None, NOW)
    assert (row.missing_receipts, row.ready_count, row.ready_sum, row.wallet, row.low_balance) == (None,) * 4 + (False,)
    assert row.systems == [["pleo", "business_central", "to_right", False]]


def test_issues_are_counted_but_for_those_that_wait_for_nobody(company: Company) -> None:
    company.ran(runs.PARTLY)
    company.asks(at=NOW - timedelta(days=12))
    company.asks("refused", "parked", subject="2")
    company.asks("conflict", "settled", NOW - timedelta(days=99), "3")
    company.asks("altered", at=NOW - timedelta(days=99), subject="4")
    row = company.row()
    assert (row.state, row.open_issues, row.oldest_issue_at) == ("you", 2, NOW - timedelta(days=12))


def test_the_last_good_run_is_the_last_whole_one_that_went_through(company: Company) -> None:
    company.ran(runs.PARTLY, NOW - timedelta(hours=5))
    company.ran(runs.PARTLY, NOW - timedelta(hours=4), error={"kind": "Unreachable"})
    company.ran(runs.DONE, NOW - timedelta(hours=3), options={"only": {"id": "1"}})
    company.ran(runs.DONE, NOW - timedelta(hours=2), options={"undoes": 1})
    company.ran(runs.DONE, NOW - timedelta(hours=1), kind="plan")
    assert company.row().last_good_run_at == NOW - timedelta(hours=5)


@pytest.mark.parametrize(
    ("state", "more", "wanted"),
    [
        (runs.RUNNING, {}, "run"),
        (runs.RUNNING, {"summary": {"limited_until": "2026-11-30T09:30:00+00:00"}}, "limit"),
        (runs.QUEUED, {}, "wait"),
        (runs.FAILED, {"error": {"kind": "Misunderstood"}}, "bad"),
        (runs.STOPPED, {"error": {"kind": "Unsafe"}}, "you"),
        (runs.PARTLY, {"error": {"kind": "Unreachable", "retry_at": None}}, "half"),
        (runs.PARTLY, {"error": {"kind": "RateLimited", "retry_at": "2026-11-30T09:30:00+00:00"}}, "limit"),
        (runs.CANCELLED, {}, "never"),
        (runs.DONE, {}, "ok"),
    ],
)
def test_a_run_says_how_the_client_stands(company: Company, state: str, more: dict[str, Any], wanted: str) -> None:
    company.ran(state, **more)
    row = company.row()
    assert row.state == wanted
    assert row.state_until == (NOW + timedelta(minutes=30) if wanted == "limit" else None)


def test_a_dry_run_is_none_that_goes_on(company: Company) -> None:
    company.ran(runs.RUNNING, kind="plan")
    assert company.row().state == "never"


@pytest.mark.parametrize(
    ("red", "wanted"),
    [
        ({"health_kind": "SignInExpired"}, "key"),
        ({"health_kind": "SettingsError"}, "bad"),
        ({"health_kind": "", "revoked_at": AT_EIGHT}, "key"),
    ],
)
def test_a_red_connection_breaks_the_systems_of_its_pairs(company: Company, red: dict[str, Any], wanted: str) -> None:
    company.ran()
    Connection.objects.filter(pk=company.right.pk).update(healthy=False, **red)
    row = company.row()
    assert row.state == wanted and row.systems[0][3] is True


def test_a_sign_in_that_failed_a_run_and_was_renewed_since_is_no_trouble(company: Company) -> None:
    company.ran()
    company.ran(runs.FAILED, NOW - timedelta(minutes=30), error={"kind": "SignInExpired"})
    Connection.objects.update(checked_at=NOW - timedelta(minutes=40))
    assert company.row().state == "bad"
    Connection.objects.filter(pk=company.right.pk).update(checked_at=NOW)
    assert company.row().state == "ok"


def test_whoever_paused_is_named_and_a_schedule_that_never_was_on_is_no_pause(company: Company) -> None:
    schedule = company.plans(enabled=False, next_at=None, on_since=None)
    company.ran()
    assert company.row().state == "ok"
    Schedule.objects.filter(pk=schedule.pk).update(paused_at=AT_EIGHT, paused_by="person:3")
    row = company.row()
    assert (row.state, row.state_at, row.state_by, row.expected_at) == ("pause", AT_EIGHT, "person:3", None)


def test_a_run_is_expected_at_the_first_due_time_after_the_last_good_one(company: Company) -> None:
    company.plans(on_since=NOW - timedelta(days=1))
    company.ran(at=NOW - timedelta(hours=2, minutes=-3))
    row = company.row()
    assert (row.state, row.expected_at, row.state_at) == ("late", AT_EIGHT, AT_EIGHT)
    company.ran(at=NOW - timedelta(minutes=10))
    row = company.row()
    assert (row.state, row.expected_at, row.changes_at) == ("ok", NOW, NOW + GRACE)


def test_a_schedule_that_was_just_set_is_not_late_for_what_was_before_it(company: Company) -> None:
    company.plans(on_since=NOW - timedelta(minutes=1))
    company.ran(at=NOW - timedelta(days=9))
    row = company.row()
    assert (row.state, row.expected_at) == ("ok", NOW)


@pytest.mark.parametrize("more", [{"on_since": None}, {"cron": "never"}, {"time_zone": "Mars/Olympus"}], ids=str)
def test_where_nothing_can_be_reckoned_the_next_run_is_the_one_expected(company: Company, more: dict[str, Any]) -> None:
    company.plans(**more)
    row = company.row()
    assert (row.state, row.expected_at) == ("wait", NOW + timedelta(hours=1))


def test_late_comes_by_time_alone_with_no_mark_and_once(company: Company) -> None:
    company.plans()
    company.ran(at=NOW - timedelta(minutes=10))
    assert company.row().state == "ok"
    assert renewing.renew_by_time(NOW + GRACE - timedelta(seconds=1)) == 0
    assert renewing.renew_by_time(NOW + GRACE) == 1
    row = ClientFigures.objects.get()
    assert (row.state, row.state_at, row.changes_at) == ("late", NOW, None)
    assert renewing.renew_by_time(NOW + timedelta(days=1)) == 0


def test_a_run_that_goes_on_past_its_time_is_not_looked_at_again_and_again(company: Company) -> None:
    company.plans(on_since=NOW - timedelta(days=1))
    company.ran(runs.RUNNING)
    row = company.row()
    assert (row.state, row.changes_at) == ("run", None)


def test_a_limit_is_over_by_time_alone(company: Company) -> None:
    company.ran(runs.RUNNING, summary={"limited_until": (NOW + timedelta(minutes=5)).isoformat()})
    assert company.row().state == "limit"
    assert renewing.renew_by_time(NOW + timedelta(minutes=5)) == 1
    assert ClientFigures.objects.get().state == "run"


def test_the_most_pressing_pair_speaks_for_the_client_and_the_figures_are_of_all(company: Company) -> None:
    company.ran()
    other = company.add_pair("two")
    company.ran(runs.FAILED, NOW, other, error={"kind": "Misunderstood"})
    company.asks()
    row = company.row()
    assert (row.state, row.state_at, row.open_issues, row.last_good_run_at) == ("bad", NOW, 1, AT_EIGHT)
    assert [each[2] for each in row.systems] == ["to_right", "both"]


def test_what_a_vendor_told_stands_in_the_row_with_its_time(company: Company) -> None:
    company.told(missing_receipts=(9, {}), to_export=(23, {"DKK": "41280.75"}), wallet=(None, {"DKK": "3120.00"}))
    Wallet.objects.create(client=company.client, threshold=5000)
    row = company.row()
    assert (row.missing_receipts, row.ready_count, row.ready_sum) == (9, 23, Decimal("41280.75"))
    assert (row.ready_currency, row.ready_more, row.figures_at) == ("DKK", False, AT_EIGHT)
    assert (row.wallet, row.wallet_currency, row.wallet_threshold, row.low_balance) == (3120, "DKK", 5000, True)


@pytest.mark.parametrize(("threshold", "low"), [("3119.99", False), ("3120", False), ("3120.01", True)])
def test_a_wallet_is_low_under_its_threshold_and_not_at_it(company: Company, threshold: str, low: bool) -> None:
    company.told(wallet=(None, {"DKK": "3120.00"}))
    Wallet.objects.create(client=company.client, threshold=Decimal(threshold))
    assert company.row().low_balance is low


@pytest.mark.parametrize(
    ("amounts", "wallet", "wanted"),
    [
        ({"DKK": "10", "EUR": "99"}, {"DKK": "1"}, (Decimal(10), "DKK", True)),
        ({"DKK": "10", "EUR": "99"}, {}, (Decimal(99), "EUR", True)),
        ({"DKK": "10"}, {"EUR": "1"}, (Decimal(10), "DKK", False)),
        ({}, {"DKK": "1"}, (Decimal(0), "DKK", False)),
    ],
)
def test_sums_of_several_currencies_are_never_added(
    company: Company, amounts: dict[str, str], wallet: dict[str, str], wanted: tuple[Decimal, str, bool]
) -> None:
    company.told(to_export=(5, amounts), wallet=(None, wallet))
    row = company.row()
    assert (row.ready_sum, row.ready_currency, row.ready_more) == wanted


def test_of_two_systems_that_tell_things_are_added_wallets_are_not_and_the_older_time_is_shown(
    company: Company,
) -> None:
    company.told(missing_receipts=(2, {}), to_export=(3, {"DKK": "5"}), wallet=(None, {"DKK": "900"}))
    other = {"missing_receipts": (4, {}), "to_export": (1, {"DKK": "7"}), "wallet": (None, {"DKK": "80"})}
    company.told(company.right, NOW, **other)
    row = company.row()
    assert (row.missing_receipts, row.ready_count, row.ready_sum, row.wallet) == (6, 4, 12, 80)
    assert row.figures_at == AT_EIGHT


def test_what_a_connection_told_whose_key_was_taken_away_is_no_longer_shown(company: Company) -> None:
    company.told(missing_receipts=(2, {}))
    Connection.objects.filter(pk=company.left.pk).update(revoked_at=NOW)
    assert company.row().missing_receipts is None


def test_the_sign_in_that_ends_first_is_shown(company: Company) -> None:
    Connection.objects.filter(pk=company.left.pk).update(sign_in_until=NOW + timedelta(days=41))
    Connection.objects.filter(pk=company.right.pk).update(sign_in_until=NOW + timedelta(days=17))
    assert company.row().sign_in_until == NOW + timedelta(days=17)


def test_the_next_deadline_is_the_first_that_is_not_past_where_the_client_is(company: Company) -> None:
    for kind, day in (("closing", date(2026, 12, 4)), ("vat", date(2026, 12, 1)), ("vat", date(2026, 11, 29))):
        Deadline.objects.create(client=company.client, kind=kind, day=day)
    row = company.row(NOW)
    assert (row.next_deadline, row.next_deadline_kind) == (date(2026, 12, 1), "vat")
    midnight = datetime(2026, 12, 1, 23, tzinfo=UTC)
    assert row.changes_at == midnight, "the day ends in Copenhagen"
    assert renewing.renew_by_time(midnight) == 1
    row.refresh_from_db()
    assert (row.next_deadline, row.next_deadline_kind) == (date(2026, 12, 4), "closing")


def everything(number: int) -> Company:
    made = Company(f"Client {number}")
    made.plans()
    made.ran()
    made.ran(runs.RUNNING)
    made.asks()
    made.told(to_export=(1, {"DKK": "1"}))
    Wallet.objects.create(client=made.client, threshold=1)
    Deadline.objects.create(client=made.client, kind="vat", day=date(2026, 12, 1))
    return made


def test_many_clients_cost_as_many_queries_as_one() -> None:
    clients = [everything(number).client.pk for number in range(20)]
    counted = []
    for chosen in (clients[:1], clients):
        renew(chosen, NOW)
        with CaptureQueriesContext(connection) as seen:
            assert renew(chosen, NOW) == len(chosen)
        counted.append(len(seen))
    assert counted[0] == counted[1] <= 20


def test_clients_are_renewed_in_batches_and_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "AT_ONCE", 2)
    clients = [everything(number).client.pk for number in range(5)]
    assert renew([*clients, clients[0]], NOW) == 5
    assert ClientFigures.objects.filter(state="run", renewed_at=NOW).count() == 5


def test_a_client_that_is_gone_is_passed_over(company: Company) -> None:
    assert renew([company.client.pk, 999_999], NOW) == 1
