"""SIGTERM in the middle of a busy day: the process ends in time, and the next start finds all that it left."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.running import LAST_RESORT
from bot.sandbox.sandbox import Sandbox
from bot.store.predictions import PredictionStore
from tests.builders import person
from tests.e2e.app_house import House, house_on
from tests.e2e.degraded_house import Pretender, flag_grapes, line, process_on


async def ended(bot: subprocess.Popen[str]) -> int:
    """Its exit code; `LAST_RESORT` would have ended it with another one."""
    return await asyncio.to_thread(bot.wait, LAST_RESORT + 30)


async def all_scored(house: House, said: Sequence[dict[str, Any]]) -> None:
    """Wait until this process or the one before it has decided each of them."""
    predictions, left = PredictionStore(house.app.db), {int(message["id"]) for message in said}
    while left:
        passes = len(house.passes)
        left -= {each for each in left if await predictions.seen(message_id=each, revision=0)}
        if left:
            await house.until(lambda passes=passes: len(house.passes) > passes)


async def flagged(house: House, sandbox: Sandbox) -> tuple[dict[str, Any], int]:
    """A message with a case that a moderator has called fine; its text is still kept."""
    passed = await house.decided(await sandbox.say("Kai", "#gaming", "green grapes"))
    assert passed.case is not None
    case = passed.case
    await house.app.flows.review.vote(guild_id=case.guild_id, case_id=case.case_id, moderator=person(9), verdict="fine")
    return {"id": str(case.message_id)}, case.case_id


async def test_deletions_and_edits_that_arrive_while_the_bot_drains_are_worked_off_by_the_next_start(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    only_the_spool = {"catch_up_hours": 0}
    async with house_on(sandbox, tmp_path, model.url) as house:
        await flag_grapes(house)
        gone, case_id = await flagged(house, sandbox)
        edited = await sandbox.say("Kai", "#general", "good morning")
        await house.decided(edited)
    with process_on(sandbox, tmp_path, model.url, **only_the_spool) as bot:
        await line(bot, "guilds=")
        async with model.falls_silent():
            await sandbox.say("Mia", "#general", "still in the pass")
        bot.send_signal(signal.SIGTERM)
        await line(bot, "stopping")
        await sandbox.delete("Kai", gone["id"])
        await sandbox.edit("Kai", edited["id"], "green grapes for you")
        assert await ended(bot) == 0
    model.mode = "well"
    async with house_on(sandbox, tmp_path, model.url, **only_the_spool) as house:
        passed = await house.decided(edited)
        assert passed.message.text == "green grapes for you"
        case = await house.app.cases.get(guild_id=sandbox.guild.id, case_id=case_id)
        assert case.gone_at is not None
        assert case.text is None


async def test_under_load_with_a_slow_model_the_process_ends_in_time_and_the_next_start_decides_the_rest(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    said: list[dict[str, Any]] = []
    ends = asyncio.Event()

    async def chat() -> None:
        """Forty messages a second, until the bot has ended."""
        while not ends.is_set():
            said.append(await sandbox.say("Kai", "#general", f"line {len(said)}"))
            await asyncio.sleep(1 / 40)

    model.mode = "slow"
    with process_on(sandbox, tmp_path, model.url) as bot:
        await line(bot, "guilds=")
        chatting = asyncio.create_task(chat())
        await line(bot, "decided")
        bot.send_signal(signal.SIGTERM)
        code = await ended(bot)
        ends.set()
        await chatting
        assert code == 0
    model.mode = "well"
    async with house_on(sandbox, tmp_path, model.url) as house:
        await all_scored(house, said)
