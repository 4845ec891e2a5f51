"""The one composition root: everything is built here, started in order and stopped in reverse."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from bot.chat.board import DiscordBoard
from bot.chat.client import CandorBot, create_bot
from bot.chat.enforcer import DiscordEnforcer
from bot.chat.history import DiscordHistory
from bot.chat.messages import DiscordMessages
from bot.chat.messenger import DiscordMessenger
from bot.chat.servers import DiscordServers
from bot.child import ModelChild
from bot.config import Settings
from bot.core.cases import Case
from bot.core.shadow import ShadowRules
from bot.core.states import findings
from bot.errors import BadSettings, BotError, SpoolUnavailable, StoreUnavailable
from bot.flow.backlog import Backlog
from bot.flow.building import build_flows
from bot.flow.building_learning import LearnSettings
from bot.flow.following import follow_settings
from bot.flow.moderate import Passed
from bot.flow.outside import Outside
from bot.flow.ports import Clock
from bot.flow.presence import Presence
from bot.flow.retention import Retention
from bot.flow.stores import Stores
from bot.health import HealthServer
from bot.jobs import Jobs
from bot.metrics import Metrics
from bot.model_watch import ModelWatch
from bot.scheduled import scheduled_jobs
from bot.standing import Standing
from bot.steady import ClockWatch, StateLog
from bot.store.crypto import TextKey
from bot.store.database import Database
from moderation_model.coalescing import CoalescingClient
from moderation_model.learning import Source

if TYPE_CHECKING:
    import aiohttp

log = structlog.get_logger(__name__)

NO_TOKEN = (
    "There is no Discord token. Create an application and a bot at https://discord.com/developers/applications, "
    "copy its token and set CANDOR_DISCORD_TOKEN (see README, 'Connect a real server'). To look around without one: "
    "make demo."
)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Now in UTC."""
        return datetime.now(UTC)


class App:
    """The running bot. Built by `build_app`; `passed` and `presented` are called after each message and each card."""

    def __init__(
        self,
        settings: Settings,
        *,
        connector: aiohttp.BaseConnector | None,
        passed: Callable[[Passed], None],
        presented: Callable[[Case], None],
        source: Source,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self.metrics = Metrics()
        self.db = Database(settings.sql_url, key=TextKey.from_settings(settings), shard=settings.part)
        stores = _stores(settings, self.db, source)
        self.spool = stores.spool
        self.guilds, self.cases, self.leases = stores.guilds, stores.cases, stores.leases
        self.child = ModelChild(settings) if settings.model_url is None else None
        given = settings.model_token.get_secret_value() if settings.model_token else None
        self.model = CoalescingClient(
            self.child.url if self.child else settings.model_url or "",
            token=self.child.token if self.child else given,
            plain_http=settings.model_plain_http,
            ca=settings.model_ca,
        )
        self.bot: CandorBot = create_bot(settings, connector=connector)
        self._passed = passed
        self.flows = build_flows(
            stores,
            self._outside(),
            text_days=settings.text_days,
            passed=self._observe,
            presented=presented,
            learning=_learning(settings),
            catch_up_hours=settings.catch_up_hours,
            grace_days=settings.guild_grace_days,
        )
        self.desk = self.flows.desk
        self.bot.attach(self.flows)
        self.bot.own_findings = lambda: findings(self.standing.state())
        self.clock_watch = ClockWatch()
        self.model_watch = ModelWatch(self.model.health, child=self.child)
        self.retention = self._retention(stores)
        self.presence = Presence(leases=stores.leases, connected=lambda: self.bot.connected, clock=clock)
        self.jobs = self._scheduled(stores)
        self.backlog = Backlog(store=stores.backlog, clock=clock)
        self.standing = self._stands(stores)
        self.health = HealthServer(self.metrics, port=settings.health_port, state=self.standing.state)
        self._tasks: list[asyncio.Task[None]] = []

    def _stands(self, stores: Stores) -> Standing:
        """How the bot stands, which the figures ask for from now on, as they are told what cards and turns take."""
        self.desk.took, self.bot.pass_turns.waited = self.metrics.carded, self.metrics.waited
        standing = Standing(
            bot=self.bot,
            flows=self.flows,
            stores=stores,
            backlog=self.backlog,
            jobs=self.jobs,
            model_watch=self.model_watch,
            clock_watch=self.clock_watch,
            breaker=lambda: self.model.breaker_state,
            blocked=lambda: self.health.blocked,
            clock=self._clock,
        )
        self.metrics.watch(standing.figures)
        return standing

    def _retention(self, stores: Stores) -> Retention:
        return Retention(
            predictions=stores.predictions,
            expiry=stores.expiry,
            dropping=self.flows.dropping,
            leases=stores.leases,
            spool=stores.spool,
            clock=self._clock,
            text_days=self.settings.text_days,
            prediction_days=self.settings.prediction_days,
            case_days=self.settings.case_days,
        )

    def _scheduled(self, stores: Stores) -> Jobs:
        return scheduled_jobs(
            self.flows,
            stores,
            retention=self.retention,
            presence=self.presence,
            guild_ids=lambda: [guild.id for guild in self.bot.guilds],
            servers=DiscordServers(self.bot).mine,
            clock=self._clock,
            clock_in_doubt=lambda: self.clock_watch.jumped,
        )

    def _outside(self) -> Outside:
        return Outside(
            model=self.model,
            enforcer=DiscordEnforcer(self.bot),
            messenger=DiscordMessenger(self.bot),
            board=DiscordBoard(self.bot),
            messages=DiscordMessages(self.bot),
            clock=self._clock,
            history=DiscordHistory(self.bot),
        )

    def _observe(self, passed: Passed) -> None:
        self.metrics.passed(passed)
        self._passed(passed)

    async def start(self) -> None:
        """Database, model server, Discord, then what was left over. Returns once messages are being handled.

        Raises BotError or ModelError with one sentence. `stop` must follow, also after an error.
        """
        token = self.settings.discord_token
        if token is None:
            raise BadSettings(NO_TOKEN)
        await self.db.migrate()
        with contextlib.suppress(SpoolUnavailable):  # shown as a state: the database is there, so work can begin
            self.spool.open()
        await self.health.start()
        if self.child is not None:
            await self.child.start()
        self._spawn(lambda: follow_settings(self.guilds), "settings")
        self._spawn(self.model_watch.run, "model-watch")
        self._spawn(StateLog(self.standing.state).run, "states")
        self._spawn(self.backlog.run, "backlog")
        self._spawn(self.desk.run, "cards")
        self._spawn(self.flows.telling.run, "telling")
        self._spawn(self.flows.rescoring.run, "rescore")
        self._spawn(self.flows.learn.run, "learn")
        self._spawn(self.flows.shadow.run, "shadow")
        self._spawn(self.flows.cursors.run, "cursors")
        self._spawn(self.flows.catch_up.run, "catch-up")
        connected = self._spawn(lambda: self.bot.start(token.get_secret_value()), "discord")
        ready = asyncio.create_task(self.bot.ready_event.wait())
        await asyncio.wait([connected, ready], return_when=asyncio.FIRST_COMPLETED)
        if connected.done():
            ready.cancel()
            await connected
            raise BadSettings("Discord closed the connection before the bot was ready.")
        self._spawn(self.flows.moderate.keep_settling, "settle")  # it holds what is settled, however long that takes
        with contextlib.suppress(StoreUnavailable):  # it went away since: its state says so, and the jobs do both
            await self.flows.moderate.settle()
            await self.desk.catch_up()
        self._spawn(self.flows.spooling.run, "spool")
        self.jobs.start()
        log.info("ready", guilds=len(self.bot.guilds))

    async def wait(self) -> None:
        """Return when one of the bot's own tasks ends, raising what ended it."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            await task

    async def stop(self) -> None:
        """Stop in reverse order, within ten seconds. What is in the pass is finished if it is quick; else it is found
        by the next start: planned actions stand as `pending`, messages in the spool.
        """
        self.standing.closing = True
        self.jobs.stop()
        self.bot.in_pass.ends = True
        await _at_most(3, self.bot.drain())
        with contextlib.suppress(BotError):  # without the database the cursors lag, and the next start reads more
            await _at_most(0.5, self.flows.cursors.flush(last=True))
        await _at_most(1, self.bot.close())
        for task in self._tasks:
            task.cancel()
        await _at_most(1, asyncio.gather(*self._tasks, return_exceptions=True))
        await _at_most(0.5, self.model.aclose())
        if self.child is not None:
            await self.child.stop(within=2)
        await _at_most(0.5, self.health.stop())
        with contextlib.suppress(BotError):  # without the database the row runs out by itself
            await _at_most(0.5, self.presence.leave())
        await _at_most(0.5, self.db.close())
        self.spool.close()

    def _spawn(self, work: Callable[[], Awaitable[None]], name: str) -> asyncio.Task[None]:
        async def run() -> None:
            await work()

        task = asyncio.create_task(run(), name=name)
        self._tasks.append(task)
        return task


async def _at_most(seconds: float, work: Awaitable[object]) -> None:
    """Await `work`, which is cancelled when it takes longer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await work


def _stores(settings: Settings, db: Database, source: Source) -> Stores:
    return Stores(
        db,
        source=source,
        permitted=settings.train_on_messages,
        folder=settings.data_dir,
        keep_text=settings.keep_text,
    )


def _learning(settings: Settings) -> LearnSettings:
    beside = ShadowRules(settings.challenger_messages, settings.challenger_hours)
    return LearnSettings(settings.train_mode, settings.promotion, beside)


def build_app(
    settings: Settings,
    *,
    connector: aiohttp.BaseConnector | None = None,
    passed: Callable[[Passed], None] = lambda passed: None,
    presented: Callable[[Case], None] = lambda case: None,
    source: Source = "discord_message",
    clock: Clock | None = None,
) -> App:
    """The bot, built and not started. `connector` leads it to another Discord (the demo's, a test's), whose made-up
    messages may be learned from if `source` says so. `clock`: another time than the machine's, for what is due later.

    Raises BadSettings with one sentence.
    """
    return App(
        settings,
        connector=connector,
        passed=passed,
        presented=presented,
        source=source,
        clock=clock or SystemClock(),
    )
