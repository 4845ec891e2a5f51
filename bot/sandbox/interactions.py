"""Interactions: begun by members, answered by the bot within 3 s, open for more messages for 15 minutes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.sandbox.answers import FAILED, Answer, AnswerKind
from bot.sandbox.errors import ApiError, unknown
from bot.sandbox.permissions import channel_permissions
from bot.sandbox.shapes import interaction_channel_json, member_json, user_json
from bot.sandbox.world import Channel, Event, Json, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
ANSWER_WITHIN = timedelta(seconds=3)
TOKEN_LASTS = timedelta(minutes=15)


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One use of a command, component or form. `message`: the one whose component was used.

    `original_id` is the message that `@original` names, `message_ids` all that its token may read and change.
    """

    id: int
    token: str
    type: int
    user_id: int
    channel: Channel
    begun_at: datetime
    name: str | None = None
    message: Json | None = None
    state: Literal["waiting", "answered", "failed"] = "waiting"
    original_id: int | None = None
    thinking: bool = False
    message_ids: set[int] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Hidden:
    """An ephemeral message: in no channel, seen by one member."""

    user_id: int
    channel: Channel
    message: Json


class Interactions:
    """All interactions, the ephemeral messages they made and the forms they opened."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.hidden: dict[int, Hidden] = {}
        self.modals: dict[int, Json] = {}
        self._by_id: dict[int, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        self._timers: dict[int, asyncio.Task[None]] = {}

    def begin(
        self,
        kind: int,
        *,
        user_id: int,
        channel: Channel,
        data: Json,
        message: Json | None = None,
        name: str | None = None,
    ) -> Interaction:
        """Send INTERACTION_CREATE to the bot and start its 3 seconds."""
        world = self.world
        interaction = Interaction(
            id=world.snowflakes.make(),
            token=secrets.token_urlsafe(48),
            type=kind,
            user_id=user_id,
            channel=channel,
            begun_at=world.clock.now(),
            name=name,
            message=message,
        )
        self._by_id[interaction.id] = interaction
        self._by_token[interaction.token] = interaction
        payload = self._payload(interaction, data)
        world.emit(Event("INTERACTION_CREATE", payload, channel.guild_id, channel.id, audience="bot"))
        self._timers[interaction.id] = asyncio.create_task(self._fail_unanswered(interaction))
        return interaction

    def _payload(self, interaction: Interaction, data: Json) -> Json:
        world, channel = self.world, interaction.channel
        user = world.user(interaction.user_id)
        payload: Json = {
            "id": str(interaction.id),
            "application_id": str(world.application.id),
            "type": interaction.type,
            "token": interaction.token,
            "version": 1,
            "data": data,
            "channel_id": str(channel.id),
            "channel": interaction_channel_json(world, channel, user.id),
            "app_permissions": str(channel_permissions(world, channel, world.application.bot_id)),
            "locale": "en-US",
            "entitlements": [],
            "attachment_size_limit": 10485760,
            "authorizing_integration_owners": {"0": str(channel.guild_id or 0)},
            "context": 1 if channel.guild_id is None else 0,
        }
        if interaction.message is not None:
            payload["message"] = interaction.message
        if channel.guild_id is None:
            return {**payload, "user": user_json(user)}
        member = world.member(channel.guild_id, user.id)
        held = {"permissions": str(channel_permissions(world, channel, user.id))}
        return {
            **payload,
            "guild_id": str(channel.guild_id),
            "guild": {"id": str(channel.guild_id), "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": {**member_json(member), **held},
        }

    async def _fail_unanswered(self, interaction: Interaction) -> None:
        await self.world.clock.sleep_until(interaction.begun_at + ANSWER_WITHIN)
        del self._timers[interaction.id]
        if interaction.state == "waiting":
            self.fail(interaction)

    def fail(self, interaction: Interaction) -> None:
        """Nobody answered in time: the member is told, and no answer is taken any more."""
        interaction.state = "failed"
        data = {"user_id": str(interaction.user_id), "interaction_id": str(interaction.id), "text": FAILED}
        self.world.emit(Event("INTERACTION_FAILED", data, audience="page"))
        self.note(interaction, "failed", text=FAILED)

    def known(self, interaction_id: int) -> Interaction:
        """An interaction of any state, or 10062."""
        if interaction_id not in self._by_id:
            raise unknown("interaction")
        return self._by_id[interaction_id]

    def unanswered(self, interaction_id: int, token: str) -> Interaction:
        """The interaction that waits for its answer. Raises 10062 if it is unknown or too late, 40060 if it has one."""
        interaction = self._by_id.get(interaction_id)
        if interaction is None or not secrets.compare_digest(interaction.token, token):
            raise unknown("interaction")
        if interaction.state == "answered":
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        if interaction.state == "failed" or self.world.clock.now() > interaction.begun_at + ANSWER_WITHIN:
            raise unknown("interaction")
        return interaction

    def answered(self, token: str) -> Interaction:
        """The answered interaction of a token. Raises 10015 if there is none, 50027 after 15 minutes."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.state != "answered":
            raise unknown("Webhook")
        if self.world.clock.now() > interaction.begun_at + TOKEN_LASTS:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return interaction

    def note(self, interaction: Interaction, kind: AnswerKind, **seen: Any) -> None:
        """Write down what the member sees now, and wake whoever waits for it."""
        interaction.answers.append(
            Answer(kind=kind, interaction_id=interaction.id, number=len(interaction.answers), **seen)
        )
        changed, interaction.changed = interaction.changed, asyncio.Event()
        changed.set()

    async def answer(self, interaction_id: int, number: int) -> Answer:
        """The interaction's answer of that number, once it is there; a failed one when its token has run out."""
        interaction = self._by_id[interaction_id]
        while len(interaction.answers) <= number:
            waits = [
                asyncio.ensure_future(interaction.changed.wait()),
                asyncio.ensure_future(self.world.clock.sleep_until(interaction.begun_at + TOKEN_LASTS)),
            ]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
            if len(interaction.answers) <= number and waits[1].done():
                return Answer(kind="failed", interaction_id=interaction_id, number=number, text=FAILED)
        return interaction.answers[number]

    def tell(self, name: str, hidden: Hidden, data: Mapping[str, Any]) -> None:
        """Tell the page what one member sees."""
        seen = {"user_id": str(hidden.user_id), "channel_id": str(hidden.channel.id), **data}
        self.world.emit(Event(name, seen, hidden.channel.guild_id, hidden.channel.id, audience="page"))

    async def stop(self) -> None:
        """End the timers of what was never answered."""
        for timer in self._timers.values():
            timer.cancel()
        await asyncio.gather(*self._timers.values(), return_exceptions=True)
