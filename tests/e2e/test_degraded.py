"""Degraded, not down: a model server that dies or answers nonsense, a token or an intent that is taken away, an end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import BadSettings
from bot.flow.moderate import Passed
from bot.sandbox.sandbox import Sandbox
from tests.e2e.app_house import WAIT_SECONDS, House, house_on
from tests.e2e.degraded_house import Pretender, delete_toxic, flag_grapes, line, process_on
from tests.e2e.learn_house import StubServer, stub_server

NONSENSE = ("a page", "not found", "one too few", "half an answer", "another answer")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StubServer]:
    pytest.importorskip("torch")
    with stub_server(tmp_path / "server") as running:
        yield running


def outcomes(house: House, message: dict[str, str]) -> list[str]:
    return [each.outcome for each in house.passes if each.message.message_id == int(message["id"])]


async def test_a_dead_model_server_leaves_messages_unscored_and_they_are_scored_when_it_is_back(
    sandbox: Sandbox, server: StubServer, tmp_path: Path
) -> None:
    async with house_on(sandbox, tmp_path, server.url) as house:
        await house.decided(await sandbox.say("Kai", "#general", "good morning"))
        server.kill()
        missed = [await sandbox.say("Kai", "#general", f"line {number}") for number in range(20)]
        for message in missed:
            await house.decided(message, outcome="unscored")
        server.start()
        for message in missed:
            await house.decided(message)
        assert all(outcomes(house, message).count("decided") == 1 for message in missed)


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_nonsense_from_the_model_server_is_no_score_and_what_it_was_asked_is_scored_later(
    sandbox: Sandbox, model: Pretender, tmp_path: Path, nonsense: str
) -> None:
    async with house_on(sandbox, tmp_path, model.url) as house:
        model.mode = nonsense
        missed = [await sandbox.say("Kai", "#general", f"line {number}") for number in range(8)]
        for message in missed:
            assert (await house.decided(message, outcome="unscored")).case is None
        model.mode = "well"
        for message in missed:
            await house.decided(message)


async def test_keywords_still_work_while_the_model_server_answers_nonsense(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    async with house_on(sandbox, tmp_path, model.url) as house:
        await flag_grapes(house)
        model.mode = "a page"
        passed = await house.decided(await sandbox.say("Kai", "#general", "green grapes"))
        assert passed.decision.labels == ("keyword",)


async def test_an_expired_token_ends_the_bot_with_one_sentence(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    async with house_on(sandbox, tmp_path, model.url) as house:
        await sandbox.gateway.drop(4004)
        with pytest.raises(BadSettings, match=r"does not accept the token.*CANDOR_DISCORD_TOKEN"):
            await house.app.wait()


async def test_revoked_intents_end_the_bot_with_one_sentence(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    async with house_on(sandbox, tmp_path, model.url) as house:
        sandbox.world.application.privileged = 0
        sandbox.gateway.lose_sessions()
        await sandbox.gateway.drop(4014)
        with pytest.raises(BadSettings, match="Message Content Intent"):
            await house.app.wait()


async def test_an_end_that_starting_again_does_not_mend_has_an_exit_code_of_its_own(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    with process_on(sandbox, tmp_path, model.url) as bot:
        await line(bot, "guilds=")
        await sandbox.gateway.drop(4004)
        assert await asyncio.to_thread(bot.wait, 60) == 78


async def test_a_guild_that_removes_the_bot_while_it_acts_ends_the_action_as_refused(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    async with house_on(sandbox, tmp_path, model.url) as house:
        await delete_toxic(house)
        late = sandbox.faults.delay("DELETE", r"/channels/\d+/messages/\d+$", seconds=60)
        said = await sandbox.say("Kai", "#general", "you clown")
        async with asyncio.timeout(WAIT_SECONDS):
            while not late.hits:  # noqa: ASYNC110 (a fault has no event of its being met)
                await asyncio.sleep(0)
        await sandbox.remove_bot()
        late.released.set()
        passed: Passed = await house.decided(said)
        assert passed.case is not None
        (record,) = passed.case.actions
        assert record.state == "refused"
        assert record.detail
        assert house.app.bot.failures == 0


async def test_sigterm_drains_and_what_cannot_be_finished_is_found_by_the_next_start(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    with process_on(sandbox, tmp_path, model.url) as bot:
        await line(bot, "guilds=")
        await sandbox.say("Kai", "#general", "finished in time")
        await line(bot, "decided")
        async with model.falls_silent():
            said = [await sandbox.say("Kai", "#general", f"still in the pass {number}") for number in range(100)]
        bot.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(bot.wait, 60) == 0
    model.mode = "well"
    async with house_on(sandbox, tmp_path, model.url) as house:
        for message in said:
            await house.decided(message)


async def test_a_second_signal_ends_the_bot_at_once(sandbox: Sandbox, model: Pretender, tmp_path: Path) -> None:
    with process_on(sandbox, tmp_path, model.url) as bot:
        await line(bot, "guilds=")
        async with model.falls_silent():
            await sandbox.say("Kai", "#general", "hello")
        bot.send_signal(signal.SIGTERM)
        await line(bot, "stopping")
        bot.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(bot.wait, 60) == 128 + signal.SIGTERM
