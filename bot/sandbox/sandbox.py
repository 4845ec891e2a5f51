"""`Sandbox`: a loopback Discord that runs in this process, with the members' side of it as methods.

Events, as `subscribe` yields them (`message` is Discord's raw message object, as the gateway sends it):

    message_create, message_update      channel_id, message
    message_delete                      channel_id, id
    channel_create, channel_update, channel_delete, thread_create    channel
    member_add, member_update, member_remove                         member (with `user`)
    commands_update                     commands
    ephemeral, ephemeral_update         user_id, channel_id, message: only that member sees it
    ephemeral_delete                    user_id, channel_id, id
    modal                               user_id, modal: {id, custom_id, title, components}
    interaction_failed                  user_id, interaction_id, text
    bot_online, bot_offline

All ids in events are strings, as in Discord's JSON. Pictures and other attachments carry
https://cdn.discordapp.com/attachments/... addresses; the page's own port serves the same path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp

Json = dict[str, Any]
Ref = int | str
"""A user, channel or message: its id, or a name such as "Mia" or "#general"."""


class Sandbox:
    """One running loopback Discord. `token` is the bot's, `page_url` the chat page's address."""

    token: str
    page_url: str

    @classmethod
    async def start(cls, *, seed: Callable[..., None] | None = None, port: int = 0, page_port: int = 0) -> Self:
        """Listen on two loopback ports (0: free ones) with the guild that `seed` lays out, by default Harbor Games."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Close every connection and both ports."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def connector(self) -> aiohttp.BaseConnector:
        """A connector for discord.py: Discord's hosts lead here over TLS, every other host is refused."""
        raise NotImplementedError

    def subscribe(self) -> Any:
        """An async iterator of events, and a context manager that ends it: `with sandbox.subscribe() as events`."""
        raise NotImplementedError

    def snapshot(self) -> Json:
        """What the page's hello carries: guild, channels, members, commands, messages (last 50 a channel), dms."""
        raise NotImplementedError

    # Every method below acts as the member `as_user` and raises ApiError (errors.py), whose `message` is a sentence,
    # where Discord's rules or its page would not let that member do it.

    async def say(
        self,
        as_user: Ref,
        channel: Ref,
        content: str = "",
        *,
        reply_to: Ref | None = None,
        embeds: Sequence[Json] | None = None,
        poll: Mapping[str, Any] | None = None,
        files: Sequence[tuple[str, bytes]] | None = None,
    ) -> Json:
        """Post a message; the raw message. `poll` is {"question": str, "answers": [str]}; `files`: (name, bytes)."""
        raise NotImplementedError

    async def edit(self, as_user: Ref, message_id: Ref, content: str) -> Json:
        """Edit an own message; the raw message with its new `edited_timestamp`."""
        raise NotImplementedError

    async def delete(self, as_user: Ref, message_id: Ref) -> None:
        """Delete an own message, or another's with Manage Messages."""
        raise NotImplementedError

    async def forward(self, as_user: Ref, message_id: Ref, to_channel: Ref) -> Json:
        """Pass a message on, own text empty; the raw message with its `message_snapshots`."""
        raise NotImplementedError

    async def create_thread(
        self, as_user: Ref, channel: Ref, name: str, *, message_id: Ref | None = None, content: str | None = None
    ) -> Json:
        """Open a thread (from `message_id`) or, in a forum, a post with `content`; the raw channel."""
        raise NotImplementedError

    async def open_dm(self, as_user: Ref, to_user: Ref) -> Json:
        """The direct-message channel of two users; the raw channel."""
        raise NotImplementedError

    async def add_member(self, name: str, *, roles: Sequence[Ref] = (), bot: bool = False) -> Json:
        """Somebody joins the guild now; the raw member with its user."""
        raise NotImplementedError

    async def remove_member(self, user: Ref) -> None:
        """Somebody leaves the guild; what they wrote stays."""
        raise NotImplementedError

    async def slash(self, as_user: Ref, channel: Ref, command: str, options: Mapping[str, Any] | None = None) -> Any:
        """Run "candor setup" with options by name (users, channels and roles as ids or names). An `Answer`:
        `kind` (message, update, deferred, modal, failed), `message`, `ephemeral`, `modal`, `text`; `to_json()`."""
        raise NotImplementedError

    async def context_menu(
        self, as_user: Ref, name: str, *, message_id: Ref | None = None, user: Ref | None = None
    ) -> Any:
        """Use a message's or a user's context menu entry; an `Answer`."""
        raise NotImplementedError

    async def press(self, as_user: Ref, message_id: Ref, custom_id: str) -> Any:
        """Press a button; an `Answer`. Ephemeral messages work too, for the member who sees them."""
        raise NotImplementedError

    async def select(self, as_user: Ref, message_id: Ref, custom_id: str, values: Sequence[str]) -> Any:
        """Choose in a select menu; an `Answer`."""
        raise NotImplementedError

    async def submit_modal(self, as_user: Ref, modal_id: Ref, values: Mapping[str, Any]) -> Any:
        """Send a modal's fields, by custom_id (text: str, selects: list of str); an `Answer`."""
        raise NotImplementedError
