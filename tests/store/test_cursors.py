"""Up to which message each channel is decided is kept, and never goes back."""

from __future__ import annotations

from datetime import timedelta

from bot.store.cursors import KEPT, Cursor, CursorStore, Sighting
from bot.store.database import Database
from tests.builders import GUILD, NOON


async def test_a_cursor_moves_forward_only(db: Database):
    store = CursorStore(db)
    await store.save([Cursor(GUILD, 1, 500), Cursor(GUILD, 2, 700)], [], at=NOON)
    await store.save([Cursor(GUILD, 2, 600), Cursor(GUILD, 1, 800)], [], at=NOON)
    assert (await store.load([GUILD])).cursors == {1: 800, 2: 700}


async def test_a_guild_is_seen_later_and_never_earlier(db: Database):
    store, later = CursorStore(db), NOON + timedelta(minutes=5)
    await store.save([], [Sighting(GUILD, NOON, later)], at=NOON)
    await store.save([], [Sighting(GUILD, NOON, NOON)], at=NOON)
    assert (await store.load([GUILD])).sightings == {GUILD: Sighting(GUILD, NOON, later)}


async def test_other_guilds_are_not_loaded(db: Database):
    store = CursorStore(db)
    await store.save([Cursor(GUILD, 1, 500), Cursor(101, 2, 700)], [Sighting(101, NOON, NOON)], at=NOON)
    known = await store.load([GUILD])
    assert (known.cursors, known.sightings) == ({1: 500}, {})


async def test_a_channel_in_which_nobody_writes_is_forgotten(db: Database):
    store = CursorStore(db)
    await store.save([Cursor(GUILD, 1, 500)], [], at=NOON)
    await store.save([Cursor(GUILD, 2, 500)], [], at=NOON + KEPT)
    assert await store.drop_untouched(now=NOON + KEPT + timedelta(seconds=1)) == 1
    assert (await store.load([GUILD])).cursors == {2: 500}
