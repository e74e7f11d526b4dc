"""The people of a firm: the last administrator stays, clients go from hand to hand, and all of it is recorded."""

from __future__ import annotations

import pytest

from kobling.access.models import Assignment, Client, Firm, FirmMember, FirmRole, Person, Stage
from kobling.access.policy import Actor, NotFound, clients_of
from kobling.hub.models import Event
from kobling.hub.services import assigning, people
from kobling.hub.services.assigning import Changed
from kobling.records import SettingsError

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm() -> Firm:
    return Firm.objects.create(name="Nordkystens Bogholderi")


def works(firm: Firm, name: str, role: str = "bookkeeper", **more: object) -> FirmMember:
    who = Person.objects.create_user(name, f"{name}@n.example", first_name=name.title(), **more)
    return FirmMember.objects.create(firm=firm, person=who, role=role)


@pytest.fixture
def admin(firm: Firm) -> Actor:
    return Actor.of(works(firm, "birgitte", "firm_admin").person)


def own(actor: Actor) -> FirmMember:
    return FirmMember.objects.get(person=actor.person)


def test_the_last_administrator_can_neither_be_demoted_nor_removed(firm: Firm, admin: Actor) -> None:
    works(firm, "gone", "firm_admin", is_active=False)
    me = own(admin).pk
    for do in (lambda: people.set_role(admin, me, "bookkeeper"), lambda: people.remove(admin, me)):
        with pytest.raises(SettingsError) as refused:
            do()
        assert refused.value.code == "last_admin"
    with pytest.raises(SettingsError):
        people.remove(Actor.operator(), own(admin).pk)
    works(firm, "mette", "firm_admin")
    people.set_role(admin, own(admin).pk, "bookkeeper")
    assert own(admin).role == "bookkeeper"


def test_a_role_is_changed_and_the_change_recorded(firm: Firm, admin: Actor) -> None:
    mette = works(firm, "mette")
    assert people.set_role(admin, mette.pk, "firm_admin") is FirmRole.BOOKKEEPER
    people.set_role(admin, mette.pk, "firm_admin")
    (told,) = Event.objects.filter(what="role_changed")
    assert (told.subject, told.before, told.after) == ("Mette", '"bookkeeper"', '"firm_admin"')
    with pytest.raises(SettingsError):
        people.set_role(admin, mette.pk, "king")


def test_whoever_is_removed_sees_nothing_from_then_on_and_what_they_did_is_kept(firm: Firm, admin: Actor) -> None:
    mette = works(firm, "mette")
    client = Client.objects.create(name="Bageren", firm=firm)
    Assignment.objects.create(client=client, member=mette)
    who = Actor.of(mette.person)
    assert clients_of(who).exists()
    people.remove(admin, mette.pk)
    assert not clients_of(who).exists()
    assert Person.objects.filter(pk=who.person).exists()
    assert not Assignment.objects.exists()
    told = Event.objects.get(what="colleague_removed")
    assert f'"clients":[{client.pk}]' in told.before.replace(" ", "")


def test_nobody_reaches_people_of_another_firm(firm: Firm, admin: Actor) -> None:
    theirs = works(Firm.objects.create(name="Konkurrenten"), "nils")
    mine = works(firm, "mette")
    client = Client.objects.create(name="Bageren", firm=firm)
    Assignment.objects.create(client=client, member=mine)
    for do in (
        lambda: people.set_role(admin, theirs.pk, "firm_admin"),
        lambda: people.remove(admin, theirs.pk),
        lambda: assigning.assign_chosen(admin, theirs.pk, [client.pk], [client.pk]),
        lambda: assigning.hand_over(admin, mine.pk, {client.pk: theirs.pk}),
    ):
        with pytest.raises(NotFound):
            do()
    assert Assignment.objects.get().member == mine


def test_each_colleague_is_told_with_as_many_clients_as_they_see(firm: Firm, admin: Actor) -> None:
    mette = works(firm, "mette")
    for n in range(3):
        Assignment.objects.create(client=Client.objects.create(name=f"K{n}", firm=firm), member=mette)
    coming = Client.objects.create(name="Ny", firm=firm, stage=Stage.VERIFICATION)
    Assignment.objects.create(client=coming, member=mette)
    left = Client.objects.create(name="Flyttet", firm=Firm.objects.create(name="Ny"))
    Assignment.objects.create(client=left, member=mette)
    Client.objects.create(name="Ingens", firm=firm)
    told = {each.person.username: each.clients for each in people.colleagues(admin, firm.pk)}  # type: ignore[attr-defined]
    assert told == {"birgitte": 4, "mette": 3}
    assert all(clients_of(Actor.of(p)).count() == told[p.username] for p in Person.objects.all())


def test_ticks_change_only_what_was_offered(firm: Firm, admin: Actor) -> None:
    mette = works(firm, "mette")
    one, two, three = (Client.objects.create(name=f"K{n}", firm=firm) for n in range(3))
    for each in (one, three):
        Assignment.objects.create(client=each, member=mette)
    assert assigning.assign_chosen(admin, mette.pk, [two.pk], [one.pk, two.pk]) == Changed((two.pk,), (one.pk,))
    assert set(Assignment.objects.values_list("client", flat=True)) == {two.pk, three.pk}
    stranger = Client.objects.create(name="Fremmed")
    with pytest.raises(NotFound):
        assigning.assign_chosen(admin, mette.pk, [stranger.pk], [stranger.pk])


def test_a_leaving_colleagues_clients_go_to_one_or_to_several(firm: Firm, admin: Actor) -> None:
    mette, aase, jonas = (works(firm, name) for name in ("mette", "aase", "jonas"))
    one, two, three = (Client.objects.create(name=f"K{n}", firm=firm) for n in range(3))
    for each in (one, two, three):
        Assignment.objects.create(client=each, member=mette)
    Assignment.objects.create(client=one, member=aase)
    assert assigning.hand_over(admin, mette.pk, {one.pk: aase.pk, two.pk: jonas.pk}) == 2
    found = set(Assignment.objects.values_list("client", "member"))
    assert found == {(one.pk, aase.pk), (two.pk, jonas.pk), (three.pk, mette.pk)}
    with pytest.raises(SettingsError):
        assigning.hand_over(admin, mette.pk, {one.pk: aase.pk})


def test_who_has_no_second_factor_cannot_demand_one(firm: Firm, admin: Actor) -> None:
    assert admin.person
    with pytest.raises(SettingsError) as refused:
        people.demand_second_factor(admin, firm.pk, True, frozenset())
    assert refused.value.code == "unprotected"
    people.demand_second_factor(admin, firm.pk, True, {admin.person})
    people.demand_second_factor(admin, firm.pk, True, {admin.person})
    people.demand_second_factor(admin, firm.pk, False, frozenset())
    assert [each.what for each in Event.objects.all()] == ["second_factor_demanded", "second_factor_left_free"]


def test_choices_say_who_looks_after_a_client_besides_and_find_by_name(firm: Firm, admin: Actor) -> None:
    mette, aase = works(firm, "mette"), works(firm, "aase")
    client = Client.objects.create(name="Ærø Værft", firm=firm)
    Client.objects.create(name="Bageren", firm=firm)
    Client.objects.create(name="Borte", firm=firm, stage=Stage.ARCHIVED)
    for each in (mette, aase):
        Assignment.objects.create(client=client, member=each)
    told = assigning.choices(admin, mette.pk, "aeroe", "da")
    assert [(each.name, each.assigned, each.others) for each in told.shown] == [("Ærø Værft", True, ("Aase",))]
    assert (assigning.choices(admin, mette.pk).total, told.assigned) == (2, 1)
