"""The spool: what must not be lost while the database is away, in a file of this machine.

Append-only, one sealed line an entry, mode 0600. An append returns once its line is on the disk; appends that come at
the same time share one fsync. What a crash tore off was never promised to anybody and is cut away at the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import structlog

from bot.core.spooled import Spooled, to_json
from bot.errors import SpoolUnavailable
from bot.store.crypto import TextKey
from bot.store.set_aside import UNREADABLE, SetAside, opened

log = structlog.get_logger(__name__)

NAME = "candor.spool"
MOST_BYTES = 64 * 1024 * 1024
"""About 200,000 messages by their ids: over an hour at 40 a second."""
MOST_FILES = 8
"""Processes that may share a data folder; each has a file of its own."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

SpoolState = Literal["closed", "empty", "filled", "full", "failing"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry (None: another key sealed it) and where the file goes on after it."""

    entry: Spooled | None
    end: int


class Spool:
    """One file, from `open` to `close`. Every method that writes raises SpoolUnavailable where it cannot."""

    def __init__(self, folder: Path, *, key: TextKey, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._key = key
        self._most = most_bytes
        self._file = -1
        self._path = folder / NAME
        self._aside = SetAside(folder)
        self._unreadable: dict[int, bytes] = {}
        self._size = self._read = self.count = 0
        self._failure: SpoolState | None = None
        self._busy = threading.Lock()
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    @property
    def state(self) -> SpoolState:
        """`full`: the file is at its limit or the disk has no room; `failing`: it cannot be written for another reason.

        Both hold until something could be written again.
        """
        if self._file < 0:
            return "closed"
        return self._failure or ("filled" if self.count else "empty")

    @property
    def size(self) -> int:
        """Bytes of the file, which is emptied once all of it needs the spool no more."""
        return self._size

    def open(self) -> None:
        """Take a file that no other process holds, what earlier ones left, and what could not be read before and can be
        now. Raises SpoolUnavailable.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for number in range(MOST_FILES):
                path = self._folder / (f"{NAME}-{number + 1}" if number else NAME)
                if self._file < 0:
                    self._take(path)
                elif path.exists():
                    self._adopt(path)
            if self._file >= 0:
                self._aside.take_back(self._key, self._write)
        except OSError as error:
            raise _unavailable(error) from error
        if self._file < 0:
            raise SpoolUnavailable(f"{MOST_FILES} other processes use the spools in {self._folder}.")
        if self.count:
            log.info("spool_left", entries=self.count)

    def close(self) -> None:
        """Let the file go. What is in it stays for the next start."""
        with self._busy:
            if self._file >= 0:
                os.close(self._file)
            self._file = -1

    async def append(self, entry: Spooled) -> None:
        """Keep `entry`; it is on the disk when this returns."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._sealed(entry), kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting(), name="spool")
        await kept

    def append_now(self, entries: Sequence[Spooled]) -> None:
        """The same for a caller who cannot wait any more: it blocks."""
        if entries:
            self._write([self._sealed(entry) for entry in entries])

    async def first(self, limit: int) -> list[Waiting]:
        """Up to `limit` of what waits, oldest first. Raises SpoolUnavailable."""
        return await asyncio.to_thread(self._first, limit)

    def drop_unreadable(self, *, before: datetime) -> int:
        """Remove what was put aside before then and never taken back; how many entries. Raises SpoolUnavailable."""
        try:
            return self._aside.drop_before(before)
        except OSError as error:
            raise _unavailable(error) from error

    async def done(self, end: int, entries: int) -> None:
        """So many entries, up to the place `end`, need the spool no more; those that no key opens are put aside. The
        file is emptied once all are done; a crash before that brings them up again.
        """
        await asyncio.to_thread(self._done, end, entries)

    def _take(self, path: Path) -> None:
        file = _locked(path)
        if file is None:
            return
        data = path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.ftruncate(file, whole)
        self._file, self._path, self._size, self.count = file, path, whole, data.count(b"\n")

    def _adopt(self, path: Path) -> None:
        """What another process left, behind our own; twice after a crash in between, which does no harm."""
        file = _locked(path)
        if file is None:
            return
        data = path.read_bytes()
        lines = data[: data.rfind(b"\n") + 1].splitlines(keepends=True)
        if lines:
            self._write(lines)
        os.ftruncate(file, 0)
        os.close(file)

    def _sealed(self, entry: Spooled) -> bytes:
        return self._key.encrypt(to_json(entry)) + b"\n"

    async def _write_waiting(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._write, [line for line, _ in taken])
            except SpoolUnavailable as error:
                for _, kept in taken:
                    if not kept.done():
                        kept.set_exception(error)
            else:
                for _, kept in taken:
                    if not kept.done():
                        kept.set_result(None)

    def _write(self, lines: Sequence[bytes]) -> None:
        data = b"".join(lines)
        with self._busy:
            if self._file < 0:
                raise SpoolUnavailable("The spool is not open.")
            if self._size + len(data) > self._most:
                self._failure = "full"
                raise SpoolUnavailable(f"The spool {self._path} is full. Mend the database: it is emptied then.")
            try:
                _write_whole(self._file, data)
                os.fsync(self._file)
            except OSError as error:
                self._failure = "full" if error.errno in NO_ROOM else "failing"
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, self._size)  # no half line before the next one
                raise _unavailable(error) from error
            self._failure = None
            self._size += len(data)
            self.count += len(lines)

    def _first(self, limit: int) -> list[Waiting]:
        found: list[Waiting] = []
        if self._file < 0:
            return found
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                for line in file:
                    if len(found) == limit or file.tell() > self._size:
                        break
                    entry, end = opened(line, self._key), file.tell()
                    if entry is None:
                        self._unreadable[end] = line
                    found.append(Waiting(entry, end))
        except OSError as error:
            raise _unavailable(error) from error
        return found

    def _put_aside(self, end: int) -> None:
        """Not before they are done: until then they come up again and again."""
        try:
            for place in sorted(place for place in self._unreadable if place <= end):
                self._aside.add(self._unreadable[place])
                del self._unreadable[place]
        except OSError as error:
            raise _unavailable(error) from error

    def _done(self, end: int, entries: int) -> None:
        self._put_aside(end)
        with self._busy:
            self._read = end
            self.count -= entries
            if self._read == self._size and self._file >= 0:
                os.ftruncate(self._file, 0)
                self._size = self._read = self.count = 0
                self._failure = None


def left_in(folder: Path) -> tuple[int, int]:
    """How many entries wait in the spools of the folder, and how many of them were put aside as unreadable."""
    waiting = sum(path.read_bytes().count(b"\n") for path in folder.glob(f"{NAME}*") if path.name != UNREADABLE)
    return waiting, SetAside(folder).count


def _locked(path: Path) -> int | None:
    """The file, made with mode 0600 if it is not there; None where another process holds it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    os.fchmod(file, 0o600)
    return file


def _write_whole(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _unavailable(error: OSError) -> SpoolUnavailable:
    return SpoolUnavailable(
        f"The spool cannot be used ({error.strerror}). Give the bot's user a data folder with room on its disk."
    )
