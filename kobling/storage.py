"""Where Kobling keeps things on this machine: the data folder, the database address, key files."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from kobling.records import N_, StorageError

DATABASE, ENGINE = "kobling.sqlite3", "engine.sqlite3"
WORKER_LOCKS = 0x6B6F62
"""“kob”: keeps the advisory locks of workers on PostgreSQL apart from those of other users of the database."""
WEB_KEY, SECRETS_KEY = "web.key", "secrets.key"
DURABLE = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
"""What is committed is on disk: an intent must outlive a power cut that comes after its request (docs/why/0012)."""

_SQLITE_SETUP = f"{DURABLE} PRAGMA cache_size=-32000;"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Home:
    """The data folder of this process, and whether somebody named it (``KOBLING_DATA``) or it is the default one."""

    folder: Path
    named: bool
    elsewhere: bool = False
    """The database is a server's, so that the folder holds keys alone."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Home:
        """As the environment says."""
        given = environment.get("KOBLING_DATA", "")
        return cls(Path(given or "data").absolute(), bool(given), bool(environment.get("KOBLING_DATABASE_URL")))

    @property
    def begun(self) -> bool:
        """Whether a database of Kobling's is there."""
        try:
            return (self.folder / DATABASE).stat().st_size > 0
        except OSError:
            return False

    @property
    def _emptied(self) -> bool:
        """Whether other files of Kobling's are there although their database is not."""
        return not self.begun and any((self.folder / name).exists() for name in (ENGINE, SECRETS_KEY))

    def open(self, *, first_act: bool, worker: bool = False) -> bool:
        """Make sure that the folder is the right one and nobody else's; returns whether it was begun just now.

        The default folder is made by the first command of all. One that was named is made only by a first act, since
        a typing error or a disk that is not mounted must not look like an empty Kobling. Raises StorageError.
        """
        self._look(first_act, worker)
        new = not self.elsewhere and not self.begun
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as fault:
            raise StorageError(
                N_("The data folder %(folder)s cannot be made."),
                folder=str(self.folder),
                code="data_folder",
                detail=type(fault).__name__,
            ) from None
        return new

    def _look(self, first_act: bool, worker: bool) -> None:
        told: dict[str, Any] = {"folder": str(self.folder)}
        if self.folder.exists() and not self.folder.is_dir():
            raise StorageError(N_("The data folder %(folder)s is a file."), code="data_folder", **told)
        if self.elsewhere:
            return
        if self._emptied:
            raise StorageError(
                N_("The data folder %(folder)s has keys and runs, but no database: %(file)s is missing."),
                code="no_database",
                file=DATABASE,
                **told,
            )
        if not self.named or first_act or self.begun:
            return
        if not self.folder.exists():
            raise StorageError(
                N_("There is no data folder %(folder)s. Correct KOBLING_DATA, or begin there."),
                code="no_data_folder",
                **told,
            )
        if worker or any(self.folder.iterdir()):
            raise StorageError(
                N_("%(folder)s is not a data folder of Kobling's. Correct KOBLING_DATA, or begin there."),
                code="not_begun",
                **told,
            )

    def tighten(self) -> list[str]:
        """Take the folder and its files from everybody else; returns what others could read until now."""
        return [each.name for each in self._own() if _tightened(each)]

    def _own(self) -> Iterator[Path]:
        yield self.folder
        yield from (each for each in sorted(self.folder.iterdir()) if each.is_file() and not each.is_symlink())


def _tightened(path: Path) -> bool:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & _OTHERS:
            return False
        path.chmod(mode & ~_OTHERS)
    except FileNotFoundError:
        return False
    except PermissionError:
        return False
    return True


def keep_private() -> None:
    """What this process makes from now on belongs to its owner alone."""
    os.umask(_OTHERS)


_POSTGRES_SETUP = "-c jit=off"
"""Queries are short: compiling one takes longer than running it."""


def database_settings(url: str, data_dir: Path) -> dict[str, Any]:
    """Django's database settings for a ``postgresql://`` URL, or SQLite in the data folder without one.

    What the URL says after ``?`` goes to the server's client as it is (``sslmode=require``).
    """
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(data_dir / DATABASE),
            "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE", "init_command": _SQLITE_SETUP},
            "TEST": {"NAME": str(data_dir / f"test-{DATABASE}")},
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("KOBLING_DATABASE_URL must begin with postgresql://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "OPTIONS": {"options": _POSTGRES_SETUP, **dict(parse_qsl(parts.query))},
    }


def web_key(folder: Path) -> str:
    """The key that signs what the web hands out. Raises StorageError where it is missing: it is never made anew."""
    try:
        return (folder / WEB_KEY).read_text()
    except FileNotFoundError:
        raise StorageError(
            N_("The key file %(file)s is missing in %(folder)s. Restore it from a back-up, or renew the keys."),
            code="no_key_file",
            file=WEB_KEY,
            folder=str(folder),
        ) from None


def make_web_key(folder: Path) -> None:
    """Make the key that signs what the web hands out, where there is none."""
    write_once(folder / WEB_KEY, secrets.token_urlsafe(48).encode())


def write_once(path: Path, content: bytes) -> bool:
    """Write a file that its owner alone may read, whole and on disk or not at all; says whether it was not there."""
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    _write(made, content)
    try:
        os.link(made, path)
    except FileExistsError:
        return False
    finally:
        made.unlink()
    _sync(path.parent)
    return True


def replace(path: Path, content: bytes) -> None:
    """Put a new content in a file's place, whole and on disk: whoever reads sees the old one or the new one."""
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    _write(made, content)
    made.replace(path)
    _sync(path.parent)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
