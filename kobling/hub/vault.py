"""Secrets at rest: encrypted with a key file of the data folder; older keys still open what they closed.

The file's first key seals, all of them open. The file is looked at before each sealing and read again when something
does not open, so that a new key is taken up by processes that run already.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.signals import pre_save

from kobling import storage
from kobling.hub.models import Connection
from kobling.hub.store import sql, stale
from kobling.hub.store.refreshing import refreshing
from kobling.records import N_, KoblingError, SettingsError, StorageError, from_json, to_json
from kobling.sdk.clock import SystemClock
from kobling.sdk.context import GrantData

KEY_FILE = storage.SECRETS_KEY
_REMEMBERED = 4


@dataclass(frozen=True, slots=True)
class _Box:
    stamp: tuple[int, int, int]
    keys: tuple[bytes, ...]
    fernet: MultiFernet


_boxes: dict[Path, _Box] = {}
_before: list[_Box] = []
"""What the file was while this process ran: opens what a row read long ago still holds when it is saved late."""


def key_path() -> Path:
    """The key file of this process."""
    return Path(settings.DATA_DIR) / KEY_FILE


def keys() -> tuple[bytes, ...]:
    """The keys as they stand in the file now, the one that seals first."""
    return _box().keys


def forget() -> None:
    """Read the key file again at the next occasion, however it looks."""
    known = _boxes.pop(key_path(), None)
    _before[:] = [*([known] if known else ()), *_before][:_REMEMBERED]


def _box() -> _Box:
    path = key_path()
    try:
        stamp = _stamp(path)
    except FileNotFoundError:
        require_key()
        storage.write_once(path, Fernet.generate_key() + b"\n")
        stamp = _stamp(path)
    known = _boxes.get(path)
    if known is None or known.stamp != stamp:
        _before[:] = [*([known] if known else ()), *_before][:_REMEMBERED]
        known = _boxes[path] = _read(path, stamp)
    return known


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read(path: Path, stamp: tuple[int, int, int]) -> _Box:
    lines = tuple(line.strip() for line in path.read_bytes().splitlines() if line.strip())
    try:
        return _Box(stamp, lines, MultiFernet([Fernet(key) for key in lines]))
    except ValueError:
        raise StorageError(
            N_("The key file %(file)s is damaged. Restore it from a back-up."), file=KEY_FILE, code="bad_key_file"
        ) from None


def sealed() -> QuerySet[Connection]:
    """Connections with something sealed."""
    return Connection.objects.filter(~Q(secrets="") | ~Q(grant=""))


def unreadable() -> dict[int, KoblingError]:
    """Connections whose keys cannot be opened, by id, and why."""
    found: dict[int, KoblingError] = {}
    for row in sealed().only("pk", "secrets").iterator():
        try:
            open_secrets(row.secrets)
        except KoblingError as error:
            found[row.pk] = error
    return found


def require_key() -> None:
    """Raises StorageError where things are sealed and the key file is not there: a new key would not open them."""
    if not key_path().exists() and sealed().exists():
        raise StorageError(
            N_("The key file %(file)s is missing in %(folder)s. Restore it from a back-up, or renew the keys."),
            code="no_key_file",
            file=KEY_FILE,
            folder=str(settings.DATA_DIR),
        )


def seal(secrets: Mapping[str, object]) -> str:
    """Encrypt settings that are secret."""
    return _box().fernet.encrypt(to_json(dict(secrets))).decode()


def open_secrets(sealed: str) -> dict[str, str]:
    """Decrypt what ``seal`` made. Raises SettingsError when the key file is not the one it was sealed with."""
    if not sealed:
        return {}
    opened = _opened(_box(), sealed)
    if opened is None:
        forget()
        opened = _opened(_box(), sealed)
    if opened is None:
        raise SettingsError(
            N_("The stored keys cannot be read: the key file %(file)s is not the one they were stored with."),
            file=KEY_FILE,
            code="wrong_key_file",
        )
    found: dict[str, str] = from_json(opened)
    return found


def _opened(box: _Box, sealed: str) -> bytes | None:
    try:
        return box.fernet.decrypt(sealed.encode())
    except InvalidToken:
        return None


def resealed(sealed: str) -> str:
    """The same content, sealed with the first key; unchanged where it is so already. Raises SettingsError."""
    if not sealed or _opened_by(_box().keys[0], sealed):
        return sealed
    open_secrets(sealed)
    return _box().fernet.rotate(sealed.encode()).decode()


def _opened_by(key: bytes, sealed: str) -> bool:
    try:
        Fernet(key).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def keep_current(instance: Connection, **_: object) -> None:
    """Before a connection is saved: what was read before a rotation and is saved after it is sealed anew."""
    for name in ("secrets", "grant"):
        sealed = getattr(instance, name)
        if not sealed or _opened_by(_box().keys[0], sealed):
            continue
        opened = next((found for box in (_box(), *_before) if (found := _opened(box, sealed)) is not None), None)
        if opened is not None:
            setattr(instance, name, _box().fernet.encrypt(opened).decode())


pre_save.connect(keep_current, sender=Connection, dispatch_uid="kobling.hub.vault")


def until(grant: GrantData | None) -> datetime | None:
    """When a person must sign in again, where the vendor says so."""
    ends = (grant or {}).get("ends_at")
    return datetime.fromtimestamp(int(ends), UTC) if ends else None


class Grants:
    """A connection's sign-in (tokens), stored encrypted and replaced only by who saw the current one."""

    def __init__(self, connection: int) -> None:
        self._connection = connection

    async def load(self) -> GrantData | None:
        """What is stored now, None where nobody signed in."""
        return await sql.aside(self._load)

    async def save(self, old: GrantData | None, new: GrantData) -> bool:
        """Store ``new`` if ``old`` is still what is stored; says whether it did."""
        return await sql.aside(self._save, old, new)

    def refreshing(self) -> AbstractAsyncContextManager[None]:
        """Held while a new token is fetched: by one process at a time, however many use the connection."""
        return refreshing(self._connection, SystemClock())

    def _load(self) -> GrantData | None:
        sealed = Connection.objects.values_list("grant", flat=True).get(pk=self._connection)
        return open_secrets(sealed) or None

    def _save(self, old: GrantData | None, new: GrantData) -> bool:
        with sql.together():
            row = Connection.objects.select_for_update().get(pk=self._connection)
            if (open_secrets(row.grant) or None) != (dict(old) if old else None):
                return False
            row.grant = seal(new)
            row.grant_version += 1
            before, row.sign_in_until = row.sign_in_until, until(new)
            row.save(update_fields=["grant", "grant_version", "sign_in_until"])
            stale.mark([row.client_id] if before != row.sign_in_until else ())
            return True
