"""A firm of the size that the pages are measured with: see ``bench/web.py``."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

WORDS = ("Havn", "Bageri", "Smedje", "Auto", "Tømrer", "Ærø", "Østkyst", "Ål", "Vester", "Nordre")
MAILS, ON_THEIR_WAY, EVENTS, RUNS = 5_000, 300, 20_000, 20_000


def fill(clients: int, bookkeepers: int, journal: int) -> None:
    """One firm with everything that its pages look at; one client has the whole journal."""
    from kobling.access.models import Assignment, Client, Firm, FirmMember, Person
    from kobling.hub.models import Stale
    from kobling.portal.models import ClientFigures

    chance, firm = random.Random(7), Firm.objects.create(name="Bogholderiet")
    names = ["admin", *(f"bookkeeper-{n}" for n in range(bookkeepers))]
    people = Person.objects.bulk_create(
        [Person(username=each, first_name=each, language="da", is_superuser=each == "admin") for each in names]
    )
    members = FirmMember.objects.bulk_create(
        [
            FirmMember(firm=firm, person=each, role="bookkeeper" if number else "firm_admin")
            for number, each in enumerate(people)
        ]
    )
    made = [_client(number, firm, chance) for number in range(clients)]
    made = Client.objects.bulk_create(made, batch_size=1000)
    Assignment.objects.bulk_create(
        [Assignment(client=each, member=chance.choice(members[1:])) for each in made for _ in range(2)],
        batch_size=1000,
        ignore_conflicts=True,
    )
    ClientFigures.objects.bulk_create([_figures(each, chance) for each in made], batch_size=1000)
    _going_on(made[0], people, journal)
    _on_their_way(firm, chance)
    _their_own(people, made, chance)
    _mail()
    Stale.objects.all().delete()


def _figures(client: object, chance: random.Random) -> object:
    from kobling.portal.models import ClientFigures
    from kobling.portal.states import URGENCY, State

    now = datetime.now(UTC)
    state = chance.choice([*[State.OK] * 8, *State])
    used = chance.random() < 0.6
    return ClientFigures(
        client=client,
        state=state,
        urgency=URGENCY[state],
        open_issues=chance.choice([0, 0, 0, 3, 7]),
        oldest_issue_at=now - timedelta(days=chance.randint(0, 30)),
        last_good_run_at=now - timedelta(minutes=chance.randint(1, 9000)),
        missing_receipts=chance.randint(0, 9) if used else None,
        ready_count=chance.randint(0, 50) if used else None,
        ready_sum=Decimal(chance.randint(0, 9_000_000)) / 100 if used else None,
        ready_currency="DKK" if used else "",
        wallet=Decimal(chance.randint(0, 900_000)) / 100 if used else None,
        wallet_currency="DKK" if used else "",
        low_balance=used and chance.random() < 0.1,
        figures_at=now if used else None,
        next_deadline=date(2026, 12, 1) + timedelta(days=chance.randint(0, 60)),
        next_deadline_kind="vat",
        systems=[["pleo", "business_central", "to_right", False]],
        renewed_at=now,
    )


def _journal(client: Any, rows: int) -> Any:
    from django.db import connection

    from kobling.hub.models import Connection, Pair, PlanChunk, Run, SyncIssue, Table
    from kobling.hub.store import sql

    now = datetime.now(UTC)
    sides = [Connection.objects.create(client=client, name=each, connector="dinero") for each in ("left", "right")]
    pair = Pair.objects.create(client=client, name="p", pair_type="simply-crm-dinero", left=sides[0], right=sides[1])
    table = Table.objects.create(pair=pair, name="customers")
    run = Run.objects.create(pair=pair, asked_by="schedule", asked_at=now)
    chunk = PlanChunk.objects.create(run=run, table=table, seq=1, actions="[]", side="left")
    SyncIssue.objects.bulk_create(
        [
            SyncIssue(table=table, kind="conflict", subject=f"left:{n}", left_id=str(n), opened_at=now, seen_at=now)
            for n in range(min(rows // 100, 10_000))
        ],
        batch_size=1000,
    )
    # A million rows by the database itself: as objects they took longer than everything that is measured.
    sql.run(
        "INSERT INTO hub_writeintent (run_id, chunk_id, table_id, side, operation, epoch, position, key, source_id,"
        " changes, reason, state, sent, opened_at)"
        " WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < %s)"
        " SELECT %s, %s, %s, 'right', 'create', 1, n, CAST(n AS text), CAST(n AS text), '{}', '', 'confirmed', 1, "
        + ("%s" if connection.vendor == "sqlite" else "%s::timestamptz")
        + " FROM numbers",
        [rows, run.pk, chunk.pk, table.pk, sql.to_db(now)],
    )
    return pair


def _client(number: int, firm: Any, chance: random.Random, **told: Any) -> Any:
    from kobling.access.collating import LANGUAGES, search_key, sort_key
    from kobling.access.models import Client

    name = f"{chance.choice(WORDS)} & {chance.choice(WORDS)} {number} ApS"
    keys = {alphabet: sort_key(name, alphabet) for alphabet in set(LANGUAGES.values())}
    return Client(name=name, number=str(number), firm=firm, looked_for=search_key(f"{name} {number}"), **keys, **told)


def _on_their_way(firm: Any, chance: random.Random) -> None:
    from kobling.access.models import Archive, Client, Onboarding, Stage

    now = datetime.now(UTC)
    for stage in (Stage.INVITED, Stage.INCOMING, Stage.ACCEPTED, Stage.VERIFICATION, Stage.ARCHIVED):
        rows = [_client(1_000_000 + number, firm, chance, stage=stage) for number in range(ON_THEIR_WAY)]
        made = Client.objects.bulk_create(rows, batch_size=1000)
        if stage is Stage.ARCHIVED:
            Archive.objects.bulk_create([Archive(client=each, at=now, by="operator:bench") for each in made])
        else:
            Onboarding.objects.bulk_create(
                [Onboarding(client=each, begun_by="operator:bench", begun_at=now, answered_at=now) for each in made]
            )


def _their_own(people: list[Any], clients: list[Any], chance: random.Random) -> None:
    from kobling.portal.models import Mine

    now = datetime.now(UTC)
    Mine.objects.bulk_create(
        [
            Mine(
                person=person,
                client=client,
                favourite=chance.random() < 0.3,
                snoozed_until=now + timedelta(days=30) if chance.random() < 0.3 else None,
                snoozed_at_urgency=chance.randint(0, 9),
                opened_at=now - timedelta(minutes=chance.randint(0, 9_000)),
            )
            for person in people
            for client in chance.sample(clients, min(60, len(clients)))
        ],
        batch_size=1000,
    )


def _mail() -> None:
    from kobling.mail.models import Mail, State

    now = datetime.now(UTC)
    Mail.objects.bulk_create(
        [
            Mail(
                once=str(n), to=f"p{n}@x.example", content="", message_id=str(n), asked_at=now, state=state, next_at=now
            )
            for n in range(MAILS)
            for state in [list(State)[n % len(State)]]
        ],
        batch_size=1000,
    )


def _going_on(client: Any, people: list[Any], journal: int) -> None:
    from kobling.hub.models import Event, Moved, Run

    pair = _journal(client, journal)
    now = datetime.now(UTC)
    Event.objects.bulk_create(
        [
            Event(
                client=client, who="admin", who_kind="person", who_id=str(people[n % len(people)].pk), what="run_asked"
            )
            for n in range(EVENTS)
        ],
        batch_size=1000,
    )
    Run.objects.bulk_create(
        [
            Run(pair=pair, asked_by="schedule", state="done", asked_at=now, started_at=now, ended_at=now)
            for _ in range(RUNS)
        ],
        batch_size=1000,
    )
    Moved.objects.bulk_create(
        [
            Moved(pair=pair, day=now.date() - timedelta(days=n), currency=currency, records=n, amount=n)
            for n in range(60)
            for currency in ("", "DKK", "EUR")
        ]
    )
