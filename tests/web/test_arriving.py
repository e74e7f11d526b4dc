"""A client's way in by either door, on the pages of both sides, until it is active; and what each may see meanwhile."""

from __future__ import annotations

import re

import pytest
from django.test import Client as Browser

from kobling.access.models import (
    Assignment,
    Client,
    ClientMember,
    Declined,
    Firm,
    FirmMember,
    Onboarding,
    Permission,
    Person,
    Stage,
)
from kobling.access.policy import Actor, clients_of
from kobling.hub.models import Event
from kobling.mail.models import Mail
from kobling.mail.outbox import Letter, letter_of
from kobling.portal.tabs import tabs_of
from kobling.sdk.clock import FakeClock
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db
HANNE = {"name": "Hanne Tåsinge", "password": "en lang sætning om frugt"}
WISH = {
    "name": "Tåsinge Frugt & Bær ApS",
    "number": "1063",
    "country": "dk",
    "registered_number": "10150817",
    "contact_name": "Hanne",
    "email": "hanne@frugt.example",
    "access": "limited",
    "asks_power": "on",
    "start_day": "2026-12-07",
    "language": "da",
    "comment": "Vi glæder os",
}


@pytest.fixture
def firm() -> Firm:
    return Firm.objects.create(name="Nordkystens Bogholderi")


def works(firm: Firm, name: str, role: str = "bookkeeper") -> FirmMember:
    who = Person.objects.create_user(name, f"{name}@n.example", first_name=name.title(), language="da")
    return FirmMember.objects.create(firm=firm, person=who, role=role)


@pytest.fixture
def admin(browser: Browser, firm: Firm) -> Browser:
    sign_in(browser, works(firm, "birgitte", "firm_admin").person)
    return browser


def in_company(client: Client, name: str = "pia", role: str = "company_admin") -> Browser:
    who = Person.objects.create_user(name, f"{name}@x.example", first_name=name.title(), language="da")
    ClientMember.objects.create(client=client, person=who, role=role)
    theirs = Browser(HTTP_HOST="127.0.0.1", HTTP_ACCEPT_LANGUAGE="da")
    sign_in(theirs, who)
    return theirs


def letters(to: str) -> list[Letter]:
    rows = Mail.objects.filter(to=to).order_by("pk")
    return [letter for each in rows if (letter := letter_of(each))]


def shown(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def tabs(firm: Firm, name: str = "birgitte") -> list[str]:
    return [each.tab.value for each in tabs_of(Actor.of(Person.objects.get(username=name)))]


def stage() -> str:
    return Client.objects.get().stage


def test_a_company_that_was_invited_is_active_once_all_six_steps_are_done(
    admin: Browser, firm: Firm, clock: FakeClock
) -> None:
    mette = works(firm, "mette")
    page = admin.post("/clients/invite/", WISH, follow=True).content.decode()
    assert "Tåsinge Frugt &amp; Bær ApS" in page
    assert (stage(), tabs(firm)) == ("invited", ["invites", "mine", "all"])
    (letter,) = letters("hanne@frugt.example")
    assert "Vi glæder os" in letter.text
    where = re.search(r"(/join/\S+)", letter.text)
    assert where
    hanne = Browser(HTTP_HOST="127.0.0.1", HTTP_ACCEPT_LANGUAGE="da")
    assert "vil gerne tage sig af Tåsinge Frugt &amp; Bær ApS" in shown(hanne, where[1])
    assert "Åbnet" in shown(admin, "/clients/invites/")
    own = hanne.post(where[1], HANNE)["Location"]
    client = Client.objects.get().pk
    assert own == f"/clients/{client}/firm/"
    assert (stage(), tabs(firm), tabs(firm, "mette")) == ("accepted", ["onboarding", "mine", "all"], ["mine"])
    assert "1 af 6" in shown(admin, "/clients/onboarding/")
    hanne.post(own, {"what": "company", "country": "dk", "registered_number": "10150817"})
    assert stage() == "verification"
    hanne.post(own, {"what": "person", "title": "direktør"})
    hanne.post(own, {"what": "access", "access": "limited"})
    panel = shown(admin, f"/clients/onboarding/{client}/")
    assert "Adgang givet: Begrænset" in panel
    assert "Kobling spørger intet register" in panel
    assert "07.12.2026" in panel
    assert "Indtil da kan ingen i bogholderiet se dens tal" in panel
    assert not clients_of(Actor.of(Person.objects.get(username="birgitte"))).exists()
    admin.post(f"/clients/{client}/bookkeeper/", {"member": mette.pk})
    assert tabs(firm, "mette") == ["onboarding", "mine"]
    assert not clients_of(Actor.of(mette.person)).exists()
    answer = hanne.post(own, {"what": "power", "power_name": "Hanne Tåsinge"})
    assert answer.status_code == 422
    assert "Sæt kryds ved, at du giver fuldmagten" in answer.content.decode()
    hanne.post(own, {"what": "power", "power_name": "Hanne Tåsinge", "agreed": "on"})
    assert (stage(), tabs(firm), tabs(firm, "mette")) == ("active", ["mine", "all"], ["mine"])
    assert clients_of(Actor.of(mette.person)).exists()
    row = Onboarding.objects.get()
    assert (row.power_name, row.power_at, row.power_by) == ("Hanne Tåsinge", clock.now(), row.person_by)
    assert Event.objects.filter(what="client_active", client=client).exists()


def test_a_number_whose_check_digit_does_not_fit_is_a_doubt_and_no_refusal(admin: Browser, firm: Firm) -> None:
    page = admin.post("/clients/invite/", WISH | {"registered_number": "10150818"}, follow=True).content.decode()
    assert "passer ikke med sit kontrolciffer" in page
    assert stage() == "invited"


def test_an_invitation_is_sent_again_and_withdrawn_and_the_client_with_it(admin: Browser, firm: Firm) -> None:
    admin.post("/clients/invite/", WISH)
    page = shown(admin, "/clients/invites/")
    invitation = re.findall(r"/invitations/(\d+)/again/", page)[0]
    admin.post(f"/invitations/{invitation}/again/", {"next": "/clients/invites/"})
    assert len(letters("hanne@frugt.example")) == 2
    answer = admin.post(f"/invitations/{invitation}/withdraw/", {"next": "/clients/invites/"})
    assert answer["Location"] == "/clients/invites/"
    assert stage() == "archived"
    assert "Tåsinge" not in shown(admin, "/clients/invites/").replace("hanne@frugt.example", "")
    assert "Invitationen blev trukket tilbage" in shown(admin, "/clients/archived/")
    admin.post(f"/clients/{Client.objects.get().pk}/bring-back/")
    assert stage() == "invited"
    assert f"/invitations/{invitation}/again/" in shown(admin, "/clients/invites/")


def test_a_company_is_reminded_of_what_comes_next_once_a_day(admin: Browser, firm: Firm, clock: FakeClock) -> None:
    client = Client.objects.create(name="Samsø", firm=firm, stage=Stage.VERIFICATION)
    in_company(client)
    Onboarding.objects.create(client=client, begun_at=clock.now(), answered_at=clock.now(), company_at=clock.now())
    for _ in range(2):
        page = admin.post(f"/clients/{client.pk}/remind/", follow=True).content.decode()
    assert "allerede mindet om det i dag" in page
    (letter,) = letters("pia@x.example")
    assert "Person" in letter.text
    assert f"/clients/{client.pk}/firm/" in letter.text
    clock.turn(24 * 3600)
    admin.post(f"/clients/{client.pk}/remind/")
    assert len(letters("pia@x.example")) == 2


def asks(admin: Browser, client: Client, theirs: Browser) -> None:
    admin.post("/clients/invites/code/")
    code = shown(admin, "/clients/invites/").split("<code>")[1].split("</code>")[0]
    answer = theirs.post(f"/clients/{client.pk}/firm/", {"what": "ask", "code": code.lower()})
    assert answer.status_code == 302, answer.content.decode()


def test_a_company_adds_the_firm_by_its_code_and_is_taken_in(admin: Browser, firm: Firm) -> None:
    mette = works(firm, "mette")
    client = Client.objects.create(name="Rømø Surf & Camping ApS")
    theirs = in_company(client)
    asks(admin, client, theirs)
    client.refresh_from_db()
    assert (client.firm, client.stage, tabs(firm)) == (firm, "incoming", ["invites", "mine", "all"])
    assert "Rømø" in letters("birgitte@n.example")[0].text
    for given in (
        {"what": "company", "country": "dk", "registered_number": "10150817"},
        {"what": "person", "title": "ejer"},
        {"what": "access", "access": "extended"},
        {"what": "power", "power_name": "Pia", "agreed": "on"},
    ):
        assert theirs.post(f"/clients/{client.pk}/firm/", given).status_code == 302
    page = shown(admin, "/clients/invites/")
    assert "fuldmagt givet med det samme" in page
    assert "Udvidet" in page
    assert clients_of(Actor.of(Person.objects.get(username="pia"))).exists(), "the company goes on meanwhile"
    assert not clients_of(Actor.of(Person.objects.get(username="birgitte"))).exists()
    page = admin.post(f"/clients/{client.pk}/accept/", {"member": ""}, follow=True).content.decode()
    assert "Vælg den bogholder" in page
    admin.post(f"/clients/{client.pk}/accept/", {"member": mette.pk})
    client.refresh_from_db()
    assert client.stage == "active"
    assert Assignment.objects.get().member == mette


def test_a_wrong_code_and_that_of_a_firm_that_declined_look_alike(admin: Browser, firm: Firm) -> None:
    client = Client.objects.create(name="Hadsten Køleteknik A/S")
    theirs = in_company(client)
    asks(admin, client, theirs)
    assert admin.post(f"/clients/{client.pk}/decline/", {"reason": " "}).status_code == 422
    page = admin.post(f"/clients/{client.pk}/decline/", {"reason": "Vi har ikke plads."}, follow=True).content.decode()
    assert "er afslået" in page
    assert "Vi har ikke plads." in letters("pia@x.example")[0].text
    client.refresh_from_db()
    assert (client.firm, client.stage) == (None, "active")
    code = Firm.objects.get(pk=firm.pk).join_code
    path = f"/clients/{client.pk}/firm/"
    shown(theirs, path)
    said = [theirs.post(path, {"what": "ask", "code": each}).content.decode() for each in (code, "AAAABBBBCCCC")]
    strip = [re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|value="[^"]*"', "", each) for each in said]
    assert strip[0] == strip[1]
    assert "Intet bogholderi kan tilføjes med denne kode" in said[0]
    asks(admin, client, theirs)
    assert not Declined.objects.exists()
    theirs.post(path, {"what": "take_back"})
    client.refresh_from_db()
    assert (client.firm, client.stage) == (None, "active")


def test_permissions_go_both_ways_with_a_state_that_both_see(admin: Browser, firm: Firm) -> None:
    client = Client.objects.create(name="Bageren", firm=firm)
    Onboarding.objects.create(client=client, begun_at=client.created_at, access="limited")
    theirs, path = in_company(client), f"/clients/{client.pk}/permissions/"

    def press(who: Browser, name: str, what: str) -> int:
        return who.post(path, {"name": name, "what": what, "from": "company" if who is theirs else "firm"}).status_code

    def state(name: str) -> str:
        return Permission.objects.get(name=name).state

    press(admin, "extended", "ask")
    assert f"/clients/{client.pk}/firm/" in letters("pia@x.example")[0].text
    assert "Ønsket" in shown(admin, f"/clients/onboarding/{client.pk}/")
    assert "Venter på dit svar" in shown(theirs, f"/clients/{client.pk}/firm/")
    assert press(admin, "extended", "yes") == 404, "nobody answers their own question"
    press(theirs, "extended", "yes")
    assert (state("extended"), Onboarding.objects.get().access) == ("granted", "extended")
    press(theirs, "extended", "back")
    assert (state("extended"), Onboarding.objects.get().access) == ("none", "limited")
    press(theirs, "invoices", "ask")
    assert "Betale fakturaer" in letters("birgitte@n.example")[0].text
    press(admin, "invoices", "no")
    assert state("invoices") == "declined"
    assert press(admin, "nonsense", "ask") == 404
    told = list(Event.objects.filter(what__startswith="permission").order_by("pk").values_list("what", flat=True))
    assert told == [f"permission_{each}" for each in ("asked", "granted", "taken_back", "asked", "declined")]


def test_nobody_but_the_companys_own_administrator_speaks_for_it(admin: Browser, firm: Firm) -> None:
    client = Client.objects.create(name="Bageren", firm=firm)
    Onboarding.objects.create(client=client, begun_at=client.created_at)
    path = f"/clients/{client.pk}/firm/"
    user = in_company(client, "bo", "company_user")
    for who in (admin, user):
        assert who.get(path).status_code == 404
        given = {"what": "power", "power_name": "Birgitte", "agreed": "on"}
        assert who.post(path, given).status_code == 404
    assert Onboarding.objects.get().power_at is None


def test_empty_tabs_vanish_and_their_addresses_answer(admin: Browser, firm: Firm) -> None:
    page = shown(admin, "/clients/")
    assert "Onboarding" not in page
    assert "Ingen kunde er på vej ind" in shown(admin, "/clients/onboarding/")
    assert "Ingen virksomhed venter" in shown(admin, "/clients/invites/")


def test_the_list_of_those_on_their_way_is_sorted_searched_and_asks_as_much_for_many(
    admin: Browser, firm: Firm, clock: FakeClock, django_assert_max_num_queries: object
) -> None:
    for name in ("Aabenraa", "Bageren", "Ærø"):
        client = Client.objects.create(name=name, firm=firm, stage=Stage.VERIFICATION)
        Onboarding.objects.create(client=client, begun_at=clock.now(), answered_at=clock.now())

    def names(query: str = "") -> list[str]:
        return re.findall(r'<a class="name"[^>]*>([^<]+)</a>', shown(admin, f"/clients/onboarding/{query}"))

    assert names() == ["Bageren", "Ærø", "Aabenraa"]
    assert names("?sort=-client") == ["Aabenraa", "Ærø", "Bageren"]
    assert names("?q=aeroe") == ["Ærø"]
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        names()


def test_a_client_is_archived_stands_in_no_list_and_is_brought_back(admin: Browser, firm: Firm) -> None:
    client = Client.objects.create(name="Bageren", firm=firm)
    assert "Arkivér Bageren?" in shown(admin, f"/clients/{client.pk}/archive/")
    page = admin.post(f"/clients/{client.pk}/archive/", {"why": "solgt"}, follow=True).content.decode()
    assert "solgt" in page
    assert tabs(firm) == ["mine", "all", "archived"]
    assert "Bageren" not in shown(admin, "/clients/")
    assert "12 kunder" not in page
    page = admin.post(f"/clients/{client.pk}/bring-back/", follow=True).content.decode()
    assert "Arkivet er tomt" in page
    assert "Bageren" in shown(admin, "/clients/")
