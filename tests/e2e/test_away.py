"""The bot goes away and comes back, on sockets: real client and store; Discord is the sandbox, the model a fake."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.chat.client import CandorBot
from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.sandbox import channels
from bot.sandbox.permissions import P
from bot.sandbox.sandbox import Sandbox
from bot.store.crypto import TextKey
from bot.store.database import Database
from tests.chat.conftest import House as ChatHouse
from tests.chat.conftest import settings_in
from tests.e2e.connected import Clock, connected
from tests.e2e.probe import deny

HISTORY = "GET /channels/{channel_id}/messages"


@dataclass
class Home:
    """A sandbox and a database that outlast the bot's processes. `checked`: how many messages the last start found."""

    sandbox: Sandbox
    first: ChatHouse
    folder: Path
    houses: list[ChatHouse] = field(default_factory=list)
    checked: int = 0

    @asynccontextmanager
    async def process(self) -> AsyncIterator[CandorBot]:
        """The bot from its start, when it has caught up, to its end."""
        house = ChatHouse(self.first.db)
        self.houses.append(house)
        async with connected(house, self.folder, self.sandbox) as bot:
            self.checked = await house.catch_up.catch_up()
            yield bot
            await bot.drain()
            await house.cursors.flush(last=True)

    @property
    def now(self) -> ChatHouse:
        return self.houses[-1]

    def decided(self) -> list[str]:
        """Texts that the last process decided."""
        return sorted(passed.message.text for passed in self.now.passed if passed.outcome == "decided")

    def asked(self) -> int:
        """Pages of history that were asked for."""
        return self.sandbox.limits.requests[HISTORY]

    async def rules(self, **changes: Any) -> None:
        """Active rules that delete insults, with #mod-review."""
        labels = {name: replace(rule, mode="act") for name, rule in default_labels().items()}
        labels["insult"] = LabelRule(delete_at=0.5, mode="act")
        review = self.sandbox.channel("#mod-review").id
        rules = GuildRules(self.sandbox.guild.id, shadow=False, review_channel_id=review, labels=labels)
        await self.first.guilds.save(replace(rules, **changes), by=1, at=self.sandbox.clock.now())


@pytest.fixture
async def house(tmp_path: Path, migrated: Path) -> AsyncIterator[ChatHouse]:
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    settings = settings_in(tmp_path)
    db = Database(settings.sql_url, key=TextKey.from_settings(settings))
    yield ChatHouse(db)
    await db.close()


@pytest.fixture
async def home(sandbox: Sandbox, house: ChatHouse, tmp_path: Path) -> Home:
    """The bot was there once, for a message in #general."""
    sandbox.limits.on = True
    home = Home(sandbox, house, tmp_path)
    await home.rules()
    async with home.process() as bot:
        await sandbox.say("Mia", "#general", "good morning")
        await heard(bot)
    return home


async def heard(bot: CandorBot) -> None:
    """Let what was written arrive and be decided."""
    await bot.wait_for("message", timeout=20)
    await bot.drain()


async def test_messages_of_an_absence_are_decided_with_the_roles_of_their_authors(home: Home) -> None:
    moderators = next(role.id for role in home.sandbox.guild.roles.values() if role.name == "Moderator")
    await home.rules(reviewer_role_ids=frozenset({moderators}))
    home.sandbox.clock.advance(300)
    said = await home.sandbox.say("Kai", "#general", "what an insult")
    await home.sandbox.say("Lena", "#general", "quoting: what an insult")
    await home.sandbox.say_by_webhook("Feed", "#gaming", "news")
    home.sandbox.clock.advance(300)
    async with home.process():
        assert home.checked == 2
        assert home.decided() == ["news", "what an insult"]
        kai = next(passed.message.author for passed in home.now.passed if passed.outcome == "decided")
        assert kai.joined_at is not None or kai.name == "Feed"
    assert int(said["id"]) not in home.sandbox.channel("#general").messages


async def test_the_digest_stands_in_the_review_channel_once_and_calls_nobody(home: Home) -> None:
    home.sandbox.clock.advance(7200)
    await home.sandbox.say("Kai", "#general", "this is a threat")
    home.sandbox.clock.advance(7200)
    for _ in range(2):
        async with home.process():
            pass
    lines = [message["content"] for message in home.sandbox.channel("#mod-review").messages.values()]
    (digest,) = [line for line in lines if "checked" in line]
    assert "1 message checked, 1 case." in digest
    assert "possible threat" in digest
    assert not any("<@&" in line for line in lines)


async def test_a_start_after_which_nobody_wrote_asks_for_no_history(home: Home) -> None:
    before = home.asked()
    async with home.process():
        assert home.checked == 0
    assert home.asked() == before


async def test_a_first_start_reads_nothing(sandbox: Sandbox, house: ChatHouse, tmp_path: Path) -> None:
    sandbox.limits.on = True
    await sandbox.say("Kai", "#general", "what an insult")
    home = Home(sandbox, house, tmp_path)
    async with home.process():
        assert home.checked == 0
    assert home.asked() == 0


async def test_a_bot_whose_clock_is_days_ahead_goes_by_discords_time(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.sandbox.clock.advance(300)
    await home.sandbox.say("Kai", "#general", "what an insult")
    monkeypatch.setattr(Clock, "now", lambda _: home.sandbox.clock.now() + timedelta(days=2), raising=False)
    monkeypatch.setattr(Clock, "__init__", lambda *_: None)
    async with home.process():
        assert home.decided() == ["what an insult"]


async def test_a_thread_that_was_opened_meanwhile_is_read(home: Home) -> None:
    home.sandbox.clock.advance(300)
    thread = await home.sandbox.create_thread("Kai", "#general", "a new thread")
    await home.sandbox.say("Kai", thread["id"], "hello thread")
    async with home.process():
        assert home.decided() == ["hello thread"]


async def test_a_thread_that_was_opened_and_archived_meanwhile_is_read_and_so_is_its_title(home: Home) -> None:
    home.sandbox.clock.advance(300)
    thread = await home.sandbox.create_thread("Kai", "#general", "an insult as a title")
    await home.sandbox.say("Kai", thread["id"], "hello thread")
    archive(home.sandbox, thread["id"])
    async with home.process():
        assert home.decided() == ["hello thread"]
    titles = [case for case in await home.first.cases._find() if case.subject == "title"]
    assert [case.text for case in titles] == ["an insult as a title"]


async def test_a_title_whose_owner_discord_did_not_tell_at_first_is_looked_at_later(home: Home) -> None:
    home.sandbox.clock.advance(300)
    thread = await home.sandbox.create_thread("Kai", "#general", "an insult as a title")
    archive(home.sandbox, thread["id"])
    home.sandbox.faults.fail("GET", r"/guilds/\d+/members/\d+$", status=400)
    async with home.process() as bot:
        assert await home.first.cases._find() == []
        await home.now.catch_up.catch_up()
        assert [case.text for case in await home.first.cases._find()] == ["an insult as a title"]
        assert bot.unreadable.count == 0


async def test_a_thread_that_was_archived_before_costs_no_request(home: Home) -> None:
    async with home.process() as bot:
        thread = await home.sandbox.create_thread("Kai", "#general", "an old thread")
        await home.sandbox.say("Kai", thread["id"], "hello thread")
        await heard(bot)
    home.sandbox.clock.advance(300)
    async with home.process():
        pass
    before = home.asked()
    archive(home.sandbox, thread["id"])
    home.sandbox.clock.advance(300)
    async with home.process():
        assert home.decided() == []
    assert home.asked() == before


async def test_a_message_deleted_in_an_archived_thread_meanwhile_takes_its_text_along(home: Home) -> None:
    await home.rules(shadow=True)
    async with home.process() as bot:
        thread = await home.sandbox.create_thread("Kai", "#general", "a thread")
        said: list[dict[str, Any]] = []
        for number in range(2):
            said.append(await home.sandbox.say("Kai", thread["id"], f"insult {number}"))
            await heard(bot)
    archive(home.sandbox, thread["id"])
    home.sandbox.clock.advance(300)
    await home.sandbox.delete("Kai", said[0]["id"])
    async with home.process():
        assert await home.now.catch_up.texts.look() == 1
    cases = {case.message_id: case for case in await home.first.cases._find() if case.subject == "message"}
    assert [cases[int(each["id"])].gone_at is not None for each in said] == [True, False]


async def test_a_deleted_channel_takes_the_texts_of_its_messages_along(home: Home) -> None:
    await home.rules(shadow=True)
    async with home.process() as bot:
        await home.sandbox.say("Kai", "#gaming", "what an insult")
        await heard(bot)
        gone = asyncio.create_task(bot.wait_for("guild_channel_delete", timeout=20))
        world, channel = home.sandbox.world, home.sandbox.channel("#gaming")
        channels.delete(world, channel, actor_id=home.sandbox.guild.owner_id, reason=None)
        await gone
        await bot.drain()
    (case,) = await home.first.cases._find()
    assert case.gone_at is not None


def archive(sandbox: Sandbox, thread_id: str) -> None:
    """Its owner archives the thread."""
    thread = sandbox.world.channels[int(thread_id)]
    assert thread.thread is not None
    channels.change(sandbox.world, thread, actor_id=thread.thread.owner_id, body={"archived": True}, reason=None)


async def test_a_channel_whose_history_may_not_be_read_is_said(home: Home) -> None:
    deny(home.sandbox, "#gaming", int(P.READ_MESSAGE_HISTORY))
    home.sandbox.clock.advance(300)
    await home.sandbox.say("Kai", "#gaming", "unread")
    async with home.process():
        assert home.checked == 0
    lines = [message["content"] for message in home.sandbox.channel("#mod-review").messages.values()]
    assert any(f"<#{home.sandbox.channel('#gaming').id}>" in line for line in lines)


async def test_an_edit_and_a_deletion_while_away_are_found(home: Home) -> None:
    await home.rules(shadow=True)
    async with home.process() as bot:
        kept = await home.sandbox.say("Kai", "#general", "nice run!")
        await heard(bot)
        gone = await home.sandbox.say("Kai", "#general", "what an insult")
        await heard(bot)
        (case,) = [passed.case for passed in home.now.passed if passed.case]
    home.sandbox.clock.advance(300)
    await home.sandbox.edit("Kai", kept["id"], "this is an insult")
    await home.sandbox.delete("Kai", gone["id"])
    async with home.process():
        assert home.decided() == ["this is an insult"]
    assert (await home.first.cases.get(guild_id=home.sandbox.guild.id, case_id=case.case_id)).gone_at is not None


async def test_a_resume_brings_its_messages_itself_and_nothing_is_read(home: Home) -> None:
    before = home.asked()
    async with home.process() as bot:
        resumed = asyncio.create_task(bot.wait_for("resumed", timeout=20))
        await home.sandbox.gateway.drop()
        await home.sandbox.say("Kai", "#general", "while the line was dead")
        await resumed
        await bot.drain()
        assert await home.now.catch_up.catch_up() == 0
        assert home.decided() == ["while the line was dead"]
    assert home.asked() == before


async def test_a_new_session_reads_what_the_lost_one_did_not_bring(home: Home) -> None:
    async with home.process() as bot:
        bot.before_identify_hook = _at_once
        ready = asyncio.create_task(bot.wait_for("ready", timeout=30))
        home.sandbox.gateway.lose_sessions()
        await home.sandbox.gateway.drop()
        await home.sandbox.say("Kai", "#general", "while the line was dead")
        await ready
        await bot.drain()
        assert home.decided() == []
        assert await home.now.catch_up.catch_up() == 1
        assert home.decided() == ["while the line was dead"]


async def _at_once(shard_id: int | None, *, initial: bool = False) -> None:
    """Without the 5 s that the client waits before it identifies again."""
