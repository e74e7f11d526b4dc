"""The first administrator comes in by a link that works once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser

from kobling.access.models import FirmMember, Invitation, Person
from kobling.hub.models import Event
from kobling.hub.services import joining
from kobling.records import SettingsError
from kobling.sdk.clock import FakeClock

pytestmark = pytest.mark.django_db
BIRGITTE = {
    "name": "Birgitte Holm",
    "email": "Birgitte@Nordkysten.example",
    "password": "en lang sætning om bilag",
    "firm": "Nordkystens Bogholderi",
}


def link(clock: FakeClock) -> str:
    secret = joining.first_link(clock.now())
    assert secret
    return f"/begin/{secret}/"


def test_the_first_administrator_is_signed_in_with_a_firm(browser: Browser, clock: FakeClock) -> None:
    answer = browser.post(link(clock), BIRGITTE)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    person = Person.objects.get()
    assert (person.called, person.email) == ("Birgitte Holm", "birgitte@nordkysten.example")
    assert (person.is_superuser, person.language) == (True, "da")
    member = FirmMember.objects.get()
    assert (member.person, member.firm.name, member.role) == (person, "Nordkystens Bogholderi", "firm_admin")
    assert "Birgitte Holm" in browser.get("/", follow=True).content.decode()
    assert Event.objects.get().what == "begun"


def test_only_the_hash_of_the_secret_is_kept(clock: FakeClock) -> None:
    secret = link(clock).split("/")[2]
    assert secret not in str(Invitation.objects.values().get())


def test_the_link_works_once(browser: Browser, clock: FakeClock) -> None:
    where = link(clock)
    browser.post(where, BIRGITTE)
    other = Browser(HTTP_HOST="127.0.0.1")
    assert other.get(where).status_code == 404
    assert other.post(where, BIRGITTE | {"email": "x@x.example"}).status_code == 404
    assert Person.objects.count() == 1


def test_a_link_ends_after_a_day_and_with_a_newer_one(browser: Browser, clock: FakeClock) -> None:
    old = link(clock)
    new = link(clock)
    assert browser.get(old).status_code == 404
    assert browser.get(new).status_code == 200
    clock.turn(timedelta(hours=24).total_seconds())
    assert browser.get(new).status_code == 404


def test_there_is_no_link_once_there_is_somebody(browser: Browser, clock: FakeClock) -> None:
    where = link(clock)
    Person.objects.create_user("somebody")
    assert joining.first_link(clock.now()) is None
    assert browser.post(where, BIRGITTE).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("password", "kort", "for kort"),
        ("password", "birgitte@nordkysten.example", "minder for meget om"),
        ("email", "birgitte", "gyldig"),
        ("firm", "   ", "påkrævet"),
        ("name", "", "påkrævet"),
        ("name", "x" * 151, "150"),
    ],
)
def test_what_does_not_do_is_said_at_its_field_and_nothing_is_lost(
    browser: Browser, clock: FakeClock, field: str, value: str, said: str
) -> None:
    answer = browser.post(link(clock), BIRGITTE | {field: value})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page.split(f'id="id_{field}_error"')[1].split("</p>")[0]
    assert "Nordkystens Bogholderi" in page or field == "firm"
    assert Person.objects.count() == 0


def test_an_address_that_somebody_has_is_refused(clock: FakeClock) -> None:
    secret = link(clock).split("/")[2]
    who = joining.Newcomer("A B", "a@b.example", "en lang sætning om bilag", firm="F")
    joining.begin(secret, who, clock.now())
    with pytest.raises(SettingsError, match="already"):
        joining._made(joining.Newcomer("C D", "A@B.example", "en lang sætning om bilag"))
