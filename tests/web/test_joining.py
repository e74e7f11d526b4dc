"""Accepting an invitation: as somebody new, with an account one has, and by nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser

from kobling.access.models import Firm, FirmMember, Invitation, Person
from kobling.access.policy import Actor
from kobling.arriving import inviting
from kobling.hub.models import Event
from kobling.hub.services import joining
from kobling.sdk.clock import FakeClock
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db
LINE = {"name": "Line Ågård", "password": "en lang sætning om bilag"}


@pytest.fixture
def firm() -> Firm:
    made = Firm.objects.create(name="Nordkystens Bogholderi")
    birgitte = Person.objects.create_user("birgitte", "birgitte@n.example", first_name="Birgitte", last_name="Holm")
    FirmMember.objects.create(firm=made, person=birgitte, role="firm_admin")
    return made


def invited(firm: Firm, clock: FakeClock, email: str = "line@n.example", role: str = "bookkeeper") -> str:
    admin = Actor.of(Person.objects.get(username="birgitte"))
    found: list[str] = []

    def link(secret: str) -> str:
        found.append(secret)
        return secret

    inviting.invite(admin, firm.pk, inviting.Invited("Line", email, role), clock.now(), link)
    return f"/join/{found[0]}/"


def test_somebody_new_comes_in_under_the_invited_address(browser: Browser, firm: Firm, clock: FakeClock) -> None:
    where = invited(firm, clock)
    page = browser.get(where).content.decode()
    assert "Birgitte Holm inviterer dig til Nordkystens Bogholderi som bogholder" in page
    answer = browser.post(where, LINE | {"email": "other@x.example"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    member = FirmMember.objects.get(person__email="line@n.example")
    assert (member.firm, member.role, member.person.called) == (firm, "bookkeeper", "Line Ågård")
    assert "Line Ågård" in browser.get("/", follow=True).content.decode()
    assert Event.objects.filter(what="joined", who_id=str(member.person_id)).exists()


def test_the_link_works_once_and_for_a_fortnight(browser: Browser, firm: Firm, clock: FakeClock) -> None:
    where = invited(firm, clock)
    browser.post(where, LINE)
    other = Browser(HTTP_HOST="127.0.0.1")
    assert (other.get(where).status_code, other.post(where, LINE).status_code) == (404, 404)
    late = invited(firm, clock, "late@n.example")
    clock.turn(timedelta(days=14).total_seconds())
    assert other.get(late).status_code == 404


def test_whoever_has_an_account_signs_in_and_joins_with_one_press(
    browser: Browser, firm: Firm, clock: FakeClock
) -> None:
    line = Person.objects.create_user("line", "line@n.example")
    where = invited(firm, clock, role="firm_admin")
    assert f"/accounts/login/?next={where}" in browser.get(where).content.decode()
    assert browser.post(where, LINE)["Location"].startswith("/accounts/login/")
    assert not FirmMember.objects.filter(person=line).exists()
    sign_in(browser, line)
    assert '<input type="password"' not in browser.get(where).content.decode()
    assert browser.post(where).status_code == 302
    assert FirmMember.objects.get(person=line).role == "firm_admin"


def test_whoever_is_somebody_else_gets_nothing_by_a_link_that_was_passed_on(
    browser: Browser, firm: Firm, clock: FakeClock
) -> None:
    nils = Person.objects.create_user("nils", "nils@x.example", language="da")
    where = invited(firm, clock)
    sign_in(browser, nils)
    assert "du er logget ind som nils@x.example" in browser.get(where).content.decode()
    assert browser.post(where).status_code == 404
    assert not FirmMember.objects.filter(person=nils).exists()
    assert Invitation.objects.get().used_at is None


def test_a_colleague_who_is_there_already_keeps_their_role(browser: Browser, firm: Firm, clock: FakeClock) -> None:
    where = invited(firm, clock)
    line = Person.objects.create_user("line", "line@n.example")
    FirmMember.objects.create(firm=firm, person=line, role="firm_admin")
    sign_in(browser, line)
    browser.post(where)
    assert FirmMember.objects.get(person=line).role == "firm_admin"


def test_the_first_link_of_all_lets_nobody_in_here(browser: Browser, clock: FakeClock) -> None:
    secret = joining.first_link(clock.now())
    assert browser.get(f"/join/{secret}/").status_code == 404
    assert browser.post(f"/join/{secret}/", LINE).status_code == 404


def test_when_a_link_was_first_looked_at_is_noted(browser: Browser, firm: Firm, clock: FakeClock) -> None:
    where = invited(firm, clock)
    assert Invitation.objects.get().opened_at is None
    browser.get(where)
    first = clock.now()
    clock.turn(60)
    browser.get(where)
    assert Invitation.objects.get().opened_at == first


@pytest.mark.parametrize(("field", "value"), [("password", "kort"), ("name", "")])
def test_what_does_not_do_is_said_and_the_link_stays(
    browser: Browser, firm: Firm, clock: FakeClock, field: str, value: str
) -> None:
    where = invited(firm, clock)
    assert browser.post(where, LINE | {field: value}).status_code == 422
    assert browser.get(where).status_code == 200
