"""The sample card of `/candor setup`: looks and answers like a real one, and is stored nowhere."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import discord

from bot.chat import setup_texts, texts
from bot.chat.answering import Said, answer, guild_of
from bot.chat.cards import Card, review_card
from bot.core.cases import ActionRecord, Background, Case, VerdictKind, Vote
from bot.core.feedback import answers
from bot.core.guild_rules import GuildRules
from bot.core.policy import Action, Delete, Reason, Timeout
from moderation_model.contract import AS_WRITTEN

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

SampleVerb = Literal["breaks", "fine", "skip", "delete", "timeout", "undo"]

_LABELS: dict[SampleVerb, str] = {
    "breaks": texts.BUTTON_BREAKS,
    "fine": texts.BUTTON_FINE,
    "skip": texts.BUTTON_SKIP,
    "delete": texts.BUTTON_DELETE,
    "timeout": texts.BUTTON_TIMEOUT,
    "undo": texts.BUTTON_UNDO,
}
_STYLES = {"breaks": discord.ButtonStyle.danger, "fine": discord.ButtonStyle.success}
_VERDICTS: dict[SampleVerb, VerdictKind] = {"fine": "fine", "skip": "skip"}
_ACTIONS: dict[SampleVerb, Action] = {"delete": Delete(), "timeout": Timeout(600)}


class SampleButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=rf"candor:v1:sample_(?P<verb>{'|'.join(get_args(SampleVerb))})",
):
    """One button of the sample."""

    def __init__(self, verb: SampleVerb) -> None:
        super().__init__(
            discord.ui.Button(
                label=_LABELS[verb],
                style=_STYLES.get(verb, discord.ButtonStyle.secondary),
                custom_id=f"candor:v1:sample_{verb}",
            )
        )
        self.verb: SampleVerb = verb

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> SampleButton:
        """The button that was pressed."""
        return cls(cast("SampleVerb", match["verb"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(self._press, interaction), feature="administer", replace=True)

    async def _press(self, interaction: Pressed) -> Said:
        rules = await interaction.client.flows.setup.rules(guild_of(interaction))
        pressed = None if self.verb == "undo" else self.verb
        return Said(view=sample_card(rules, interaction.user.id, interaction.created_at, pressed=pressed))


def sample_card(rules: GuildRules, user_id: int, now: datetime, *, pressed: SampleVerb | None = None) -> Card:
    """The sample as it looks after `pressed`, by that person; None: open."""
    case = _case(rules, user_id, now)
    if pressed is not None:
        verdict = _VERDICTS.get(pressed, "breaks_rules")
        vote = Vote(0, user_id, verdict, answers(verdict, case.reasons), None, now)
        done = (ActionRecord(0, 0, _ACTIONS[pressed], "done", user_id),) if pressed in _ACTIONS else ()
        case = replace(case, state="closed", closed_at=now, votes=(vote,), actions=done)
    card = review_card(case, Background(titles={"insult": rules.title("insult")}), buttons=False)
    container = next(iter(card.children))
    assert isinstance(container, discord.ui.Container), "a card is one container"
    rows: list[tuple[SampleVerb, ...]] = [("undo",)]
    if pressed is None:
        rows = [("breaks", "fine", "skip"), ("delete", "timeout")]
    for row in rows:
        buttons: list[Any] = [SampleButton(verb) for verb in row]
        container.add_item(discord.ui.ActionRow(*buttons))
    container.add_item(discord.ui.TextDisplay(setup_texts.SAMPLE_HOW))
    return card


def _case(rules: GuildRules, user_id: int, now: datetime) -> Case:
    place = rules.review_channel_id or rules.guild_id
    return Case(
        case_id=0,
        guild_id=rules.guild_id,
        channel_id=place,
        message_id=0,
        revision=0,
        author_id=user_id,
        author_name=setup_texts.SAMPLE_NAME,
        opened_why="flagged",
        state="open",
        text=setup_texts.TRYING_LINE,
        jump_url=f"https://discord.com/channels/{rules.guild_id}/{place}",
        posted_at=now,
        opened_at=now,
        reasons=(Reason("insult", 0.93, 0.85, "model", AS_WRITTEN, "", "content"),),
        reading=AS_WRITTEN,
        withheld_why="shadow: nothing done",
    )
