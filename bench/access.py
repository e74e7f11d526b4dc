"""``python -m bench.access``: whose clients these are, by subqueries and as it was by joins; read the ratio."""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any


def main() -> None:
    """Fill a firm, ask in both ways, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.access", description=__doc__)
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--bookkeepers", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kobling-bench-") as folder:
        os.environ["KOBLING_DATA"] = folder
        from kobling.cli.start import start_django

        start_django()
        bookkeeper, admin = fill(given.clients, given.bookkeepers)
        print(f"{given.clients:,} clients of one firm, {given.bookkeepers} bookkeepers; CPU, median of {given.rounds}")
        for name, person in (("bookkeeper", bookkeeper), ("firm admin", admin)):
            measure(name, person, given.rounds)


def fill(clients: int, bookkeepers: int) -> tuple[Any, Any]:
    """One firm whose clients are shared out among its bookkeepers. Returns one of these and the admin."""
    from kobling.access.models import Assignment, Client, Firm, FirmMember, FirmRole, Person

    firm = Firm.objects.create(name="Bogholderiet")
    people = Person.objects.bulk_create([Person(username=f"b{n}") for n in range(bookkeepers)])
    admin = Person.objects.create(username="admin")
    FirmMember.objects.create(firm=firm, person=admin, role=FirmRole.ADMIN)
    members = FirmMember.objects.bulk_create(
        [FirmMember(firm=firm, person=each, role=FirmRole.BOOKKEEPER) for each in people]
    )
    made = Client.objects.bulk_create([Client(name=f"Kunde {n}", number=f"{n}", firm=firm) for n in range(clients)])
    Assignment.objects.bulk_create(
        [Assignment(client=each, member=members[n % bookkeepers]) for n, each in enumerate(made)], batch_size=1000
    )
    return people[0], admin


def by_joins(person: int) -> Any:
    """As it was asked until November 2026: every client times everybody in its firm, then made distinct."""
    from django.db.models import Q

    from kobling.access.models import Client, ClientRole, FirmRole

    firm_admin = Q(firm__members__person=person, firm__members__role=FirmRole.ADMIN)
    company_admin = Q(members__person=person, members__role=ClientRole.ADMIN)
    assigned = Q(assignments__member__person=person)
    return Client.objects.filter(firm_admin | company_admin | assigned | Q(members__person=person)).distinct()


def measure(name: str, person: Any, rounds: int) -> None:
    """Ids of one person's clients, in both ways, and whether one client is theirs."""
    from kobling.access.policy import Actor, Doing, clients_of, may

    who = Actor.of(person)
    new, ids = cpu(lambda: sorted(clients_of(who).values_list("pk", flat=True)), rounds)
    old, before = cpu(lambda: sorted(by_joins(person.pk).values_list("pk", flat=True)), rounds)
    asked, _ = cpu(lambda: [may(who, Doing.WORK, ids[0])], rounds)
    assert ids == before
    print(
        f"{name}: ids of {len(ids):,} clients {new * 1000:.1f} ms, by joins {old * 1000:.1f} ms,"
        f" {old / new:.0f} times as much; may: {asked * 1000:.1f} ms"
    )


def cpu(call: Callable[[], Sequence[Any]], rounds: int) -> tuple[float, Sequence[Any]]:
    """Median of the CPU seconds, and the answer."""
    used, answer = [], call()
    for _ in range(rounds):
        began = time.process_time()
        answer = call()
        used.append(time.process_time() - began)
    return statistics.median(used), answer


if __name__ == "__main__":
    main()
