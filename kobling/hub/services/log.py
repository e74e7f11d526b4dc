"""The record of who did what, when and why."""

from __future__ import annotations

from typing import Any

from kobling.access.models import Client
from kobling.access.policy import Actor
from kobling.hub.models import Event
from kobling.records import to_json

_LONGEST = 200


def record(
    actor: Actor,
    client: Client | None,
    what: str,
    subject: str,
    *,
    before: Any = None,
    after: Any = None,
    why: str = "",
) -> None:
    """Write one line that is never changed again. Secrets are not for this log."""
    Event.objects.create(
        client=client,
        who=actor.name[:_LONGEST],
        who_kind=actor.kind.value,
        who_id=actor.ident[:_LONGEST],
        what=what,
        subject=subject,
        before="" if before is None else to_json(before).decode(),
        after="" if after is None else to_json(after).decode(),
        why=why,
    )
