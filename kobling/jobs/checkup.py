"""The check-up: is this installation well? Asked by ``kobling doctor`` and, as a job, by the operator's page."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from kobling.access.policy import Actor, clients_of, require_installation
from kobling.hub import runs, vault
from kobling.hub.models import Run, Schedule
from kobling.hub.services import connections, pairs
from kobling.hub.told.said import NOTHING, Said
from kobling.jobs.kind import Going, Kind, Params
from kobling.mail import operating
from kobling.mail.models import State
from kobling.pairs import registry as pair_types
from kobling.records import N_
from kobling.sdk import registry as connectors
from kobling.sdk.extensions import OURSELVES, LeftOut

MOST = 100
"""Of what is not well, and of what is, so many are kept of a check-up that was asked for."""
_ANYTHING = "%(text)s"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, whether it is well, and what was found; ``detail`` is for who made an extension."""

    check: Said
    ok: bool
    found: Said
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CheckUp:
    """What a check-up found, what is not well first; ``more``: so many of these are not listed."""

    well: int
    not_well: int
    listed: tuple[Check, ...]
    more: int


def checks(actor: Actor, each_check: Callable[[int, int], None] = lambda _done, _of: None) -> Iterator[Check]:
    """Everything that can be looked at, one after the other; ``each_check`` hears how far it is."""
    for number, check in enumerate(_CHECKS):
        for found in check(actor):
            each_check(number, len(_CHECKS))
            yield found


def read(result: Mapping[str, Any]) -> CheckUp:
    """What is kept of one, as it is shown."""
    listed = tuple(
        Check(Said(*each["check"]), each["ok"], Said(*each["found"]), each["detail"]) for each in result["listed"]
    )
    bad = sum(not each.ok for each in listed)
    return CheckUp(result["well"], result["not_well"], listed, result["not_well"] - bad)


def _work(actor: Actor, _params: Params, going: Going) -> dict[str, Any]:
    counts, kept = {True: 0, False: 0}, {True: list[Check](), False: list[Check]()}
    for each in checks(actor, lambda done, of: going.tell(done, of, Said(N_("Looking at one thing after the other")))):
        counts[each.ok] += 1
        if len(kept[each.ok]) < MOST:
            kept[each.ok].append(each)
    listed = [_as_data(each) for each in (*kept[False], *kept[True])]
    return {"well": counts[True], "not_well": counts[False], "listed": listed}


def _as_data(each: Check) -> dict[str, Any]:
    return {
        "check": [each.check.text, _texts(each.check.params)],
        "ok": each.ok,
        "found": [each.found.text, _texts(each.found.params)],
        "detail": each.detail,
    }


def _python(_actor: Actor) -> Iterator[Check]:
    yield Check(Said(N_("Python")), sys.version_info >= (3, 11), plain(sys.version.split()[0]))
    if connection.vendor == "sqlite":
        yield Check(Said(N_("SQLite")), sqlite3.sqlite_version_info >= (3, 35), plain(sqlite3.sqlite_version))


def _data_folder(_actor: Actor) -> Iterator[Check]:
    folder = Path(settings.DATA_DIR)
    yield Check(Said(N_("Data folder can be written")), os.access(folder, os.W_OK), plain(str(folder)))
    key = folder / vault.KEY_FILE
    safe = not key.exists() or key.stat().st_mode & 0o077 == 0
    text = N_("%(file)s: readable by its owner alone") if safe else N_("%(file)s: readable by others: chmod 600")
    yield Check(Said(N_("Key file")), safe, Said(text, {"file": key.name}))


def _database(_actor: Actor) -> Iterator[Check]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM hub_pair LIMIT 1")
        yield Check(Said(N_("Database")), True, plain(connection.vendor))
    except DatabaseError as error:
        yield Check(Said(N_("Database")), False, plain(str(error)[:200]))


def _connections(actor: Actor) -> Iterator[Check]:
    unreadable = vault.unreadable()
    for each in connections.listed(actor):
        name = Said(N_("Connection %(client)s / %(name)s"), {"client": each.client, "name": each.name})
        if (error := unreadable.get(each.id)) is not None:
            yield Check(name, False, Said(error.summary, error.params))
            continue
        yield Check(name, bool(each.healthy), plain(each.account_name) if each.healthy else each.reason)


def _runs(actor: Actor) -> Iterator[Check]:
    mine = clients_of(actor)
    going = Run.objects.filter(pair__client__in=mine, state=runs.RUNNING).count()
    waiting = Run.objects.filter(pair__client__in=mine, state=runs.QUEUED).count()
    told = {"going": going, "waiting": waiting}
    yield Check(Said(N_("Runs")), True, Said(N_("%(going)s going on, %(waiting)s waiting"), told))
    for each in Schedule.objects.filter(pair__client__in=mine, enabled=True).select_related("pair"):
        at = each.next_at.strftime("%Y-%m-%d %H:%M") if each.next_at else ""
        yield Check(Said(N_("Schedule %(name)s"), {"name": each.pair.name}), bool(at), plain(at or "–"))


def _pairs(actor: Actor) -> Iterator[Check]:
    for each in pairs.listed(actor):
        failure = pairs.status(actor, each).failure
        if failure:
            name = Said(N_("Pair %(client)s / %(name)s"), {"client": each.client.name, "name": each.name})
            yield Check(name, False, Said(str(failure["summary"]), failure.get("params")))


def _hosts(_actor: Actor) -> Iterator[Check]:
    allowed = os.environ.get("KOBLING_ALLOW_HOSTS", "")
    found = plain(allowed) if allowed else Said(N_("none: only the vendors' own"))
    yield Check(Said(N_("Other hosts allowed")), True, found)


def _mail(_actor: Actor) -> Iterator[Check]:
    waits = operating.counted()
    if problem := operating.not_set_up():
        yield Check(Said(N_("Mail")), not waits[State.WAITING], problem)
        return
    not_sent = sum(waits.values()) - waits[State.WAITING] - waits[State.GOING]
    found = N_("%(waiting)s waiting, %(not_sent)s not sent: see ‘mail list’")
    yield Check(Said(N_("Mail")), True, Said(found, {"waiting": waits[State.WAITING], "not_sent": not_sent}))


def _extensions(_actor: Actor) -> Iterator[Check]:
    for offers in (connectors.connectors(), pair_types.pairs()):
        for name in offers.found:
            if offers.packages[name] != OURSELVES:
                yield Check(Said(N_("Extension %(name)s"), {"name": name}), True, plain(offers.packages[name]))
    for each in left_out():
        why = Said(each.error.summary, each.error.params)
        yield Check(Said(N_("Extension %(name)s"), {"name": each.name}), False, why, each.error.detail or "")


def left_out() -> tuple[LeftOut, ...]:
    """Connectors and pairs that cannot be used."""
    # A package whose metadata is broken is found broken by both.
    found = {
        (each.name, str(each.error)): each for each in (*connectors.connectors().left_out, *pair_types.pairs().left_out)
    }
    return tuple(found.values())


def plain(text: str) -> Said:
    """A text that no language changes."""
    return Said(_ANYTHING, {"text": text}) if text else NOTHING


def _texts(params: Mapping[str, object]) -> dict[str, Any]:
    return {name: each if isinstance(each, int) else str(each) for name, each in params.items()}


_CHECKS: tuple[Callable[[Actor], Iterator[Check]], ...] = (
    _python,
    _data_folder,
    _database,
    _extensions,
    _connections,
    _runs,
    _pairs,
    _mail,
    _hosts,
)
CHECK_UP = Kind(
    "check_up",
    N_("Check-up"),
    lambda actor, _params: require_installation(actor),
    _work,
    repeatable=True,
)
