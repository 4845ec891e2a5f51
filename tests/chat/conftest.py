"""A simulated Discord server, the real chat code and use cases over a real SQLite file; only the model is a fake."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord

from bot.chat.board import DiscordBoard
from bot.chat.client import CandorBot, create_bot
from bot.chat.enforcer import DiscordEnforcer
from bot.chat.history import DiscordHistory
from bot.chat.messages import DiscordMessages
from bot.chat.messenger import DiscordMessenger
from bot.config import Settings
from bot.core.cases import Case
from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.flow.building import build_flows
from bot.flow.moderate import Passed
from bot.flow.outside import Outside
from bot.flow.stores import Stores
from bot.store.crypto import TextKey
from bot.store.database import Database
from tests import mentions
from tests.chat.body_check import BodyCheck
from tests.e2e import openapi_check
from tests.fakes import FakeModel

MODERATOR = discord.Permissions(moderate_members=True, manage_messages=True)


class SimulatedClock:
    """The simulated server's clock, once there is one."""

    env: simcord.Env

    def now(self) -> datetime:
        return self.env.now()


class House:
    """The use cases over one database, wired to Discord the way the composition root does it."""

    def __init__(self, db: Database) -> None:
        self.db, self.stores = db, Stores(db, folder=Path(db.url.database or "").parent)
        self.guilds, self.cases, self.labels = self.stores.guilds, self.stores.cases, self.stores.labels
        self.predictions, self.audits = self.stores.predictions, self.stores.audits
        self.model = FakeModel()
        self.clock = SimulatedClock()
        self.passed: list[Passed] = []

    def attach(self, bot: CandorBot) -> None:
        self.enforcer, self.board = DiscordEnforcer(bot), DiscordBoard(bot)
        messenger, messages = DiscordMessenger(bot), DiscordMessages(bot)
        outside = Outside(self.model, self.enforcer, messenger, self.board, messages, self.clock, DiscordHistory(bot))
        flows = build_flows(self.stores, outside, text_days=30, passed=self.passed.append, presented=lambda case: None)
        self.desk, self.telling, self.moderate, self.review = flows.desk, flows.telling, flows.moderate, flows.review
        self.deciding, self.setup, self.audit = flows.deciding, flows.setup, flows.audit
        self.weekly, self.nightly = flows.weekly, flows.nightly
        self.queue, self.reporting, self.labelling = flows.queue, flows.reporting, flows.labelling
        self.learn, self.retraining, self.lessons = flows.learn, flows.retraining, flows.lessons
        self.stage = flows.shadow
        self.cursors, self.catch_up, self.gone = flows.cursors, flows.catch_up, flows.gone
        bot.attach(flows)


@dataclass
class Stage:
    """One server with its people, and what a test does and sees there."""

    env: simcord.Env
    house: House
    bot: CandorBot
    guild: simcord.GuildHandle
    general: simcord.ChannelHandle
    review: simcord.ChannelHandle
    mods: simcord.RoleHandle
    kai: simcord.MemberActor
    priya: simcord.MemberActor
    lena: simcord.MemberActor
    admin: simcord.MemberActor

    async def rules(self, **changes: object) -> GuildRules:
        """Save rules: active and with a review channel, unless `changes` says otherwise."""
        acting = {name: replace(rule, mode="act") for name, rule in default_labels().items()}
        base = GuildRules(self.guild.id, shadow=False, review_channel_id=self.review.id, labels=acting)
        rules = replace(base, **changes)  # pyright: ignore[reportArgumentType]
        await self.house.guilds.save(rules, by=1, at=self.env.now())
        return rules

    async def act_on_insults(self, **rule: float) -> None:
        """Have insults acted on from 50 % on, in the ways named: timeout_at=0.5, ..."""
        await self.rules(labels={**default_labels(), "insult": LabelRule(**rule)})  # pyright: ignore[reportArgumentType]

    async def say(self, text: str, *, who: simcord.MemberActor | None = None) -> discord.Message:
        """A member writes in #general, and the cards that follow are posted."""
        message = await (who or self.kai).send(self.general, text)
        await self.post_cards()
        return message

    async def post_cards(self) -> None:
        """Let the card desk finish what waits."""
        working = asyncio.create_task(self.house.desk.run())
        await self.house.desk.drain()
        working.cancel()
        await asyncio.wait([working])

    async def check(self) -> None:
        """Let the model that is being checked look at what waits for it."""
        working = asyncio.create_task(self.house.stage.run())
        await self.house.stage.drain()
        working.cancel()
        await asyncio.wait([working])

    async def tell(self) -> None:
        """Let the bot tell what waits to be told."""
        working = asyncio.create_task(self.house.telling.run())
        await self.house.telling.drain()
        working.cancel()
        await asyncio.wait([working])

    async def case(self, case_id: int) -> Case:
        return await self.house.cases.get(guild_id=self.guild.id, case_id=case_id)

    async def only_case(self) -> Case:
        assert self.cases() <= 1, "more than one case was opened"
        return await self.case(1)

    def cases(self) -> int:
        """How many messages opened a case when they went through the pass."""
        return sum(passed.case is not None for passed in self.house.passed)

    @property
    def card(self) -> discord.Message:
        """The newest message in the review channel."""
        message = self.review.last_message
        assert message is not None, "no card was posted"
        return message

    @property
    def card_text(self) -> str:
        return text_of(self.card)

    def timed_out_until(self, member: simcord.MemberActor) -> datetime | None:
        until = self.env.backend.get_member(self.guild.id, member.id).timed_out_until
        return datetime.fromisoformat(until) if until else None


async def flagged(stage: Stage, **rule: float) -> discord.Message:
    """A flagged message of Kai's, acted on in the ways named; its card."""
    if rule:
        await stage.act_on_insults(**rule)
    await stage.say("what an insult")
    return stage.card


def text_of(message: discord.Message) -> str:
    """Everything that a card says, buttons left out."""
    found: list[str] = [message.content] if message.content else []
    waiting = list(message.components)
    while waiting:
        component = waiting.pop(0)
        if isinstance(component, discord.TextDisplay):
            found.append(component.content)
        waiting[:0] = getattr(component, "children", [])
    return "\n".join(found)


def buttons_of(message: discord.Message) -> dict[str, discord.Button]:
    """The buttons of a card by their label."""
    found: dict[str, discord.Button] = {}
    waiting = list(message.components)
    while waiting:
        component = waiting.pop(0)
        if isinstance(component, discord.Button) and component.label:
            found[component.label] = component
        waiting[:0] = getattr(component, "children", [])
    return found


def said(result: simcord.InteractionResult) -> str:
    """What the person was told, privately."""
    return text_of(private(result))


def private(result: simcord.InteractionResult) -> discord.Message:
    """The newest message that only the person sees."""
    messages = [message for message in [result.response, *result.followups] if message is not None]
    found = [message for message in messages if message.ephemeral]
    assert found, "the person was told nothing"
    return found[-1].message


async def menu(stage: Stage, label: str = "More…", *, who: simcord.MemberActor | None = None) -> discord.Message:
    """The private menu that opens behind the card's button."""
    opened = await (who or stage.lena).click(stage.card, label=label)
    assert opened.followups[-1].ephemeral
    return opened.followups[-1].message


def menu_text(stage: Stage, message: discord.Message) -> str:
    """What the menu became after a choice."""
    return stage.env.backend.get_message(message.channel.id, message.id).content


def settings_in(folder: Path) -> Settings:
    return Settings(_env_file=None, data_dir=folder)  # pyright: ignore[reportCallIssue]


@pytest.fixture
async def house(tmp_path: Path, migrated: Path) -> AsyncIterator[House]:
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    settings = settings_in(tmp_path)
    db = Database(settings.sql_url, key=TextKey.from_settings(settings))
    yield House(db)
    await db.close()


@pytest.fixture
def simcord_bot(house: House, tmp_path: Path) -> CandorBot:
    bot = create_bot(settings_in(tmp_path))
    house.attach(bot)
    return bot


@pytest.fixture(scope="session")
def body_check() -> BodyCheck | None:
    """None where there is no copy of Discord's description to compare with."""
    check = openapi_check.load()
    return BodyCheck(check) if check is not None else None


@pytest.fixture
async def stage(
    simcord_env: simcord.Env, simcord_bot: CandorBot, house: House, body_check: BodyCheck | None
) -> AsyncIterator[Stage]:
    """The server, its people and the bot. What the bot sent is compared with Discord's description afterwards, and must
    notify nobody but the server's own role.
    """
    env = simcord_env
    house.clock.env = env
    guild = env.create_guild("Harbour")
    mods = guild.create_role("Moderators", permissions=MODERATOR)
    admins = guild.create_role("Admins", permissions=MODERATOR | discord.Permissions(manage_guild=True))
    hidden: dict[Any, discord.PermissionOverwrite] = {
        guild.default_role: discord.PermissionOverwrite(view_channel=False),
        mods: discord.PermissionOverwrite(view_channel=True),
        admins: discord.PermissionOverwrite(view_channel=True),
    }
    me = env.backend.bot_user
    bot_role = next(role for role in guild.roles.values() if role.name == me.name)
    hidden[bot_role] = discord.PermissionOverwrite(view_channel=True)
    stage = Stage(
        env=env,
        house=house,
        bot=simcord_bot,
        guild=guild,
        general=guild.create_text_channel("general"),
        review=guild.create_text_channel("mod-review", overwrites=hidden),
        mods=mods,
        kai=guild.add_member(env.create_user("Kai")),
        priya=guild.add_member(env.create_user("Priya")),
        lena=guild.add_member(env.create_user("Lena"), roles=[mods]),
        admin=guild.add_member(env.create_user("Ada"), roles=[admins]),
    )
    await env.settle()
    await stage.rules()
    yield stage
    sent = [mentions.problem(each.method, each.path, each.json or {}) for each in env.http_requests]
    assert [each for each in sent if each is not None] == []
    if body_check is not None:
        assert body_check.problems(env) == []
