"""A file system that drops what was not synced: a process of its own that keeps files twice, as written and as synced.

    python -m tests.power.filesystem MOUNTPOINT FOLDER

FOLDER's files are there as if synced long ago. A write is on disk when its file was synced; a name (of a new, renamed
or removed file) when its folder was synced. Commands come line by line on standard input:

    arm N SEED      the power fails at the N-th change of the disk, of whatever kind (0: never by itself)
    kill PID        whom the power failure kills
    refuse NAME     changes are refused with that error (ENOSPC, EROFS …); without a name no longer
    settle FOLDER   write what is on disk into a folder, say how many changes there were, and end

SEED says what becomes of what was not synced: dropped (most often), kept up to a moment, or kept here and there, as
disks do that write in an order of their own.
"""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Any

import mfusepy

BLOCK = 4096


class File:
    """One file: as programs see it, as it is on disk, and what was done to it since the last sync."""

    def __init__(self, content: bytes = b"", mode: int = 0o600) -> None:
        self.seen = bytearray(content)
        self.synced = bytearray(content)
        self.since: list[tuple[int, bytes | None]] = []
        self.mode = stat.S_IFREG | stat.S_IMODE(mode)
        self.at = time.time_ns()

    def write(self, offset: int, data: bytes) -> None:
        _put(self.seen, offset, data)
        self.since += [(offset + at, data[at : at + BLOCK]) for at in range(0, len(data), BLOCK)]
        self.at = time.time_ns()

    def truncate(self, length: int) -> None:
        _cut(self.seen, length)
        self.since.append((length, None))
        self.at = time.time_ns()

    def sync(self) -> None:
        self.synced = _after(self.synced, self.since)
        self.since = []

    def after_a_cut(self, chance: random.Random, keeps: str) -> bytes:
        """What is found when the power is back."""
        kept = self.since[: chance.randint(0, len(self.since))] if keeps == "some" else []
        if keeps == "here and there":
            kept = [each for each in self.since if chance.random() < 0.5]
        return bytes(_after(self.synced, kept))


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _cut(content: bytearray, length: int) -> None:
    del content[length:]
    content.extend(bytes(length - len(content)))


def _after(content: bytearray, changes: list[tuple[int, bytes | None]]) -> bytearray:
    made = bytearray(content)
    for at, data in changes:
        if data is None:
            _cut(made, at)
        else:
            _put(made, at, data)
    return made


class Disk(mfusepy.Operations):  # type: ignore[misc]
    """One folder of files, without folders in it."""

    use_ns = True

    def __init__(self, folder: Path) -> None:
        self.names = {f"/{each.name}": File(each.read_bytes(), each.stat().st_mode) for each in _files(folder)}
        self.synced_names = dict(self.names)
        self.changes, self.fails_at, self.seed = 0, 0, 0
        self.off = False
        self.refusal = 0
        self.victim = 0
        self.known = threading.Event()
        self.turn = threading.Lock()

    def _changed(self) -> None:
        """Count a change; at the one that was named the power fails, before it is done."""
        if self.off:
            raise mfusepy.FuseOSError(errno.EIO)
        if self.refusal:
            raise mfusepy.FuseOSError(self.refusal)
        self.changes += 1
        if self.fails_at and self.changes >= self.fails_at:
            self.off = True
            self.known.wait(60)
            os.kill(self.victim, signal.SIGKILL)
            raise mfusepy.FuseOSError(errno.EIO)

    def _file(self, path: str) -> File:
        try:
            return self.names[path]
        except KeyError:
            raise mfusepy.FuseOSError(errno.ENOENT) from None

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2, "st_uid": os.getuid(), "st_gid": os.getgid()}
        file = self._file(path)
        own = {"st_uid": os.getuid(), "st_gid": os.getgid(), "st_nlink": 1}
        times = dict.fromkeys(("st_mtime", "st_ctime", "st_atime"), file.at)
        return {"st_mode": file.mode, "st_size": len(file.seen), **own, **times}

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *(name[1:] for name in self.names)]

    def statfs(self, path: str) -> dict[str, int]:
        return {"f_bsize": BLOCK, "f_frsize": BLOCK, "f_blocks": 1 << 20, "f_bavail": 1 << 20, "f_bfree": 1 << 20}

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        with self.turn:
            self._changed()
            self.names[path] = File(mode=mode)
            return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self._file(path).seen[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        with self.turn:
            self._changed()
            self._file(path).write(offset, bytes(data))
            return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        with self.turn:
            self._changed()
            self._file(path).truncate(length)
            return 0

    def chmod(self, path: str, mode: int) -> int:
        if path != "/":
            self._file(path).mode = stat.S_IFREG | stat.S_IMODE(mode)
        return 0

    def unlink(self, path: str) -> int:
        with self.turn:
            self._changed()
            self._file(path)
            del self.names[path]
            return 0

    def rename(self, old: str, new: str) -> int:
        with self.turn:
            self._changed()
            self.names[new] = self.names.pop(old)
            return 0

    def link(self, target: str, source: str) -> int:
        with self.turn:
            self._changed()
            if target in self.names:
                raise mfusepy.FuseOSError(errno.EEXIST)
            self.names[target] = self._file(source)
            return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        with self.turn:
            self._changed()
            self._file(path).sync()
            return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        with self.turn:
            self._changed()
            self.synced_names = dict(self.names)
            return 0

    def settle(self, folder: Path) -> None:
        """Write what is on disk into a folder."""
        with self.turn:
            self.off = True
            chance = random.Random(self.seed)
            keeps = chance.choice(("nothing", "nothing", "some", "here and there"))
            for name, file in self.synced_names.items():
                made = folder / name[1:]
                made.write_bytes(file.after_a_cut(chance, keeps))
                made.chmod(stat.S_IMODE(file.mode))


def _files(folder: Path) -> list[Path]:
    return [each for each in sorted(folder.iterdir()) if each.is_file()]


def _listen(disk: Disk) -> None:
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "arm":
            disk.fails_at, disk.seed = (int(each) for each in rest.split())
        elif word == "kill":
            disk.victim = int(rest)
            disk.known.set()
        elif word == "refuse":
            disk.refusal = getattr(errno, rest) if rest else 0
        elif word == "settle":
            disk.settle(Path(rest))
            print(disk.changes, flush=True)
    os._exit(0)


if __name__ == "__main__":
    here = Disk(Path(sys.argv[2]))
    threading.Thread(target=_listen, args=[here], daemon=True).start()
    mfusepy.FUSE(here, sys.argv[1], foreground=True, nothreads=True)
