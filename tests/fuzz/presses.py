"""Buttons, menus, forms and commands: every id that the bot gives out, damaged, pressed by anybody; every option of
every command, filled with anything.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from discord import app_commands
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.fuzz import payloads
from tests.fuzz.house import House, house
from tests.fuzz.ids import BUTTONS, FORMS, SELECTS
from tests.fuzz.inputs import STRANGE, spoiled_bytes, spoiled_value, text

BUTTON, TEXT_SELECT = 2, 3
LONGEST_ID = 100
NOBODY, MODERATOR, ADMINISTRATOR = payloads.READ_WRITE, payloads.MODERATES | payloads.READ_WRITE, payloads.EVERYTHING
PRESSERS = ((payloads.KAI, NOBODY), (payloads.LENA, MODERATOR), (payloads.ADA, ADMINISTRATOR))
VALUES = ("toxic", "insult", "other_reason", "nothing", "1", "2", str(payloads.GENERAL), str(payloads.MODS), "-1", "x")


class Presses:
    """Half of the interactions are whole but for their ids, values and texts, the others are damaged."""

    together = 16

    def __init__(self, inside: House) -> None:
        self._house = inside
        self._commands = list(commands_in(inside.bot.tree.get_commands()))

    def make(self, chance: random.Random) -> dict[str, Any]:
        """An interaction."""
        made = chance.choice((self._pressed, self._pressed, self._chosen, self._sent, self._called))(chance)
        return made if chance.random() < 0.5 else spoiled_value(chance, made)

    def strategy(self) -> SearchStrategy[dict[str, Any]]:
        """Presses whose id fits the template of a button or a menu, in all other ways as Discord sends them."""
        templates = list(self._house.bot._connection._view_store._dynamic_items)
        ids = st.one_of(*(st.from_regex(pattern, fullmatch=True) for pattern in templates))
        kinds = st.sampled_from((BUTTON, TEXT_SELECT))
        values = st.lists(st.one_of(st.sampled_from(VALUES), st.text(max_size=20)), max_size=3)
        return st.builds(component, st.sampled_from(PRESSERS), ids.map(lambda each: each[:LONGEST_ID]), kinds, values)

    async def feed(self, given: Sequence[Any]) -> None:
        """Raises Fault if somebody got no answer, or an unforeseen one."""
        await self._house.receive(*(("INTERACTION_CREATE", each) for each in given))

    def _pressed(self, chance: random.Random) -> dict[str, Any]:
        return component(chance.choice(PRESSERS), damaged_id(chance, chance.choice(BUTTONS)), BUTTON, [])

    def _chosen(self, chance: random.Random) -> dict[str, Any]:
        custom_id, kind = chance.choice(SELECTS)
        values = [chance.choice((chance.choice(VALUES), text(chance)[:100])) for _ in range(chance.randrange(4))]
        return component(chance.choice(PRESSERS), damaged_id(chance, custom_id), kind, values)

    def _sent(self, chance: random.Random) -> dict[str, Any]:
        custom_id = damaged_id(chance, chance.choice(FORMS))
        fields = [
            {"type": 18, "component": {"type": 4, "custom_id": "text", "value": text(chance)}},
            {"type": 18, "component": {"type": 3, "custom_id": "labels", "values": [chance.choice(VALUES)]}},
        ]
        data = {"custom_id": custom_id, "components": fields[: chance.randrange(3)]}
        return interaction(chance.choice(PRESSERS), 5, data)

    def _called(self, chance: random.Random) -> dict[str, Any]:
        path, command = chance.choice(self._commands)
        if isinstance(command, app_commands.ContextMenu):
            target = payloads.message(payloads.snowflake(1), text(chance))
            data = {"id": "1", "type": 3, "name": command.name, "target_id": target["id"]}
            return interaction(chance.choice(PRESSERS), 2, data | {"resolved": {"messages": {target["id"]: target}}})
        options: Any = [_option(chance, each) for each in command.parameters if each.required or chance.random() < 0.5]
        kind = 2
        if options and chance.random() < 0.2:  # somebody is still typing it
            kind, options[-1]["focused"] = 4, True
        for name in reversed(path[1:]):
            options = [{"type": 1 if name == path[-1] else 2, "name": name, "options": options}]
        data = {"id": "1", "type": 1, "name": path[0], "options": options, "resolved": resolved()}
        return interaction(chance.choice(PRESSERS), kind, data)


def interaction(
    presser: tuple[int, int], kind: int, data: Mapping[str, Any], *, guild: int | None = payloads.GUILD
) -> dict[str, Any]:
    """An interaction by a member with these permissions; in a direct message where `guild` is None."""
    user_id, permissions = presser
    found = {"id": str(payloads.snowflake(7)), "application_id": str(payloads.ME), "type": kind, "data": dict(data)}
    found |= {"token": "t" * 40, "version": 1, "locale": "en-US", "app_permissions": str(payloads.EVERYTHING)}
    found |= {"channel_id": str(_place(guild)), "entitlements": [], "authorizing_integration_owners": {}}
    found |= {"attachment_size_limit": 10 * 1024 * 1024}
    if guild is None:
        return found | {"user": payloads.user(user_id), "context": 1, "channel": {"id": "9", "type": 1}}
    found |= {"guild_id": str(guild), "guild_locale": "en-US", "context": 0}
    found |= {"guild": {"id": str(guild), "locale": "en-US", "features": []}}
    found["channel"] = payloads.channel(_place(guild), 0, "mod-review", hidden=True) | {
        "permissions": str(permissions),
        "guild_id": str(guild),
    }
    return found | {"member": payloads.member(user_id) | {"permissions": str(permissions)}}


def _place(guild: int | None) -> int:
    """The channel in which somebody presses."""
    return payloads.ELSEWHERE if guild == payloads.OTHER_GUILD else payloads.REVIEW


def component(
    presser: tuple[int, int], custom_id: str, kind: int, values: list[str], *, guild: int | None = payloads.GUILD
) -> dict[str, Any]:
    """A press of a button, or a choice in a menu, of a message of the bot's."""
    item: dict[str, Any] = {"type": kind, "custom_id": custom_id, "id": 2}
    if kind == BUTTON:
        item |= {"style": 1, "label": "x"}
    else:
        item |= {"min_values": 0, "max_values": 25}
        item |= {"options": [{"label": "x", "value": "x"}]} if kind == TEXT_SELECT else {}
    posted = payloads.message(payloads.snowflake(3), "", author=payloads.ME, place=_place(guild))
    posted["components"] = [{"type": 1, "id": 1, "components": [item]}]
    data: dict[str, Any] = {"custom_id": custom_id, "component_type": kind}
    if kind != BUTTON:
        data |= {"values": values, "resolved": resolved()}
    return interaction(presser, 3, data, guild=guild) | {"message": posted}


def damaged_id(chance: random.Random, custom_id: str) -> str:
    """The id, in most cases with some of its bytes or numbers changed; never longer than Discord takes."""
    kind = chance.random()
    if kind < 0.3:
        return custom_id
    if kind < 0.6:
        parts = custom_id.split(":")
        parts[chance.randrange(len(parts))] = str(
            chance.choice((*STRANGE[5:14], "", "1" * 20, "9" * 18, "9" * 19, "0" * 18, "\u0663", text(chance)))
        )
        return ":".join(parts)[:LONGEST_ID]
    return spoiled_bytes(chance, custom_id.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")[:LONGEST_ID]


def resolved() -> dict[str, Any]:
    general = payloads.channel(payloads.GENERAL, 0, "general") | {"permissions": "0"}
    found: dict[str, Any] = {"channels": {str(payloads.GENERAL): general}}
    found["users"] = {str(payloads.KAI): payloads.user(payloads.KAI)}
    found["members"] = {str(payloads.KAI): payloads.member(payloads.KAI, whole=False) | {"permissions": "0"}}
    return found | {"roles": {str(payloads.MODS): payloads.role(payloads.MODS, "Mods", 0, 1)}}


def _option(chance: random.Random, parameter: app_commands.Parameter) -> dict[str, Any]:
    """A value of the agreed type: one of the choices, or anything."""
    kind = parameter.type.value
    if parameter.choices and chance.random() < 0.6:
        value: Any = chance.choice(parameter.choices).value
    else:
        value = {
            4: lambda: chance.choice((0, 1, -1, 30, 2**53, -(2**53))),
            5: lambda: chance.random() < 0.5,
            6: lambda: str(payloads.KAI),
            7: lambda: str(payloads.GENERAL),
            8: lambda: str(payloads.MODS),
            9: lambda: str(payloads.KAI),
            10: lambda: chance.choice((0.0, -1.5, 1e308)),
            11: lambda: "1",
        }.get(kind, lambda: text(chance))()
    return {"type": kind, "name": parameter.name, "value": value}


def commands_in(commands: Any, path: tuple[str, ...] = ()) -> Any:
    """Every command with its path, groups opened."""
    for command in commands:
        if isinstance(command, app_commands.Group):
            yield from commands_in(command.commands, (*path, command.name))
        else:
            yield (*path, command.name), command


@asynccontextmanager
async def opened(seed: int = 0) -> AsyncIterator[Presses]:
    """A bot of its own, with some cases to press on."""
    async with house(seed) as inside:
        for number in range(5):
            said = payloads.message(payloads.snowflake(100 + number), f"insult {number}")
            await inside.receive(("MESSAGE_CREATE", said))
        yield Presses(inside)
