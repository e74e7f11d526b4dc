"""The installation's own keys: renewed while everything runs, begun anew where they are lost. The operator's work."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import Fernet
from django.conf import settings

from kobling import storage
from kobling.access.policy import Actor, require_installation
from kobling.hub import vault
from kobling.hub.happened import What
from kobling.hub.models import Connection
from kobling.hub.services.log import record
from kobling.hub.store import sql, stale
from kobling.hub.store.health import remember
from kobling.records import N_, KoblingError, SignInExpired
from kobling.sync import checkpoints

LOCK_FILE = "keys.lock"


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: ``keys`` are in the file now, ``unreadable`` connections no key opens."""

    sealed: int
    keys: int
    unreadable: tuple[str, ...]


def rotate(actor: Actor, *, drop_old: bool = False) -> Rotated:
    """Put a new key first and seal everything anew with it, row by row, while others work.

    The old keys stay in the file, since they open what was not sealed anew yet; ``drop_old`` takes them away once
    nothing needs them. Killed at any moment, everything still opens, and the next rotation ends the work.
    """
    require_installation(actor)
    with _alone():
        before = vault.keys()
        storage.replace(vault.key_path(), _lines(Fernet.generate_key(), *before))
        checkpoints.reach(checkpoints.NEW_KEY)
        number, unreadable = _seal_all()
        if drop_old and not unreadable:
            _drop(before)
        record(actor, None, What.KEYS_ROTATED, vault.KEY_FILE, after={"sealed": number, "keys": len(vault.keys())})
        return Rotated(number, len(vault.keys()), unreadable)


def _drop(old: tuple[bytes, ...]) -> None:
    """Take the old keys away. One that something was sealed with meanwhile comes back: it is in memory until then."""
    current = vault.keys()[0]
    storage.replace(vault.key_path(), _lines(current))
    checkpoints.reach(checkpoints.KEY_DROPPED)
    if _seal_all()[1]:
        storage.replace(vault.key_path(), _lines(current, *old))
        if not _seal_all()[1]:
            storage.replace(vault.key_path(), _lines(current))


def _lines(*keys: bytes) -> bytes:
    return b"".join(key + b"\n" for key in keys)


def _seal_all() -> tuple[int, tuple[str, ...]]:
    number, unreadable = 0, []
    for each in vault.sealed().order_by("pk").values_list("pk", "name"):
        try:
            number += _seal_anew(each[0])
        except KoblingError:
            unreadable.append(each[1])
    return number, tuple(unreadable)


def _seal_anew(connection: int) -> bool:
    with sql.together():
        row = Connection.objects.select_for_update().filter(pk=connection).first()
        if row is None:
            return False
        fresh = vault.resealed(row.secrets), vault.resealed(row.grant)
        if fresh == (row.secrets, row.grant):
            return False
        row.secrets, row.grant = fresh
        row.save(update_fields=["secrets", "grant"])
    checkpoints.reach(checkpoints.SEALED_ANEW)
    return True


def renew(actor: Actor, now: datetime) -> tuple[str, ...]:
    """Make the key files that are missing. What only a lost key opened is forgotten: those systems are connected again.

    Returns the names of such connections.
    """
    require_installation(actor)
    with _alone():
        storage.make_web_key(settings.HOME.folder)
        storage.write_once(vault.key_path(), _lines(Fernet.generate_key()))
        lost = [each for each in vault.sealed().select_related("client").order_by("pk") if not _opens(each)]
        for each in lost:
            _forget(each, now)
        names = tuple(each.name for each in lost)
        record(actor, None, What.KEYS_RENEWED, vault.KEY_FILE, after={"forgotten": list(names)})
        return names


def _opens(connection: Connection) -> bool:
    try:
        vault.open_secrets(connection.secrets)
        vault.open_secrets(connection.grant)
    except KoblingError:
        return False
    return True


def _forget(connection: Connection, now: datetime) -> None:
    connection.secrets, connection.grant, connection.revoked_at, connection.sign_in_until = "", "", now, None
    columns = remember(connection, SignInExpired(N_("The key file was lost. Connect it again.")))
    with sql.together():
        connection.save(update_fields=["secrets", "grant", "revoked_at", "sign_in_until", *columns])
        stale.mark([connection.client_id])


@contextmanager
def _alone() -> Iterator[None]:
    """Two who change the key file at once would lose a key."""
    with (settings.HOME.folder / LOCK_FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
