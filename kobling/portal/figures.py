"""A client's row, reckoned from the facts and stored: whoever renews a client waits for whoever is renewing it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from kobling.access.models import Client
from kobling.hub.models import Connection, ToldFigures
from kobling.hub.store import sql, stale
from kobling.hub.store.moved import ZONE
from kobling.hub.told.figures import figures_of
from kobling.portal import months
from kobling.portal.facts import ClientFacts, gather
from kobling.portal.models import ClientFigures
from kobling.portal.states import URGENCY, Standing, late_from, state_of, state_of_client
from kobling.sdk.figures import MISSING_RECEIPTS, TO_EXPORT, WALLET, Figure

AT_ONCE = 100
"""Clients renewed in one transaction: it is short, and its statements have few parameters."""

_COLUMNS = [each.name for each in ClientFigures._meta.concrete_fields if not each.primary_key]


def renew(clients: Collection[int], now: datetime) -> int:
    """Reckon the rows of these clients anew and take their marks away. Returns how many there are."""
    number = 0
    for batch in sql.batched(sorted(set(clients)), AT_ONCE):
        number += _renew(batch, now)
    return number


def _renew(clients: Collection[int], now: datetime) -> int:
    """In one transaction: the rows are locked in order, and only then are marks and facts read.

    Whoever comes second thus sees all that the first one saw, and no older reckoning overwrites a newer one. A mark is
    read before the facts, since its change was committed with it.
    """
    with sql.together():
        there = list(Client.objects.filter(pk__in=clients).order_by("pk").values_list("pk", flat=True))
        ClientFigures.objects.bulk_create([ClientFigures(client_id=each) for each in there], ignore_conflicts=True)
        locked = ClientFigures.objects.select_for_update().filter(pk__in=there).order_by("pk")
        rows = {row.pk: row for row in locked}
        marks = stale.marks_of(there)
        told = {}
        for client, facts in gather(there, now.astimezone(ZONE).date()).items():
            told[client] = months.counted(_all_figures(facts))
            for name, value in row_of(facts, now).items():
                setattr(rows[client], name, value)
        # As one statement with plain values; an update of many rows spells a case for each column of each row.
        ClientFigures.objects.bulk_create(
            rows.values(), update_conflicts=True, update_fields=_COLUMNS, unique_fields=["client"]
        )
        months.keep(told)
        stale.take_away([mark for mark, _client in marks])
    return len(there)


def row_of(facts: ClientFacts, now: datetime) -> dict[str, Any]:
    """A client's columns."""
    standing = state_of_client(state_of(each, now) for each in facts.pairs)
    asked = [each.oldest_issue_at for each in facts.pairs if each.oldest_issue_at]
    good = [each.last_good_at for each in facts.pairs if each.last_good_at]
    expected = [each.expected_at for each in facts.pairs if each.expected_at and each.paused_at is None]
    ends = [each.sign_in_until for each in facts.connections if each.sign_in_until]
    deadline = facts.deadlines[0] if facts.deadlines else (None, "")
    return {
        "state": standing.state.value,
        "urgency": URGENCY[standing.state],
        "state_at": standing.at,
        "state_until": standing.until,
        "state_by": standing.by,
        "run": standing.run,
        "open_issues": sum(each.open_issues for each in facts.pairs),
        "oldest_issue_at": min(asked, default=None),
        "last_good_run_at": max(good, default=None),
        "expected_at": min(expected, default=None),
        "sign_in_until": min(ends, default=None),
        "next_deadline": deadline[0],
        "next_deadline_kind": deadline[1],
        "systems": [list(each) for each in facts.systems],
        **_told(facts),
        "changes_at": changes_at(facts, standing, deadline[0], now),
        "renewed_at": now,
    }


def changes_at(facts: ClientFacts, standing: Standing, deadline: date | None, now: datetime) -> datetime | None:
    """When the row changes by time alone: a run is late, a limit is over, a deadline is past."""
    moments = [late_from(each.expected_at) for each in facts.pairs]
    moments += [each.limited_until for each in facts.pairs]
    moments += [each.last.again_at for each in facts.pairs if each.last]
    if deadline is not None:
        moments.append(datetime.combine(deadline + timedelta(days=1), time(), ZONE))
    return min((each for each in moments if each is not None and each > now), default=None)


def _all_figures(facts: ClientFacts) -> Iterator[Figure]:
    return (figure for each in facts.connections if (row := _figures_of(each)) for figure in figures_of(row))


def _told(facts: ClientFacts) -> dict[str, Any]:
    rows = [row for each in facts.connections if (row := _figures_of(each)) is not None]
    receipts = [each.number for each in _figures(rows, MISSING_RECEIPTS) if each.number is not None]
    waiting = list(_figures(rows, TO_EXPORT))
    # Two wallets are not one: what one lacks the other cannot pay.
    wallets = [(amount, code) for each in _figures(rows, WALLET) for code, amount in each.amounts.items()]
    wallet, currency = min(wallets, default=(None, ""))
    ready, ready_currency, more = _one_currency(waiting, currency)
    return {
        "missing_receipts": sum(receipts) if receipts else None,
        "ready_count": sum(each.number or 0 for each in waiting) if waiting else None,
        "ready_sum": ready,
        "ready_currency": ready_currency,
        "ready_more": more,
        "wallet": wallet,
        "wallet_currency": currency,
        "wallet_threshold": facts.threshold,
        "low_balance": wallet is not None and facts.threshold is not None and wallet < facts.threshold,
        "figures_at": min((row.told_at for row in rows if row.told_at), default=None),
    }


def _figures_of(connection: Connection) -> ToldFigures | None:
    row: ToldFigures | None = getattr(connection, "told_figures", None)
    return row if row is not None and row.told_at is not None and connection.revoked_at is None else None


def _figures(rows: Collection[ToldFigures], name: str) -> Iterator[Figure]:
    return (each for row in rows for each in figures_of(row) if each.name == name)


def _one_currency(told: Collection[Figure], own: str) -> tuple[Decimal | None, str, bool]:
    """The sum in one currency, since those of several are no sum: the wallet's own, else the largest. Whether there is
    more in others."""
    sums: dict[str, Decimal] = {}
    for each in told:
        for code, amount in each.amounts.items():
            sums[code] = sums.get(code, Decimal(0)) + amount
    if not sums:
        return (Decimal(0), own, False) if told else (None, "", False)
    chosen = own if own in sums else max(sums, key=lambda code: (sums[code], code))
    return sums[chosen], chosen, len(sums) > 1
