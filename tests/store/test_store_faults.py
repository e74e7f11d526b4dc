"""Faults of our own disk and database, told in words: what mends itself is waited for, what a person must mend ends."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError

from kobling.hub.store import faults
from kobling.records import NoRoom, StorageError, Temporary

LITTLE = faults._LITTLE


def sqlite(name: str) -> sqlite3.Error:
    fault = sqlite3.OperationalError("?")
    fault.sqlite_errorname = name
    return fault


def disk(number: int, path: str | None = None) -> OSError:
    return OSError(number, "?", path)


def room(monkeypatch: pytest.MonkeyPatch, bytes_left: int, files: int = 0, files_left: int = 0) -> None:
    told = SimpleNamespace(f_bavail=bytes_left, f_frsize=1, f_files=files, f_favail=files_left)
    monkeypatch.setattr(faults.os, "statvfs", lambda _: told)


@pytest.mark.parametrize(
    ("left", "files", "files_left", "enough"),
    [
        (LITTLE + 1, 0, 0, True),
        (LITTLE, 0, 0, False),
        (LITTLE + 1, 100, 2, True),
        (LITTLE + 1, 100, 1, False),
        (0, 100, 50, False),
    ],
)
def test_there_is_room_while_bytes_and_files_are_left(
    monkeypatch: pytest.MonkeyPatch, left: int, files: int, files_left: int, enough: bool
) -> None:
    room(monkeypatch, left, files, files_left)
    assert faults.has_room() is enough


def test_room_is_counted_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    told = SimpleNamespace(f_bavail=100, f_frsize=4096, f_files=0, f_favail=0)
    monkeypatch.setattr(faults.os, "statvfs", lambda _: told)
    assert faults.has_room() and LITTLE == 256 * 1024


def test_where_nothing_can_be_asked_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: Any) -> Any:
        raise OSError(errno.ENOENT, "gone")

    monkeypatch.setattr(faults.os, "statvfs", gone)
    assert not faults.has_room()


@pytest.mark.parametrize(
    ("fault", "enough", "kind", "code"),
    [
        (sqlite("SQLITE_FULL"), True, NoRoom, "disk_full"),
        (sqlite("SQLITE_IOERR_WRITE"), False, NoRoom, "disk_full"),
        (sqlite("SQLITE_IOERR_WRITE"), True, NoRoom, "disk_refuses"),
        (sqlite("SQLITE_IOERR_FSYNC"), True, NoRoom, "disk_refuses"),
        (sqlite("SQLITE_IOERR_TRUNCATE"), True, NoRoom, "disk_refuses"),
        (sqlite("SQLITE_IOERR_SHMSIZE"), True, NoRoom, "disk_refuses"),
        (sqlite("SQLITE_BUSY_SNAPSHOT"), True, Temporary, "database"),
        (sqlite("SQLITE_LOCKED"), True, Temporary, "database"),
        (sqlite("SQLITE_CORRUPT_INDEX"), True, StorageError, "database_damaged"),
        (sqlite("SQLITE_NOTADB"), True, StorageError, "database_damaged"),
        (sqlite("SQLITE_READONLY_DBMOVED"), True, StorageError, "data_folder"),
        (sqlite("SQLITE_CANTOPEN"), True, StorageError, "data_folder"),
        (sqlite("SQLITE_CANTOPEN"), False, NoRoom, "disk_full"),
        (sqlite("SQLITE_IOERR_READ"), True, StorageError, "data_folder"),
        (sqlite("SQLITE_IOERR_READ"), False, NoRoom, "disk_full"),
        (psycopg.errors.DiskFull("?"), True, NoRoom, "disk_full"),
        (disk(errno.ENOSPC), True, NoRoom, "disk_full"),
        (disk(errno.EDQUOT), True, NoRoom, "disk_full"),
        (disk(errno.EFBIG, "/elsewhere"), True, NoRoom, "disk_full"),
        (disk(errno.EROFS, "%s/x"), True, StorageError, "data_folder"),
        (disk(errno.EACCES, "%s"), True, StorageError, "data_folder"),
        (disk(errno.EIO, "%s/a/b"), True, StorageError, "data_folder"),
        (OperationalError("?"), True, Temporary, "database"),
        (InterfaceError("?"), True, Temporary, "database"),
        (psycopg.OperationalError("?"), True, Temporary, "database"),
        (psycopg.InterfaceError("?"), True, Temporary, "database"),
    ],
)
def test_a_fault_is_told_by_what_it_means(
    monkeypatch: pytest.MonkeyPatch, fault: Any, enough: bool, kind: type, code: str
) -> None:
    room(monkeypatch, LITTLE + 1 if enough else 0)
    if isinstance(fault, OSError) and fault.filename:
        fault = disk(fault.errno, fault.filename.replace("%s", str(settings.DATA_DIR)))
    found = faults.told(fault)
    assert found is not None and (type(found), found.code) == (kind, code)
    assert faults.is_of_storage(fault)
    for wrapped in (caused(fault), met_while(fault), wrapping(fault)):
        assert type(faults.told(wrapped)) is kind


def caused(fault: BaseException) -> BaseException:
    made = RuntimeError("?")
    made.__cause__ = fault
    return made


def met_while(fault: BaseException) -> BaseException:
    made, middle = RuntimeError("?"), RuntimeError("?")
    made.__context__, middle.__cause__ = middle, fault
    return made


def wrapping(fault: BaseException) -> BaseException:
    made = RuntimeError("?")
    made.orig = fault  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(
    "fault",
    [
        ValueError("?"),
        sqlite("SQLITE_CONSTRAINT"),
        sqlite3.OperationalError("?"),
        disk(errno.EACCES, "/elsewhere/file"),
        disk(errno.EACCES),
        disk(errno.ENOENT, os.devnull),
    ],
)
def test_what_is_none_of_our_storages_is_not_called_so(fault: Any) -> None:
    assert faults.told(fault) is None and not faults.is_of_storage(fault)


def test_another_fault_of_a_file_of_ours_is_not_called_so_either() -> None:
    assert faults.told(disk(errno.ENOENT, f"{settings.DATA_DIR}/x")) is None


def test_faults_that_point_at_each_other_end() -> None:
    one, other = RuntimeError("1"), RuntimeError("2")
    one.__cause__, other.__cause__ = other, one
    assert faults.told(one) is None


def test_without_a_data_folder_nobody_says_that_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    room(monkeypatch, 0)
    monkeypatch.setattr(settings, "DATA_DIR", f"{settings.DATA_DIR}/gone")
    found = faults.told(sqlite("SQLITE_CANTOPEN"))
    assert isinstance(found, StorageError) and found.params["folder"].endswith("/gone")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EIO])
def test_what_the_system_said_is_kept_for_whoever_mends_it(number: int) -> None:
    told = faults.told(disk(number, str(Path(settings.DATA_DIR) / "x")))
    assert told is not None and told.detail == errno.errorcode[number]
