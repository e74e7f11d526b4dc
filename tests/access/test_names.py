"""A name that fits several is refused where it selects, and tells no more than the reader may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kobling.access.models import Client, ClientMember, ClientRole, Firm, FirmMember, FirmRole, Person
from kobling.access.naming import Ambiguous
from kobling.access.policy import Actor, Doing, NotFound
from kobling.hub.models import Connection, Pair
from kobling.hub.services import clients, connections, pairs, setting_up
from kobling.mapping import Side
from kobling.pairs.base import SetUpStep, StepKind
from kobling.records import SettingsError
from tests.services.house import House

pytestmark = pytest.mark.django_db
OPERATOR = Actor.operator()


def admin_of(firm: Firm) -> Actor:
    person = Person.objects.create_user(username=f"admin of {firm.pk}")
    FirmMember.objects.create(firm=firm, person=person, role=FirmRole.ADMIN)
    return Actor.of(person)


def refused(call: Callable[[], Any]) -> str:
    """The candidates that an ambiguous name is told to have."""
    with pytest.raises(Ambiguous) as error:
        call()
    assert error.value.code == "ambiguous" and isinstance(error.value, SettingsError)
    return str(error.value)


@pytest.fixture
def firms() -> tuple[Firm, Firm]:
    return Firm.objects.create(name="Nord"), Firm.objects.create(name="Syd")


def test_two_clients_of_a_name_are_told_apart_by_number_and_firm(firms: tuple[Firm, Firm]) -> None:
    one = Client.objects.create(name="Bageren", number="17", firm=firms[0])
    two = Client.objects.create(name="Bageren", number="23", firm=firms[1])
    told = refused(lambda: clients.find(OPERATOR, "Bageren"))
    assert all(part in told for part in ("17", "Nord", f"#{one.pk}", "23", "Syd", f"#{two.pk}"))
    assert clients.find(OPERATOR, "17") == one and clients.find(OPERATOR, f"#{two.pk}") == two
    assert clients.find(admin_of(firms[1]), "Bageren") == two, "what others have is no candidate"


def test_the_error_names_only_candidates_that_the_reader_may_see(firms: tuple[Firm, Firm]) -> None:
    for number in ("17", "18"):
        Client.objects.create(name="Bageren", number=number, firm=firms[0])
    Client.objects.create(name="Bageren", number="B-23", firm=firms[1])
    told = refused(lambda: clients.find(admin_of(firms[0]), "Bageren"))
    assert "17" in told and "18" in told and "B-23" not in told and "Syd" not in told


@pytest.mark.parametrize("other", [{"number": "4711"}, {"name": "4711"}], ids=["number", "name"])
def test_a_number_that_is_anothers_name_is_ambiguous(other: dict[str, str]) -> None:
    Client.objects.create(**{"name": "Smeden", "number": "1", **other})
    Client.objects.create(name="4711")
    refused(lambda: clients.find(OPERATOR, "4711"))


def test_no_number_is_no_name() -> None:
    Client.objects.create(name="Smeden")
    for name in ("", " ", "#", "#x", "#99999999999999999999"):
        with pytest.raises(NotFound):
            clients.find(OPERATOR, name)


def test_whoever_sees_two_and_may_set_up_one_is_asked_which() -> None:
    person = Person.objects.create_user(username="anna")
    for role in (ClientRole.ADMIN, ClientRole.USER):
        ClientMember.objects.create(client=Client.objects.create(name="Bageren"), person=person, role=role)
    refused(lambda: clients.find(Actor.of(person), "Bageren", Doing.SET_UP))


def test_two_firms_of_a_name_are_told_apart_by_id(firms: tuple[Firm, Firm]) -> None:
    twin = Firm.objects.create(name="Nord")
    assert f"#{twin.pk}" in refused(lambda: clients.find_firm(OPERATOR, "Nord"))
    assert clients.find_firm(OPERATOR, f"#{twin.pk}") == twin
    assert clients.find_firm(admin_of(twin), "Nord") == twin
    with pytest.raises(NotFound):
        clients.find_firm(admin_of(firms[1]), "Nord")


def test_an_admin_of_two_firms_says_where_a_client_is_added(firms: tuple[Firm, Firm]) -> None:
    who = admin_of(firms[0])
    FirmMember.objects.create(firm=firms[1], person_id=who.person, role=FirmRole.ADMIN)
    refused(lambda: clients.add(who, "Ny"))
    assert clients.add(who, "Ny", firm=firms[1]).firm == firms[1]


def test_a_connection_or_pair_of_several_clients_is_asked_about_by_client(firms: tuple[Firm, Firm]) -> None:
    found = {}
    for number, firm in zip(("17", "23"), firms, strict=True):
        client = Client.objects.create(name="Bageren", number=number, firm=firm)
        both = [Connection.objects.create(client=client, connector="x", name=name) for name in ("crm", "books")]
        found[number] = Pair.objects.create(client=client, pair_type="x", name="crm", left=both[0], right=both[1])
    who = admin_of(firms[0])
    for find in (connections.find, pairs.find):
        told = refused(lambda find=find: find(OPERATOR, "crm"))
        assert "17" in told and "Nord" in told and "23" in told and "Syd" in told
        assert find(who, "crm").client.number == "17"
        assert find(OPERATOR, "crm", found["23"].client).client.number == "23"
        assert find(OPERATOR.within(found["23"].client), "crm").client.number == "23"


def test_the_assisted_set_up_of_several_pairs_or_connections_takes_none_for_meant() -> None:
    house = House()
    step = SetUpStep("left", "Left", "…", StepKind.CONNECT, side=Side.LEFT)
    kind = house.opener.pair_types["sold"]
    house.opener.pair_types = {**house.opener.pair_types, "sold": replace(kind, set_up=(step,))}
    (state,) = setting_up.overview(OPERATOR, house.client, "sold", house.opener)
    assert not state.told, "one connection of the system, not tested yet"
    connections.connect(OPERATOR, house.client, house.opener, "left", {}, "second")
    assert "second" in refused(lambda: setting_up.overview(OPERATOR, house.client, "sold", house.opener))
    Pair.objects.create(
        client=house.client, pair_type="memory", name="twin", left=house.pair.left, right=house.pair.right
    )
    assert "twin" in refused(lambda: setting_up.overview(OPERATOR, house.client, "memory", house.opener))
    house.close()


class TestWithoutAName:
    """The one-company installation needs no client; nobody else is guessed for."""

    def test_the_first_set_up_makes_the_default_client_once(self) -> None:
        assert clients.chosen_if_any(OPERATOR) is None
        made = clients.find_or_add(OPERATOR)
        assert made.name == clients.DEFAULT == clients.find_or_add(OPERATOR).name
        assert clients.chosen(OPERATOR) == made and Client.objects.count() == 1

    def test_a_client_that_is_named_is_never_made(self) -> None:
        for call in (clients.find_or_add, clients.chosen, clients.chosen_if_any, clients.find):
            with pytest.raises(NotFound):
                call(OPERATOR, "acme")
        assert not Client.objects.exists()

    def test_the_default_client_is_meant_where_there_is_one_and_else_the_only_one(self) -> None:
        first = Client.objects.create(name="Bageren", number="17")
        assert clients.find_or_add(OPERATOR) == first
        Client.objects.create(name="Smeden")
        for call in (clients.find_or_add, clients.chosen, clients.chosen_if_any):
            assert "17" in refused(lambda call=call: call(OPERATOR))
        default = clients.add(OPERATOR, clients.DEFAULT)
        assert clients.find_or_add(OPERATOR) == default
        assert Client.objects.count() == 3

    def test_a_person_makes_none(self) -> None:
        with pytest.raises(NotFound):
            clients.find_or_add(Actor.of(Person.objects.create_user(username="anna")))
        assert not Client.objects.exists()
