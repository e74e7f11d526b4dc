"""Pages about mail: what somebody wants, reminders, ending a subscription as a mail reader does, all mail."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import resolve

from kobling.access.models import Client
from kobling.access.policy import Actor
from kobling.mail import addresses, folder
from kobling.mail.digests.unsubscribing import token_of
from kobling.mail.models import Mail, Reminder, State, Subscription
from kobling.mail.outbox import Letter, letter_of, put
from kobling.portal.models import Wallet
from tests.mail.test_digests import outstanding
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
FORM = {"on": "on", "frequency": "monthly", "kinds": ["receipts", "issues"], "threshold": "5.000,00", "do": "save"}


@pytest.fixture
def client(client_company: Client) -> Client:
    """The company with something outstanding."""
    return outstanding(client_company)


def page(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


# ---- what somebody wants ----


def test_somebody_says_what_they_want_and_sees_when_it_comes(
    browser: Browser, people: dict[str, Actor], client: Client
) -> None:
    me = sign_in(browser, people["assigned"])
    path = f"/clients/{client.pk}/notifications/"
    shown = page(browser.get(path))
    assert "Næste: mandag den 23.11.2026 kl. 10.00" in shown and "assigned@people" in shown
    assert browser.post(path, FORM)["Location"] == path
    row = Subscription.objects.get(person=me)
    assert (row.client, row.on, row.frequency, row.kinds) == (client, True, "monthly", ["receipts", "issues"])
    assert Wallet.objects.get(client=client).threshold == Decimal(5000)
    after = browser.get(path)
    assert "Gemt." in page(after) and 'value="5.000,00"' in page(after)
    assert re.search(r'value="monthly" checked', page(after)) and "Næste e-mail:" in page(after)


def test_a_part_of_another_page_is_the_same_form_and_goes_back_there(
    browser: Browser, people: dict[str, Actor], client: Client
) -> None:
    sign_in(browser, people["assigned"])
    path = f"/clients/{client.pk}/notifications/"
    part = page(browser.get(f"{path}?next=/clients/all/", headers={"HX-Request": "true"}))
    assert part.strip().startswith("<form") and 'name="next" value="/clients/all/"' in part
    assert browser.post(path, {**FORM, "next": "/clients/all/"})["Location"] == "/clients/all/"
    assert browser.post(path, {**FORM, "next": "https://evil.example/"})["Location"] == path


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"threshold": "5000.00"}, "Skriv det som 5.000,00."),
        ({"threshold": "-5"}, "er ikke et beløb"),
        ({"kinds": []}, "Vælg mindst én ting"),
        ({"frequency": "hourly"}, "note bad"),
    ],
)
def test_what_does_not_do_is_said_and_nothing_is_kept(
    browser: Browser, people: dict[str, Actor], client: Client, given: dict[str, Any], said: str
) -> None:
    sign_in(browser, people["assigned"])
    answer = browser.post(f"/clients/{client.pk}/notifications/", FORM | given)
    assert (answer.status_code, said in page(answer)) == (422, True)
    assert not Subscription.objects.exists()


def test_who_may_not_work_there_sets_no_limit(browser: Browser, people: dict[str, Actor], client: Client) -> None:
    sign_in(browser, people["company_user"])
    path = f"/clients/{client.pk}/notifications/"
    assert 'name="threshold"' not in page(browser.get(path))
    assert browser.post(path, FORM).status_code == 302
    assert (Wallet.objects.count(), Subscription.objects.count()) == (0, 1)


def test_a_sample_comes_with_what_stands_in_the_form(
    browser: Browser, people: dict[str, Actor], client: Client
) -> None:
    sign_in(browser, people["assigned"])
    answer = browser.post(f"/clients/{client.pk}/notifications/", FORM | {"do": "sample"}, follow=True)
    assert "En prøve er på vej til assigned@people.example." in page(answer)
    found = letter_of(Mail.objects.get())
    assert found is not None and "5 manglende kvitteringer" in found.text and not Subscription.objects.exists()


@pytest.mark.parametrize("who", ["stranger", "left_behind", "other_firm_admin"])
def test_a_client_of_others_is_not_there(browser: Browser, people: dict[str, Actor], client: Client, who: str) -> None:
    sign_in(browser, people[who])
    for path in (f"/clients/{client.pk}/notifications/", f"/clients/{client.pk}/notify/", "/clients/99999/notify/"):
        assert browser.get(path).status_code == 404
        assert browser.post(path, FORM).status_code == 404
    assert not Subscription.objects.exists() and not Mail.objects.exists()


# ---- the end of a subscription ----


def test_a_mail_reader_ends_a_subscription_with_one_click(people: dict[str, Actor], client: Client) -> None:
    """As RFC 8058 says: a POST without cookies or token of ours, answered without a redirect."""
    me, reader = people["assigned"].person, Browser(enforce_csrf_checks=True, HTTP_HOST="127.0.0.1")
    assert me is not None
    for each in (client, None):
        Subscription.objects.create(person_id=me, client=each, frequency="weekly", kinds=["issues"], due_at=NOW)
    path = addresses.unsubscribe(token_of(me, client.pk))
    shown = reader.get(path)
    assert "E-mails om Møllebæk Maskinservice A/S" in page(shown)
    assert Subscription.objects.filter(on=True).count() == 2, "looking changes nothing"
    for _ in range(2):
        answer = reader.post(path, {"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, "E-mailen er afmeldt" in page(answer)) == (200, True)
        assert list(Subscription.objects.filter(on=True).values_list("client", flat=True)) == [None]
    assert Subscription.objects.get(client=client).due_at is None
    assert "Afmeld denne e-mail" in page(reader.post(path, {"again": ""}))
    assert Subscription.objects.filter(on=True).count() == 2
    assert Subscription.objects.get(client=client).due_at is None, "the mail of all is still in its place"


def test_the_mail_of_all_ends_without_letting_the_others_loose(people: dict[str, Actor], client: Client) -> None:
    me, reader = people["assigned"].person, Browser(HTTP_HOST="127.0.0.1")
    assert me is not None
    Subscription.objects.create(person_id=me, client=client, frequency="weekly", kinds=["issues"])
    Subscription.objects.create(person_id=me, client=None, frequency="weekly", kinds=["issues"], due_at=NOW)
    path = addresses.unsubscribe(token_of(me, None))
    reader.post(path)
    assert Subscription.objects.exclude(due_at=None).count() == 0
    reader.post(path, {"again": ""})
    assert Subscription.objects.get(client=None).due_at == datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_a_token_that_was_made_up_is_worth_nothing(people: dict[str, Actor], client: Client) -> None:
    me, reader = people["assigned"].person, Browser(HTTP_HOST="127.0.0.1")
    assert me is not None
    Subscription.objects.create(person_id=me, client=client, frequency="weekly", kinds=["issues"], due_at=NOW)
    good = token_of(me, client.pk)
    for made_up in (good[:-1], good.replace(".", "x"), token_of(me, None), token_of(99, client.pk), "x", "W10.x"):
        for answer in (reader.get(addresses.unsubscribe(made_up)), reader.post(addresses.unsubscribe(made_up))):
            assert answer.status_code == 404
    assert Subscription.objects.get().on


# ---- reminders ----


def test_an_admin_reminds_and_sees_before_what_goes(browser: Browser, people: dict[str, Actor], client: Client) -> None:
    sign_in(browser, people["firm_admin"])
    path = f"/clients/{client.pk}/notify/"
    shown = page(browser.get(path))
    assert "Send e-mail til 1" in shown and "Møllebæk Maskinservice A/S: 3 ting venter" in shown
    assert re.search(r'value="wallet" disabled', shown) and "14.210,00 DKK, og der er ikke sat" in shown.replace(
        "\xa0", " "
    )
    (token,) = re.findall(r'name="token" value="(\w+)"', shown)
    form = {"kinds": ["receipts"], "comment": "Nu & her", "token": token}
    looked = browser.post(path, form | {"do": "look"}, headers={"HX-Request": "true"})
    assert (looked.status_code, "Møllebæk Maskinservice A/S: 1 ting venter" in page(looked)) == (200, True)
    assert (
        "“Nu &amp; her”" in page(looked) and page(looked).strip().startswith("<header>") and not Mail.objects.exists()
    )
    for _ in range(2):
        answer = browser.post(path, form | {"do": "send"}, follow=True)
        assert "1 bogholder får besked." in page(answer)
    assert (Mail.objects.count(), Reminder.objects.count()) == (1, 1)
    assert "Sidst mindet om" in page(browser.get(path))


def test_several_clients_at_once(browser: Browser, people: dict[str, Actor], client: Client) -> None:
    sign_in(browser, people["firm_admin"])
    second = outstanding(Client.objects.create(name="Anden ApS", firm=client.firm))
    path = f"/clients/notify/?client={client.pk}&client={second.pk}&client=nonsense"
    shown = page(browser.get(path))
    assert "2 kunder: Anden ApS, Møllebæk Maskinservice A/S" in shown and "Ingen hører om Anden ApS" in shown
    assert browser.post(path, {"kinds": ["receipts"], "token": "x", "do": "send"}).status_code == 302
    assert Mail.objects.count() == 1
    assert browser.get("/clients/notify/").status_code == 404


def test_what_is_not_outstanding_is_refused(browser: Browser, people: dict[str, Actor], client: Client) -> None:
    sign_in(browser, people["firm_admin"])
    answer = browser.post(f"/clients/{client.pk}/notify/", {"kinds": ["wallet"], "token": "x", "do": "send"})
    assert (answer.status_code, "ikke længere udestående" in page(answer)) == (422, True)


# ---- the operator ----


def test_the_operator_sees_what_is_not_over_and_sends_again(
    browser: Browser, people: dict[str, Actor], settings: Any
) -> None:
    settings.EMAIL_HOST = settings.MAIL_FOLDER = ""
    for number, state in enumerate(State):
        put(Letter(f"p{number}@x.example", f"Emne {state}", "hemmeligt"), NOW)
        Mail.objects.filter(to=f"p{number}@x.example").update(state=state)
    sign_in(browser, people["superuser"])
    shown = page(browser.get("/mail/"))
    assert "E-mail er ikke sat op: 1 e-mail venter." in shown and "hemmeligt" not in shown
    assert "Emne unknown" in shown and "Emne sent" not in shown
    assert page(browser.get("/mail/?unknown=1")).count('rowheader"') == 1
    assert "p0@x.example" in b"".join(browser.get("/mail/?file=csv")).decode()  # type: ignore[arg-type]
    number = Mail.objects.get(state=State.UNKNOWN).pk
    assert browser.post(f"/mail/{number}/again/")["Location"] == "/mail/"
    assert Mail.objects.get(pk=number).state == State.WAITING
    assert browser.get(f"/mail/{number}/again/").status_code == 405


def test_the_folder_is_read_as_text_and_its_html_taken_away_as_a_file(
    browser: Browser, people: dict[str, Actor], settings: Any, tmp_path: Path
) -> None:
    settings.MAIL_FOLDER = str(tmp_path)
    body = b"To: a@x.example\nSubject: Hej\nContent-Type: text/html\n\n<p style='x'>Hej</p><script>1</script>"
    folder.deliver(NOW, "<abc@x>", body)
    sign_in(browser, people["superuser"])
    (link,) = re.findall(r'href="(/mail/folder/[^"]+)"', page(browser.get("/mail/folder/")))
    assert "<script>1" not in page(browser.get(link)) and "a@x.example" in page(browser.get(link))
    answer = browser.get(f"{link}html/")
    assert answer["Content-Disposition"].startswith("attachment") and b"<p style" in answer.content
    assert browser.get("/mail/folder/..%2Fsecrets.key/").status_code == 404


@pytest.mark.parametrize("who", ["firm_admin", "company_admin", "stranger"])
def test_nobody_else_sees_the_mail_of_the_installation(browser: Browser, people: dict[str, Actor], who: str) -> None:
    sign_in(browser, people[who])
    for path in ("/mail/", "/mail/folder/", "/mail/folder/x.eml/", "/mail/folder/x.eml/html/"):
        assert browser.get(path).status_code == 404
    assert browser.post("/mail/1/again/").status_code == 404


def test_links_in_mails_lead_to_pages() -> None:
    for path in (addresses.CLIENTS, addresses.notifications(1), addresses.unsubscribe("x.y-_")):
        assert resolve(path).func
