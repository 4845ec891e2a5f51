from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.predictions import PredictionStore, unread_why
from bot.store.tables import predictions, sentiment_hours
from moderation_model.contract import Sentiment
from tests.builders import CHANNEL, GUILD, NOON, message, prediction


async def test_scores_are_kept_once_a_revision_and_the_highest_part_counts(db: Database):
    store = PredictionStore(db)
    found = [prediction({"insult": 0.2}), prediction({"insult": 0.8})]
    assert await store.record(message(), found, at=NOON)
    assert not await store.record(message(), [prediction({"insult": 0.1})], at=NOON)
    assert await store.record(message(revision=5), found, at=NOON)
    scores = await store.scores_of(message_id=1000)
    assert scores is not None
    assert scores["insult"] == 0.8


async def test_scores_of_a_message_are_those_of_its_newest_revision(db: Database):
    store = PredictionStore(db)
    for revision, score in ((0, 0.9), (5, 0.3)):
        await store.record(message(revision=revision), [prediction({"insult": score})], at=NOON)
    await store.record(message(revision=7), (), at=NOON, unscored_why="away")
    scores = await store.scores_of(message_id=1000)
    assert scores is not None
    assert scores["insult"] == 0.3
    assert await store.scores_of(message_id=1) is None


async def test_parts_that_the_model_cannot_read_count_for_nothing(db: Database):
    store = PredictionStore(db)
    unread = replace(prediction({"threat": 0.9}, readable=False), sentiment=Sentiment((1.0, 0.0, 0.0, 0.0, 0.0)))
    assert await store.record(message(), [unread, prediction({"insult": 0.4})], at=NOON)
    scores = await store.scores_of(message_id=1000)
    assert scores is not None
    assert (scores["insult"], scores["threat"]) == (0.4, 0.01)
    async with db.read() as connection:
        assert await connection.scalar(sa.select(sentiment_hours.c.star1)) == 0.2


async def test_what_was_left_unscored_is_listed_filled_in_and_then_not_listed(db: Database):
    store = PredictionStore(db)
    await store.record(message(), (), at=NOON, unscored_why="ModelUnavailable")
    assert not await store.seen(message_id=1000, revision=0)
    (waiting,) = await store.unscored(since=NOON, limit=9)
    assert (waiting.channel_id, waiting.message_id, waiting.why) == (CHANNEL, 1000, "ModelUnavailable")
    assert await store.unscored(since=NOON + timedelta(seconds=1), limit=9) == []
    assert await store.record(message(), [prediction()], at=NOON)
    assert await store.seen(message_id=1000, revision=0)
    assert await store.unscored(since=NOON, limit=9) == []


async def test_what_is_given_up_or_cannot_be_read_is_not_tried_again(db: Database):
    store = PredictionStore(db)
    await store.record(message(message_id=1), (), at=NOON, unscored_why="away")
    await store.give_up(message_id=1, revision=0, why="gone")
    await store.record(message(message_id=2), (), at=NOON, unscored_why="script not read", retry=False)
    assert await store.unscored(since=NOON, limit=9) == []
    assert await store.scores_of(message_id=2) is None


def test_why_nothing_is_judged_tells_a_language_from_a_script():
    script = prediction({"insult": 0.9}, readable=False)
    language = replace(script, language="es")
    assert unread_why([script, script]) == "script not read"
    assert unread_why([script, language]) == "language not read"
    assert unread_why([language, prediction()]) is None


async def test_what_was_not_judged_is_counted_by_server_and_time(db: Database):
    store = PredictionStore(db)
    later = NOON + timedelta(days=2)
    reasons = ["language not read", "script not read", "language not read", "ModelUnavailable", None]
    for number, why in enumerate(reasons):
        at = NOON if number == 0 else later
        found = () if why else [prediction()]
        await store.record(message(message_id=number), found, at=at, unscored_why=why, retry=False)
    await store.record(message(message_id=9, guild_id=5), (), at=later, unscored_why="script not read", retry=False)
    assert await store.unread_share(GUILD, NOON) == (3, 5)
    assert await store.unread_share(GUILD, later) == (2, 4)
    assert await store.unread_share(5, NOON) == (1, 1)
    assert await store.unread_share(6, NOON) == (0, 0)


async def test_sentiment_is_a_sum_by_channel_and_hour_that_replays_do_not_change(db: Database):
    store = PredictionStore(db)
    for number in range(3):
        await store.record(message(message_id=number), [prediction()], at=NOON)
    await store.record(message(message_id=0), [prediction()], at=NOON)
    async with db.read() as connection:
        (row,) = (await connection.execute(sa.select(sentiment_hours))).all()
    assert (row.messages, row.channel_id, row.hour) == (3, CHANNEL, NOON)
    assert abs(row.star1 - 0.6) < 1e-9


async def test_predictions_hold_no_author_and_no_text():
    assert not {"author_id", "text", "payload"} & set(predictions.c.keys())


async def test_old_predictions_are_dropped_in_batches(db: Database):
    store = PredictionStore(db)
    for number in range(7):
        await store.record(message(message_id=number), [prediction()], at=NOON + timedelta(days=number))
    assert await store.drop_before(NOON + timedelta(days=5), batch=2) == 5
    assert not await store.seen(message_id=4, revision=0)
    assert await store.seen(message_id=5, revision=0)


async def test_writers_get_in_while_thousands_of_old_predictions_are_dropped(db: Database):
    store, old, batch = PredictionStore(db), 3000, 100
    async with db.begin() as connection:
        row = {"guild_id": GUILD, "channel_id": CHANNEL, "revision": 0, "state": "left", "created_at": NOON}
        await connection.execute(predictions.insert(), [row | {"message_id": number} for number in range(old)])
    dropping = asyncio.create_task(store.drop_before(NOON + timedelta(days=1), batch=batch))
    meanwhile, later = 0, NOON + timedelta(days=2)
    while not dropping.done():
        await store.record(message(message_id=old + meanwhile), [prediction()], at=later)
        meanwhile += not dropping.done()
    assert await dropping == old
    assert meanwhile >= old / batch / 2
    async with db.read() as connection:
        kept = await connection.scalars(sa.select(predictions.c.created_at).distinct())
        assert kept.all() == [later]
