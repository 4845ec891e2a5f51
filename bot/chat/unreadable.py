"""Events of Discord that cannot be read, because something is missing in them or is of another type than agreed.

Each is dropped, counted and logged with ids: one event less. Left to discord.py, such an event would end the whole
connection, and with it the process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import structlog

from bot.core.events import LARGEST_ID, clean

log = structlog.get_logger(__name__)

NEEDED = frozenset({"READY"})
"""Without this one there is no connection, so it may not be dropped."""

Parse = Callable[[Any], None]


class Unreadable:
    """Counts what was dropped."""

    def __init__(self) -> None:
        self.count = 0

    def guard(self, parsers: MutableMapping[str, Parse]) -> None:
        """Have each of discord.py's parsers drop what it cannot read."""
        for name, parse in parsers.items():
            if name not in NEEDED:
                parsers[name] = partial(self._parse, name, parse)

    def guard_presses(self, store: Any) -> None:
        """The same for discord.py's store of buttons and menus, which reads the pressed message in a task."""
        dispatch = store.schedule_dynamic_item_call

        async def guarded(kind: int, item: Any, interaction: Any, custom_id: str, match: re.Match[str]) -> None:
            with self.reading("press", interaction_id=interaction.id):
                await dispatch(kind, item, interaction, custom_id, match)

        store.schedule_dynamic_item_call = guarded

    @contextmanager
    def reading(self, what: str, **ids: int) -> Iterator[None]:
        """Drop `what` if an error comes out of the block, which does nothing but read it."""
        try:
            yield
        except Exception as error:  # whichever of its fields it was, the event is of no use
            self.count += 1
            log.warning("event_unreadable", event_name=what, why=type(error).__name__, **ids)

    def _parse(self, name: str, parse: Parse, data: Any) -> None:
        with self.reading(name):
            check_ids(*_ids_in(data))
            parse(checked_interaction(data) if name == "INTERACTION_CREATE" else data)


def check_ids(*ids: int) -> None:
    """Raises ValueError for what is no id of Discord's: no database could keep it."""
    if not all(0 <= each <= LARGEST_ID for each in ids):
        raise ValueError("an id out of range")


def _ids_in(data: Any) -> Iterator[int]:
    """Where the event says what it is about."""
    if not isinstance(data, dict):
        return
    for name in _IDS:
        if data.get(name) is not None:
            yield int(data[name])
    yield from map(int, data.get("ids", ()))


_IDS = ("id", "guild_id", "channel_id", "parent_id", "owner_id")


def checked_interaction(data: Any) -> dict[str, Any]:
    """The interaction with its texts cleaned, as those of messages are. Raises an error for one that would be tripped
    over only later, when nobody watches: by discord.py, or by what looks into the ids of buttons.
    """
    inner = _cleaned(data["data"])
    member = data.get("member") or {}
    somebody = member["user"] if member else data["user"]
    check_ids(int(somebody["id"]))
    names = [somebody.get("username"), somebody.get("global_name"), member.get("nick")]
    fits = bool(int(data.get("guild_id") or 0)) == bool(member)
    fits = fits and isinstance(data["token"], str) and data["token"].isascii()
    fits = fits and all(isinstance(name, str | None) for name in names)
    fits = fits and _are_options(inner.get("options", []))
    if data["type"] in (_COMPONENT, _FORM):
        check_ids(*(int(number) for number in _LONG_NUMBER.findall(inner["custom_id"])))
        fits = fits and _are_components(inner.get("components", []))
        fits = fits and all(isinstance(value, str) for value in inner.get("values", []))
    if not fits:
        raise ValueError("an interaction of another shape")
    return {**data, "data": inner}


_COMPONENT, _FORM = 3, 5
_LABEL = 18
"""The type of a component that holds one other."""
_LONG_NUMBER = re.compile(r"[0-9]{19,}")


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: _cleaned(each) for key, each in value.items()}
    return [_cleaned(each) for each in value] if isinstance(value, list) else value


def _are_components(found: Any) -> bool:
    """Whether it is a list of components, with those inside them."""
    return isinstance(found, list) and all(
        isinstance(each, dict)
        and isinstance(each["type"], int)
        and _are_components(each.get("components", []))
        and (each["type"] != _LABEL or _are_components([each["component"]]))
        and isinstance(each.get("custom_id", ""), str)
        and isinstance(each.get("values", []), list)
        for each in found
    )


def _are_options(found: Any) -> bool:
    """Whether it is a list of what was given to a command, with its groups."""
    return isinstance(found, list) and all(
        isinstance(each, dict) and isinstance(each["name"], str) and _are_options(each.get("options", []))
        for each in found
    )
