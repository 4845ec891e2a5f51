"""`/learn` for administrators: runs, reports, the permission to train on messages, and whose verdicts teach.

Any moderator may write an example and take it back, once an administrator gave moderators the group in the server's
settings.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

import discord
from discord import app_commands

from bot.chat import learn_texts as texts
from bot.chat.answering import Said, answer, guild_of, open_form
from bot.chat.inert import inert
from bot.chat.learn_example import example_form
from bot.chat.learn_lines import run_lines
from bot.chat.learn_report import report_card
from bot.chat.schedule_command import schedule_command
from bot.chat.staff import is_administrator
from bot.core.influence import Contradiction
from bot.core.lessons import Permit
from bot.errors import BotError
from bot.flow.learn import LEAST_TRAINABLE
from bot.store.lessons import JudgeDecision

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

MESSAGE_LIMIT = 1900
FIELD_LIMIT = 300
MOST_HELD = 5
"""Moderators with buttons at a time: a message takes five rows of them."""
NAME_LIMIT = 40
MAX_NUMBER = 10**12


class LearnCommands(app_commands.Group):
    """The group; each method is one command and answers privately."""

    def __init__(self) -> None:
        super().__init__(
            name="learn",
            description="Teach me, and decide what becomes of it.",
            default_permissions=discord.Permissions(manage_guild=True),
            guild_only=True,
        )
        self.add_command(schedule_command())

    @app_commands.command()
    async def run(self, interaction: Pressed) -> None:
        """Train a new model on what your team said. Nothing changes until you press in its report."""
        await answer(interaction, partial(_run, interaction), feature="learn")

    @app_commands.command()
    async def runs(self, interaction: Pressed) -> None:
        """List the last training runs: how they went and what they found."""
        await answer(interaction, partial(_runs, interaction), feature="learn")

    @app_commands.command()
    async def report(self, interaction: Pressed) -> None:
        """Show the report on the newest model."""

        async def work() -> Said:
            return Said(view=report_card(await interaction.client.flows.retraining.newest(guild_of(interaction))))

        await answer(interaction, work, feature="learn")

    @app_commands.command()
    async def rollback(self, interaction: Pressed) -> None:
        """Let the previous model serve again, at once."""

        async def work() -> str:
            return await interaction.client.flows.retraining.rollback(by=interaction.user.id)

        await answer(interaction, work, feature="learn")

    @app_commands.command()
    @app_commands.describe(
        reference="Where Discord permits it expressly: a ticket, a letter, an agreement.",
        scope="What it covers, such as channels or a time.",
        revoke="True: take the permission back.",
    )
    async def permit(
        self,
        interaction: Pressed,
        reference: app_commands.Range[str, 1, FIELD_LIMIT] | None = None,
        scope: app_commands.Range[str, 1, FIELD_LIMIT] | None = None,
        revoke: bool = False,
    ) -> None:
        """Record Discord's permission to train on messages of this server; without options: show it."""
        await answer(interaction, partial(_permit, interaction, reference, scope, revoke), feature="learn")

    @app_commands.command()
    async def example(self, interaction: Pressed) -> None:
        """Teach me a line in your own words."""
        await open_form(interaction, example_form, feature="teach")

    @app_commands.command()
    @app_commands.describe(number="The number that you were told when it was written.")
    async def withdraw(self, interaction: Pressed, number: app_commands.Range[int, 1, MAX_NUMBER]) -> None:
        """Take an example back: no run learns from it any more. Moderators take back their own."""

        async def work() -> str:
            return await interaction.client.flows.lessons.withdraw(
                guild_id=guild_of(interaction),
                number=number,
                written_by=None if is_administrator(interaction) else interaction.user.id,
            )

        await answer(interaction, work, feature="learn" if is_administrator(interaction) else "teach")

    @app_commands.command()
    async def moderators(self, interaction: Pressed) -> None:
        """Decide about verdicts that contradict everybody else's."""
        await answer(interaction, partial(_moderators, interaction), feature="learn")


class JudgeButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"candor:v1:judge_(?P<decision>allow|drop):(?P<moderator_id>[0-9]{1,20})",
):
    """An administrator's word on one moderator's verdicts."""

    def __init__(self, decision: JudgeDecision, moderator_id: int, name: str = "") -> None:
        label = (texts.BUTTON_ALLOW if decision == "allow" else texts.BUTTON_DROP).format(name=name).strip()
        style = discord.ButtonStyle.secondary if decision == "allow" else discord.ButtonStyle.danger
        custom_id = f"candor:v1:judge_{decision}:{moderator_id}"
        super().__init__(discord.ui.Button(label=label, style=style, custom_id=custom_id))
        self.decision: JudgeDecision = decision
        self.moderator_id = moderator_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> JudgeButton:
        """The button that was pressed."""
        decision = cast("Literal['allow', 'drop']", match["decision"])
        return cls(decision, int(match["moderator_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(self._press, interaction), feature="learn")

    async def _press(self, interaction: Pressed) -> str:
        return await interaction.client.flows.lessons.decide_judge(
            guild_id=guild_of(interaction),
            moderator_id=self.moderator_id,
            decision=self.decision,
            by=interaction.user.id,
        )


async def _run(interaction: Pressed) -> str:
    flows, guild_id = interaction.client.flows, guild_of(interaction)
    run = await flows.learn.start(guild_id=guild_id, by=interaction.user.id)
    channel_id = (await flows.setup.rules(guild_id)).reports_to
    held = int(run.facts.get("held_moderators", 0))
    people = "moderator" if held == 1 else "moderators"
    said = texts.STARTED_HELD.format(number=held, moderators=people) if held else ""
    number = int(run.facts["examples"])
    trainable = number - int(run.facts.get("refused", 0))
    limits = texts.STARTED_LIMITS.format(trainable=trainable) if trainable < LEAST_TRAINABLE else ""
    if channel_id is None:
        return texts.STARTED_UNSEEN.format(number=number, held=said) + limits
    return texts.STARTED.format(number=number, held=said, channel_id=channel_id) + limits


async def _runs(interaction: Pressed) -> str:
    lines: list[str] = []
    runs = await interaction.client.flows.learn.newest()
    last_done = next((run for run in runs if run.result is not None), None)
    for run in runs:
        more = run_lines(run, newest=run is last_done)
        if sum(len(line) + 1 for line in [*lines, *more]) > MESSAGE_LIMIT:
            break
        lines += more
    return "\n".join(lines) or texts.RUNS_NONE


async def _permit(interaction: Pressed, reference: str | None, scope: str | None, revoke: bool) -> str:
    lessons, guild_id, by = interaction.client.flows.lessons, guild_of(interaction), interaction.user.id
    if revoke:
        return await lessons.revoke(guild_id=guild_id, by=by)
    if reference and scope:
        return await lessons.permit(guild_id=guild_id, reference=reference, scope=scope, by=by)
    if reference or scope:
        raise BotError(texts.PERMIT_NEEDS_BOTH)
    permit = await lessons.permission(guild_id)
    return texts.PERMIT_NONE if permit is None else _permit_line(permit)


def _permit_line(permit: Permit) -> str:
    return texts.PERMIT_HELD.format(
        user_id=permit.recorded_by,
        when=discord.utils.format_dt(permit.recorded_at, "d"),
        reference=inert(permit.reference, limit=FIELD_LIMIT * 2),
        scope=inert(permit.scope, limit=FIELD_LIMIT * 2),
    )


async def _moderators(interaction: Pressed) -> Said | str:
    held = (await interaction.client.flows.lessons.held(guild_of(interaction)))[:MOST_HELD]
    if not held:
        return texts.MODERATORS_NONE
    view = discord.ui.View(timeout=None)
    for row, each in enumerate(held):
        for decision in ("allow", "drop"):
            button: Any = JudgeButton(decision, each.moderator_id, _name(interaction, each))
            button.item.row = row
            view.add_item(button)
    return Said("\n".join([texts.MODERATORS_HEAD, *(each.sentence for each in held)]), view)


def _name(interaction: Pressed, held: Contradiction) -> str:
    member = interaction.guild.get_member(held.moderator_id) if interaction.guild else None
    return (member.display_name if member else str(held.moderator_id))[:NAME_LIMIT]
