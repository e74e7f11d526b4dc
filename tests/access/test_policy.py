"""May X do Y to client Z: roles, what ends them, and the tables that people read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kobling.access import policy
from kobling.access.actors import SCHEDULE
from kobling.access.models import Assignment, Client, ClientMember, ClientRole, Firm, FirmMember, FirmRole, Person
from kobling.access.policy import (
    FIRM_MAY,
    MAY,
    WAY_MAY,
    Actor,
    Doing,
    InFirm,
    NotFound,
    Role,
    Way,
    clients_of,
    firms_of,
    may,
)
from kobling.hub.models import Event
from kobling.hub.services import clients
from kobling.records import SettingsError

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parents[2] / "docs" / "access.md"
OPERATOR = Actor.operator()


def person(name: str, **more: bool) -> Person:
    return Person.objects.create_user(username=name, **more)


def works(firm: Firm, who: Person, role: FirmRole = FirmRole.BOOKKEEPER) -> FirmMember:
    return FirmMember.objects.create(firm=firm, person=who, role=role)


def allowed(who: Person, client: Client) -> set[Doing]:
    return {doing for doing in Doing if may(Actor.of(who), doing, client)}


@pytest.fixture
def firm() -> Firm:
    return Firm.objects.create(name="Bogholderiet")


@pytest.fixture
def client(firm: Firm) -> Client:
    return Client.objects.create(name="Bageren", firm=firm)


def test_whoever_looked_after_a_client_loses_it_the_moment_it_changes_firm(client: Client, firm: Firm) -> None:
    bodil, arne, new = person("bodil"), person("arne"), Firm.objects.create(name="Ny")
    Assignment.objects.create(client=client, member=works(firm, bodil))
    works(firm, arne, FirmRole.ADMIN)
    assert allowed(bodil, client) == set(MAY[Role.ASSIGNED]) and allowed(arne, client) == set(Doing)
    Client.objects.filter(pk=client.pk).update(firm=new)
    assert allowed(bodil, client) == allowed(arne, client) == set()
    Client.objects.filter(pk=client.pk).update(firm=None)
    assert allowed(bodil, client) == allowed(arne, client) == set()


def test_roles_in_two_firms_do_not_add_up(client: Client, firm: Firm) -> None:
    other, bodil = Firm.objects.create(name="Anden"), person("bodil")
    works(firm, bodil)
    Assignment.objects.create(client=client, member=works(other, bodil))
    assert allowed(bodil, client) == set()
    FirmMember.objects.filter(firm=other).update(role=FirmRole.ADMIN)
    assert allowed(bodil, client) == set(), "an admin elsewhere is nobody here"


@pytest.mark.parametrize("role", list(Role))
def test_whoever_is_not_active_may_nothing_through_any_role(client: Client, firm: Firm, role: Role) -> None:
    bo = person("bo")
    if role is Role.FIRM_ADMIN:
        works(firm, bo, FirmRole.ADMIN)
    elif role is Role.ASSIGNED:
        Assignment.objects.create(client=client, member=works(firm, bo))
    else:
        ClientMember.objects.create(client=client, person=bo, role=ClientRole(role.value))
    assert allowed(bo, client) == set(MAY[role])
    Person.objects.filter(pk=bo.pk).update(is_active=False)
    assert allowed(bo, client) == set()
    assert not firms_of(Actor.of(bo)).exists()


def test_flags_of_the_web_framework_are_no_role(client: Client) -> None:
    assert allowed(person("root", is_superuser=True, is_staff=True), client) == set()


def test_nobody_becomes_the_operator_by_being_gone_or_never_stored(client: Client, firm: Firm) -> None:
    gone = person("gone")
    works(firm, gone, FirmRole.ADMIN)
    before = Actor.of(gone)
    gone.delete()
    for who in (before, Actor.of(gone), Actor.of(Person(username="new")), Actor("somebody"), SCHEDULE):
        assert not who.is_operator
        assert not clients_of(who).exists() and not firms_of(who).exists()
        with pytest.raises(NotFound):
            policy.require_operator(who)


def test_a_client_without_a_firm_is_its_own_peoples_and_the_operators(client: Client, firm: Firm) -> None:
    arne, anna = person("arne"), person("anna")
    works(firm, arne, FirmRole.ADMIN)
    ClientMember.objects.create(client=client, person=anna, role=ClientRole.ADMIN)
    clients.move(OPERATOR, client, None)
    assert allowed(arne, client) == set() and allowed(anna, client) == set(Doing)
    assert may(OPERATOR, Doing.SET_UP, client)


def test_acting_for_one_client_shows_and_allows_no_other(client: Client, firm: Firm) -> None:
    other, arne = Client.objects.create(name="Smeden", firm=firm), person("arne")
    works(firm, arne, FirmRole.ADMIN)
    for who in (OPERATOR, Actor.of(arne)):
        assert list(clients_of(who.within(other))) == [other]
        assert not may(who.within(other), Doing.SEE, client)
    stranger = Actor.of(person("stranger")).within(other)
    assert not clients_of(stranger).exists(), "narrowing gives nothing"


def test_a_question_takes_one_query_without_a_join_over_the_firms_people(client: Client, firm: Firm) -> None:
    bodil = person("bodil")
    Assignment.objects.create(client=client, member=works(firm, bodil))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert list(clients_of(Actor.of(bodil))) == [client]
    (query,) = asked.captured_queries
    assert "DISTINCT" not in query["sql"]
    assert "JOIN" not in query["sql"].split("WHERE")[0]


def test_a_moved_client_leaves_its_assignments_behind_for_good(client: Client, firm: Firm) -> None:
    bodil, new = person("bodil"), Firm.objects.create(name="Ny")
    Assignment.objects.create(client=client, member=works(firm, bodil))
    clients.move(OPERATOR, client, new, why="sold")
    clients.move(OPERATOR, client, firm)
    assert client.firm == firm and allowed(bodil, client) == set()
    assert [each.why for each in Event.objects.filter(what="client_moved").order_by("id")] == ["sold", ""]


def test_nobody_is_assigned_across_firms_not_even_by_what_a_caller_remembers(client: Client, firm: Firm) -> None:
    new, arne = Firm.objects.create(name="Ny"), person("arne")
    works(firm, arne, FirmRole.ADMIN)
    colleague, theirs = works(firm, person("bodil")), works(new, person("nils"))
    for who in (OPERATOR, Actor.of(arne)):
        with pytest.raises(NotFound):
            clients.assign(who, client, theirs)
    remembered = Client.objects.get(pk=client.pk)
    clients.move(OPERATOR, client, new)
    for who in (OPERATOR, Actor.of(arne)):
        with pytest.raises(NotFound):
            clients.assign(who, remembered, colleague)
    assert not Assignment.objects.exists()


def test_a_firm_admin_assigns_and_unassigns_a_colleague(client: Client, firm: Firm) -> None:
    arne, bodil = person("arne"), person("bodil")
    works(firm, arne, FirmRole.ADMIN)
    member = works(firm, bodil)
    clients.assign(Actor.of(arne), client, member)
    clients.assign(Actor.of(arne), client, member)
    assert allowed(bodil, client) == set(MAY[Role.ASSIGNED])
    clients.unassign(Actor.of(arne), client, member)
    assert allowed(bodil, client) == set()
    assert Event.objects.filter(what__in=("assigned", "unassigned")).count() == 2


def test_adding_clients_is_the_firm_admins_and_the_operators(firm: Firm) -> None:
    arne, bodil, anna = person("arne"), person("bodil"), person("anna")
    works(firm, arne, FirmRole.ADMIN)
    works(firm, bodil)
    ClientMember.objects.create(
        client=Client.objects.create(name="Smeden", firm=firm), person=anna, role=ClientRole.ADMIN
    )
    assert clients.add(Actor.of(arne), "Bageren").firm == firm
    assert clients.add(OPERATOR, "Uden firma").firm is None
    for who in (bodil, anna):
        for given in (None, firm):
            with pytest.raises(NotFound):
                clients.add(Actor.of(who), "Ny", firm=given)
    with pytest.raises(NotFound):
        clients.add(Actor.of(arne), "Ny", firm=Firm.objects.create(name="Anden"))
    assert not Client.objects.filter(name="Ny").exists()


def test_a_new_client_has_a_name_and_something_of_its_own(firm: Firm) -> None:
    clients.add(OPERATOR, "Bageren", number="1", firm=firm)
    clients.add(OPERATOR, "Bageren", number="2", firm=firm)
    for name, number in (("Bageren", "2"), (" ", ""), ("x" * 201, ""), ("y", "1" * 101)):
        with pytest.raises(SettingsError):
            clients.add(OPERATOR, name, number=number, firm=firm)


def _tables(text: str) -> list[dict[str, set[str]]]:
    """Tables of a document about who may what: who → the heads of the columns that are ticked."""
    found: list[dict[str, set[str]]] = []
    heads: list[str] = []
    for line in text.splitlines():
        cells = [each.strip() for each in line.strip().strip("|").split("|")] if line.strip().startswith("|") else []
        if not cells:
            heads = []
        elif not heads:
            heads = cells
            found += [{}] if cells[0] == "who" else []
        elif heads[0] == "who" and not re.fullmatch(r"[-: ]*", cells[0]):
            found[-1][cells[0]] = {head for head, cell in zip(heads, cells, strict=True) if cell == "✓"}
    return found


@pytest.mark.parametrize("text", [policy.__doc__, DOCS.read_text(encoding="utf-8")], ids=["policy.py", "access.md"])
def test_the_written_tables_say_what_is_decided(text: str) -> None:
    to_client, to_firm, on_its_way = _tables(text)[:3]
    roles: Mapping[str, frozenset[Doing]] = {
        "the operator": frozenset(Doing),
        "an admin of the client's firm": MAY[Role.FIRM_ADMIN],
        "a bookkeeper of that firm, assigned": MAY[Role.ASSIGNED],
        "an admin of the company itself": MAY[Role.COMPANY_ADMIN],
        "a user of the company itself": MAY[Role.COMPANY_USER],
        "anybody else, and who is not active": frozenset(),
    }
    assert to_client == {who: {each.value for each in what} for who, what in roles.items()}
    assert to_firm == {
        "the operator": {each.value for each in InFirm},
        "an admin of the firm": {each.value for each in FIRM_MAY[FirmRole.ADMIN]},
        "a bookkeeper of the firm": {each.value for each in FIRM_MAY[FirmRole.BOOKKEEPER]},
        "anybody else, and who is not active": set(),
    }
    ways = {Role.FIRM_ADMIN: "an admin of the client's firm", Role.ASSIGNED: "a bookkeeper of that firm, assigned"}
    ways |= {Role.COMPANY_ADMIN: "an admin of the company itself", Role.COMPANY_USER: "a user of the company itself"}
    assert on_its_way == {
        "the operator": {each.value for each in Way},
        **{who: {each.value for each in WAY_MAY[role]} for role, who in ways.items()},
        "anybody else, and who is not active": set(),
    }
