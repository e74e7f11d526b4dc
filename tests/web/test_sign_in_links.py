"""A link that signs somebody in once: made by the operator alone, used up by a press, over with time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser

from kobling.access.models import Person
from kobling.access.policy import Actor, NotFound
from kobling.hub.models import Event
from kobling.hub.services import joining
from kobling.sdk.clock import FakeClock
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db
OPERATOR = Actor.operator("root")


@pytest.fixture
def mette() -> Person:
    return Person.objects.create_user("m", "mette@n.example", first_name="Mette", last_name="Kjærgaard", language="da")


def test_a_press_signs_in_and_uses_the_link_up(browser: Browser, mette: Person, clock: FakeClock) -> None:
    path = f"/sign-in/{joining.sign_in_link(OPERATOR, mette, clock.now())}/"
    for _ in range(2):
        assert "Log ind som Mette Kjærgaard" in browser.get(path).content.decode(), "looking uses nothing up"
    assert browser.post(path)["Location"] == "/"
    assert "Mette Kjærgaard" in browser.get("/clients/").content.decode()
    assert Browser(HTTP_HOST="127.0.0.1").post(path).status_code == 404
    assert "_auth_user_id" in browser.session


def test_somebody_elses_session_ends_with_it(browser: Browser, mette: Person, clock: FakeClock) -> None:
    sign_in(browser, Person.objects.create_user("x", "x@n.example"))
    before = browser.session.session_key
    browser.post(f"/sign-in/{joining.sign_in_link(OPERATOR, mette, clock.now())}/")
    assert browser.session["_auth_user_id"] == str(mette.pk)
    assert browser.session.session_key != before


def test_a_link_is_over_with_time_with_a_newer_one_and_for_who_is_no_longer_active(
    browser: Browser, mette: Person, clock: FakeClock
) -> None:
    first = joining.sign_in_link(OPERATOR, mette, clock.now())
    second = joining.sign_in_link(OPERATOR, mette, clock.now())
    assert browser.get(f"/sign-in/{first}/").status_code == 404
    assert joining.signs_in(second, clock.now()) == mette
    with pytest.raises(NotFound):
        joining.signs_in(second, clock.now() + joining.SIGN_IN_LIVES + timedelta(seconds=1))
    Person.objects.update(is_active=False)
    assert browser.post(f"/sign-in/{second}/").status_code == 404


def test_no_other_link_is_one_and_it_is_no_other(browser: Browser, mette: Person, clock: FakeClock) -> None:
    secret = joining.sign_in_link(OPERATOR, mette, clock.now())
    for path in ("begin", "join"):
        answer = browser.get(f"/{path}/{secret}/")
        assert answer.status_code == 404 or "Log ind som" not in answer.content.decode()
    assert browser.post(f"/join/{secret}/").status_code == 404
    Person.objects.all().delete()
    first = joining.first_link(clock.now())
    assert browser.get(f"/sign-in/{first}/").status_code == 404


def test_only_the_operator_makes_one_and_it_is_noted(mette: Person, clock: FakeClock) -> None:
    with pytest.raises(NotFound):
        joining.sign_in_link(Actor.of(mette), mette, clock.now())
    joining.sign_in_link(OPERATOR, mette, clock.now())
    assert Event.objects.get(what="sign_in_link_made").who == "root"
