"""More… and Change: a private menu with everything that a card has no room for.

Every choice is handled by its `custom_id`, so a menu that was opened before a restart still works. A menu remembers how
the case stood when it was opened (`stamp`): what somebody decided since is not overruled by an old menu.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import discord

from bot.chat import deed_texts, texts
from bot.chat.acting import act, judge, require_may, require_unchanged, stamp
from bot.chat.answering import Said, answer, deciding, guild_of, member_of, open_form
from bot.chat.inert import inert
from bot.chat.listener import person
from bot.chat.modals import fine_word_form, note_form
from bot.chat.staff import readable_case
from bot.chat.why_lines import NAME_LIMIT, case_text
from bot.core.actions import Ban, Kick
from bot.core.cases import Case, VerdictKind
from bot.core.policy import Action, Timeout
from bot.errors import NotAllowed
from moderation_model.labels import LABELS

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

OTHER_REASON = "other_reason"

Entry = Literal[
    "breaks", "fine", "skip", "hour", "day", "kick", "kick_yes", "ban", "ban_yes", "fine_word", "note", "opinion",
    "think_breaks", "think_fine", "think_skip", "scores", "picture",
]  # fmt: skip

_VERDICTS: dict[Entry, VerdictKind] = {"breaks": "breaks_rules", "fine": "fine", "skip": "skip"}
_THINKS: dict[Entry, VerdictKind] = {"think_breaks": "breaks_rules", "think_fine": "fine", "think_skip": "skip"}
_ACTIONS: dict[Entry, Action] = {"hour": Timeout(3600), "day": Timeout(24 * 3600), "ban_yes": Ban(), "kick_yes": Kick()}
_FORMS = {"fine_word": fine_word_form, "note": note_form}
_ANSWERED_BESIDE = frozenset({"scores", "picture"})
"""Entries whose answer leaves the menu as it is; every other answer takes its place."""


class MoreButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=rf"candor:v1:more_(?P<entry>{'|'.join(get_args(Entry))}):(?P<case_id>[0-9]{{1,18}}):(?P<seen>[0-9]{{1,12}})",
):
    """One button of the menu."""

    def __init__(self, entry: Entry, case_id: int, seen: int, *, row: int | None = None) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts.MORE_ENTRIES[entry],
                style=discord.ButtonStyle.danger if entry in ("ban_yes", "kick_yes") else discord.ButtonStyle.secondary,
                custom_id=f"candor:v1:more_{entry}:{case_id}:{seen}",
                row=row,
            )
        )
        self.entry: Entry = entry
        self.case_id = case_id
        self.seen = seen

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> MoreButton:
        """The button that was pressed."""
        return cls(cast("Entry", match["entry"]), int(match["case_id"]), int(match["seen"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        form = _FORMS.get(self.entry)
        if form is not None:
            await open_form(interaction, partial(form, interaction, self.case_id), feature="review")
            return
        replace = self.entry not in _ANSWERED_BESIDE
        await answer(interaction, partial(self._press, interaction), feature="review", replace=replace)

    async def _press(self, interaction: Pressed) -> Said | str:
        if self.entry in _ACTIONS:
            return await act(interaction, self.case_id, _ACTIONS[self.entry], seen=self.seen)
        if self.entry == "ban":
            return await self._ask(interaction, Ban(), texts.BAN_ASK, "ban_yes")
        if self.entry == "kick":
            return await self._ask(interaction, Kick(), deed_texts.KICK_ASK, "kick_yes")
        if self.entry == "opinion":
            return Said(texts.OPINION_ASK, self._menu("think_breaks", "think_fine", "think_skip"))
        if self.entry == "scores":
            case = await readable_case(interaction, self.case_id)
            return case_text(case)
        if self.entry == "picture":
            return await self._picture(interaction)
        with deciding(interaction, self.case_id):
            if self.entry in _THINKS:
                return await self._second_opinion(interaction, _THINKS[self.entry])
            return await judge(interaction, self.case_id, _VERDICTS[self.entry], seen=self.seen)

    async def _picture(self, interaction: Pressed) -> Said:
        png, words = await interaction.client.flows.deciding.picture(
            guild_id=guild_of(interaction), case_id=self.case_id
        )
        # Hidden until tapped, like the text on the card.
        file = discord.File(BytesIO(png), f"case-{self.case_id}.png", spoiler=True, description=words)
        return Said(texts.PICTURE.format(case_id=self.case_id), file=file)

    async def _ask(self, interaction: Pressed, action: Action, question: str, yes: Entry) -> Said:
        """The question that comes before what only a person may do."""
        case = (await require_may(interaction, self.case_id, action, seen=self.seen)).group[-1]
        name = inert(case.author_name or str(case.author_id), limit=NAME_LIMIT)
        return Said(question.format(name=name, case_id=self.case_id), self._menu(yes))

    async def _second_opinion(self, interaction: Pressed, verdict: VerdictKind) -> str:
        reply = await interaction.client.flows.deciding.second_opinion(
            guild_id=guild_of(interaction),
            case_id=self.case_id,
            moderator=person(member_of(interaction)),
            verdict=verdict,
        )
        return reply.sentence

    def _menu(self, *entries: Entry) -> discord.ui.View:
        return _with_buttons(discord.ui.View(timeout=None), [entries], self.case_id, self.seen)


class LabelSelect(
    discord.ui.DynamicItem[discord.ui.Select[Any]],
    template=r"candor:v1:labels:(?P<case_id>[0-9]{1,18})(?::(?P<seen>[0-9]{1,12}))?",
):
    """The labels to choose from; `chosen` are ticked already. `seen` is None on menus of an earlier version."""

    def __init__(self, case_id: int, seen: int | None = None, *, chosen: tuple[str, ...] = ()) -> None:
        options = [
            discord.SelectOption(
                label=spec.title, value=spec.name, description=spec.description[:100], default=spec.name in chosen
            )
            for spec in LABELS
        ]
        options.append(
            discord.SelectOption(
                label=texts.MENU_OTHER_REASON, value=OTHER_REASON, description=texts.MENU_OTHER_REASON_HELP
            )
        )
        super().__init__(
            discord.ui.Select(
                custom_id=f"candor:v1:labels:{case_id}" + (f":{seen}" if seen is not None else ""),
                placeholder=texts.MENU_LABELS,
                min_values=0,
                max_values=len(options),
                options=options,
            )
        )
        self.case_id = case_id
        self.seen = seen

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> LabelSelect:
        """The menu in which was chosen."""
        return cls(int(match["case_id"]), int(match["seen"]) if match["seen"] else None)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the choice; raises nothing."""
        await answer(interaction, partial(self._choose, interaction), feature="review", replace=True)

    async def _choose(self, interaction: Pressed) -> str:
        chosen = set(self.item.values)
        if OTHER_REASON in chosen and len(chosen) > 1:
            raise NotAllowed(texts.LABELS_OR_OTHER)
        other = OTHER_REASON in chosen
        review, guild_id = interaction.client.flows.review, guild_of(interaction)
        with deciding(interaction, self.case_id):
            require_unchanged(await readable_case(interaction, self.case_id), self.seen)
            reply = await review.vote(
                guild_id=guild_id,
                case_id=self.case_id,
                moderator=person(member_of(interaction)),
                verdict="other_reason" if other else "breaks_rules",
                chosen=None if other else chosen,
            )
        return reply.sentence


async def more_menu(interaction: Pressed, case_id: int) -> Said:
    """The menu for one case, with the labels ticked that were flagged or chosen last. Raises CaseNotFound, NotAllowed.

    On a decided case (Change) it begins with the verdicts.
    """
    review, moderator = interaction.client.flows.review, person(member_of(interaction))
    case = (await review.group(guild_id=guild_of(interaction), case_id=case_id, moderator=moderator))[-1]
    seen = stamp(case)
    rows: list[tuple[Entry, ...]] = [("hour", "day", "kick", "ban"), ("fine_word", "note", "scores")]
    view = discord.ui.View(timeout=None)
    if case.state == "closed":
        _with_buttons(view, [("breaks", "fine", "skip")], case_id, seen)
    else:
        rows[1] = ("opinion", *rows[1])
    if case.explanation is not None:
        rows[1] = (*rows[1], "picture")
    view.add_item(LabelSelect(case_id, seen, chosen=ticked(case)))
    _with_buttons(view, rows, case_id, seen, first=1 + (case.state == "closed"))
    return Said(texts.CHOOSE_LABELS.format(case_id=case_id), view)


def _with_buttons(
    view: discord.ui.View, rows: Sequence[tuple[Entry, ...]], case_id: int, seen: int, *, first: int = 0
) -> discord.ui.View:
    for row, entries in enumerate(rows, start=first):
        for entry in entries:
            view.add_item(MoreButton(entry, case_id, seen, row=row))
    return view


def ticked(case: Case) -> tuple[str, ...]:
    """The labels that were chosen last, or else flagged."""
    for vote in reversed(case.votes):
        if vote.verdict == "breaks_rules":
            return tuple(name for name, answer in vote.labels.items() if answer in {"right", "missing"})
    return case.decision.labels
