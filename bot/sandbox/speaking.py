"""The members' side: what people type, change, pass on, and who comes and goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.sandbox import channels, members, messages, webhooks
from bot.sandbox.attachments import Upload
from bot.sandbox.errors import ApiError
from bot.sandbox.refs import Ref, channel_of_message, find_channel, find_role, find_user, message_id_of
from bot.sandbox.shapes import member_json, page_channel_json
from bot.sandbox.world import FORUM, Channel, Guild, Json, Member, User, World


class Speaking:
    """Every method acts as the member `as_user`, named by id or name, and raises ApiError, whose `message` is a
    sentence, where Discord's rules or its client would not let that member do it."""

    world: World
    guild: Guild

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
        body: Json = {"content": content, "embeds": list(embeds or [])}
        if reply_to is not None:
            body["message_reference"] = {"message_id": str(message_id_of(reply_to))}
        if poll is not None:
            answers = [{"poll_media": {"text": str(answer)}} for answer in poll["answers"]]
            body["poll"] = {"question": {"text": poll["question"]}, "answers": answers}
        uploads = [Upload(index, name, data) for index, (name, data) in enumerate(files or [])]
        return messages.post(
            self.world,
            author_id=find_user(self.world, as_user).id,
            channel=find_channel(self.world, channel),
            body=body,
            uploads=uploads,
        )

    async def say_by_webhook(self, name: str, channel: Ref, content: str) -> Json:
        """Post through a webhook that the guild's owner made, under `name`; the raw message."""
        webhook = webhooks.make(self.world, find_channel(self.world, channel), name=name, by=self.guild.owner_id)
        return webhooks.execute(self.world, webhook, {"content": content})

    async def edit(self, as_user: Ref, message_id: Ref, content: str) -> Json:
        """Edit an own message; the raw message with its new `edited_timestamp`."""
        number = message_id_of(message_id)
        return messages.edit(
            self.world,
            actor_id=find_user(self.world, as_user).id,
            channel=channel_of_message(self.world, number),
            message_id=number,
            body={"content": content},
        )

    async def unfurl(self, message_id: Ref, embeds: Sequence[Json]) -> Json:
        """Let Discord add link previews to a message: an update without a new `edited_timestamp`."""
        number = message_id_of(message_id)
        channel = channel_of_message(self.world, number)
        message = {**channel.messages[number], "embeds": [{"type": "rich", **embed} for embed in embeds]}
        return messages.replace(self.world, channel, message)

    async def delete(self, as_user: Ref, message_id: Ref) -> None:
        """Delete an own message, or another's with Manage Messages."""
        number = message_id_of(message_id)
        channel = channel_of_message(self.world, number)
        messages.delete(self.world, actor_id=find_user(self.world, as_user).id, channel=channel, message_id=number)

    async def forward(self, as_user: Ref, message_id: Ref, to_channel: Ref) -> Json:
        """Pass a message on, own text empty; the raw message with its `message_snapshots`."""
        number = message_id_of(message_id)
        source = channel_of_message(self.world, number)
        reference = {"type": 1, "channel_id": str(source.id), "message_id": str(number)}
        return messages.post(
            self.world,
            author_id=find_user(self.world, as_user).id,
            channel=find_channel(self.world, to_channel),
            body={"message_reference": reference},
        )

    async def create_thread(
        self, as_user: Ref, channel: Ref, name: str, *, message_id: Ref | None = None, content: str | None = None
    ) -> Json:
        """Open a thread (from `message_id`), with `content` as its first message; in a forum a post, which needs one.

        The raw channel.
        """
        parent = find_channel(self.world, channel)
        author = find_user(self.world, as_user)
        if parent.type == FORUM and not content:
            raise ApiError(400, 50006, "A forum post needs a first message.")
        number = None if message_id is None else message_id_of(message_id)
        thread = channels.open_thread(
            self.world, parent, actor_id=author.id, body={"name": name, "type": 11}, message_id=number
        )
        if content:
            messages.post(self.world, author_id=author.id, channel=thread, body={"content": content})
        return page_channel_json(self.world, thread)

    async def open_dm(self, as_user: Ref, to_user: Ref) -> Json:
        """The direct conversation of two users; the raw channel."""
        one, other = find_user(self.world, as_user), find_user(self.world, to_user)
        return page_channel_json(self.world, channels.open_dm(self.world, one.id, other.id))

    async def close_dms(self, user: Ref, *, closed: bool = True) -> None:
        """From now on the user takes no direct messages of bots (or takes them again)."""
        find_user(self.world, user).takes_dms = not closed

    async def add_member(
        self, name: str, *, roles: Sequence[Ref] = (), bot: bool = False, joined_at: datetime | None = None
    ) -> Json:
        """Somebody new joins the guild, now unless `joined_at` says when; the raw member with its user."""
        user = User(id=self.world.snowflakes.make(), name=name, bot=bot)
        role_ids = [find_role(self.guild, each).id for each in roles]
        when = joined_at or self.world.clock.now()
        return member_json(members.join(self.world, self.guild, user, role_ids=role_ids, joined_at=when))

    async def remove_member(self, user: Ref) -> None:
        """Somebody leaves the guild; what they wrote stays."""
        members.leave(self.world, self.guild, find_user(self.world, user).id)

    def member(self, user: Ref) -> Member:
        """The member as they stand: roles, time-out."""
        return self.world.member(self.guild.id, find_user(self.world, user).id)

    def channel(self, channel: Ref) -> Channel:
        """The channel with its messages."""
        return find_channel(self.world, channel)
