"""What teaches, with which permission; runs one at a time; slots of the schedule that run once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import sqlalchemy as sa

from bot.core.lessons import NewLesson, Permit, Run
from bot.store.database import Database
from bot.store.learning_tables import examples
from bot.store.leases import LeaseStore
from bot.store.lessons import LessonStore
from bot.store.runs import RunStore
from bot.store.teaching import TeachingStore
from moderation_model.learning import GateVerdict, RunResult, RunState
from tests.builders import GUILD, NOON

MINUTE = timedelta(minutes=1)
RESULT = RunResult(champion="a", challenger="b", verdict=GateVerdict(promote=True, rows=()))


def lesson(text: str, *, guild_id: int = GUILD, **labels: float) -> NewLesson:
    return NewLesson(guild_id, "moderator_written", text, labels or {"insult": 0.0}, made_by=9, made_at=NOON)


async def test_what_was_written_comes_back_as_examples_and_is_unreadable_in_the_file(db: Database):
    store = LessonStore(db)
    assert await store.add([lesson("you absolute walnut"), lesson("get lost", insult=1.0)]) == 2
    first, second = await store.examples()
    assert (first.text, first.labels, first.may_train, first.judges) == (
        "you absolute walnut",
        {"insult": 0.0},
        True,
        (TeachingStore(db).judge(9),),
    )
    assert second.labels == {"insult": 1.0}
    assert await store.examples(after=first.example_id) == [second]
    async with db.read() as connection:
        kept = (await connection.scalars(sa.select(examples.c.payload))).all()
    assert not any(b"walnut" in payload for payload in kept)


async def test_the_same_text_is_kept_once_a_guild(db: Database):
    store = LessonStore(db)
    assert await store.add([lesson("You  walnut"), lesson("you walnut"), lesson("you walnut", guild_id=2)]) == 2
    assert await store.add([lesson("you walnut")]) == 0
    assert await store.counts(GUILD) == {"moderator_written": 1}


async def test_a_withdrawn_example_never_teaches_again_and_only_its_guild_withdraws_it(db: Database):
    store = LessonStore(db)
    await store.add([lesson("you walnut")])
    (example,) = await store.examples()
    assert not await store.withdraw(guild_id=2, example_id=example.example_id, at=NOON)
    assert await store.withdraw(guild_id=GUILD, example_id=example.example_id, at=NOON)
    assert not await store.withdraw(guild_id=GUILD, example_id=example.example_id, at=NOON)
    assert await store.examples() == []


async def test_a_permission_holds_until_it_is_revoked(db: Database):
    store = LessonStore(db)
    assert await store.permit(GUILD) is None
    permit = Permit("ticket 12", "all channels", 9, NOON)
    await store.record_permit(GUILD, permit)
    assert await store.permit(GUILD) == permit
    assert await store.permitted() == {GUILD}
    assert await store.revoke_permit(GUILD, by=9, at=NOON)
    assert not await store.revoke_permit(GUILD, by=9, at=NOON)
    assert await store.permitted() == frozenset()


async def test_the_last_word_on_a_moderator_counts(db: Database):
    store = LessonStore(db)
    await store.decide_judge(guild_id=GUILD, moderator_id=5, decision="allow", by=1, at=NOON)
    await store.decide_judge(guild_id=GUILD, moderator_id=5, decision="drop", by=1, at=NOON)
    assert await store.judges(GUILD) == {5: "drop"}


async def test_of_two_runs_asked_for_at_once_one_starts(db: Database):
    store = RunStore(db)
    asked = [store.open(Run(f"run-{number}", "queued", NOON, guild_id=GUILD, asked_by=9)) for number in range(4)]
    assert sorted(await asyncio.gather(*asked)) == [False, False, False, True]
    assert await store.going() is not None


async def test_a_run_is_kept_as_it_ended_with_the_first_decision(db: Database):
    store = RunStore(db)
    await store.open(Run("run-1", "queued", NOON, facts={"refused": 3}))
    await store.heard(RunState("run-1", "running", log=("training",)), at=NOON)
    await store.heard(RunState("run-1", "done", log=("ready",), result=RESULT), at=NOON + MINUTE)
    await store.heard(RunState("run-1", "failed", error="late"), at=NOON + 2 * MINUTE)
    run = await store.get("run-1")
    assert run is not None
    assert (run.phase, run.ended_at, run.error, run.result) == ("done", NOON + MINUTE, None, RESULT)
    assert run.facts == {"refused": 3}
    assert await store.going() is None
    assert await store.decide("run-1", "use", by=9, at=NOON)
    assert not await store.decide("run-1", "keep", by=8, at=NOON)
    assert [each.run_id for each in await store.unreported()] == ["run-1"]
    await store.reported("run-1", channel_id=1, message_id=2)
    assert await store.unreported() == []
    assert (await store.newest())[0].report == (1, 2)


async def test_what_was_decided_can_be_given_up_and_numbers_are_added(db: Database):
    store = RunStore(db)
    await store.open(Run("run-1", "queued", NOON, facts={"examples": 3}))
    await store.heard(RunState("run-1", "done", result=RESULT), at=NOON)
    assert not await store.reconsider("run-1", "back", by=9, at=NOON)
    assert [each.run_id for each in await store.undecided()] == ["run-1"]
    await store.decide("run-1", "use", by=9, at=NOON)
    assert await store.undecided() == []
    assert await store.reconsider("run-1", "back", by=8, at=NOON)
    await store.add_facts("run-1", {"kappa": 0.5})
    run = await store.get("run-1")
    assert run is not None
    assert (run.decision, run.decided_by, run.facts) == ("back", 8, {"examples": 3, "kappa": 0.5})
    await store.reconsider("run-1", None, by=None, at=NOON)
    assert await store.decide("run-1", "keep", by=9, at=NOON)


async def test_a_slot_is_worked_on_by_one_and_ends_once(db: Database):
    stores = [LeaseStore(db, holder=f"bot-{number}") for number in range(4)]
    taken = await asyncio.gather(*(store.take("learn", NOON, now=NOON, span=MINUTE) for store in stores))
    (lease,) = [each for each in taken if each is not None]
    assert await stores[0].end(lease, now=NOON, outcome="done")
    assert await stores[1].take("learn", NOON, now=NOON + 5 * MINUTE, span=MINUTE) is None
    assert await stores[0].last_slot("learn") == NOON


async def test_a_lease_that_ran_out_is_taken_over_and_its_old_holder_fenced_off(db: Database):
    gone, next_one = LeaseStore(db, holder="gone"), LeaseStore(db, holder="next")
    old = await gone.take("learn", NOON, now=NOON, span=MINUTE)
    assert old is not None
    assert await gone.prolong(old, now=NOON + 30 * timedelta(seconds=1), span=MINUTE)
    later = NOON + 3 * MINUTE
    new = await next_one.take("learn", NOON, now=later, span=MINUTE)
    assert new is not None
    assert new.token == old.token + 1
    assert not await gone.prolong(old, now=later, span=MINUTE)
    assert not await gone.end(old, now=later, outcome="done")
    assert await next_one.end(new, now=later, outcome="failed", detail="no model")
    (slot,) = await next_one.history("learn")
    assert (slot.outcome, slot.detail) == ("failed", "no model")


async def test_old_slots_go_but_a_jobs_newest_stays(db: Database):
    store = LeaseStore(db, holder="me")
    for number in range(3):
        lease = await store.take("learn", NOON + number * MINUTE, now=NOON, span=MINUTE)
        assert lease is not None
        await store.end(lease, now=NOON, outcome="done")
    assert await store.forget(before=NOON + MINUTE) == 2
    assert await store.last_slot("learn") == NOON + 2 * MINUTE
