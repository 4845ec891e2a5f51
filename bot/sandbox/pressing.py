"""The members' side: slash commands, context menus, buttons, select menus and forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.sandbox import commands
from bot.sandbox.answers import Answer
from bot.sandbox.command_forms import CHAT, ON_MESSAGE, ON_USER
from bot.sandbox.component_forms import BUTTON, LINK, SELECTS, STRING_SELECT, walk
from bot.sandbox.errors import ApiError
from bot.sandbox.interaction_data import Resolved, autocomplete_data, context_data, slash_data
from bot.sandbox.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction, Interactions
from bot.sandbox.modal_forms import fields_of, filled_in
from bot.sandbox.permissions import require
from bot.sandbox.refs import Ref, channel_of_message, find_channel, find_user, message_id_of
from bot.sandbox.world import Channel, Guild, Json, World


class Pressing:
    """Every method acts as the member `as_user`, named by id or name, and waits for what that member then sees.

    They raise ApiError, whose `message` is a sentence, for what Discord's client would not let that member do.
    """

    world: World
    guild: Guild
    interactions: Interactions

    async def slash(self, as_user: Ref, channel: Ref, command: str, options: Mapping[str, Any] | None = None) -> Answer:
        """Run "candor setup" with options by name; users, channels and roles as ids or names, files as (name, bytes).

        Where the bot shows "thinking..." first, the answer is what comes after it.
        """
        user_id, place = find_user(self.world, as_user).id, find_channel(self.world, channel)
        name, *path = command.removeprefix("/").split()
        found = commands.find(self.world, name=name, kind=CHAT, guild_id=place.guild_id)
        commands.require_usable(self.world, found, user_id=user_id, channel=place)
        data = slash_data(found, path, options or {}, Resolved(self.world, place, user_id))
        return await self._settled(
            self.interactions.begin(COMMAND, user_id=user_id, channel=place, data=data, name=command)
        )

    async def autocomplete(self, as_user: Ref, channel: Ref, command: str, option: str, text: str) -> Answer:
        """What the bot offers while `text` is being typed into an option; `choices`."""
        user_id, place = find_user(self.world, as_user).id, find_channel(self.world, channel)
        name, *path = command.removeprefix("/").split()
        found = commands.find(self.world, name=name, kind=CHAT, guild_id=place.guild_id)
        commands.require_usable(self.world, found, user_id=user_id, channel=place)
        data = autocomplete_data(found, path, option, text)
        return await self._settled(
            self.interactions.begin(AUTOCOMPLETE, user_id=user_id, channel=place, data=data, name=command)
        )

    async def context_menu(
        self, as_user: Ref, name: str, *, message_id: Ref | None = None, user: Ref | None = None, channel: Ref = 0
    ) -> Answer:
        """Use an entry of a message's or a user's menu; for a user `channel` is where the menu was opened."""
        world, user_id = self.world, find_user(self.world, as_user).id
        if (message_id is None) == (user is None):
            raise ApiError(400, 50035, "A context menu is a message's or a user's: give one of the two.")
        if message_id is not None:
            number = message_id_of(message_id)
            place = channel_of_message(world, number)
        else:
            number = 0
            place = find_channel(world, channel) if channel else self._first_channel()
        kind = ON_USER if message_id is None else ON_MESSAGE
        found = commands.find(world, name=name, kind=kind, guild_id=place.guild_id)
        commands.require_usable(world, found, user_id=user_id, channel=place)
        resolved = Resolved(world, place, user_id)
        target = resolved.user(user) if user is not None else resolved.message(place.messages[number])
        data = context_data(found, target, resolved)
        return await self._settled(
            self.interactions.begin(COMMAND, user_id=user_id, channel=place, data=data, name=name)
        )

    async def press(self, as_user: Ref, message_id: Ref, custom_id: str) -> Answer:
        """Press a button of a message that the member can see, ephemeral ones included."""
        place, message, button = self._component(as_user, message_id, custom_id)
        if button["type"] != BUTTON:
            raise ApiError(400, 50035, f"{custom_id!r} is no button.")
        if button.get("style") == LINK:
            raise ApiError(400, 50035, "A link button opens a page and tells the bot nothing.")
        return await self._used(as_user, place, message, button, {})

    async def select(self, as_user: Ref, message_id: Ref, custom_id: str, values: Sequence[Ref]) -> Answer:
        """Choose in a select menu: the options' values, or ids or names of users, roles and channels."""
        place, message, menu = self._component(as_user, message_id, custom_id)
        if menu["type"] not in SELECTS:
            raise ApiError(400, 50035, f"{custom_id!r} is no select menu.")
        least, most = menu.get("min_values", 1), menu.get("max_values", 1)
        if not least <= len(values) <= most:
            raise ApiError(400, 50035, f"The menu takes {least} to {most} choices.")
        offered = [option["value"] for option in menu.get("options") or []]
        for value in values:
            if menu["type"] == STRING_SELECT and value not in offered:
                raise ApiError(400, 50035, f"The menu offers: {', '.join(offered)}.")
        resolved = Resolved(self.world, place, find_user(self.world, as_user).id)
        data: Json = {"values": resolved.chosen(menu["type"], values)}
        data |= {"resolved": resolved.json} if resolved.json else {}
        return await self._used(as_user, place, message, menu, data)

    async def submit_modal(self, as_user: Ref, modal_id: Ref, values: Mapping[str, Any]) -> Answer:
        """Send a form's fields by custom_id: texts as str, choices as a list; fields left out keep what they show."""
        opened = message_id_of(modal_id)
        user_id = find_user(self.world, as_user).id
        modal = self.interactions.modals.get(opened)
        opener = self.interactions.known(opened)
        if modal is None or opener.user_id != user_id:
            raise ApiError(404, 10062, "There is no such form open.")
        resolved = Resolved(self.world, opener.channel, user_id)
        chosen = {
            custom_id: resolved.chosen(field["type"], values[custom_id])
            if field["type"] in SELECTS and custom_id in values
            else values.get(custom_id)
            for custom_id, field in fields_of(modal).items()
        }
        components = filled_in(modal, {**values, **chosen})
        data: Json = {"custom_id": modal["custom_id"], "components": components}
        data |= {"resolved": resolved.json} if resolved.json else {}
        return await self._settled(
            self.interactions.begin(MODAL, user_id=user_id, channel=opener.channel, data=data, message=opener.message)
        )

    async def after(self, answer: Answer) -> Answer:
        """The next thing that the member sees of the same interaction; a failed one once its 15 minutes are over."""
        return await self.interactions.answer(answer.interaction_id, answer.number + 1)

    async def _settled(self, interaction: Interaction) -> Answer:
        answer = await self.interactions.answer(interaction.id, 0)
        return await self.after(answer) if answer.kind == "thinking" else answer

    async def _used(self, as_user: Ref, place: Channel, message: Json, component: Json, more: Json) -> Answer:
        data = {
            "custom_id": component["custom_id"],
            "component_type": component["type"],
            "id": component.get("id", 0),
            **more,
        }
        user_id = find_user(self.world, as_user).id
        return await self._settled(
            self.interactions.begin(COMPONENT, user_id=user_id, channel=place, data=data, message=message)
        )

    def _component(self, as_user: Ref, message_id: Ref, custom_id: str) -> tuple[Channel, Json, Json]:
        number, user_id = message_id_of(message_id), find_user(self.world, as_user).id
        hidden = self.interactions.hidden.get(number)
        if hidden is not None and hidden.user_id != user_id:
            raise ApiError(404, 10008, "Unknown Message")
        place = hidden.channel if hidden else channel_of_message(self.world, number)
        require(self.world, place, user_id, 0)
        message = hidden.message if hidden else place.messages[number]
        for component in walk(message["components"]):
            if component.get("custom_id") == custom_id:
                if component.get("disabled"):
                    raise ApiError(400, 50035, f"{custom_id!r} is greyed out.")
                return place, message, component
        offered = ", ".join(repr(each["custom_id"]) for each in walk(message["components"]) if "custom_id" in each)
        raise ApiError(404, 50035, f"The message has no {custom_id!r}; it has: {offered or 'nothing to press'}.")

    def _first_channel(self) -> Channel:
        return next(self.world.channels_of(self.guild.id, threads=False))
