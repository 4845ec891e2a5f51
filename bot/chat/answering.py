"""Every press, choice and command is answered here: in time, privately, with one sentence, whatever happens.

Discord wants an answer within 3 seconds, so the interaction is deferred first. What a person may be told is told; what
nobody foresaw is logged with ids and told as such. Nothing is raised, not even where the interaction's token expired.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import discord
import structlog

from bot.chat import permissions, texts
from bot.chat.messages import UNANSWERED
from bot.core.events import LARGEST_ID
from bot.errors import BotError, NotAllowed, StoreUnavailable
from moderation_model.errors import ModelError

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

    Pressed = discord.Interaction[CandorBot]

log = structlog.get_logger(__name__)

MESSAGE_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: text, or a view, or for a plain view both; a form; files. `refused`: nothing was done."""

    text: str | None = None
    view: discord.ui.View | discord.ui.LayoutView | None = None
    refused: bool = False
    form: discord.ui.Modal | None = None
    file: discord.File | None = None
    files: tuple[discord.File, ...] = ()


Work = Callable[[], Awaitable[Said | str]]


async def answer(interaction: Pressed, work: Work, *, feature: permissions.Feature, replace: bool = False) -> None:
    """Check that the person may, do `work`, answer privately. `replace`: the answer takes the place of the message
    that was pressed (a private menu, now with the answer's own view or none) unless it is a refusal, else it is a
    message of its own."""
    try:
        if not await _may(interaction, feature):
            return
        if not await _deferred(interaction):
            return
        said = await _said(interaction, work)
        await _send(interaction, said, replace=replace)
    except UNANSWERED as error:
        # The person is out of reach: the token expired or Discord is away. What was done stands.
        log.warning("unanswered", interaction_id=interaction.id, why=type(error).__name__)


async def open_form(interaction: Pressed, work: Work, *, feature: permissions.Feature) -> None:
    """Check that the person may, then show the form that `work` makes.

    A form cannot follow a deferred answer, so `work` does nothing slower than reading a case.
    """
    try:
        if not await _may(interaction, feature):
            return
        if interaction.client.flows.spooling.away_since is not None:
            said = Said(texts.DATABASE_AWAY)  # at once: a form must come within 3 s
        else:
            said = await _said(interaction, work)
        if said.form is not None:
            await interaction.response.send_modal(said.form)
        else:
            await interaction.response.send_message(said.text, ephemeral=True)
    except UNANSWERED as error:
        log.warning("unanswered", interaction_id=interaction.id, why=type(error).__name__)


async def _may(interaction: Pressed, feature: permissions.Feature) -> bool:
    sentence = None
    if interaction.guild_id is None:
        sentence = None if permissions.NEEDS[feature].outside else texts.ONLY_ON_A_SERVER
    else:
        try:
            permissions.require(interaction.permissions, feature)
        except BotError as error:
            sentence = str(error)
    if sentence is None:
        return True
    await interaction.response.send_message(sentence, ephemeral=True)
    return False


async def _deferred(interaction: Pressed) -> bool:
    """Whether the interaction could be taken; if not, the person saw a failure and nothing is done."""
    try:
        if interaction.type is discord.InteractionType.component:
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
    except (discord.NotFound, discord.InteractionResponded) as error:
        log.warning("not_deferred", interaction_id=interaction.id, why=type(error).__name__)
        return False
    return True


async def _said(interaction: Pressed, work: Work) -> Said:
    ids = {"interaction_id": interaction.id, "guild_id": interaction.guild_id, "user_id": interaction.user.id}
    try:
        said = await work()
    except StoreUnavailable as error:
        log.warning("refused", why=type(error).__name__, **ids)
        return Said(texts.DATABASE_AWAY, refused=True)
    except (BotError, ModelError) as error:
        log.info("refused", why=type(error).__name__, **ids)
        return Said(str(error), refused=True)
    except discord.Forbidden as error:
        log.warning("forbidden", code=error.code, **ids)
        return Said(texts.DISCORD_REFUSED, refused=True)
    except UNANSWERED as error:
        log.warning("discord_silent", why=type(error).__name__, **ids)
        return Said(texts.DISCORD_SILENT, refused=True)
    except Exception:
        log.exception("answer_failed", **ids)
        interaction.client.failures += 1
        return Said(texts.BROKE, refused=True)
    return Said(said) if isinstance(said, str) else said


async def _send(interaction: Pressed, said: Said, *, replace: bool) -> None:
    text = said.text if said.text is None or len(said.text) <= MESSAGE_LIMIT else said.text[: MESSAGE_LIMIT - 1] + "…"
    if replace and not said.refused:
        await interaction.edit_original_response(content=text, view=cast("Any", said.view))
        return
    options: dict[str, Any] = {"ephemeral": True}
    if text is not None:
        options["content"] = text
    if said.view is not None:
        options["view"] = said.view
    if said.file is not None:
        options["file"] = said.file
    if said.files:
        options["files"] = list(said.files)
    await interaction.followup.send(**options)


@contextmanager
def deciding(interaction: Pressed, case_id: int) -> Iterator[None]:
    """One decision on a case at a time. Raises NotAllowed for the second."""
    busy = interaction.client.deciding
    if case_id in busy:
        raise NotAllowed(texts.BUSY)
    busy.add(case_id)
    try:
        yield
    finally:
        busy.discard(case_id)


def ids_in(values: Sequence[object]) -> frozenset[int]:
    """The ids that were chosen in a menu. Raises NotAllowed where one is none of Discord's or ours."""
    written = [value for value in values if isinstance(value, str) and value.isascii() and value.isdigit()]
    found = frozenset(int(value) for value in written if len(value) <= len(str(LARGEST_ID)))
    if len(found) != len(set(values)) or max(found, default=0) > LARGEST_ID:
        raise NotAllowed(texts.MENU_UNREADABLE)
    return found


def guild_of(interaction: Pressed) -> int:
    """The server's id; `answer` has made sure that there is one."""
    assert interaction.guild_id is not None, "answer() refuses interactions outside servers"
    return interaction.guild_id


def member_of(interaction: Pressed) -> discord.Member:
    """The person as a member; on a server Discord always sends one."""
    assert isinstance(interaction.user, discord.Member), "interactions on a server carry a member"
    return interaction.user
