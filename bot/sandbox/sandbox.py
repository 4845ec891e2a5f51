"""`Sandbox`: a loopback Discord that runs in this process, with the members' side of it as methods.

Events, as `subscribe` yields them (`message` is Discord's raw message object, as the gateway sends it; all ids are
strings, as in Discord's JSON):

    message_create, message_update      channel_id, message
    message_delete                      channel_id, id
    channel_create, channel_update, channel_delete, thread_create    channel
    member_add, member_update, member_remove    member: {id, name, roles, color, bot, permissions, user}
    commands_update                     commands
    ephemeral, ephemeral_update         user_id, channel_id, message: only that member sees it
    ephemeral_delete                    user_id, channel_id, id
    modal                               user_id, channel_id, modal: {id, custom_id, title, components}
    interaction_failed                  user_id, interaction_id, text
    bot_online, bot_offline

Pictures and other attachments carry https://cdn.discordapp.com/attachments/... addresses; the page's own port serves
the same path.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox import (
    attachments,
    members,
    network,
    page_api,
    rest_channels,
    rest_commands,
    rest_guilds,
    rest_interactions,
    rest_messages,
    seed,
)
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Faults
from bot.sandbox.gateway import Gateway
from bot.sandbox.interactions import Interactions
from bot.sandbox.pressing import Pressing
from bot.sandbox.rate_limits import RateLimits
from bot.sandbox.rest import OnBody, Rest
from bot.sandbox.snapshot import snapshot
from bot.sandbox.speaking import Speaking
from bot.sandbox.subscription import Subscription, page_events
from bot.sandbox.world import Event, Json, World

_ROUTES = (
    *rest_messages.ROUTES,
    *rest_channels.ROUTES,
    *rest_guilds.ROUTES,
    *rest_commands.ROUTES,
    *rest_interactions.ROUTES,
)


class Sandbox(Speaking, Pressing):
    """One running loopback Discord.

    `token` is the bot's, `page_url` the chat page's address, `clock` its movable time, `faults` what goes wrong next,
    `gateway` the bot's connections (to drop or invalidate them), `world` and `guild` the state itself.
    """

    def __init__(self, *, layout: Callable[[World], None]) -> None:
        """A sandbox that does not listen yet: `start` makes one that does."""
        self.clock = SandboxClock()
        self.world = World(self.clock, seed.application())
        layout(self.world)
        self.guild = next(iter(self.world.guilds.values()))
        self.faults = Faults()
        self.interactions = Interactions(self.world)
        self.gateway = Gateway(self.world, self.faults)
        self.page_url = ""
        self._rest = Rest(self.world, self.interactions, self.faults)
        self._certificates = network.Certificates()
        self._port = 0
        self._runners: list[web.AppRunner] = []
        self._subscriptions: list[Subscription] = []
        self.world.listen(self._tell)

    @classmethod
    async def start(
        cls, *, seed: Callable[[World], None] = seed.harbor_games, port: int = 0, page_port: int = 0
    ) -> Self:
        """Listen on two loopback ports (0: free ones) with the guild that `seed` lays out."""
        sandbox = cls(layout=seed)
        api = web.Application(client_max_size=32 * 1024 * 1024)
        api.router.add_get("/", sandbox.gateway.handle)
        attachments.add_routes(api, sandbox.world)
        sandbox._rest.add_routes(api, _ROUTES)
        sandbox._port = await sandbox._listen(api, port, sandbox._certificates.server())
        page = web.Application(middlewares=[_only_from_itself], client_max_size=32 * 1024 * 1024)
        attachments.add_routes(page, sandbox.world)
        page_api.add_routes(page, sandbox)
        number = await sandbox._listen(page, page_port, None)
        sandbox.page_url = f"http://{network.LOOPBACK}:{number}/"
        return sandbox

    async def _listen(self, app: web.Application, port: int, tls: ssl.SSLContext | None) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, network.LOOPBACK, port, ssl_context=tls).start()
        return int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Close every connection and both ports."""
        await self.interactions.stop()
        await self.gateway.drop(1001)
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def token(self) -> str:
        """The bot's token."""
        return self.world.application.token

    @property
    def limits(self) -> RateLimits:
        """The rate limits of REST, off until somebody switches them on."""
        return self._rest.limits

    @property
    def on_rest_body(self) -> OnBody | None:
        """Called with method, path template and JSON body of every REST call that has one; None: nobody is."""
        return self._rest.on_body

    @on_rest_body.setter
    def on_rest_body(self, listener: OnBody | None) -> None:
        self._rest.on_body = listener

    def connector(self) -> aiohttp.BaseConnector:
        """A connector for discord.py: Discord's hosts lead here over TLS, every other host is refused."""
        return network.connector(self._port, self._certificates.client())

    @property
    def way_in(self) -> tuple[int, str]:
        """Port and authority (PEM) for `network.connector`, which a bot in a process of its own needs."""
        return self._port, self._certificates.authority

    def subscribe(self) -> Subscription:
        """An endless async iterator of events, and a context manager that ends it."""
        subscription = Subscription(self._subscriptions.remove)
        self._subscriptions.append(subscription)
        return subscription

    def snapshot(self) -> Json:
        """What the page's hello carries: guild, bot, channels, dms, members, commands, messages (last 50 a channel)."""
        return snapshot(self.world, self.guild, bot_online=self.gateway.online)

    async def add_bot(self) -> None:
        """Somebody invites the bot into the guild again."""
        members.add_bot(self.world, self.guild)

    async def remove_bot(self) -> None:
        """Somebody puts the bot out of the guild."""
        members.remove_bot(self.world, self.guild)

    def _tell(self, event: Event) -> None:
        for shown in page_events(self.world, event) if self._subscriptions else ():
            for subscription in self._subscriptions:
                subscription.put(shown)


@web.middleware
async def _only_from_itself(request: web.Request, handler: Handler) -> web.StreamResponse:
    # Any web page may talk to loopback ports; only the sandbox's own page may speak as its members.
    hosts = {f"{name}:{request.url.port}" for name in (network.LOOPBACK, "localhost")}
    origin = request.headers.get("Origin")
    if request.host not in hosts or (origin is not None and origin.removeprefix("http://") not in hosts):
        return web.Response(status=403, text="This page answers only under its own address.")
    return await handler(request)
