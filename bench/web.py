"""How long pages take at full size: ``python -m bench.web [clients] [bookkeepers] [journal rows]``.

On SQLite, or where ``KOBLING_DATABASE_URL`` says. ``KOBLING_BENCH`` names a folder (and so a database) that was filled
before. Server time of whole requests, one after the other; read beside each other: the same machine, one run. On a
machine that others use at the same time, the processor's time of this process says more than the clock's; what the
database's own server works is not in it.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time
from typing import Any

from bench.firm import fill

ROUNDS = int(os.environ.get("KOBLING_ROUNDS", "12"))
WANTED = 100
"""Milliseconds that 95 of 100 requests may take."""


def main() -> None:
    """Fill a firm, then ask for each page in turn, as its admin and as one of its bookkeepers."""
    clients, bookkeepers, journal = (
        [int(each) for each in sys.argv[1:]] + [10_000, 200, 1_000_000][len(sys.argv) - 1 :]
    )[:3]
    known = os.environ.get("KOBLING_BENCH", "")
    folder = Path(known or tempfile.mkdtemp(prefix="kobling-bench-"))
    os.environ["KOBLING_DATA"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "kobling.web.settings"
    from kobling import storage

    storage.make_web_key(folder)
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    from kobling.access.models import Client

    if not Client.objects.exists():
        fill(clients, bookkeepers, journal)
    _settle(connection)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{connection.vendor}: {clients:,} clients, {bookkeepers} bookkeepers, {journal:,} rows of the journal")
    print(f"{os.cpu_count()} cores, load {load} at the beginning", flush=True)
    for who in ("admin", "bookkeeper-0"):
        _show(who)
    print(f"load {', '.join(f'{each:.1f}' for each in os.getloadavg())} at the end")


def _settle(connection: Any) -> None:
    """What a database does for itself in days is done before it is measured."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


def _show(who: str) -> None:
    print(
        f"\n{who}\n\n| pages | requests | median ms | 95 % ms | CPU, 95 % ms | slowest page | its 95 % ms |\n"
        "|---|--:|--:|--:|--:|---|--:|"
    )
    for name, paths in _pages(who).items():
        times = {path: _times(who, path) for path in paths}
        clock = {path: [each for each, _ in found] for path, found in times.items()}
        every = [each for found in clock.values() for each in found]
        worked = _most([each for found in times.values() for _, each in found])
        worst = max(clock, key=lambda path: _most(clock[path]))
        figures = f"{quantiles(every, n=2)[0]:.0f} | {_most(every):.0f} | {worked:.0f}"
        print(f"| {name} | {len(every)} | {figures} | {worst} | {_most(clock[worst]):.0f} |", flush=True)


def _most(times: list[float]) -> float:
    return quantiles(times, n=20, method="inclusive")[-1]


def _pages(who: str) -> dict[str, list[str]]:
    from kobling.access.models import Client
    from kobling.web.arriving.listing import ONBOARDING
    from kobling.web.clients.listing import CLIENTS
    from kobling.web.letters.listing import MAIL
    from kobling.web.people.listing import PEOPLE

    most = Client.objects.order_by("pk").first()
    assert most is not None
    found = {
        "clients, sorted": [f"/clients/{tab}/{each}" for tab in ("all", "mine") for each in _sorts(CLIENTS)],
        "clients, filtered": [f"/clients/all/?{each}" for each in _filters(CLIENTS)],
        "clients, searched": [f"/clients/all/?q={each}" for each in ("havn", "%C3%A6r", "nothing+at+all", "17")],
        "clients, page 2": [_second(who, f"/clients/all/?sort={each}") for each in ("client", "-issues", "run")],
        "clients, parts": ["/clients/all/?open=1", "/clients/1/actions/"],
        "places, palette": ["/places/", "/places/?q=ha", "/go/", "/go/?q=havn"],
    }
    if who != "admin":
        return found
    return found | {
        "client home, history": [f"/clients/{most.pk}/", f"/clients/{most.pk}/history/"],
        "invites, archive": ["/clients/invites/", "/clients/archived/"],
        "onboarding": [f"/clients/onboarding/{each}" for each in _sorts(ONBOARDING)],
        "people": ["/people/roles/", *(f"/people/{each}" for each in _sorts(PEOPLE))]
        + [f"/people/?{each}" for each in _filters(PEOPLE)],
        "mail": [f"/mail/{each}" for each in _sorts(MAIL)] + [f"/mail/?{each}" for each in _filters(MAIL)],
        "operation": ["/operating/"],
    }


def _sorts(listing: Any) -> Iterator[str]:
    for each in listing.columns:
        if each.order:
            yield from (f"?sort={each.key}", f"?sort=-{each.key}")


def _filters(listing: Any) -> Iterator[str]:
    for each in listing.filters:
        for column in listing.columns:
            if column.order:
                yield from (f"{each.key}=1&sort={column.key}", f"{each.key}=1&sort=-{column.key}")


def _browser(who: str) -> Any:
    from django.test import Client as Browser

    from kobling.access.models import Person

    browser = Browser(HTTP_HOST="127.0.0.1")
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    browser.force_login(Person.objects.get(username=who), backend=backend)
    return browser


def _second(who: str, path: str) -> str:
    """The address of the page behind the first one."""
    found = re.search(r'href="([^"]*[?;]after=[^"]*)"', _browser(who).get(path).content.decode())
    return unescape(found[1]) if found else path


def _times(who: str, path: str) -> list[tuple[float, float]]:
    """By the clock and by the processor, in milliseconds; also pages that are not theirs."""
    browser = _browser(who)
    browser.get(path)
    found = []
    for _ in range(ROUNDS):
        began, worked = perf_counter(), process_time()
        answer = browser.get(path)
        found.append(((perf_counter() - began) * 1000, (process_time() - worked) * 1000))
        assert answer.status_code in (200, 404), (path, answer)
    return found


if __name__ == "__main__":
    main()
