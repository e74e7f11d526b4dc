"""The pages about a firm's people: the list, roles, invitations, pasting, assigning, handing over."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client as Browser

from kobling.access.models import Assignment, Client, Firm, FirmMember, FirmRole, Invitation, Person
from kobling.access.policy import Doing, InFirm
from kobling.mail.models import Mail
from kobling.mail.outbox import Letter, letter_of
from kobling.sdk.clock import FakeClock
from kobling.web.people.rights import DOING_WORDS, IN_FIRM_WORDS, TO_CLIENTS
from tests.web.signing import sign_in, undo

pytestmark = pytest.mark.django_db


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


def names(page: str) -> list[str]:
    return re.findall(r'<span class="name">([^<]+)</span>', page)


def letters() -> list[Letter]:
    return [letter for each in Mail.objects.order_by("pk") if (letter := letter_of(each))]


def link_in(letter: Letter) -> str:
    found = re.search(r"http://[^/\s]+(/join/[^\s]+)", letter.text)
    assert found, letter.text
    return found[1]


def said(browser: Browser, path: str = "/people/") -> str:
    return browser.get(path).content.decode()


def test_the_list_is_sorted_searched_filtered_and_given_as_a_file(admin: Browser, firm: Firm, clock: FakeClock) -> None:
    mette, aase = works(firm, "mette"), works(firm, "aase")
    Assignment.objects.create(client=Client.objects.create(name="Bageren", firm=firm), member=mette)
    Authenticator.objects.create(user=mette.person, type="webauthn", data={})
    Person.objects.filter(pk=aase.person_id).update(last_login=clock.now() - timedelta(days=1))
    assert names(said(admin)) == ["Birgitte", "Mette", "Aase"]
    assert names(said(admin, "/people/?sort=-name")) == ["Aase", "Mette", "Birgitte"]
    assert names(said(admin, "/people/?sort=-factor"))[0] == "Mette"
    assert names(said(admin, "/people/?sort=-clients"))[-1] == "Aase"
    assert names(said(admin, "/people/?q=aase")) == ["Aase"]
    assert names(said(admin, "/people/?q=mette@n")) == ["Mette"]
    assert names(said(admin, "/people/?unprotected=1")) == ["Birgitte", "Aase"]
    assert names(said(admin, "/people/?idle=1")) == ["Aase"]
    text = b"".join(admin.get("/people/?file=csv&unprotected=1").streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert text.splitlines()[0] == "Navn;E-mail;Rolle;Kunder;Ekstra sikkerhed;Sidst set"
    assert text.splitlines()[1].startswith("Birgitte;birgitte@n.example;Administrator;1;Ingen;")


@pytest.mark.parametrize("column", ["name", "role", "clients", "factor", "seen"])
@pytest.mark.parametrize("down", ["", "-"])
def test_every_colleague_stands_once_over_all_pages(
    admin: Browser, firm: Firm, clock: FakeClock, column: str, down: str
) -> None:
    for n in range(60):
        member = works(firm, f"k{n}")
        if n % 3:
            seen = clock.now() - timedelta(hours=n % 5)
            Person.objects.filter(pk=member.person_id).update(last_login=seen)
    path, found = f"/people/?sort={down}{column}", []
    while path:
        page = said(admin, path)
        found += names(page)
        more = re.findall(r'<a class="btn sm" href="([^"]+)"', page)
        path = more[0].replace("&amp;", "&") if more else ""
    assert len(found) == len(set(found)) == 61


def test_a_role_is_changed_in_the_row_and_back_by_a_press(admin: Browser, firm: Firm) -> None:
    mette = works(firm, "mette")
    page = admin.post(f"/people/{mette.pk}/role/", {"role": "firm_admin"}, follow=True).content.decode()
    assert "Mette er nu: Administrator." in page
    undo(admin, page)
    assert FirmMember.objects.get(pk=mette.pk).role == FirmRole.BOOKKEEPER
    undo(admin, said(admin))
    mette.refresh_from_db()
    assert mette.role == FirmRole.ADMIN


def test_the_last_administrator_is_told_why_not(admin: Browser, firm: Firm) -> None:
    own = FirmMember.objects.get()
    page = admin.post(f"/people/{own.pk}/role/", {"role": "bookkeeper"}, follow=True).content.decode()
    assert "den eneste administrator" in page
    page = admin.post(f"/people/{own.pk}/remove/", follow=True).content.decode()
    assert "den eneste administrator" in page
    assert FirmMember.objects.get().role == "firm_admin"


def test_what_the_roles_may_is_said_of_every_right_there_is(admin: Browser) -> None:
    assert set(DOING_WORDS) == set(Doing)
    assert set(IN_FIRM_WORDS) == set(InFirm)
    assert set(TO_CLIENTS) == set(FirmRole)
    page = said(admin, "/people/roles/")
    line = page.split("Invitere kolleger, ændre roller, fjerne personer")[1].split("</tr>")[0]
    assert (line.count("Ja"), line.count("Nej")) == (1, 1)


def test_an_invitation_goes_out_by_mail_and_only_its_hash_is_kept(admin: Browser, firm: Firm) -> None:
    given = {"name": "Line Å", "email": "Line@N.example", "role": "bookkeeper", "language": "sv"}
    page = admin.post("/people/invite/", given, follow=True).content.decode()
    assert "line@n.example" in names(page)
    (letter,) = letters()
    secret = link_in(letter).split("/")[2]
    assert (letter.to, letter.reply_to) == ("line@n.example", "birgitte@n.example")
    assert "bjuder in" in letter.text
    assert secret not in str(Invitation.objects.values().get())


@pytest.mark.parametrize(
    ("email", "why"), [("birgitte@n.example", "arbejder allerede"), ("line@n.example", "er allerede inviteret")]
)
def test_who_is_there_or_invited_is_not_invited_again(admin: Browser, email: str, why: str) -> None:
    given = {"email": "line@n.example", "role": "bookkeeper", "language": "da"}
    admin.post("/people/invite/", given)
    answer = admin.post("/people/invite/", given | {"email": email})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert Invitation.objects.count() == 1


def test_sending_again_ends_the_old_link_and_withdrawing_ends_them_all(admin: Browser) -> None:
    admin.post("/people/invite/", {"email": "line@n.example", "role": "bookkeeper", "language": "da"})
    row = Invitation.objects.get()
    page = admin.post(f"/invitations/{row.pk}/again/", follow=True).content.decode()
    assert "Det gamle virker ikke længere" in page
    old, new = (link_in(each) for each in letters())
    stranger = Browser(HTTP_HOST="127.0.0.1")
    assert [stranger.get(each).status_code for each in (old, new)] == [404, 200]
    admin.post(f"/invitations/{row.pk}/withdraw/")
    assert stranger.get(new).status_code == 404
    assert admin.post(f"/invitations/{row.pk}/again/").status_code == 404


SHEET = """Navn\tMail
Line Å\tline@n.example
Jonas Ø;jonas@n.example
kun@n.example
Dobbelt, LINE@n.example
Birgitte\tbirgitte@n.example
"""


def test_a_pasted_sheet_is_shown_line_by_line_and_nothing_of_it_is_lost(admin: Browser) -> None:
    given = {"text": SHEET, "role": "bookkeeper", "language": "da"}
    page = admin.post("/people/paste/", given).content.decode()
    assert page.count("Bliver inviteret") == 3
    assert "står allerede i linje 2" in page
    assert "Der er ingen mailadresse i denne linje" in page
    assert "Send 3 invitationer" in page
    assert not Invitation.objects.exists()
    page = admin.post("/people/paste/", given | {"go": "1"}, follow=True).content.decode()
    assert "3 invitationer er på vej" in page
    box = page.split("<textarea")[1].split("</textarea>")[0]
    assert "Navn\tMail\nDobbelt, LINE@n.example\nBirgitte\tbirgitte@n.example" in box
    assert set(Invitation.objects.values_list("email", "name")) == {
        ("line@n.example", "Line Å"),
        ("jonas@n.example", "Jonas Ø"),
        ("kun@n.example", ""),
    }
    assert len(letters()) == 3


def test_clients_are_ticked_for_a_colleague_and_a_search_leaves_the_others_alone(admin: Browser, firm: Firm) -> None:
    mette = works(firm, "mette")
    one, two = (Client.objects.create(name=name, firm=firm) for name in ("Alfa", "Beta"))
    Assignment.objects.create(client=two, member=mette)
    path = f"/people/{mette.pk}/clients/"
    assert "Beta" not in said(admin, f"{path}?q=alfa")
    admin.post(path, {"offered": [one.pk], "client": [one.pk]})
    assert set(Assignment.objects.values_list("client", flat=True)) == {one.pk, two.pk}
    page = admin.post(path, {"offered": [one.pk, two.pk], "client": [two.pk]}, follow=True).content.decode()
    assert set(Assignment.objects.values_list("client", flat=True)) == {two.pk}
    undo(admin, page)
    assert set(Assignment.objects.values_list("client", flat=True)) == {one.pk, two.pk}


def test_all_clients_are_handed_over_but_those_that_the_rows_say_otherwise(admin: Browser, firm: Firm) -> None:
    mette, aase, jonas = (works(firm, name) for name in ("mette", "aase", "jonas"))
    clients = [Client.objects.create(name=f"K{n}", firm=firm) for n in range(3)]
    for each in clients:
        Assignment.objects.create(client=each, member=mette)
    one, two, three = (each.pk for each in clients)
    path = f"/people/{mette.pk}/hand-over/"
    assert "K2" in said(admin, path)
    given = {"all": aase.pk, "client": [one, two, three], f"to-{two}": jonas.pk, f"to-{three}": "keep", "remove": "1"}
    page = admin.post(path, given, follow=True).content.decode()
    assert "2 kunder er overdraget" in page
    assert set(Assignment.objects.values_list("client", "member")) == {(one, aase.pk), (two, jonas.pk)}
    assert not FirmMember.objects.filter(pk=mette.pk).exists()
