"""The Discord client: the least intents that the pass needs, the tree of commands, and the way in for messages.

Intents: guilds and guild messages, and the privileged message content. The privileged members intent is not needed:
messages bring their author along, and the enforcer asks for a member over REST before it acts on one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import discord
import structlog
from discord import app_commands

from bot.chat import texts
from bot.chat.in_pass import InPass
from bot.chat.listener import incoming
from bot.chat.members import Members
from bot.chat.messages import UNANSWERED
from bot.chat.names import look_at_title, nickname
from bot.chat.pass_turns import PassTurns
from bot.chat.registered import BUTTONS, FORMS, commands
from bot.chat.requests import Requests
from bot.chat.tree import CandorTree, differs
from bot.chat.turns import Turns
from bot.chat.unreadable import Unreadable
from bot.core.events import IncomingMessage
from bot.core.findings import Finding
from bot.core.spooled import Deletion, Spooled, key_of
from bot.errors import BadSettings, BotError, StoreUnavailable

if TYPE_CHECKING:
    import aiohttp

    from bot.config import Settings
    from bot.flow.flows import Flows

log = structlog.get_logger(__name__)

TOKEN_EXPIRED = 4004
"""Discord's close code for a token that it does not know, or no longer."""
MAX_PASSES = 64
"""Messages in the pass at a time; more of them wait in this process while the gateway is read on."""


class CandorBot(discord.Client):
    """The bot on Discord. `attach` the use cases before it starts; `ready_event` is set once messages arrive.

    `connected`: messages arrive right now. `failures` counts messages and answers that ended in an unforeseen error,
    `unreadable` events that nobody can read. `deciding` holds the ids of cases that somebody is deciding right now.
    `own_webhooks`: through these the bot puts texts back. `own_findings`: what is wrong with this process now.
    `trials`: who tries the bot (server and person), where and until when. `turns` keep to Discord's limits.
    `members`: of whom it heard lately. `in_pass`: events that are worked on; `requests`: how those to Discord ended.
    """

    def __init__(self, settings: Settings, *, connector: aiohttp.BaseConnector | None = None) -> None:
        self.requests = Requests()
        super().__init__(
            intents=discord.Intents(guilds=True, guild_messages=True, message_content=True),
            allowed_mentions=discord.AllowedMentions.none(),
            # No cache: an edit that arrives at once would change a cached message before its own pass has begun.
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            proxy=settings.discord_proxy,
            connector=connector,
            http_trace=self.requests.trace(),
            shard_id=settings.part.number if settings.part.count > 1 else None,
            shard_count=settings.part.count if settings.part.count > 1 else None,
        )
        self.tree = CandorTree(
            self,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self.ready_event = asyncio.Event()
        self.connected = False
        self.failures = 0
        self.unreadable = Unreadable()
        self.unreadable.guard(self._connection.parsers)
        self.unreadable.guard_presses(self._connection._view_store)
        self.deciding: set[int] = set()
        self.own_webhooks: set[int] = set()
        self.own_findings: Callable[[], Sequence[Finding]] = tuple
        self.trials: dict[tuple[int, int], tuple[int, datetime]] = {}
        self.turns = Turns()
        self.members = Members()
        self._flows: Flows | None = None
        self.pass_turns = PassTurns(MAX_PASSES)
        self.in_pass = InPass(self._leave)

    @property
    def flows(self) -> Flows:
        """The use cases."""
        assert self._flows is not None, "attach() comes before start()"
        return self._flows

    def attach(self, flows: Flows) -> None:
        """Give the client the use cases; once, before it starts."""
        self._flows = flows

    async def start(self, token: str, *, reconnect: bool = True) -> None:
        """Log in and stay connected. Raises BadSettings for a refused token or intent, BotError without Discord."""
        try:
            await super().start(token, reconnect=reconnect)
        except discord.LoginFailure:
            raise BadSettings(f"{texts.TOKEN_REFUSED} {texts.TOKEN_REFUSED_FIX}") from None
        except discord.PrivilegedIntentsRequired:
            raise BadSettings(f"{texts.INTENT_OFF} {texts.INTENT_OFF_FIX}") from None
        except discord.ConnectionClosed as closed:
            if closed.code == TOKEN_EXPIRED:
                raise BadSettings(f"{texts.TOKEN_REFUSED} {texts.TOKEN_REFUSED_FIX}") from None
            raise BotError(texts.CLOSED_BY_DISCORD.format(code=closed.code)) from None
        except UNANSWERED as error:
            raise BotError(f"{texts.NO_DISCORD.format(why=type(error).__name__)} {texts.NO_DISCORD_FIX}") from error

    async def setup_hook(self) -> None:
        """Register buttons and commands; ask Discord to change its list of commands only where it differs."""
        self.add_dynamic_items(*BUTTONS)
        if not self.tree.get_commands():
            for command in commands():
                self.tree.add_command(command)
        if await differs(self.tree):
            await self.tree.sync()
            log.info("commands_registered", count=len(self.tree.get_commands()))

    async def on_connect(self) -> None:
        """A new session begins, which brings nothing of what was written before it."""
        self.flows.cursors.new_session()

    async def on_ready(self) -> None:
        """Messages arrive from now on; what was written before is caught up with."""
        self.ready_event.set()
        self.connected = True
        self.flows.came_back()

    async def on_resumed(self) -> None:
        """Messages arrive again, and those of the gap with them."""
        self.connected = True
        self.flows.cursors.resumed()

    async def on_disconnect(self) -> None:
        """Nothing arrives until the connection is back."""
        self.connected = False
        self.flows.cursors.lost()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A server more, or one that the bot was removed from and invited to again."""
        await self.flows.departing.joined(guild.id)
        self.flows.came_back()

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server that was away, or was not there yet when the others were."""
        self.flows.came_back()

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """Discord has lost a server for a while."""
        self.flows.cursors.lost_guild(guild.id)

    async def on_message(self, message: discord.Message) -> None:
        """A new message goes through the pass; its channel's cursor waits for how it ends."""
        if message.guild is None:
            return
        cursors, channel_id = self.flows.cursors, message.channel.id
        cursors.arrived(guild_id=message.guild.id, channel_id=channel_id, message_id=message.id)
        if await self._pass(message, priority="live"):
            cursors.safe(channel_id=channel_id, message_id=message.id)
        else:
            cursors.failed(channel_id=channel_id, message_id=message.id)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """A new revision goes through the pass; a link preview or a pin is none, or one that the pass has seen."""
        if event.message.edited_at is not None:
            await self._pass(event.message, priority="edit")

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A message was deleted, by the bot itself or by anybody: Discord does not say by whom."""
        await self._deleted(event.guild_id, message_ids=[event.message_id])

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """The same for up to a hundred messages at once."""
        await self._deleted(event.guild_id, message_ids=event.message_ids)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A channel was deleted with its threads and all messages in them."""
        gone = [channel.id, *(thread.id for thread in getattr(channel, "threads", ()))]
        await self._deleted(channel.guild.id, channel_ids=gone)

    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        """The same for a thread."""
        await self._deleted(event.guild_id, channel_ids=[event.thread_id])

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from the server, or it is gone; an outage is another event."""
        self.flows.cursors.forget_guild(guild.id)
        await self.flows.departing.left(guild.id)

    async def on_thread_create(self, thread: discord.Thread) -> None:
        """A new thread's title is looked at; a forum post's comes with its first message."""
        if not isinstance(thread.parent, discord.ForumChannel):
            await look_at_title(self, thread)

    async def on_raw_thread_update(self, event: discord.RawThreadUpdateEvent) -> None:
        """A thread may have another title now. By now discord.py knows the thread, unless it was archived."""
        guild = self.get_guild(event.guild_id)
        thread = guild.get_thread(event.thread_id) if guild is not None else None
        if thread is not None:
            await look_at_title(self, thread)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Forms are answered here; buttons and commands find their own way."""
        if interaction.type is discord.InteractionType.modal_submit:
            for answered in FORMS:
                await answered(interaction)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """An unforeseen error in an event handler: logged without the event's content, and counted."""
        self.failures += 1
        log.exception("event_failed", event_name=event_method)

    async def drain(self) -> None:
        """Wait until every message and deletion that arrived so far is worked off. Cancelled, the rest is left for the
        next start.
        """
        await self.in_pass.drain()

    def _leave(self, events: Sequence[Spooled]) -> bool:
        return self.flows.spooling.left(events)

    async def _deleted(
        self, guild_id: int | None, *, message_ids: Collection[int] = (), channel_ids: Collection[int] = ()
    ) -> None:
        if guild_id is None:
            return
        with self.in_pass.event():
            if self.in_pass.leaves(deletion := Deletion(guild_id, tuple(message_ids), tuple(channel_ids))):
                return
            try:
                await self.flows.spooling.deleted(deletion)
            except StoreUnavailable:
                self.flows.catch_up.texts.due(guild_id)  # kept nowhere: it is found out once the database is back

    async def _look_at_nickname(self, looked_at: IncomingMessage, name: IncomingMessage | None) -> None:
        if name is not None:
            await self.flows.names.look(name)
        else:
            # A nickname that was given up is a new one when it comes back.
            self.flows.names.forget(guild_id=looked_at.guild_id, named_id=looked_at.author.user_id)

    def _is_trial(self, message: discord.Message) -> bool:
        """Whether the author asked in the setup to have this line looked at; one line for one asking."""
        key = (message.guild.id if message.guild else 0, message.author.id)
        channel_id, until = self.trials.get(key, (0, None))
        if until is None or channel_id != message.channel.id:
            return False
        del self.trials[key]
        return message.created_at <= until

    def _read(self, message: discord.Message) -> tuple[IncomingMessage | None, IncomingMessage | None]:
        """The message and the nickname under which it was written, each None where it is not looked at."""
        trial = self._is_trial(message)
        if message.webhook_id in self.own_webhooks:
            return None, None
        looked_at = incoming(message, discord.utils.utcnow(), own_application_id=self.application_id, trial=trial)
        return looked_at, None if looked_at is None else nickname(message, looked_at)

    async def _pass(self, message: discord.Message, *, priority: str) -> bool:
        """Whether the message needs no further look."""
        with self.in_pass.event():
            try:
                looked_at = name = None
                with self.unreadable.reading("message", message_id=message.id, channel_id=message.channel.id):
                    looked_at, name = self._read(message)
                if looked_at is None or self.in_pass.leaves(key_of(looked_at)):
                    return True
                async with self.pass_turns:
                    await self.flows.spooling.handle(looked_at, priority=priority)
                    if self.flows.spooling.away_since is None:
                        await self._look_at_nickname(looked_at, name)
            except Exception as error:
                # One message must not stop the others; which one it was is enough to find it. That nothing can be kept
                # is said once, by what keeps messages: a line for each would fill a full disk.
                self.failures += 1
                if not isinstance(error, StoreUnavailable):
                    log.exception("pass_failed", message_id=message.id, channel_id=message.channel.id)
                return False
            return True


def create_bot(settings: Settings, *, connector: aiohttp.BaseConnector | None = None) -> CandorBot:
    """The client, not started. `connector` leads it to another Discord (the demo's, a test's)."""
    # The bot joins no voice channel; without this discord.py warns about it at every start.
    discord.VoiceClient.warn_nacl = False
    discord.VoiceClient.warn_dave = False
    return CandorBot(settings, connector=connector)
