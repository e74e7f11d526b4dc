"""The record of who did what, when and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kobling.access.models import Client
from kobling.access.policy import Actor
from kobling.hub.happened import What
from kobling.hub.models import Event, EventRecord
from kobling.mapping import Side
from kobling.records import to_json

_LONGEST = 200
Known = tuple[int, Side, str | None]
"""A record as an event names it: table, side, id (none where that side has no record)."""


def record(
    actor: Actor,
    client: Client | None,
    what: What,
    subject: str,
    *,
    choice: str = "",
    before: Any = None,
    after: Any = None,
    why: str = "",
    about: Iterable[Known] = (),
) -> None:
    """Write one line that is never changed again, ``about`` these records. Secrets are not for this log.

    ``choice``: what a person chose, where the sentence of ``what`` has a place for it.
    """
    made = Event.objects.create(
        client=client,
        who=actor.name[:_LONGEST],
        who_kind=actor.kind.value,
        who_id=actor.ident[:_LONGEST],
        what=what.value,
        params={"choice": choice} if choice else {},
        subject=subject,
        before="" if before is None else to_json(before).decode(),
        after="" if after is None else to_json(after).decode(),
        why=why,
    )
    EventRecord.objects.bulk_create(
        EventRecord(event=made, table_id=table, side=side.value, external_id=external_id)
        for table, side, external_id in about
        if external_id
    )
