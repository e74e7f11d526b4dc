"""Reminders: of what is outstanding, to those who look after it, once, and never of a client that is not theirs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from kobling.access.models import Assignment, Client, FirmMember, FirmRole, Person
from kobling.access.policy import Actor, NotFound
from kobling.hub.models import Event
from kobling.mail.kinds import Kind
from kobling.mail.models import Mail, Reminder, State
from kobling.mail.outbox import Letter, letter_of
from kobling.mail.reminders import reminding
from kobling.mail.reminders.reminding import Wish
from kobling.records import SettingsError
from tests.mail.test_digests import figures, outstanding

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
ABOUT = frozenset({Kind.RECEIPTS, Kind.READY, Kind.ISSUES})
COMMENT = "Kan I nå det inden torsdag?\n<b>Hemmeligt</b>"


@pytest.fixture
def admin(people: dict[str, Actor], client_company: Client) -> Actor:
    """Birgitte, with two bookkeepers at the client, one of them Swedish, and a second client that Mette alone has."""
    outstanding(client_company)
    Person.objects.filter(pk=people["firm_admin"].person).update(first_name="Birgitte", last_name="Holm")
    Person.objects.filter(pk=people["assigned"].person).update(first_name="Mette", last_name="Kjærgaard")
    unassigned = FirmMember.objects.get(person=people["unassigned"].person)
    Assignment.objects.create(client=client_company, member=unassigned)
    Person.objects.filter(pk=people["unassigned"].person).update(first_name="Sven", language="sv")
    second = Client.objects.create(name="Anden ApS", firm=client_company.firm)
    mette = FirmMember.objects.get(person=people["assigned"].person, role=FirmRole.BOOKKEEPER)
    Assignment.objects.create(client=second, member=mette)
    outstanding(second, missing_receipts=1, ready_count=0, open_issues=0)
    return people["firm_admin"]


def letters() -> dict[str, Letter]:
    return {row.to: found for row in Mail.objects.order_by("pk") if (found := letter_of(row)) is not None}


def sent(admin: Actor, *clients: Client, wish: Wish | None = None, token: str = "") -> reminding.Reminded:
    wish = wish or Wish(ABOUT, COMMENT)
    return reminding.remind(admin, [each.pk for each in clients], wish, token or uuid4().hex, NOW)


def test_every_assigned_bookkeeper_gets_it_in_their_language(admin: Actor, client_company: Client) -> None:
    assert sent(admin, client_company) == reminding.Reminded(2, False)
    found = letters()
    assert found.keys() == {"assigned@people.example", "unassigned@people.example"}
    mette = found["assigned@people.example"]
    assert (mette.subject, mette.reply_to) == ("Møllebæk Maskinservice A/S: 3 ting venter", "firm_admin@people.example")
    assert mette.text.startswith(
        "Hej Mette.\n\nBirgitte Holm minder om, at der hos Møllebæk Maskinservice A/S er 5 manglende kvitteringer, 12"
        " udgifter klar til eksport (18.420,50\xa0DKK) og 7 åbne sager.\n\n“Kan I nå det inden torsdag?\n<b>Hemm"
    )
    assert "&lt;b&gt;Hemmeligt" in mette.html and "<b>Hemmeligt" not in mette.html
    assert found["unassigned@people.example"].subject == "Møllebæk Maskinservice A/S: 3 saker väntar"


def test_the_preview_is_what_goes(admin: Actor, client_company: Client) -> None:
    shown = reminding.preview(admin, [client_company.pk], Wish(ABOUT, COMMENT))
    assert shown is not None and (shown.name, shown.others) == ("Mette Kjærgaard", 1)
    assert Mail.objects.count() == 0
    sent(admin, client_company)
    assert shown.letter == letters()[shown.letter.to]


def test_of_several_clients_each_hears_of_their_own(admin: Actor, client_company: Client) -> None:
    second = Client.objects.get(name="Anden ApS")
    assert sent(admin, client_company, second).mails == 2
    found = letters()
    assert found["assigned@people.example"].subject == "2 kunder venter på dig"
    assert "- Anden ApS: 1 manglende kvittering" in found["assigned@people.example"].text
    assert "Anden" not in found["unassigned@people.example"].text + found["unassigned@people.example"].html
    assert Reminder.objects.count() == 2


def test_it_stands_in_the_history_without_what_was_written(admin: Actor, client_company: Client) -> None:
    sent(admin, client_company)
    event = Event.objects.get(what="bookkeepers_reminded")
    people = {f"person:{each.pk}" for each in Person.objects.filter(username__in=("assigned", "unassigned"))}
    told = json.loads(event.after)
    assert (event.client, told["kinds"], set(told["to"])) == (client_company, ["receipts", "ready", "issues"], people)
    assert "Hemmeligt" not in event.after + event.why + event.subject
    assert reminding.outlook(admin, [client_company.pk]).last_at == NOW


def test_a_double_press_sends_once(admin: Actor, client_company: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent(admin, client_company, token="x") == reminding.Reminded(2, False)
    assert sent(admin, client_company, token="x") == reminding.Reminded(2, True)
    # Both looked before either had sent.
    looked = iter([None, reminding._before])
    before = reminding._before
    monkeypatch.setattr(reminding, "_before", lambda *told: None if next(looked, before) is None else before(*told))
    assert sent(admin, client_company, token="x") == reminding.Reminded(2, True)
    assert (Mail.objects.count(), Event.objects.filter(what="bookkeepers_reminded").count()) == (2, 1)


def test_what_is_not_outstanding_cannot_be_chosen(admin: Actor, client_company: Client) -> None:
    found = {each.kind: each for each in reminding.outlook(admin, [client_company.pk]).choices}
    assert (found[Kind.WALLET].number, found[Kind.WALLET].balance) == (0, Decimal(14210))
    for wish in (Wish(frozenset({Kind.WALLET})), Wish(frozenset())):
        with pytest.raises(SettingsError) as refused:
            sent(admin, client_company, wish=wish)
        assert refused.value.field == "kinds"
    with pytest.raises(SettingsError):
        sent(admin, client_company, wish=Wish(ABOUT, "x" * 2001))
    figures(client_company, missing_receipts=0, ready_count=0, open_issues=0)
    with pytest.raises(SettingsError):
        sent(admin, client_company)
    assert Mail.objects.count() == 0


def test_who_is_gone_gets_nothing_and_nobody_left_is_said(
    admin: Actor, client_company: Client, people: dict[str, Actor]
) -> None:
    Person.objects.filter(pk=people["unassigned"].person).update(is_active=False)
    Person.objects.filter(pk=people["assigned"].person).update(email="")
    shown = reminding.outlook(admin, [client_company.pk])
    assert (shown.recipients, shown.unattended) == ((), ("Møllebæk Maskinservice A/S",))
    assert reminding.preview(admin, [client_company.pk], Wish(ABOUT)) is None
    with pytest.raises(SettingsError) as nobody:
        sent(admin, client_company)
    assert nobody.value.code == "nobody"


def test_one_client_that_is_not_theirs_refuses_all(
    admin: Actor, client_company: Client, people: dict[str, Actor]
) -> None:
    theirs = Client.objects.get(name="Nabo ApS")
    with pytest.raises(NotFound):
        sent(admin, client_company, theirs)
    with pytest.raises(NotFound):
        reminding.outlook(people["other_firm_admin"], [client_company.pk])
    with pytest.raises(SettingsError):
        reminding.outlook(admin, range(2000))
    assert Mail.objects.count() == 0


def test_who_did_not_get_the_last_one_is_told(admin: Actor, client_company: Client) -> None:
    sent(admin, client_company)
    Mail.objects.filter(to="unassigned@people.example").update(state=State.REFUSED)
    assert reminding.outlook(admin, [client_company.pk]).bounced == ("Sven",)
