"""aiosqlite, with one trip to the connection's thread a statement.

SQLAlchemy asks a driver four times for each query: for a cursor, to execute, for the rows, to close. With aiosqlite
each of them is a trip to another thread and back, which takes longer than the query. Here the first does nothing, the
second brings the rows along, and the others find them here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiosqlite


@dataclass(frozen=True, slots=True)
class _Done:
    """What a statement left behind, as the cursor of `sqlite3` says it."""

    rows: list[Any]
    description: Any
    rowcount: int
    lastrowid: int | None


class OneTripCursor:
    """A cursor of which SQLAlchemy needs no more than this."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run
        self._done = _Done([], None, -1, None)
        self.arraysize = 1

    async def __aenter__(self) -> OneTripCursor:
        return self

    @property
    def description(self) -> Any:
        """The columns of the rows, None where the statement has none."""
        return self._done.description

    @property
    def rowcount(self) -> int:
        """Rows that the statement changed."""
        return self._done.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The row that was inserted last."""
        return self._done.lastrowid

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run the statement and fetch its rows."""
        self._done = await self._run(_execute, statement, parameters)

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run the statement once for each of `parameters`."""
        self._done = await self._run(_execute_many, statement, parameters)

    async def fetchall(self) -> list[Any]:
        """The rows."""
        return self._done.rows

    async def close(self) -> None:
        """Nothing is left to close."""


class OneTripConnection(aiosqlite.Connection):
    """A connection that gives out such cursors."""

    def cursor(self) -> Any:
        """A cursor, without asking the thread for one."""
        return OneTripCursor(self._in_thread)

    async def _in_thread(self, work: Callable[..., _Done], statement: str, parameters: Any) -> _Done:
        return await self._execute(work, self._conn, statement, parameters)


def connect(path: str, **options: Any) -> OneTripConnection:
    """As `aiosqlite.connect`: a connection that opens when it is awaited."""
    connection = OneTripConnection(lambda: sqlite3.connect(path, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # a program that ends without closing it must not wait for it
    return connection


def _execute(connection: sqlite3.Connection, statement: str, parameters: Sequence[Any]) -> _Done:
    cursor = connection.execute(statement, parameters)
    rows = cursor.fetchall() if cursor.description else []
    return _Done(rows, cursor.description, cursor.rowcount, cursor.lastrowid)


def _execute_many(connection: sqlite3.Connection, statement: str, parameters: Sequence[Sequence[Any]]) -> _Done:
    cursor = connection.executemany(statement, parameters)
    return _Done([], cursor.description, cursor.rowcount, cursor.lastrowid)
