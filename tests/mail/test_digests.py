"""Digests from the wish to the mail: who gets which, of what, when, and who no longer does."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError

from kobling.access.models import Assignment, Client, FirmMember, FirmRole, Person
from kobling.access.policy import Actor, NotFound
from kobling.mail import rounds
from kobling.mail.digests import due, made, preferences
from kobling.mail.digests.countries import set_country
from kobling.mail.digests.preferences import Wish
from kobling.mail.digests.times import Frequency
from kobling.mail.kinds import Kind
from kobling.mail.models import Mail, Subscription
from kobling.mail.outbox import Letter, letter_of
from kobling.portal.models import ClientFigures
from kobling.portal.states import URGENCY, State
from kobling.records import SettingsError
from kobling.sdk.clock import FakeClock

pytestmark = pytest.mark.django_db
ALL = frozenset(Kind)
WEEKLY = Wish(True, Frequency.WEEKLY, ALL)
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def somewhere(settings: Any) -> None:
    settings.EMAIL_HOST, settings.PUBLIC_URL = "mail.example", "https://kobling.example"


@pytest.fixture
def mette(people: dict[str, Actor]) -> Person:
    """The bookkeeper who looks after the client."""
    person = Person.objects.get(pk=people["assigned"].person)
    person.first_name, person.last_name, person.email = "Mette", "Kjærgaard", "mette@nordkysten.example"
    person.save()
    return person


def figures(client: Client, state: State = State.OK, **told: Any) -> Client:
    told |= {"state": state, "urgency": URGENCY[state], "renewed_at": MONDAY}
    ClientFigures.objects.update_or_create(client=client, defaults=told)
    return client


def outstanding(client: Client, **told: Any) -> Client:
    sums = {"ready_sum": Decimal("18420.5"), "ready_currency": "DKK", "wallet_currency": "DKK"}
    counts = {"missing_receipts": 5, "ready_count": 12, "open_issues": 7, "wallet": Decimal("14210")}
    return figures(client, **(sums | counts | told))


def more(person: Person, name: str, **told: Any) -> Client:
    """Another client that the person looks after."""
    member = FirmMember.objects.filter(person=person).first()
    assert member is not None
    client = Client.objects.create(name=name, firm=member.firm)
    Assignment.objects.create(client=client, member=member)
    return outstanding(client, **told) if told else figures(client)


def letters() -> list[Letter]:
    return [found for row in Mail.objects.order_by("pk") if (found := letter_of(row)) is not None]


def test_a_digest_comes_when_it_is_due_and_once(mette: Person, client_company: Client, clock: FakeClock) -> None:
    outstanding(client_company)
    told = preferences.set_preferences(Actor.of(mette), client_company, WEEKLY, clock.now())
    assert told.next_at == MONDAY
    assert not due.is_due(clock.now()) and due.make(clock.now()) == 0
    clock.turn(3600)
    assert due.is_due(clock.now()) and (due.make(clock.now()), due.make(clock.now())) == (1, 0)
    (letter,) = letters()
    assert (letter.to, letter.subject) == ("mette@nordkysten.example", "Møllebæk Maskinservice A/S: 3 ting venter")
    assert preferences.preferences_of(Actor.of(mette), client_company, clock.now()).next_at == MONDAY + timedelta(7)


def test_a_week_that_no_worker_ran_in_brings_one_mail(mette: Person, client_company: Client, clock: FakeClock) -> None:
    outstanding(client_company)
    preferences.set_preferences(Actor.of(mette), client_company, WEEKLY, clock.now())
    late = MONDAY + timedelta(days=23)
    assert due.make(late) == 1 and due.make(late) == 0
    assert Subscription.objects.get().due_at == MONDAY + timedelta(days=28)


def test_who_dies_in_between_neither_doubles_nor_loses_one(
    mette: Person, client_company: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    outstanding(client_company)
    preferences.set_preferences(Actor.of(mette), client_company, WEEKLY, MONDAY - timedelta(1))
    (claimed,) = due.claim(MONDAY, 5)
    assert due.make(MONDAY) == 0, "it is one worker's"
    later = MONDAY + due.LEASE
    with monkeypatch.context() as broken, pytest.raises(OperationalError):
        broken.setattr(due, "put", _fails)
        due.make(later)
    assert Subscription.objects.get().due_at == MONDAY, "neither the mail nor its time"
    assert due.make(later + due.LEASE) == 1
    assert not due._make(*claimed, MONDAY), "who was overtaken puts nothing down"
    assert len(letters()) == 1


def _fails(*_: object, **__: object) -> bool:
    raise OperationalError("disk I/O error")


def test_one_that_cannot_be_made_holds_up_no_other(
    mette: Person, client_company: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    outstanding(client_company)
    second = more(mette, "Anden ApS", open_issues=1)
    for each in (client_company, second):
        preferences.set_preferences(Actor.of(mette), each, WEEKLY, MONDAY - timedelta(1))
    whole = made.gather

    def odd(clients: Any, *rest: Any) -> Any:
        if clients.get() == client_company:
            raise ValueError("ours")
        return whole(clients, *rest)

    monkeypatch.setattr(made, "gather", odd)
    assert due.make(MONDAY) == 1
    assert "Anden ApS" in letters()[0].subject


@pytest.mark.parametrize("how", ["unassigned", "inactive", "moved", "no address", "switched off"])
def test_who_lost_access_gets_nothing(mette: Person, client_company: Client, how: str) -> None:
    outstanding(client_company)
    for together in (False, True):
        wish = Wish(True, Frequency.WEEKLY, ALL, together)
        preferences.set_preferences(Actor.of(mette), client_company, wish, MONDAY - timedelta(1))
    if how == "unassigned":
        Assignment.objects.filter(member__person=mette).delete()
    elif how == "inactive":
        Person.objects.filter(pk=mette.pk).update(is_active=False)
    elif how == "moved":
        Client.objects.filter(pk=client_company.pk).update(firm=None)
    elif how == "no address":
        Person.objects.filter(pk=mette.pk).update(email="")
    else:
        Subscription.objects.filter(client=None).update(on=False)
    assert due.make(MONDAY) == 0 and letters() == []


def test_a_client_that_was_lost_leaves_the_mail_of_all(mette: Person, client_company: Client) -> None:
    outstanding(client_company)
    lost = more(mette, "Tabt ApS", open_issues=3)
    wish = Wish(True, Frequency.WEEKLY, ALL, together=True)
    preferences.set_preferences(Actor.of(mette), client_company, wish, MONDAY - timedelta(1))
    Assignment.objects.filter(client=lost).delete()
    due.make(MONDAY)
    (letter,) = letters()
    assert "Tabt" not in letter.text + letter.html and client_company.name in letter.text


@pytest.mark.parametrize(
    ("frequency", "together", "comes"),
    [("weekly", False, 0), ("daily", True, 0), ("weekly", True, 1), ("monthly", True, 1)],
)
def test_nothing_outstanding(mette: Person, client_company: Client, frequency: str, together: bool, comes: int) -> None:
    figures(client_company, missing_receipts=0, ready_count=0)
    wish = Wish(True, Frequency(frequency), ALL, together)
    before = datetime(2026, 12, 6, tzinfo=UTC)
    preferences.set_preferences(Actor.of(mette), client_company, wish, before)
    assert due.make(before + timedelta(days=2)) == comes
    assert [each.subject for each in letters()] == ["Intet udestående"] * comes


def test_a_kind_that_was_not_chosen_is_not_outstanding(mette: Person, client_company: Client) -> None:
    outstanding(client_company)
    wish = Wish(True, Frequency.WEEKLY, frozenset({Kind.WALLET}))
    preferences.set_preferences(Actor.of(mette), client_company, wish, MONDAY - timedelta(1))
    assert due.make(MONDAY) == 0
    outstanding(client_company, low_balance=True, wallet_threshold=Decimal(20000))
    assert due.make(MONDAY + timedelta(7)) == 1
    assert "lav" in letters()[0].text and "kvittering" not in letters()[0].text


def test_one_mail_of_all_takes_the_others_place_and_gives_it_back(mette: Person, client_company: Client) -> None:
    second = more(mette, "Anden ApS", open_issues=1)
    third = more(mette, "Uønsket ApS", open_issues=1)
    who = Actor.of(mette)
    for each in (client_company, second):
        preferences.set_preferences(who, each, WEEKLY, MONDAY - timedelta(2))
    preferences.set_preferences(who, third, Wish(False, Frequency.WEEKLY, ALL), MONDAY - timedelta(2))
    together = Wish(True, Frequency.MONTHLY, ALL, together=True)
    told = preferences.set_preferences(who, client_company, together, MONDAY - timedelta(2))
    assert (told.wish.together, told.together_of, told.next_at) == (True, 2, datetime(2026, 12, 7, 9, tzinfo=UTC))
    assert Subscription.objects.exclude(due_at=None).count() == 1
    shown = preferences.preferences_of(who, third, MONDAY)
    assert (shown.wish.on, shown.wish.together, shown.wish.frequency) == (False, True, Frequency.MONTHLY)
    preferences.set_preferences(who, client_company, WEEKLY, MONDAY - timedelta(1))
    assert sorted(Subscription.objects.exclude(due_at=None).values_list("client__name", flat=True)) == [
        "Anden ApS",
        "Møllebæk Maskinservice A/S",
    ]


def test_what_cannot_be_wanted_is_refused(mette: Person, client_company: Client) -> None:
    with pytest.raises(SettingsError) as nothing:
        preferences.set_preferences(Actor.of(mette), client_company, Wish(True, Frequency.DAILY, frozenset()), MONDAY)
    assert nothing.value.field == "kinds"
    Person.objects.filter(pk=mette.pk).update(email="")
    with pytest.raises(SettingsError):
        preferences.set_preferences(Actor.of(mette), client_company, WEEKLY, MONDAY)
    with pytest.raises(IntegrityError):
        for _ in range(2):
            Subscription.objects.create(person=mette, client=None, frequency="weekly")


def test_a_sample_comes_at_once_also_when_nothing_is_outstanding(mette: Person, client_company: Client) -> None:
    figures(client_company)
    assert preferences.send_sample(Actor.of(mette), client_company, WEEKLY, MONDAY)
    assert not preferences.send_sample(Actor.of(mette), client_company, WEEKLY, MONDAY), "pressed twice"
    assert (letters()[0].subject, Subscription.objects.count()) == (
        "Intet udestående hos Møllebæk Maskinservice A/S",
        0,
    )


def test_holidays_are_the_firms(mette: Person, people: dict[str, Actor], client_company: Client) -> None:
    firm = client_company.firm
    assert firm is not None
    before, daily = datetime(2027, 5, 14, 12, tzinfo=UTC), Wish(True, Frequency.DAILY, ALL)
    assert preferences.set_preferences(Actor.of(mette), client_company, daily, before).next_at == datetime(
        2027, 5, 18, 8, tzinfo=UTC
    )
    set_country(people["firm_admin"], firm, "se")
    Subscription.objects.all().delete()
    assert preferences.set_preferences(Actor.of(mette), client_company, daily, before).next_at == datetime(
        2027, 5, 17, 8, tzinfo=UTC
    )
    with pytest.raises(SettingsError):
        set_country(people["firm_admin"], firm, "XX")
    with pytest.raises(NotFound):
        set_country(people["assigned"], firm, "DK")


def test_without_a_mail_server_no_digest_is_made(mette: Person, client_company: Client, settings: Any) -> None:
    outstanding(client_company)
    preferences.set_preferences(Actor.of(mette), client_company, WEEKLY, MONDAY - timedelta(1))
    settings.EMAIL_HOST = settings.MAIL_FOLDER = ""
    assert not rounds.is_due(MONDAY)
    settings.EMAIL_HOST = "mail.example"
    assert rounds.is_due(MONDAY)


@pytest.fixture
def firm_of_six(mette: Person, client_company: Client) -> Iterator[Person]:
    """As on the design's screen."""
    soon = {"next_deadline": date(2026, 12, 1), "next_deadline_kind": "vat"}
    low = {"low_balance": True, "wallet_threshold": Decimal(5000)}
    outstanding(client_company, **soon)
    counted = {"missing_receipts": 14, "ready_count": 31, "open_issues": 2}
    more(mette, "Fanø Strandhotel A/S", state=State.KEY, wallet=Decimal("1845.6"), **counted, **low, **soon)
    counted = {"missing_receipts": 9, "ready_count": 23, "open_issues": 4}
    more(mette, "Aabenraa Tømrer & Snedker A/S", wallet=Decimal(3120), **counted, **low, **soon)
    more(mette, "Vesterbro <Kaffe> ApS", missing_receipts=2, ready_count=7, open_issues=0, wallet=Decimal(4990), **low)
    for name in ("Bageriet Sønderho I/S", "Grønnegade Optik ApS"):
        more(mette, name)
    yield mette


def together(person: Person, now: datetime = datetime(2026, 11, 30, 9, tzinfo=UTC)) -> Letter:
    told = [each.value for each in Kind]
    found = made.letter_for(Subscription(person=person, frequency="weekly", kinds=told), now)
    assert found is not None
    return found


def test_the_mail_of_all_says_what_waits_worst_first(firm_of_six: Person) -> None:
    letter = together(firm_of_six)
    assert letter.subject == "Din uge: 4 af 6 kunder venter"
    assert re.findall(r'href="https://kobling.example/clients/\d+/"[^>]*>([^<]+)</a><', letter.html) == [
        "Fanø Strandhotel A/S",
        "Aabenraa Tømrer &amp; Snedker A/S",
        "Møllebæk Maskinservice A/S",
        "Vesterbro &lt;Kaffe&gt; ApS",
    ]
    for said in (
        "Hej Mette. Der er i alt 30 manglende kvitteringer, 73 udgifter klar til eksport for 73.682,00\xa0DKK, 13 åbne"
        " sager og 3 lave saldi i tegnebøger. Senest i morgen for 3 kunder: Moms.",
        "Intet udestående hos Bageriet Sønderho I/S og Grønnegade Optik ApS.",
        "Login er udløbet hos Fanø Strandhotel A/S.",
        "18.420,50\xa0DKK venter dér på at blive eksporteret.",
        "hver mandag kl.\xa010.00, fordi du har slået den til for 6 kunder.",
    ):
        assert said in letter.text
        assert said.replace("&", "&amp;") in letter.html
    assert letter.html.count('class="press"') == 1 and "Åbn dine 13 sager" in letter.html


def test_the_mail_is_made_for_its_reader(firm_of_six: Person) -> None:
    firm_of_six.language, firm_of_six.time_zone = "sv", "Europe/Helsinki"
    firm_of_six.save()
    letter = together(firm_of_six)
    assert "måndag 2026-11-30 kl.\xa011:00" in letter.html and "73\xa0682,00\xa0DKK" in letter.text
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<https://kobling\.example/unsubscribe/[\w.-]+/>", letter.headers["List-Unsubscribe"])


def test_styles_stand_in_the_elements_and_nothing_is_fetched(firm_of_six: Person) -> None:
    html = together(firm_of_six).html
    for each in re.findall(r'<\w+[^>]*class="[^"]+"[^>]*>', html):
        assert 'style="' in each or 'class="btn"' in each, each
    assert "prefers-color-scheme: dark" in html and "<img" not in html and "<script" not in html and "<link" not in html


def test_ten_thousand_clients_need_no_more_memory_than_a_thousand(mette: Person, client_company: Client) -> None:
    member = FirmMember.objects.get(person=mette, role=FirmRole.BOOKKEEPER)
    assert member.firm is not None

    def grown(number: int) -> int:
        begun = Client.objects.count()
        made_now = [Client(name=f"Kunde {n}", firm=member.firm, danish=f"{n:06}") for n in range(begun, number)]
        clients = Client.objects.bulk_create(made_now, batch_size=500)
        Assignment.objects.bulk_create([Assignment(client=each, member=member) for each in clients], batch_size=500)
        rows = [
            ClientFigures(client=each, missing_receipts=each.pk % 9, open_issues=each.pk % 4, urgency=1, state="you")
            for each in clients
        ]
        ClientFigures.objects.bulk_create(rows, batch_size=500)
        del made_now, clients, rows
        together(mette)
        tracemalloc.start()
        together(mette)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    few = grown(1_000)
    assert grown(10_000) < 2 * few
