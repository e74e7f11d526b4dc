"""Secrets at rest: encrypted with a key file of the data folder; older keys still open what they closed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from kobling.hub.models import Connection
from kobling.hub.store import sql
from kobling.records import N_, SettingsError, from_json, to_json

KEY_FILE = "secrets.key"


@cache
def _box(data_dir: str) -> MultiFernet:
    path = Path(data_dir) / KEY_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_once(path, Fernet.generate_key())
    keys = [line.strip() for line in path.read_bytes().splitlines() if line.strip()]
    return MultiFernet([Fernet(key) for key in keys])


def _write_once(path: Path, key: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "wb") as file:
        file.write(key + b"\n")


def seal(secrets: Mapping[str, object]) -> str:
    """Encrypt settings that are secret."""
    return _box(str(settings.DATA_DIR)).encrypt(to_json(dict(secrets))).decode()


def open_secrets(sealed: str) -> dict[str, str]:
    """Decrypt what ``seal`` made. Raises SettingsError when the key file is not the one it was sealed with."""
    if not sealed:
        return {}
    try:
        opened: dict[str, str] = from_json(_box(str(settings.DATA_DIR)).decrypt(sealed.encode()))
    except InvalidToken:
        raise SettingsError(
            N_("The stored keys cannot be read: the key file %(file)s is not the one they were stored with."),
            file=KEY_FILE,
            code="wrong_key_file",
        ) from None
    return opened


def rotate() -> int:
    """Put a new key first and seal everything anew with it. Returns how many connections were sealed."""
    path = Path(settings.DATA_DIR) / KEY_FILE
    _box(str(settings.DATA_DIR))
    path.write_bytes(Fernet.generate_key() + b"\n" + path.read_bytes())
    _box.cache_clear()
    box = _box(str(settings.DATA_DIR))
    number = 0
    for each in Connection.objects.all():
        each.secrets = box.rotate(each.secrets.encode()).decode() if each.secrets else ""
        each.grant = box.rotate(each.grant.encode()).decode() if each.grant else ""
        each.save(update_fields=["secrets", "grant"])
        number += 1
    return number


class Grants:
    """A connection's sign-in (tokens), stored encrypted and replaced only by who saw the current one."""

    def __init__(self, connection: int) -> None:
        self._connection = connection

    async def load(self) -> Mapping[str, str | int | None] | None:
        """What is stored now, None where nobody signed in."""
        return await asyncio.to_thread(self._load)

    async def save(self, old: Mapping[str, str | int | None] | None, new: Mapping[str, str | int | None]) -> bool:
        """Store ``new`` if ``old`` is still what is stored; says whether it did."""
        return await asyncio.to_thread(self._save, old, new)

    def _load(self) -> Mapping[str, str | int | None] | None:
        sealed = Connection.objects.values_list("grant", flat=True).get(pk=self._connection)
        return open_secrets(sealed) or None

    def _save(self, old: Mapping[str, str | int | None] | None, new: Mapping[str, str | int | None]) -> bool:
        with sql.together():
            row = Connection.objects.select_for_update().get(pk=self._connection)
            if (open_secrets(row.grant) or None) != (dict(old) if old else None):
                return False
            row.grant = seal(new)
            row.grant_version += 1
            row.save(update_fields=["grant", "grant_version"])
            return True
