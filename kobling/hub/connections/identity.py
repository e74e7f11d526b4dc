"""A connection is one account: what the system says of itself is kept, and no other is taken for it in silence.

Where a system tells no id, its own name and the records that were read from it are the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping

from kobling.hub.models import Connection, Coupling, MirrorRow
from kobling.hub.store import mirror, sql
from kobling.records import N_, KoblingError, SettingsError, from_json
from kobling.sdk.protocols import Connector, Health
from kobling.sdk.reading import found_of
from kobling.sync.waiting import LoopThread

_LOOKED_AT = 20
_ENOUGH = 0.5
"""Of the records looked at so many must be there and say the same, for an account without an id to be the same."""


def require_same(connection: Connection, health: Health, opened: Connector, waiting: LoopThread) -> None:
    """Raises SettingsError naming both accounts when a connection in use would become another one's."""
    if not in_use(connection) or _is_same(connection, health, opened, waiting):
        return
    raise SettingsError(
        N_(
            "“%(name)s” is connected to %(old)s, and these settings open %(new)s. Make a new connection for it; or, if"
            " it is the same company that moved, say so: its coupled records then stay coupled."
        ),
        name=connection.name,
        old=_told(connection.account_name, connection.identity),
        new=_told(health.account_name, health.identity),
        code="another_account",
    )


def in_use(connection: Connection) -> bool:
    """Whether anything was read from it or is coupled with it."""
    read = MirrorRow.objects.filter(feed__connection=connection).exists()
    pairs = [*connection.left_of.values_list("pk", flat=True), *connection.right_of.values_list("pk", flat=True)]
    return read or Coupling.objects.filter(table__pair__in=pairs).exists()


def _is_same(connection: Connection, health: Health, opened: Connector, waiting: LoopThread) -> bool:
    if connection.identity and health.identity:
        return connection.identity == health.identity
    if not connection.account_name:
        return True
    if connection.account_name != health.account_name:
        return False
    return _holds_what_was_read(connection, opened, waiting)


def _holds_what_was_read(connection: Connection, opened: Connector, waiting: LoopThread) -> bool:
    """Whether a sample of the records read before is there, saying mostly the same."""
    looked_at = same = 0
    for feed in connection.feeds.order_by("resource"):
        resource = opened.resources.get(feed.resource)
        rows = sql.rows(
            "SELECT external_id, fields FROM hub_mirrorrow"
            " WHERE feed_id = %s AND NOT gone AND digest <> %s ORDER BY id LIMIT %s",
            [feed.pk, mirror.NEVER_READ, _LOOKED_AT],
        )
        if resource is None or not rows:
            continue
        known = {str(external_id): from_json(fields) for external_id, fields in rows}
        try:
            there = waiting.run(found_of(resource, list(known))).records
        except KoblingError:
            continue
        looked_at += len(known)
        same += sum(_mostly_the_same(known[each.external_id], each.fields) for each in there)
    return looked_at == 0 or same >= looked_at * _ENOUGH


def _mostly_the_same(known: Mapping[str, object], now: Mapping[str, object]) -> bool:
    filled = [name for name, value in known.items() if value not in (None, "", [], {})]
    return sum(now.get(name) == known[name] for name in filled) >= len(filled) * _ENOUGH


def _told(name: str, identity: str) -> str:
    return f"{name} ({identity})" if identity and identity != name else name or "–"
