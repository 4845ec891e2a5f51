"""Events as the page and tests see them: one JSON object for each visible change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from bot.sandbox.shapes import page_member_json
from bot.sandbox.world import Event, Json, World

_MEMBER_TYPES = {
    "GUILD_MEMBER_ADD": "member_add",
    "GUILD_MEMBER_UPDATE": "member_update",
    "GUILD_MEMBER_REMOVE": "member_remove",
}
_CHANNEL_TYPES = {
    "CHANNEL_CREATE": "channel_create",
    "CHANNEL_UPDATE": "channel_update",
    "CHANNEL_DELETE": "channel_delete",
    "THREAD_CREATE": "thread_create",
    "THREAD_UPDATE": "channel_update",
    "THREAD_DELETE": "channel_delete",
}


def page_events(world: World, event: Event) -> list[Json]:
    """What the page is told of an event: mostly one object, none for what only the bot is told."""
    data = event.data
    if event.audience == "bot":
        return []
    if event.name in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
        return [{"type": event.name.lower(), "channel_id": data["channel_id"], "message": data}]
    if event.name == "MESSAGE_DELETE":
        return [{"type": "message_delete", "channel_id": data["channel_id"], "id": data["id"]}]
    if event.name == "MESSAGE_DELETE_BULK":
        return [{"type": "message_delete", "channel_id": data["channel_id"], "id": each} for each in data["ids"]]
    if event.name in _CHANNEL_TYPES:
        return [{"type": _CHANNEL_TYPES[event.name], "channel": data}]
    if event.name in _MEMBER_TYPES:
        return [{"type": _MEMBER_TYPES[event.name], "member": _member(world, event)}]
    return [{"type": event.name.lower(), **data}]


def _member(world: World, event: Event) -> Json:
    user = event.data["user"]
    guild = world.guild(int(event.data["guild_id"]))
    member = guild.members.get(int(user["id"]))
    if member is None:
        return {"id": user["id"], "name": user["global_name"], "user": user}
    return {**page_member_json(guild, member), "user": user}


class Subscription:
    """An endless async iterator of events; as a context manager it ends itself."""

    def __init__(self, ended: Callable[[Subscription], None]) -> None:
        self._queue: asyncio.Queue[Json] = asyncio.Queue()
        self._ended = ended

    def put(self, event: Json) -> None:
        """Add an event."""
        self._queue.put_nowait(event)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Json:
        return await self._queue.get()

    async def until(self, matches: Callable[[Json], bool]) -> Json:
        """The next event that `matches`; those before it are passed over."""
        while True:
            event = await self._queue.get()
            if matches(event):
                return event
