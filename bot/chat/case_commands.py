"""`/case` for moderators, and "Why?" under a message's "Apps"."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import discord
import structlog
from discord import app_commands

from bot.chat import report_texts, texts
from bot.chat.acting import undo
from bot.chat.answering import Said, answer, guild_of, member_of
from bot.chat.cards import review_card
from bot.chat.case_choices import case_choices
from bot.chat.case_lists import LABEL_CHOICES, WHY_CHOICES, filter_of, list_cases, member_cases
from bot.chat.inert import inert
from bot.chat.listener import incoming, person
from bot.chat.report_lines import reporters_lines
from bot.chat.staff import may_read, may_see_reporters, readable_case
from bot.chat.why_lines import action_name, case_text, scores_line, sentiment_line, why_line, words_line
from bot.core.cases import Case
from bot.core.events import clean
from bot.core.languages import language_names
from bot.errors import NotAllowed
from bot.flow.deciding import LONGEST_NOTE
from bot.flow.review import Checked

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

log = structlog.get_logger(__name__)

SHOWN_TEXT = 3000
MAX_CASE_ID = 10**12


class CaseCommands(app_commands.Group):
    """The group; each method is one command and answers privately."""

    def __init__(self) -> None:
        super().__init__(
            name="case",
            description="Look at cases, and at what the model makes of a text.",
            default_permissions=discord.Permissions(moderate_members=True),
            guild_only=True,
        )

    @app_commands.command()
    @app_commands.describe(case_id="The number on the card.")
    async def show(self, interaction: Pressed, case_id: app_commands.Range[int, 1, MAX_CASE_ID]) -> None:
        """Show a case as its card stands now."""

        async def work() -> Said:
            case = await readable_case(interaction, case_id)
            background = await interaction.client.flows.deciding.background(case)
            private = await _reporters(interaction, case)
            return Said(view=review_card(case, background, buttons=False, text_limit=SHOWN_TEXT, private=private))

        await answer(interaction, work, feature="why")

    @app_commands.command()
    @app_commands.describe(case_id="The number on the card.")
    async def why(self, interaction: Pressed, case_id: app_commands.Range[int, 1, MAX_CASE_ID]) -> None:
        """Say why a case was opened: every score, the words, the model's version, what was done."""

        async def work() -> str:
            case = await readable_case(interaction, case_id)
            return "\n".join([case_text(case), await _reporters(interaction, case)]).rstrip()

        await answer(interaction, work, feature="why")

    @app_commands.command()
    @app_commands.describe(case_id="The number on the card.")
    async def undo(self, interaction: Pressed, case_id: app_commands.Range[int, 1, MAX_CASE_ID]) -> None:
        """Take back what was done about a case, and open it again."""

        async def work() -> Said:
            case = await readable_case(interaction, case_id)
            if case.lead_id is not None:
                raise NotAllowed(report_texts.UNDO_SHARED.format(case_id=case_id, lead_id=case.lead_id))
            return await undo(interaction, case_id)

        await answer(interaction, work, feature="review")

    @app_commands.command()
    @app_commands.describe(case_id="The number on the card.", text="What the other moderators should know.")
    async def note(
        self,
        interaction: Pressed,
        case_id: app_commands.Range[int, 1, MAX_CASE_ID],
        text: app_commands.Range[str, 1, LONGEST_NOTE],
    ) -> None:
        """Write a note on a case, for the other moderators."""

        async def work() -> str:
            case = await readable_case(interaction, case_id)
            reply = await interaction.client.flows.deciding.note(
                guild_id=guild_of(interaction),
                case_id=case.lead_id or case_id,
                moderator=person(member_of(interaction)),
                text=clean(text),
            )
            return reply.sentence

        await answer(interaction, work, feature="review")

    @show.autocomplete("case_id")
    @why.autocomplete("case_id")
    @note.autocomplete("case_id")
    async def _cases(self, interaction: Pressed, current: str) -> list[app_commands.Choice[int]]:
        return await case_choices(interaction, current)

    @undo.autocomplete("case_id")
    async def _undoable(self, interaction: Pressed, current: str) -> list[app_commands.Choice[int]]:
        return await case_choices(interaction, current, undoable=True)

    @app_commands.command(name="list")
    @app_commands.describe(state="Open or closed.", why="Why the case was opened.", label="A label that was reached.")
    @app_commands.choices(why=WHY_CHOICES, label=LABEL_CHOICES)
    async def pages(
        self,
        interaction: Pressed,
        state: Literal["open", "closed"] | None = None,
        why: str | None = None,
        label: str | None = None,
    ) -> None:
        """List this server's cases, newest first."""
        await answer(interaction, partial(list_cases, interaction, filter_of(why, label, state), 1), feature="why")

    @app_commands.command()
    @app_commands.describe(member="Whose cases.")
    async def member(self, interaction: Pressed, member: discord.User) -> None:
        """Say how many cases a member has, how many were confirmed, and which are the newest."""
        await answer(interaction, partial(member_cases, interaction, member.id), feature="why")

    @app_commands.command()
    @app_commands.describe(text="Any text. It is scored and forgotten.")
    async def check(self, interaction: Pressed, text: app_commands.Range[str, 1, 4000]) -> None:
        """Say what the model and this server's rules make of a text. Nothing is stored."""
        await answer(interaction, partial(_check, interaction, text), feature="check")


def why_menu() -> app_commands.ContextMenu:
    """The entry under a message's "Apps", for moderators."""
    menu = app_commands.ContextMenu(name="Why?", callback=_why_message)
    menu.default_permissions = discord.Permissions(moderate_members=True)
    menu.guild_only = True
    return menu


async def _why_message(interaction: Pressed, message: discord.Message) -> None:
    async def work() -> str:
        case = await interaction.client.flows.review.of_message(guild_id=guild_of(interaction), message_id=message.id)
        if case is not None and may_read(interaction, case):
            return case_text(case)
        looked_at = incoming(message, discord.utils.utcnow(), own_application_id=interaction.client.application_id)
        if looked_at is None or not looked_at.parts:
            return texts.NOTHING_TO_SCORE
        return f"{texts.NO_CASE_FOR_MESSAGE} {await _check(interaction, looked_at.text)}"

    await answer(interaction, work, feature="why")


async def _reporters(interaction: Pressed, case: Case) -> str:
    """Who reported, where the presser may know it."""
    if not case.reports or not may_see_reporters(interaction, case):
        return ""
    log.info("reporters_shown", case_id=case.case_id, guild_id=case.guild_id, user_id=interaction.user.id)
    return reporters_lines(await interaction.client.flows.reporting.reporters(case))


async def _check(interaction: Pressed, text: str) -> str:
    return check_text(await interaction.client.flows.review.check(guild_id=guild_of(interaction), text=text))


def check_text(checked: Checked) -> str:
    """What would happen to the text, and on which scores."""
    prediction, decision = checked.prediction, checked.decision
    if not prediction.readable and prediction.language:
        language, reads = language_names([prediction.language]), language_names(checked.reads)
        return texts.CHECK_LANGUAGE.format(language=language, reads=reads)
    if not prediction.readable:
        return texts.CHECK_UNREADABLE
    lines = [texts.CHECK_CASE.format(why=texts.WHY_OPENED[decision.opens]) if decision.opens else texts.CHECK_NOTHING]
    if decision.reasons:
        lines.append(why_line(decision.reasons))
    if decision.actions:
        lines.append(texts.CHECK_ACTIONS.format(actions=", ".join(map(action_name, decision.actions))))
    if decision.withheld:
        actions = ", ".join(map(action_name, decision.withheld))
        lines.append(texts.CHECK_WITHHELD.format(why=decision.withheld_why, actions=actions))
    lines.append(texts.SEEN_AS.format(reading=texts.READINGS.get(prediction.reading, prediction.reading)))
    lines += [words_line(checked.explanation), scores_line(prediction.scores), sentiment_line(prediction.sentiment)]
    lines.append(texts.MODEL.format(version=inert(prediction.model_version, limit=80)))
    return "\n".join(line for line in lines if line)
