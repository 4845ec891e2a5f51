"""Forms that a moderator fills in: a note on a case, and a word that is fine on this server.

discord.py forgets open forms at a restart, so what was sent is handled by its `custom_id` alone (`submitted`), also
when the same form arrives twice.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import discord

from bot.chat import texts
from bot.chat.answering import Said, answer, guild_of, member_of
from bot.chat.listener import person
from bot.chat.staff import readable_case
from bot.chat.why_lines import TOP_WORDS
from bot.core.events import clean
from bot.flow.deciding import LONGEST_NOTE

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

FORM_SECONDS = 900.0
"""How long discord.py remembers an open form; it is answered after that, too."""
LONGEST_WORD = 100
FIELD = "text"
MENU = "labels"
_CUSTOM_ID = re.compile(r"candor:v1:form_(?P<kind>note|fine_word):(?P<case_id>[0-9]{1,18})")


async def note_form(interaction: Pressed, case_id: int) -> Said:
    """The form for a note. Raises CaseNotFound."""
    await readable_case(interaction, case_id)
    field = discord.ui.TextInput[Any](
        custom_id=FIELD, style=discord.TextStyle.paragraph, min_length=1, max_length=LONGEST_NOTE
    )
    label = discord.ui.Label[Any](text=texts.NOTE_FIELD, description=texts.NOTE_HELP, component=field)
    return _form("note", texts.NOTE_TITLE.format(case_id=case_id), case_id, label)


async def fine_word_form(interaction: Pressed, case_id: int) -> Said:
    """The form for a word that is fine here, filled with the word that counted most. Raises CaseNotFound."""
    case = await readable_case(interaction, case_id)
    top = case.explanation.top(TOP_WORDS) if case.explanation else ()
    field = discord.ui.TextInput[Any](
        custom_id=FIELD, default=top[0][:LONGEST_WORD] if top else None, min_length=1, max_length=LONGEST_WORD
    )
    counted = texts.FINE_WORD_COUNTED.format(words=", ".join(top))[:100] if top else texts.FINE_WORD_HELP
    label = discord.ui.Label[Any](text=texts.FINE_WORD_FIELD, description=counted, component=field)
    return _form("fine_word", texts.FINE_WORD_TITLE, case_id, label)


async def submitted(interaction: Pressed) -> None:
    """Answer a form that was sent, if it is one of these; raises nothing."""
    form = filled(interaction, _CUSTOM_ID)
    if form is not None:
        work = partial(_WORK[form.ids["kind"]], interaction, int(form.ids["case_id"]), form.text)
        await answer(interaction, work, feature="review")


async def _note(interaction: Pressed, case_id: int, text: str) -> str:
    reply = await interaction.client.flows.deciding.note(
        guild_id=guild_of(interaction), case_id=case_id, moderator=person(member_of(interaction)), text=text
    )
    return reply.sentence


async def _fine_word(interaction: Pressed, case_id: int, text: str) -> str:
    flows, guild_id = interaction.client.flows, guild_of(interaction)
    await readable_case(interaction, case_id)
    return await flows.setup.fine_word(guild_id=guild_id, word=text, remove=False, by=member_of(interaction).id)


_WORK: dict[str, Callable[[Any, int, str], Awaitable[str]]] = {"note": _note, "fine_word": _fine_word}


def _form(kind: str, title: str, case_id: int, label: discord.ui.Label[Any]) -> Said:
    form = discord.ui.Modal(title=title, custom_id=f"candor:v1:form_{kind}:{case_id}", timeout=FORM_SECONDS)
    form.add_item(label)
    return Said(form=form)


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that was sent: what its `custom_id` names, what was written in its field, what was chosen in its menu."""

    ids: re.Match[str]
    text: str
    chosen: tuple[str, ...]


def filled(interaction: Pressed, custom_id: re.Pattern[str]) -> Filled | None:
    """What was sent, if it is a form with that `custom_id`."""
    data: Mapping[str, Any] = interaction.data or {}  # pyright: ignore[reportAssignmentType]
    ids = custom_id.fullmatch(str(data.get("custom_id", "")))
    if ids is None:
        return None
    parts = list(_parts(data.get("components", ())))
    text = next((str(part.get("value") or "") for part in parts if part.get("custom_id") == FIELD), "")
    chosen = (str(value) for part in parts if part.get("custom_id") == MENU for value in part.get("values", ()))
    return Filled(ids, clean(text), tuple(chosen))


def _parts(components: Any) -> Iterator[Mapping[str, Any]]:
    """Every component with those inside it."""
    for component in components:
        yield component
        yield from _parts(component.get("components", ()))
        if component.get("component"):
            yield from _parts([component["component"]])
