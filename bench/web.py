"""How long a page of the list of clients takes: ``python -m bench.web [clients] [bookkeepers] [journal rows]``.

On SQLite, or where ``KOBLING_DATABASE_URL`` says. Read beside each other: the same machine, one run.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import quantiles
from time import perf_counter

ROUNDS = 20
PAGES = (
    "/clients/",
    "/clients/?sort=-client",
    "/clients/?sort=state",
    "/clients/?sort=run",
    "/clients/?sort=-issues",
    "/clients/?sort=-receipts",
    "/clients/?sort=-ready",
    "/clients/?sort=wallet",
    "/clients/?sort=deadline",
    "/clients/?receipts=1",
    "/clients/?faults=1&sort=-issues",
    "/clients/?low=1&issues=1",
    "/clients/?q=havn",
    "/clients/?q=nothing+at+all",
    "/clients/mine/",
)
WORDS = ("Havn", "Bageri", "Smedje", "Auto", "Tømrer", "Ærø", "Østkyst", "Ål", "Vester", "Nordre")


def main() -> None:
    """Fill a firm, then ask for each page in turn, as its admin and as one of its bookkeepers."""
    clients, bookkeepers, journal = (
        [int(each) for each in sys.argv[1:]] + [10_000, 200, 1_000_000][len(sys.argv) - 1 :]
    )[:3]
    folder = Path(tempfile.mkdtemp(prefix="kobling-bench-"))
    os.environ["KOBLING_DATA"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "kobling.web.settings"
    from kobling import storage

    storage.make_web_key(folder)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(f"{clients:,} clients, {bookkeepers} bookkeepers, {journal:,} rows of the journal", flush=True)
    _fill(clients, bookkeepers, journal)
    for who in ("admin", "bookkeeper-0"):
        print(f"\n{who}\n| page | median ms | 95 % ms |\n|---|--:|--:|")
        for path in PAGES:
            times = _times(who, path)
            print(f"| {path} | {quantiles(times, n=2)[0]:.0f} | {quantiles(times, n=20)[-1]:.0f} |", flush=True)


def _times(who: str, path: str) -> list[float]:
    from django.test import Client as Browser

    from kobling.access.models import Person

    browser = Browser(HTTP_HOST="127.0.0.1")
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    browser.force_login(Person.objects.get(username=who), backend=backend)
    browser.get(path)
    found = []
    for _ in range(ROUNDS):
        began = perf_counter()
        answer = browser.get(path)
        found.append((perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer
    return found


def _fill(clients: int, bookkeepers: int, journal: int) -> None:
    from kobling.access.collating import LANGUAGES, search_key, sort_key
    from kobling.access.models import Assignment, Client, Firm, FirmMember, Person
    from kobling.hub.models import Stale
    from kobling.portal.models import ClientFigures

    chance, firm = random.Random(7), Firm.objects.create(name="Bogholderiet")
    names = ["admin", *(f"bookkeeper-{n}" for n in range(bookkeepers))]
    people = Person.objects.bulk_create([Person(username=each, first_name=each, language="da") for each in names])
    members = FirmMember.objects.bulk_create(
        [
            FirmMember(firm=firm, person=each, role="bookkeeper" if number else "firm_admin")
            for number, each in enumerate(people)
        ]
    )
    made = []
    for number in range(clients):
        name = f"{chance.choice(WORDS)} & {chance.choice(WORDS)} {number} ApS"
        keys = {alphabet: sort_key(name, alphabet) for alphabet in set(LANGUAGES.values())}
        made.append(Client(name=name, number=str(number), firm=firm, looked_for=search_key(f"{name} {number}"), **keys))
    made = Client.objects.bulk_create(made, batch_size=1000)
    Assignment.objects.bulk_create(
        [Assignment(client=each, member=chance.choice(members[1:])) for each in made for _ in range(2)],
        batch_size=1000,
        ignore_conflicts=True,
    )
    ClientFigures.objects.bulk_create([_figures(each, chance) for each in made], batch_size=1000)
    Stale.objects.all().delete()
    _journal(made[0], journal)


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


def _journal(client: object, rows: int) -> None:
    from kobling.hub.models import Connection, Pair, PlanChunk, Run, SyncIssue, Table, WriteIntent

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
    common = {"run": run, "chunk": chunk, "table": table, "side": "right", "operation": "create", "epoch": 1}
    for start in range(0, rows, 20_000):
        WriteIntent.objects.bulk_create(
            [
                WriteIntent(
                    **common, position=n, key=str(n), source_id=str(n), changes="{}", state="confirmed", opened_at=now
                )
                for n in range(start, min(rows, start + 20_000))
            ],
            batch_size=1000,
        )


if __name__ == "__main__":
    main()
