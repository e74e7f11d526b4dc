"""What a fault of our own database, disk or data folder means, in people's words, and whether it mends itself."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError

from kobling.records import N_, KoblingError, NoRoom, StorageError, Temporary

_LITTLE = 256 * 1024
"""With less room than this (bytes), a fault of the disk is taken for a full one."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)
_NO_WRITING = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")
_BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT")
_NOT_WRITTEN = ("SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_SHMSIZE")
_DISK_FULL = "53100"
"""PostgreSQL's word for it."""
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")


def told(fault: BaseException) -> KoblingError | None:
    """A fault of ours as an error of ours; None for one that has nothing to do with where we keep things.

    ``NoRoom`` and other ``Temporary`` ones mend themselves or by a person without us; ``StorageError`` ends the work.
    """
    for each in _chain(fault):
        if isinstance(each, sqlite3.Error):
            found = _of_sqlite(each)
        elif getattr(each, "sqlstate", None) == _DISK_FULL:
            found = no_room()
        elif isinstance(each, OSError) and _ours(each):
            found = _of_disk(each)
        else:
            found = None
        if found is not None:
            return found
    if any(isinstance(each, _of_database()) for each in _chain(fault)):
        return Temporary(N_("The database did not answer."), detail=type(fault).__name__, code="database")
    return None


def _of_database() -> tuple[type[BaseException], ...]:
    """PostgreSQL's driver takes long to load, and can have raised nothing where nobody has loaded it."""
    driver = sys.modules.get("psycopg")
    return (OperationalError, InterfaceError, *((driver.OperationalError, driver.InterfaceError) if driver else ()))


def is_of_storage(fault: BaseException) -> bool:
    """Whether a fault is one of our database or disk."""
    return told(fault) is not None


def no_room() -> NoRoom:
    """The disk is full."""
    return NoRoom(
        N_("There is no room left on the disk of %(folder)s. Kobling waits and goes on when there is."),
        folder=str(settings.DATA_DIR),
        code="disk_full",
    )


def has_room() -> bool:
    """Whether something could be written where our files are."""
    try:
        found = os.statvfs(settings.DATA_DIR)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize > _LITTLE and (not found.f_files or found.f_favail > 1)


def _chain(fault: BaseException | None) -> Iterator[BaseException]:
    """A fault, what it wraps and what caused it."""
    seen: set[int] = set()
    waiting = [fault]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        wrapped = getattr(each, "orig", None)
        waiting += [wrapped if isinstance(wrapped, BaseException) else None, each.__cause__, each.__context__]


def _of_sqlite(fault: sqlite3.Error) -> KoblingError | None:
    name = getattr(fault, "sqlite_errorname", "") or ""
    if name == "SQLITE_FULL" or (name in _NOT_WRITTEN and not has_room()):
        return no_room()
    if name in _NOT_WRITTEN:
        return NoRoom(
            N_(
                "The disk of %(folder)s refuses what Kobling writes: a quota or a fault. Kobling waits and tries again."
            ),
            folder=str(settings.DATA_DIR),
            code="disk_refuses",
            detail=name,
        )
    if name.startswith(_BUSY):
        return Temporary(N_("The database did not answer."), detail=name, code="database")
    if name.startswith(_BROKEN):
        return StorageError(
            N_("The database in %(folder)s is damaged. Stop Kobling and restore the data folder from a back-up."),
            folder=str(settings.DATA_DIR),
            code="database_damaged",
            detail=name,
        )
    if name.startswith((*_NO_WRITING, "SQLITE_IOERR")):
        return forbidden(name) if has_room() or not Path(settings.DATA_DIR).is_dir() else no_room()
    return None


def _ours(fault: OSError) -> bool:
    """Whether a fault of the disk is one of the data folder's."""
    if fault.errno in _FULL:
        return True
    name = fault.filename
    return isinstance(name, str) and Path(name).absolute().is_relative_to(Path(settings.DATA_DIR))


def _of_disk(fault: OSError) -> KoblingError | None:
    if fault.errno in _FULL:
        return no_room()
    name = errno.errorcode.get(fault.errno or 0, "")
    return forbidden(name) if fault.errno in (*_FORBIDDEN, errno.EIO) else None


def forbidden(detail: str) -> StorageError:
    """We may not read or write where our files are."""
    return StorageError(
        N_("Kobling cannot read or write its files in %(folder)s: wrong owner, a read-only disk, or a disk fault."),
        folder=str(settings.DATA_DIR),
        code="data_folder",
        detail=detail,
    )
