"""Words of people about records, remembered; nobody is promised to two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from kobling.access.policy import Actor, Doing, require
from kobling.hub.models import Decision, Table
from kobling.hub.store import sql
from kobling.mapping import Side
from kobling.records import N_, SettingsError

KEPT = ("never", "accept")
"""Words that stand beside what is to be done with a record."""


def decide_many(
    actor: Actor, table: int, side: Side, external_ids: Sequence[str], choice: str, now: datetime, why: str = ""
) -> None:
    """Remember the same word on many records; it replaces older ones on what to do with them."""
    _require_table(actor, table)
    for batch in sql.batched(external_ids, sql.BATCH // 2):
        mine = Decision.objects.filter(table_id=table, side=side.value, external_id__in=batch)
        mine.exclude(choice__in=KEPT).delete()
        told = {"choice": choice, "decided_by": actor.key, "why": why, "decided_at": now}
        Decision.objects.bulk_create(
            [Decision(table_id=table, side=side.value, external_id=each, **told) for each in dict.fromkeys(batch)]
        )


def decide(
    actor: Actor,
    table: int,
    side: Side,
    external_id: str,
    choice: str,
    now: datetime,
    *,
    other: str = "",
    why: str = "",
) -> None:
    """Remember what a person said of a record; a new word on what to do with it replaces the old one.

    Raises SettingsError where either of two that are to be coupled was promised to somebody else.
    """
    _require_table(actor, table)
    with sql.together():
        if choice == "couple":
            Table.objects.select_for_update().get(pk=table)
            _check_promises(table, side, external_id, other)
        mine = Decision.objects.filter(table_id=table, side=side.value, external_id=external_id)
        if choice not in KEPT:
            mine.exclude(choice__in=KEPT).delete()
        Decision.objects.get_or_create(
            table_id=table,
            side=side.value,
            external_id=external_id,
            choice=choice,
            other_id=other,
            defaults={"decided_by": actor.key, "why": why, "decided_at": now},
        )


def _check_promises(table: int, side: Side, external_id: str, other: str) -> None:
    """A word of mine is replaced; those of others that name me or my partner stand."""
    said = Decision.objects.filter(table_id=table, choice="couple")
    for mine, theirs, at in ((other, external_id, side), (external_id, other, side.other)):
        from_here = Q(side=at.value, other_id=mine) & ~Q(external_id=theirs)
        from_there = Q(side=at.other.value, external_id=mine) & ~Q(other_id=theirs)
        if mine == external_id:
            from_there = Q(pk=None)
        found = said.filter(from_here | from_there).first()
        if found is not None:
            raise SettingsError(
                N_("“%(record)s” was promised to “%(other)s” already. Choose another one, or leave one of them out."),
                record=mine,
                other=found.external_id if found.other_id == mine else found.other_id,
                code="promised_already",
            )


def _require_table(actor: Actor, table: int) -> None:
    """A table is given by number here, which may be anybody's."""
    client = Table.objects.filter(pk=table).values_list("pair__client", flat=True).first()
    require(actor, Doing.WORK, client or 0)
