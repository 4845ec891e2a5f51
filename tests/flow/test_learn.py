"""A training run from asking for it to its end, over a model server that plays it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.core.lessons import NewLesson, Run
from bot.core.retraining import limits_as_facts, limits_from_facts, with_limits
from bot.errors import BotError
from bot.flow.learn import LEAST_LABELS
from moderation_model.errors import ModelUnavailable
from moderation_model.learning import RunState, Source
from tests.builders import GUILD, person
from tests.flow.conftest import REVIEW_CHANNEL, House
from tests.judging import judge

LENA = person(50, "Lena")
ENOUGH = 200


async def teach(house: House, number: int = ENOUGH, *, source: Source = "moderator_written", by: int = 50) -> None:
    """Examples in people's own words."""
    rows = [
        NewLesson(GUILD, source, f"line number {each}", {"insult": float(each % 2)}, by, house.clock.now())
        for each in range(number)
    ]
    await house.stores.learning.lessons.add(rows)


async def begun(house: House) -> Run:
    """A run that goes on, with a channel for its progress."""
    await house.rules()
    await teach(house)
    return await house.learn.start(guild_id=GUILD, by=50)


async def test_a_run_learns_from_verdicts_and_from_what_people_wrote(house: House):
    await house.rules(insult=LabelRule(flag_at=0.4))
    await teach(house)
    case_id = await judge(house.db, "of a kind", 1, {50: "fine"})
    run = await house.learn.start(guild_id=GUILD, by=50)
    (order,) = house.model.orders
    assert order.run_id == run.run_id
    assert order.examples[0].example_id == case_id
    assert (order.examples[0].labels, order.examples[0].may_train) == ({"insult": 0.0, "toxic": 0.0}, False)
    assert len(order.examples) == ENOUGH + 1
    assert (order.limits[str(GUILD)]["insult"], order.limits[str(GUILD)]["toxic"]) == (0.4, 0.5)
    assert run.facts["examples"] == ENOUGH + 1
    assert run.facts["refused"] == 1
    assert run.facts["from_moderator_written"] == ENOUGH


async def test_servers_that_teach_nothing_tell_their_limits_too(house: House):
    await house.guilds.save(
        GuildRules(GUILD + 1, labels={"insult": LabelRule(flag_at=0.3)}), by=1, at=house.clock.now()
    )
    await begun(house)
    assert house.model.orders[0].limits[str(GUILD + 1)]["insult"] == 0.3


async def test_words_that_are_fine_here_are_hidden_from_the_model_when_it_learns_too(house: House):
    await house.rules()
    await teach(house)
    await judge(house.db, "of a kind", 1, {50: "fine"})
    await house.setup.fine_word(guild_id=GUILD, word="kind", remove=False, by=50)
    await house.learn.start(guild_id=GUILD, by=50)
    assert "kind" not in house.model.orders[0].examples[0].text


async def test_too_few_labels_are_refused_with_how_many_more(house: House):
    await house.rules()
    await teach(house, LEAST_LABELS - 30)
    with pytest.raises(BotError, match="about 30 more are needed"):
        await house.learn.start(guild_id=GUILD, by=50)
    assert house.model.orders == []
    assert await house.stores.learning.runs.newest() == []


async def test_messages_may_be_trained_on_from_the_permission_on(house: House):
    await house.rules()
    await teach(house, 20)
    for number in range(1, LEAST_LABELS):
        await judge(house.db, f"line {number} of the chat", number, {50: "fine"})
    await house.learn.start(guild_id=GUILD, by=50)
    assert [each.may_train for each in house.model.orders[0].examples].count(True) == 20
    house.model.ends()
    await house.learn.watch()
    house.clock.move(minutes=1)
    await house.lessons.permit(guild_id=GUILD, reference="ticket 12", scope="all channels", by=50)
    run = await house.learn.start(guild_id=GUILD, by=50)
    assert run.facts["refused"] == 0


async def test_a_server_that_taught_nothing_starts_nothing(house: House):
    await house.rules()
    await teach(house)
    with pytest.raises(BotError, match="Nobody on this server has taught anything"):
        await house.learn.start(guild_id=GUILD + 1, by=50)
    assert house.model.orders == []


async def test_one_run_at_a_time(house: House):
    await begun(house)
    house.clock.move(minutes=1)
    with pytest.raises(BotError, match="goes on already"):
        await house.learn.start(guild_id=GUILD, by=50)
    assert len(house.model.orders) == 1


async def test_a_scheduled_run_needs_new_labels_since_the_last(house: House):
    await begun(house)
    house.model.ends()
    await house.learn.watch()
    house.clock.move(days=7)
    await teach(house, ENOUGH + 30)
    with pytest.raises(BotError, match="There are 30 new labels since the last run; 50 are needed"):
        await house.learn.start(guild_id=None, by=None, least_new=50)
    run = await house.learn.start(guild_id=None, by=None, least_new=30)
    assert (run.guild_id, run.facts["home"]) == (None, GUILD)


async def test_labels_are_new_by_when_they_were_given_however_many_old_ones_are_gone(house: House):
    await house.rules()
    for number in range(1, ENOUGH + 1):
        await judge(house.db, f"line {number} of the chat", number, {50: "fine"})
    await house.learn.start(guild_id=GUILD, by=50)
    house.model.ends()
    await house.learn.watch()
    house.clock.move(days=7)
    await house.gone.deleted(guild_id=GUILD, message_ids=list(range(1, 61)))
    for number in range(ENOUGH + 1, ENOUGH + 51):
        await judge(house.db, f"line {number} of the chat", number, {50: "fine"}, at=house.clock.now())
    with pytest.raises(BotError, match="There are 50 new labels since the last run; 51 are needed"):
        await house.learn.start(guild_id=None, by=None, least_new=51)
    await house.learn.start(guild_id=None, by=None, least_new=50)
    assert len(house.model.orders[-1].examples) == ENOUGH - 10


async def test_progress_is_shown_in_one_message_edited_at_most_every_five_seconds(house: House):
    await begun(house)
    for seconds, done in ((0, 1), (2, 3), (2, 5), (2, 5), (30, 5), (6, 8)):
        house.clock.move(seconds=seconds)
        house.model.goes("training", done, 10)
        assert await house.learn.look()
    assert [each.done for each in house.board.progress] == [1, 5, 8]
    assert len({each.card.message_id for each in house.board.progress if each.card}) == 1
    percents = [each.percent for each in house.board.progress]
    assert percents == sorted(set(percents))
    house.model.ends(error="There was too little to train on.")
    assert not await house.learn.look()
    assert house.board.progress[-1].run.error == "There was too little to train on."


async def test_progress_goes_to_the_reports_channel_where_there_is_one(house: House):
    run = await begun(house)
    await house.learn.look()
    await house.setup.set_value(guild_id=GUILD, name="reports_channel_id", written="<#901>", by=50)
    await house.learn.cancel(run.run_id)
    house.clock.move(hours=1)
    await house.learn.start(guild_id=GUILD, by=50)
    await house.learn.look()
    channels = [
        (await house.stores.learning.runs.get(each.run_id)).facts["progress_channel_id"]  # pyright: ignore[reportOptionalMemberAccess]
        for each in await house.stores.learning.runs.newest()
    ]
    assert channels == [901, REVIEW_CHANNEL]


async def test_a_run_is_cancelled_and_nothing_is_reported(house: House):
    run = await begun(house)
    assert "Nothing has changed" in await house.learn.cancel(run.run_id)
    await house.learn.watch()
    kept = await house.stores.learning.runs.get(run.run_id)
    assert kept is not None
    assert kept.phase == "cancelled"
    assert house.board.reports == []
    with pytest.raises(BotError, match="No training run goes on"):
        await house.learn.cancel(run.run_id)


async def test_after_a_restart_a_run_is_followed_to_its_report(house: House):
    run = await begun(house)
    again = House(house.db, model=house.model, board=house.board, clock=house.clock)
    house.model.goes("comparing", 1, 2)
    await again.learn.watch()
    following = asyncio.create_task(again.learn.run())
    house.model.ends()
    async with asyncio.timeout(10):
        await house.board.reported.wait()
    following.cancel()
    await asyncio.wait([following])
    assert house.board.reports[0].run.run_id == run.run_id


async def test_a_run_that_the_server_no_longer_knows_has_failed(house: House):
    run = await begun(house)
    house.model.goes("training", 1, 10)
    await house.learn.watch()
    house.model.states.clear()
    await house.learn.watch()
    kept = await house.stores.learning.runs.get(run.run_id)
    assert kept is not None
    assert kept.phase == "failed"
    assert kept.error is not None
    assert "no longer knows this run" in kept.error


async def test_a_run_whose_examples_may_be_on_their_way_is_given_time(house: House):
    await house.rules()
    await house.stores.learning.runs.open(Run("run-1", "queued", house.clock.now(), guild_id=GUILD))
    await house.learn.watch()
    assert await house.stores.learning.runs.going() is not None
    house.clock.move(minutes=4)
    await house.learn.watch()
    assert await house.stores.learning.runs.going() is None


async def test_while_the_server_is_away_a_run_waits(house: House):
    await begun(house)
    house.model.away = ModelUnavailable("away")
    assert await house.learn.look()
    house.model.away = None
    house.model.ends()
    assert not await house.learn.look()


async def test_a_server_that_does_not_take_the_examples_ends_the_run_with_its_sentence(house: House):
    await house.rules()
    await teach(house)
    house.model.states["by-hand"] = RunState("by-hand", "running")
    with pytest.raises(Exception, match="A run goes on"):
        await house.learn.start(guild_id=GUILD, by=50)
    (run,) = await house.stores.learning.runs.newest()
    assert (run.phase, run.error) == ("failed", "A run goes on.")


async def test_examples_that_arrived_although_no_answer_came_make_a_run(house: House, monkeypatch: pytest.MonkeyPatch):
    start = house.model.start_run

    async def silent(order: object) -> RunState:
        await start(order)  # pyright: ignore[reportArgumentType]
        raise ModelUnavailable("no answer in time")

    monkeypatch.setattr(house.model, "start_run", silent)
    await begun(house)
    going = await house.stores.learning.runs.going()
    assert going is not None
    assert going.phase == "queued"


def test_the_limits_before_are_kept_as_numbers_and_come_back():
    rules = GuildRules(GUILD, labels={**default_labels(), "insult": LabelRule(flag_at=0.4, delete_at=0.9)})
    facts = limits_as_facts(rules, ["insult", "toxic"])
    changed = with_limits(rules, {"insult": 0.6, "toxic": 0.7})
    assert changed.rule("insult") == replace(rules.rule("insult"), flag_at=0.6)
    assert with_limits(changed, limits_from_facts({**facts, "examples": 3})[GUILD]) == rules
