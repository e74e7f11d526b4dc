"""What people keep for themselves about clients: favourites, what is put off, where they were last."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kobling.access.models import Client, Firm, FirmMember, Person
from kobling.access.policy import Actor
from kobling.portal import mine
from kobling.portal.models import ClientFigures
from kobling.portal.states import URGENCY, State
from tests.portal.test_rows import NOW

pytestmark = pytest.mark.django_db
COPENHAGEN = ZoneInfo("Europe/Copenhagen")


@pytest.fixture
def firm() -> Firm:
    return Firm.objects.create(name="Bogholderiet")


@pytest.fixture
def admin(firm: Firm) -> Actor:
    return admin_of(firm, "birgitte")


def admin_of(firm: Firm, name: str) -> Actor:
    person = Person.objects.create_user(name)
    FirmMember.objects.create(firm=firm, person=person, role="firm_admin")
    return Actor.of(person)


def client_of(firm: Firm, name: str, state: State = State.OK, number: str = "") -> Client:
    made = Client.objects.create(name=name, firm=firm, number=number)
    ClientFigures.objects.update_or_create(client=made, defaults={"state": state, "urgency": URGENCY[state]})
    return made


def is_asleep(who: Actor, client: Client, later: timedelta = timedelta(0)) -> bool:
    return mine.with_mine(Client.objects.filter(pk=client.pk), who.person, NOW + later).get().snoozed


def test_what_is_put_off_comes_back_the_next_morning(firm: Firm, admin: Actor) -> None:
    client = client_of(firm, "Alfa", State.YOU)
    until = mine.snooze(admin, client, NOW, COPENHAGEN)
    assert until.isoformat() == "2026-12-01T08:00:00+01:00"
    assert is_asleep(admin, client)
    assert is_asleep(admin, client, until - NOW - timedelta(seconds=1))
    assert not is_asleep(admin, client, until - NOW)
    assert mine.said_of(admin, client, NOW).snoozed_until == until
    assert mine.said_of(admin, client, until).snoozed_until is None


def test_tomorrow_is_eight_in_the_morning_also_over_the_change_of_clocks() -> None:
    before = NOW.replace(month=3, day=27, hour=23)
    assert mine.tomorrow(before, COPENHAGEN).isoformat() == "2026-03-29T08:00:00+02:00"


def test_what_gets_more_pressing_comes_back_at_once_and_what_gets_less_so_stays_away(firm: Firm, admin: Actor) -> None:
    client = client_of(firm, "Alfa", State.YOU)
    mine.snooze(admin, client, NOW, COPENHAGEN)
    ClientFigures.objects.filter(pk=client.pk).update(state="ok", urgency=URGENCY[State.OK])
    assert is_asleep(admin, client)
    ClientFigures.objects.filter(pk=client.pk).update(state="bad", urgency=URGENCY[State.BAD])
    assert not is_asleep(admin, client)


def test_a_client_that_nothing_was_reckoned_for_can_be_put_off(firm: Firm, admin: Actor) -> None:
    client = client_of(firm, "Ny")
    ClientFigures.objects.filter(pk=client.pk).delete()
    mine.snooze(admin, client, NOW, COPENHAGEN)
    assert is_asleep(admin, client)


def test_it_is_put_off_for_whoever_said_so_and_can_be_had_back(firm: Firm, admin: Actor) -> None:
    client, other = client_of(firm, "Alfa"), admin_of(firm, "anden")
    mine.snooze(admin, client, NOW, COPENHAGEN)
    assert not is_asleep(other, client)
    mine.wake(admin, client)
    assert not is_asleep(admin, client)


def found(places: mine.Places, part: str) -> list[str]:
    return [each.name for each in getattr(places, part)]


def test_favourites_come_first_then_where_one_was_last_and_none_stands_twice(firm: Firm, admin: Actor) -> None:
    clients = [client_of(firm, name) for name in ("Alfa", "Beta", "Gamma", "Ærø", "Aabenraa", "Ulla", "Viggo", "Yrsa")]
    for minutes, client in enumerate(clients):
        mine.note_opened(admin, client, NOW + timedelta(minutes=minutes))
    for client in (clients[4], clients[7], clients[3]):
        mine.favour(admin, client, on=True)
    mine.favour(admin, clients[7], on=False)
    places = mine.places(admin, "da")
    assert found(places, "favourites") == ["Ærø", "Aabenraa"], "in the reader's alphabet"
    assert found(places, "last") == ["Yrsa", "Viggo", "Ulla", "Gamma", "Beta"]
    assert found(mine.places(admin, "sv"), "favourites") == ["Aabenraa", "Ærø"]


def test_looking_again_writes_nothing(firm: Firm, admin: Actor) -> None:
    client = client_of(firm, "Alfa")
    mine.note_opened(admin, client, NOW)
    with CaptureQueriesContext(connection) as asked:
        mine.note_opened(admin, client, NOW + timedelta(minutes=1))
    assert [each["sql"].split()[0] for each in asked.captured_queries] == ["SELECT", "SELECT"]


def test_words_find_those_first_that_begin_so(firm: Firm, admin: Actor) -> None:
    client_of(firm, "Nordre Mølle A/S")
    client_of(firm, "Møllerup Gods I/S", number="1044")
    client_of(firm, "Anden")
    assert found(mine.places(admin, "da", "MOEL"), "found") == ["Møllerup Gods I/S", "Nordre Mølle A/S"]
    assert found(mine.places(admin, "da", "1044"), "found") == ["Møllerup Gods I/S"]
    assert mine.places(admin, "da", "findes ikke") == mine.Places((), (), ())


def test_nobody_is_shown_what_is_no_longer_theirs(firm: Firm, admin: Actor) -> None:
    client = client_of(firm, "Alfa")
    mine.favour(admin, client, on=True)
    mine.note_opened(admin, client, NOW)
    Client.objects.filter(pk=client.pk).update(firm=None)
    assert mine.places(admin, "da") == mine.Places((), (), ())
    assert mine.places(admin, "da", "alfa").found == ()


def test_the_places_cost_as_much_for_a_thousand_clients(firm: Firm, admin: Actor) -> None:
    for name in range(30):
        mine.favour(admin, client_of(firm, str(name)), on=True)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert len(mine.places(admin, "da").favourites) == mine.SHOWN
    assert len(asked) <= 3
