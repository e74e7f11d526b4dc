"""The demo's accounting firm: people to sign in as, and clients in every state beside those whose pairs really ran.

What stands here is written as data: companies, people and amounts are invented, and nothing is connected to anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from kobling.access.models import (
    Assignment,
    Client,
    ClientMember,
    ClientRole,
    Firm,
    FirmMember,
    FirmRole,
    Invitation,
    Onboarding,
    Person,
    Stage,
)
from kobling.access.policy import Actor
from kobling.hub import runs
from kobling.hub.happened import What
from kobling.hub.models import Connection, Moved, Pair, Run, Schedule, SyncIssue, Table, ToldFigures
from kobling.hub.services.log import record
from kobling.hub.store import stale
from kobling.hub.store.moved import day_of
from kobling.pairs.registry import pair_types
from kobling.portal import renewing
from kobling.portal.entered import Kind
from kobling.portal.models import Deadline, Wallet
from kobling.portal.states import State
from kobling.records import N_
from kobling.sdk.figures import EXPORTED, SUBMITTED, months_until, of_month
from kobling.sdk.registry import connectors

FIRM = "Nordkystens Bogholderi"
PEOPLE = (
    ("Birgitte Holm", "birgitte@nordkysten.example", FirmRole.ADMIN),
    ("Mette Kjærgaard", "mette@nordkysten.example", FirmRole.BOOKKEEPER),
    ("Søren Bøgh", "soeren@nordkysten.example", FirmRole.BOOKKEEPER),
    ("Aase Lindegård", "aase@nordkysten.example", FirmRole.BOOKKEEPER),
    ("Jonas Østergaard", "jonas@nordkysten.example", FirmRole.BOOKKEEPER),
)
NAMES = (
    *("Aabenraa Tømrer & Snedker A/S", "Bageriet Sønderho I/S", "Brødrene Kløverkær VVS ApS", "Dybbøl Tandklinik ApS"),
    *("Fanø Strandhotel A/S", "Grønnegade Optik ApS", "Hvide Sande Fiskeeksport A/S", "Klitgården Camping ApS"),
    *(
        "Møllebæk Maskinservice A/S",
        "Nørrebro Cykelværksted ApS",
        "Øresund Rekruttering ApS",
        "Skagen Strik ApS",
    ),
    *("Tåsinge Frugt & Bær ApS", "Vesterbro Kafferisteri ApS", "Ølgod Landbrugsmaskiner A/S", "Bornholms Røgeri ApS"),
    *(
        "Christianshavn Bådudlejning ApS",
        "Djursland Planteskole I/S",
        "Ebeltoft Glasværk A/S",
        "Jammerbugt Smede ApS",
    ),
    *("Gilleleje Fiskehal A/S", "Hanstholm Køl & Frys ApS", "Ikast Tekstiltryk A/S", "Jels Dyrehospital ApS"),
    *("Kerteminde Bogtryk ApS", "Lemvig Elteknik A/S", "Mariager Saltcenter ApS", "Nykøbing Revision & Råd ApS"),
    *("Odder Gulvservice ApS", "Præstø Marina A/S", "Ribe Domkirkecafé ApS", "Sæby Værft & Motor A/S"),
    *("Tønder Kniplinger ApS", "Ulfborg Savværk A/S", "Ærøskøbing Ferieboliger I/S"),
)
ARRIVING = (
    ("Rømø Surf & Camping ApS", Stage.INCOMING, "Pia Lassen", "pia@romosurf.example"),
    ("Hadsten Køleteknik A/S", Stage.INCOMING, "Torben Juhl", "torben@hadstenkoel.example"),
    ("Samsø Kartoffelpakkeri I/S", Stage.VERIFICATION, "Hanne Tåsinge", "hanne@samsoe.example"),
    ("Thyborøn Bådservice ApS", Stage.VERIFICATION, "Kaj Brun", "kaj@thyboat.example"),
    ("Vejers Strandkiosk ApS", Stage.INVITED, "Else Friis", "else@vejers.example"),
)
"""Names, how far they are, and who answers there."""
STATES: tuple[State, ...] = (
    State.YOU,
    State.OK,
    State.BAD,
    State.OK,
    State.KEY,
    State.OK,
    State.LATE,
    State.OK,
    State.YOU,
    State.PAUSE,
)
STATES += (State.LIMIT, State.HALF, State.NEVER, State.OK, State.WAIT)
PAIR_TYPES = ("pleo-business-central", "simply-crm-dinero", "dynamics-sales-business-central", "recman-unimicro")
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DemoFirm:
    """The firm with an administrator and a bookkeeper to sign in as."""

    who: Actor
    firm: Firm
    admin: Person
    bookkeeper: Person


def open_firm(now: datetime) -> DemoFirm:
    """Make the firm: those clients that are there already become its own, the others are written as data."""
    firm = Firm.objects.create(name=FIRM)
    members = [_member(firm, *each) for each in PEOPLE]
    for number, client in enumerate(Client.objects.order_by("pk")):
        client.firm, client.number = firm, str(1100 + number)
        client.save(update_fields=["firm", "number"])
        Assignment.objects.create(client=client, member=members[1])
        stale.mark([client.pk])
    for number, name in enumerate(NAMES):
        client = Client.objects.create(name=name, firm=firm, number=str(1004 + 2 * number))
        _Seeded(client, number, now).write(STATES[number % len(STATES)])
        _look_after(client, members, number)
    _arriving(firm, members[0], now)
    while renewing.renew_marked(now):
        pass
    return DemoFirm(Actor.operator("demo"), firm, members[0].person, members[1].person)


def _arriving(firm: Firm, admin: FirmMember, now: datetime) -> None:
    """Companies that are not there yet: some asked the firm, others were asked by it."""
    for number, (name, stage, contact, email) in enumerate(ARRIVING):
        begun = now - timedelta(days=3 + 2 * number)
        client = Client.objects.create(
            name=name, firm=firm, stage=stage, number="" if stage is Stage.INCOMING else str(1080 + 2 * number)
        )
        asked_by = admin.person
        if stage is Stage.INCOMING:
            asked_by = _person(contact, email)
            ClientMember.objects.create(client=client, person=asked_by, role=ClientRole.ADMIN)
        said = {"answered_at": begun, "company_at": begun, "person_at": begun} if stage is Stage.VERIFICATION else {}
        Onboarding.objects.create(
            client=client,
            begun_by=Actor.of(asked_by).key,
            begun_at=begun,
            incoming=stage is Stage.INCOMING,
            contact_name=contact,
            contact_email=email,
            **said,
        )
        if stage is Stage.INVITED:
            # Of a link that nobody has: the demo sends no mail.
            Invitation.objects.create(
                secret_hash=f"demo {client.pk}",
                email=email,
                name=contact,
                client=client,
                role=ClientRole.ADMIN,
                invited_by=Actor.of(asked_by).key,
                invited_at=begun,
                expires_at=begun + timedelta(days=14),
            )


def _person(name: str, email: str) -> Person:
    first, _, last = name.partition(" ")
    person = Person(username=email, email=email, first_name=first, last_name=last)
    person.set_unusable_password()
    person.save()
    return person


def _member(firm: Firm, name: str, email: str, role: FirmRole) -> FirmMember:
    return FirmMember.objects.create(firm=firm, person=_person(name, email), role=role)


def _look_after(client: Client, members: list[FirmMember], number: int) -> None:
    for member in {members[1 + number % 4], members[1 + number // 4 % 4]} if number % 9 else set[FirmMember]():
        Assignment.objects.create(client=client, member=member)
        record(Actor.of(members[0].person), client, What.ASSIGNED, client.name, after=Actor.of(member.person).key)


@dataclass(frozen=True, slots=True)
class _Seeded:
    """One client's rows. Every number follows from its place in the list, so that the demo is the same each time."""

    client: Client
    number: int
    now: datetime

    def write(self, state: State) -> None:
        kind = pair_types()[PAIR_TYPES[self.number % len(PAIR_TYPES)]]
        left = self._connection(kind.left, well=state is not State.KEY)
        pair = Pair.objects.create(
            client=self.client,
            pair_type=kind.name,
            name=kind.name,
            left=left,
            right=self._connection(kind.right),
            direction="to_right" if kind.name.startswith("pleo") else "both",
        )
        self._schedule(pair, state)
        if state not in (State.NEVER, State.WAIT):
            self._ran(pair, state)
            self._moved(pair)
        if state is State.YOU:
            self._asks(pair)
        self._figures(left)
        day = day_of(self.now)
        due = (Kind.VAT, day + timedelta(days=1)), (Kind.PAYROLL_TAX, day + timedelta(days=10))
        chosen = (*due, (Kind.CLOSING, day + timedelta(days=4)))[self.number % 3]
        Deadline.objects.create(client=self.client, kind=chosen[0].value, day=chosen[1])
        stale.mark([self.client.pk])

    def _connection(self, connector: str, *, well: bool = True) -> Connection:
        more: dict[str, Any] = {} if well else {"health_kind": "SignInExpired", "health_text": N_("Sign in again.")}
        made = Connection.objects.create(
            client=self.client, connector=connector, name=connector, healthy=well, checked_at=self.now, **more
        )
        # It is not asked by itself: there is nothing to ask.
        ToldFigures.objects.create(connection=made, told_at=self.now)
        return made

    def _schedule(self, pair: Pair, state: State) -> None:
        # Far enough away that no run of a pair without systems begins by itself while somebody looks around.
        given: dict[str, Any] = {"enabled": True, "next_at": self.now + WEEK, "on_since": self.now, "cron": "0 8 * * 1"}
        if state is State.LATE:
            given |= {"cron": "0 * * * *", "on_since": self.now - timedelta(hours=6)}
        if state in (State.PAUSE, State.NEVER):
            who = Person.objects.get(email=PEOPLE[2][1])
            paused = {"paused_at": self.now - timedelta(days=6), "paused_by": Actor.of(who).key}
            given = {"enabled": False} | (paused if state is State.PAUSE else {})
        Schedule.objects.create(pair=pair, **given)

    def _ran(self, pair: Pair, state: State) -> None:
        ago = timedelta(hours=3 if state is State.LATE else 1, minutes=self.number)
        self._run(pair, runs.DONE, ago + timedelta(days=1))
        last = {State.BAD: runs.FAILED, State.LIMIT: runs.FAILED, State.HALF: runs.PARTLY}.get(state, runs.DONE)
        error: dict[str, Any] | None = None
        if state in (State.BAD, State.HALF):
            vendor = connectors().found[pair.left.connector].title
            silent = N_("%(vendor)s does not answer.")
            error = {"kind": "Unreachable", "summary": silent, "params": {"vendor": vendor}}
        if state is State.LIMIT:
            error = {"kind": "RateLimited", "retry_at": (self.now + timedelta(hours=5)).isoformat()}
        self._run(pair, last, ago, error)

    def _run(self, pair: Pair, state: str, ago: timedelta, error: dict[str, Any] | None = None) -> None:
        began = self.now - ago
        given = {"asked_by": "schedule", "asked_at": began, "started_at": began, "error": error}
        ended = began + timedelta(seconds=41 + self.number)
        Run.objects.create(pair=pair, state=state, ended_at=ended, **given)

    def _moved(self, pair: Pair) -> None:
        rows = []
        for ago in range(14):
            day = day_of(self.now) - timedelta(days=ago)
            records = 0 if day.weekday() >= 5 else 20 + (ago * 37 + self.number * 13) % 180
            amount = Decimal(records) * Decimal("412.25")
            rows.append(Moved(pair=pair, day=day, records=records))
            rows.append(Moved(pair=pair, day=day, currency="DKK", amount=amount))
        Moved.objects.bulk_create(each for each in rows if each.records or each.amount)

    def _asks(self, pair: Pair) -> None:
        table = Table.objects.create(pair=pair, name="customers")
        for which, title in enumerate(_titles(self.number)):
            at = self.now - timedelta(days=12 - 2 * which)
            SyncIssue.objects.create(
                table=table, kind="conflict", subject=f"demo:{which}", title=title, opened_at=at, seen_at=self.now
            )

    def _months(self, waits: int) -> dict[str, dict[str, Any]]:
        """What waits is of the month that goes on, and a little of the one before."""
        told = {}
        for ago, month in enumerate(reversed(months_until(day_of(self.now)))):
            exported = 40 + self.number * 3 + ago * 11
            left = (waits, self.number % 4, 0)[ago]
            told[of_month(SUBMITTED, month)] = {"number": exported + left, "amounts": {}}
            told[of_month(EXPORTED, month)] = {"number": exported, "amounts": {}}
        return told

    def _figures(self, left: Connection) -> None:
        if left.connector != "pleo":
            return
        waits, missing = 2 + self.number * 7 % 30, self.number * 5 % 15
        told = {
            "to_export": {"number": waits, "amounts": {"DKK": str(waits * Decimal("1794.82"))}},
            "missing_receipts": {"number": missing, "amounts": {}},
            **self._months(waits),
            "wallet": {"number": None, "amounts": {"DKK": str(Decimal(1845 + self.number * 611) + Decimal("0.60"))}},
        }
        ToldFigures.objects.filter(connection=left).update(figures=told)
        Wallet.objects.create(client=self.client, threshold=Decimal(5000))


def _titles(number: int) -> tuple[str, ...]:
    made = ("Ærø Værft ApS", "Lykkegaard Foto", "Bjerregårds Brændsel", "Nordre Mølle A/S", "Hus & Have Ry ApS")
    return made[: 2 + number % 4]
