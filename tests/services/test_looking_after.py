"""Many clients given to a colleague at once, taken back, and left."""

from __future__ import annotations

import pytest

from kobling.access.models import Assignment, Client, Firm, FirmMember, Person
from kobling.access.policy import Actor, NotFound
from kobling.hub.models import Event
from kobling.hub.services import looking_after
from kobling.records import SettingsError
from tests.services.cast import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def client_company() -> Client:
    return Client.objects.create(name="Alfa")


@pytest.fixture
def people(client_company: Client) -> dict[str, Actor]:
    return cast(client_company)


@pytest.fixture
def admin(people: dict[str, Actor]) -> Actor:
    return people["firm_admin"]


@pytest.fixture
def more(people: dict[str, Actor], client_company: Client) -> list[int]:
    """Three clients of the firm, the first of which somebody looks after already."""
    made = [Client.objects.create(name=name, firm=client_company.firm).pk for name in ("Beta", "Gamma")]
    return [client_company.pk, *made]


def member(people: dict[str, Actor], name: str) -> int:
    return FirmMember.objects.filter(person=people[name].person).order_by("pk")[0].pk


def test_those_that_are_new_to_the_colleague_are_told_and_noted(
    people: dict[str, Actor], admin: Actor, more: list[int]
) -> None:
    theirs = member(people, "assigned")
    assert set(looking_after.assign_many(admin, more, theirs)) == set(more[1:])
    assert looking_after.assign_many(admin, more, theirs) == ()
    assert Assignment.objects.filter(member=theirs).count() == 3
    assert Event.objects.filter(what="assigned").count() == 2
    assert looking_after.unassign_many(admin, more[1:], theirs) == tuple(more[1:])
    assert Event.objects.filter(what="unassigned").count() == 2
    assert Assignment.objects.filter(member=theirs).count() == 1


def test_nothing_is_given_where_one_of_the_clients_is_not_theirs_to_give(
    people: dict[str, Actor], admin: Actor, more: list[int]
) -> None:
    foreign = Client.objects.create(name="Fremmed", firm=Firm.objects.get(name="Konkurrenten")).pk
    for clients in ([*more, foreign], [*more, 10**9]):
        with pytest.raises(NotFound):
            looking_after.assign_many(admin, clients, member(people, "unassigned"))
    assert not Assignment.objects.filter(member=member(people, "unassigned")).exists()


@pytest.mark.parametrize("name", ["other_firm_admin", "inactive_assigned"])
def test_a_client_goes_to_nobody_of_another_firm_and_to_nobody_who_is_gone(
    people: dict[str, Actor], admin: Actor, more: list[int], name: str
) -> None:
    with pytest.raises(NotFound):
        looking_after.assign_many(admin, more, member(people, name))


def test_too_many_at_once_are_refused(people: dict[str, Actor], admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking_after, "MOST", 2)
    with pytest.raises(SettingsError, match="At most"):
        looking_after.assign_many(admin, [1, 2, 3], member(people, "assigned"))


def test_colleagues_are_told_with_how_many_they_look_after(
    people: dict[str, Actor], admin: Actor, more: list[int]
) -> None:
    told = {
        each.name.split("@")[0]: (each.clients, each.of_these) for each in looking_after.colleagues_for(admin, more)
    }
    assert told["assigned"] == (1, 1)
    assert told["unassigned"] == (0, 0)
    assert told.keys() == {"assigned", "firm_admin", "unassigned", "in_two_firms"}, "who is inactive is not offered"


def test_clients_of_two_firms_have_no_colleague_in_common(admin: Actor, more: list[int]) -> None:
    second = Firm.objects.create(name="Andet")
    FirmMember.objects.create(firm=second, person=Person.objects.get(pk=admin.person), role="firm_admin")
    other = Client.objects.create(name="Delta", firm=second).pk
    assert looking_after.colleagues_for(admin, [*more, other]) == ()


def test_who_leaves_a_client_no_longer_sees_it_and_who_does_not_look_after_it_cannot(
    people: dict[str, Actor], client_company: Client
) -> None:
    assert looking_after.looks_after(people["assigned"], client_company)
    looking_after.leave(people["assigned"], client_company)
    assert not looking_after.looks_after(people["assigned"], client_company)
    with pytest.raises(NotFound):
        looking_after.leave(people["assigned"], client_company)
    with pytest.raises(SettingsError, match="do not look after"):
        looking_after.leave(people["firm_admin"], client_company)
