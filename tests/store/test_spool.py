"""The file that stands in for the database: sealed, on the disk before anybody relies on it, read after a crash."""

from __future__ import annotations

import asyncio
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.core.cases import MessageKey
from bot.core.events import Person
from bot.core.spooled import Deletion, Spooled, from_json, to_json
from bot.errors import SpoolUnavailable
from bot.store.crypto import TextKey
from bot.store.set_aside import UNREADABLE
from bot.store.spool import NAME, Spool
from tests.builders import NOON, message

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
KEY = TextKey(NEW)
AUTHOR = Person(7, "Priya 😂", joined_at=NOON, role_ids=frozenset({3, 1}))
ENTRIES: list[Spooled] = [
    MessageKey(1, 2, 3, 0, "database away"),
    message("what an insult\nand more", author=AUTHOR, revision=9),
    Deletion(1, (3, 4)),
    Deletion(1, channel_ids=(2, 5)),
]


def opened(folder: Path, **options: int) -> Spool:
    spool = Spool(folder, key=KEY, **options)
    spool.open()
    return spool


def ids(number: int) -> MessageKey:
    return MessageKey(1, 2, number, 0, "database away")


async def entries(spool: Spool) -> list[Spooled | None]:
    return [each.entry for each in await spool.first(9999)]


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes: what a full disk does to a writer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("entry", ENTRIES, ids=["ids", "message", "deletion", "channels"])
def test_an_entry_comes_back_as_it_was(entry: Spooled) -> None:
    assert from_json(to_json(entry)) == entry


def test_a_deletion_that_an_earlier_version_wrote_is_read() -> None:
    assert from_json('["deletion",{"guild_id":1,"message_ids":[3]}]') == Deletion(1, (3,))


@pytest.mark.parametrize("line", ["", "[]", "3", '["ids", {}]', '["message", {"author": 1}]', '["other", {}]'])
def test_what_is_no_entry_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json(line)


async def test_what_was_appended_is_there_after_a_crash_in_order(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    await asyncio.gather(*(spool.append(ids(number)) for number in range(200)))
    for entry in ENTRIES:
        await spool.append(entry)
    spool.close()  # the lock goes with the process; nothing else is done at an end
    assert await entries(opened(tmp_path)) == [*(ids(number) for number in range(200)), *ENTRIES]


async def test_nobody_else_can_read_it_and_no_text_stands_in_it(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    await spool.append(message("what an insult", author=AUTHOR))
    file = tmp_path / NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"insult" not in file.read_bytes()
    assert b"Priya" not in file.read_bytes()


async def test_a_torn_last_line_is_cut_away_and_the_others_stay(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    await spool.append(ids(1))
    await spool.append(ids(2))
    spool.close()
    file = tmp_path / NAME
    file.write_bytes(file.read_bytes()[:-20])
    later = opened(tmp_path)
    await later.append(ids(3))
    assert await entries(later) == [ids(1), ids(3)]
    assert later.count == 2


async def test_what_is_done_comes_up_no_more_and_the_file_is_empty_at_the_end(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    for number in range(3):
        await spool.append(ids(number))
    first = (await spool.first(1))[0]
    await spool.done(first.end, 1)
    assert await entries(spool) == [ids(1), ids(2)]
    await spool.append(ids(3))
    rest = await spool.first(9)
    await spool.done(rest[-1].end, len(rest))
    assert (spool.state, spool.count, (tmp_path / NAME).stat().st_size) == ("empty", 0, 0)


async def test_a_full_spool_says_so_and_takes_entries_again_once_it_was_emptied(tmp_path: Path) -> None:
    spool = opened(tmp_path, most_bytes=600)
    await spool.append(ids(1))
    found = await asyncio.gather(*(spool.append(ids(number)) for number in range(2, 10)), return_exceptions=True)
    assert any(isinstance(error, SpoolUnavailable) and "is full" in str(error) for error in found)
    assert spool.state == "full"
    rest = await spool.first(9)
    await spool.done(rest[-1].end, len(rest))
    await spool.append(ids(9))
    assert (spool.state, await entries(spool)) == ("filled", [ids(9)])


async def test_a_full_disk_is_a_state_and_leaves_no_half_line(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    await spool.append(ids(1))
    with room_for((tmp_path / NAME).stat().st_size + 50), pytest.raises(SpoolUnavailable, match="room on its disk"):
        await spool.append(ids(2))
    assert spool.state == "full"
    await spool.append(ids(3))
    assert (spool.state, await entries(spool)) == ("filled", [ids(1), ids(3)])


async def test_two_processes_on_one_folder_have_files_of_their_own_and_none_is_forgotten(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    await first.append(ids(1))
    await second.append(ids(2))
    assert (await entries(first), await entries(second)) == ([ids(1)], [ids(2)])
    first.close()
    second.close()
    assert await entries(opened(tmp_path)) == [ids(1), ids(2)]


async def put_aside(folder: Path, *entries: Spooled) -> bytes:
    """Sealed with `OLD`, and read by a bot that knows only another key; the lines."""
    written = Spool(folder, key=TextKey(OLD))
    written.open()
    for entry in entries:
        await written.append(entry)
    written.close()
    sealed = (folder / NAME).read_bytes()
    other = opened(folder)
    waiting = await other.first(9)
    assert [each.entry for each in waiting] == [None] * len(entries)
    await other.done(waiting[-1].end, len(waiting))
    other.close()
    return sealed


async def test_what_another_key_sealed_is_put_aside_and_not_thrown_away(tmp_path: Path) -> None:
    sealed = await put_aside(tmp_path, ids(1))
    assert (tmp_path / UNREADABLE).read_bytes() == sealed
    assert stat.S_IMODE((tmp_path / UNREADABLE).stat().st_mode) == 0o600


async def test_what_cannot_be_read_is_put_aside_once_however_often_it_comes_up(tmp_path: Path) -> None:
    """The database answers and refuses what stands behind it: the same lines are read every second."""
    sealed = await put_aside(tmp_path, ids(1))
    aside = tmp_path / UNREADABLE
    aside.unlink()
    (tmp_path / NAME).write_bytes(b"damaged\n" + sealed)
    spool = opened(tmp_path)
    await spool.append(ids(2))
    for _ in range(3):
        assert await entries(spool) == [None, None, ids(2)]
    (damaged,) = await spool.first(1)
    await spool.done(damaged.end, 1)
    assert aside.read_bytes() == b"damaged\n"
    waiting = await spool.first(9)
    await spool.done(waiting[-1].end, len(waiting))
    assert aside.read_bytes() == b"damaged\n" + sealed
    assert (spool.state, spool.count) == ("empty", 0)


async def test_what_cannot_be_put_aside_yet_stays_in_the_spool(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"damaged\n")
    spool = opened(tmp_path)
    (waiting,) = await spool.first(9)
    with room_for(0), pytest.raises(SpoolUnavailable):
        await spool.done(waiting.end, 1)
    assert spool.count == 1
    (waiting,) = await spool.first(9)
    await spool.done(waiting.end, 1)
    assert (tmp_path / UNREADABLE).read_bytes() == b"damaged\n"


async def test_what_was_put_aside_waits_again_once_its_key_is_there(tmp_path: Path) -> None:
    await put_aside(tmp_path, *ENTRIES)
    aside = tmp_path / UNREADABLE
    aside.write_bytes(b"damaged\n" + aside.read_bytes())
    os.utime(aside, (NOON.timestamp(), NOON.timestamp()))
    again = Spool(tmp_path, key=TextKey(f"{NEW},{OLD}"))
    again.open()
    assert await entries(again) == ENTRIES
    assert aside.read_bytes() == b"damaged\n"
    assert (stat.S_IMODE(aside.stat().st_mode), aside.stat().st_mtime) == (0o600, NOON.timestamp())
    again.close()
    after = Spool(tmp_path, key=TextKey(OLD))
    after.open()
    assert await entries(after) == ENTRIES


async def test_a_crash_while_it_is_taken_back_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await put_aside(tmp_path, *ENTRIES)
    with monkeypatch.context() as patch:
        patch.setattr("bot.store.set_aside.SetAside._write", crash)
        killed = Spool(tmp_path, key=TextKey(OLD))
        with pytest.raises(KeyboardInterrupt):
            killed.open()
        killed.close()
    again = Spool(tmp_path, key=TextKey(OLD))
    again.open()
    assert await entries(again) == [*ENTRIES, *ENTRIES]  # what comes twice does no harm
    assert not (tmp_path / UNREADABLE).exists()


def crash(*given: object) -> None:
    raise KeyboardInterrupt


async def test_what_nobody_could_read_for_its_time_is_removed(tmp_path: Path) -> None:
    await put_aside(tmp_path, ids(1), ids(2))
    aside = tmp_path / UNREADABLE
    os.utime(aside, (NOON.timestamp(), NOON.timestamp()))
    spool = opened(tmp_path)
    assert spool.drop_unreadable(before=NOON) == 0
    assert aside.exists()
    assert spool.drop_unreadable(before=NOON + timedelta(seconds=1)) == 2
    assert not aside.exists()
    assert spool.drop_unreadable(before=NOON + timedelta(seconds=1)) == 0


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolUnavailable, match="data folder"):
        opened(tmp_path / "file")
