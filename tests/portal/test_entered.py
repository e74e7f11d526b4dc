"""What people enter for a client's row, and the rows as they are handed out."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from kobling.access.models import Client
from kobling.access.policy import Actor
from kobling.hub.happened import What
from kobling.hub.models import Event
from kobling.portal import entered, renewing
from kobling.portal.clients import Figures, System, figures_of
from kobling.portal.entered import Kind
from kobling.portal.models import ClientFigures, Deadline, Wallet
from kobling.portal.states import State
from kobling.records import SettingsError

pytestmark = pytest.mark.django_db
WHO = Actor.operator("ejer")
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
DAY = date(2026, 12, 1)


@pytest.fixture
def client() -> Client:
    return Client.objects.create(name="Test ApS")


def figures(client: Client) -> Figures:
    renewing.renew_marked(NOW)
    return figures_of(WHO, [client.pk])[client.pk]


def test_a_threshold_is_kept_changed_and_taken_away_and_each_is_seen(client: Client) -> None:
    entered.set_wallet_threshold(WHO, client, "5000")
    assert figures(client).wallet_threshold == 5000
    entered.set_wallet_threshold(WHO, client, Decimal("10000.50"))
    assert figures(client).wallet_threshold == Decimal("10000.50")
    entered.set_wallet_threshold(WHO, client, None)
    assert figures(client).wallet_threshold is None and not Wallet.objects.exists()
    told = Event.objects.filter(what=What.THRESHOLD_SET).order_by("pk").values_list("before", "after")
    assert [each[1] for each in told] == ['"5000"', '"10000.50"', ""]


@pytest.mark.parametrize("told", ["", "five", "-1", "1.005", "1e15", "1e999999", "NaN", "Infinity", "5.000,00"])
def test_what_is_no_amount_is_refused_in_words(client: Client, told: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        entered.set_wallet_threshold(WHO, client, told)
    assert wrong.value.code == "no_amount" and not Wallet.objects.exists()


def test_deadlines_are_kept_once_and_the_next_one_is_seen(client: Client) -> None:
    entered.add_deadline(WHO, client, "closing", DAY + timedelta(days=3))
    entered.add_deadline(WHO, client, "vat", DAY)
    assert entered.add_deadline(WHO, client, "vat", DAY) == entered.DeadlineTold(Kind.VAT, DAY)
    assert Deadline.objects.count() == Event.objects.filter(what=What.DEADLINE_SET).count() == 2
    found = figures(client)
    assert (found.next_deadline, found.next_deadline_kind) == (DAY, "vat")
    assert [each.kind for each in entered.deadlines(WHO, client)] == [Kind.VAT, Kind.CLOSING]
    assert entered.remove_deadline(WHO, client, "vat", DAY)
    assert not entered.remove_deadline(WHO, client, "vat", DAY)
    assert figures(client).next_deadline_kind == "closing"


def test_a_deadline_of_no_known_kind_is_refused(client: Client) -> None:
    for act in (entered.add_deadline, entered.remove_deadline):
        with pytest.raises(SettingsError) as wrong:
            act(WHO, client, "party", DAY)
        assert wrong.value.code == "no_kind"


def test_a_client_has_so_many_deadlines_and_no_more(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entered, "MOST_DEADLINES", 1)
    entered.add_deadline(WHO, client, "vat", DAY)
    with pytest.raises(SettingsError) as wrong:
        entered.add_deadline(WHO, client, "closing", DAY)
    assert wrong.value.code == "too_many"


def test_every_kind_has_a_word() -> None:
    assert set(entered.WORDS) == set(Kind) and all(entered.WORDS.values())


def test_a_client_whose_row_nobody_has_reckoned_yet_never_ran(client: Client) -> None:
    found = figures_of(WHO, [client.pk])[client.pk]
    assert (found.client, found.state, found.renewed_at, found.systems) == (client.pk, State.NEVER, None, ())
    assert not ClientFigures.objects.exists(), "looking reckons nothing"


def test_rows_are_handed_out_frozen_and_whole(client: Client) -> None:
    row = ClientFigures(client=client, state="late", systems=[["a", "b", "both", True]], renewed_at=NOW)
    row.save()
    found = figures_of(WHO, [client.pk, 999_999])
    assert list(found) == [client.pk]
    assert (found[client.pk].state, found[client.pk].systems) == (State.LATE, (System("a", "b", "both", True),))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found[client.pk].open_issues = 1  # type: ignore[misc]
    columns = {each.name for each in ClientFigures._meta.concrete_fields}
    assert columns - {"urgency", "changes_at"} == {each.name for each in dataclasses.fields(Figures)}


@pytest.mark.parametrize(
    ("left", "days"), [(timedelta(days=17, hours=3), 17), (timedelta(hours=1), 0), (-timedelta(hours=1), -1)]
)
def test_days_of_a_sign_in_are_whole_ones(client: Client, left: timedelta, days: int) -> None:
    row = Figures.of(ClientFigures(client_id=client.pk, sign_in_until=NOW + left))
    assert row.sign_in_days(NOW) == days
    assert Figures.of(ClientFigures(client_id=client.pk)).sign_in_days(NOW) is None
