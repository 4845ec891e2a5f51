"""A moderator's action on a card: first on whom this person may do it, then the deed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.chat import group_texts, permissions, texts
from bot.chat.answering import Said, deciding, guild_of, member_of
from bot.chat.inert import inert
from bot.chat.listener import person
from bot.chat.messages import member_of as fetch_member
from bot.chat.put_back import with_offer
from bot.chat.staff import readable_case
from bot.chat.why_lines import NAME_LIMIT
from bot.core.cases import Case, VerdictKind
from bot.core.policy import Action
from bot.errors import NotAllowed
from bot.flow.deciding import chosen

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

MOST_NAMED = 5
"""Authors that are named where an action leaves them out; more of them are counted."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """The cases of a card on which the presser may do an action. `left_out`: who is not hit and why, or nothing."""

    group: list[Case]
    on: frozenset[int]
    left_out: str = ""


async def act(interaction: Pressed, case_id: int, action: Action, *, seen: int) -> str:
    """Do `action` on those of the card's cases on which the presser may; the sentence for the presser.

    Raises NotAllowed where that is none, and CaseNotFound.
    """
    with deciding(interaction, case_id):
        permitted = await require_may(interaction, case_id, action, seen=seen)
        reply = await interaction.client.flows.deciding.act(
            guild_id=guild_of(interaction),
            case_id=case_id,
            moderator=person(member_of(interaction)),
            action=action,
            on=permitted.on,
        )
    return f"{reply.sentence} {permitted.left_out}".rstrip()


async def require_may(interaction: Pressed, case_id: int, action: Action, *, seen: int) -> Permitted:
    """On which of the card's cases the presser may do `action`.

    Raises NotAllowed, with the reason for the card's own author, where that is none, and CaseNotFound.
    """
    review, moderator = interaction.client.flows.review, member_of(interaction)
    group = await review.group(guild_id=guild_of(interaction), case_id=case_id, moderator=person(moderator))
    require_unchanged(group[-1], seen)
    hit = chosen(action, group)
    members = {author_id: await fetch_member(moderator.guild, author_id) for author_id in {c.author_id for c in hit}}
    on: set[int] = set()
    left_out: dict[str, dict[int, str]] = {}
    sentence = ""
    for case in hit:
        obstacle = permissions.obstacle(moderator, case, action, members[case.author_id])
        if obstacle is None:
            on.add(case.case_id)
            continue
        sentence = obstacle.sentence
        left_out.setdefault(obstacle.short, {})[case.author_id] = case.author_name or str(case.author_id)
    if not on:
        raise NotAllowed(sentence)
    return Permitted(group, frozenset(on), _left_out(left_out))


def _left_out(by_reason: Mapping[str, Mapping[int, str]]) -> str:
    """ "Left out: Mia, Ada (highest role not below yours)."; empty where nobody is."""
    groups: list[str] = []
    for why, authors in by_reason.items():
        shown = ", ".join(inert(name, limit=NAME_LIMIT) for name in list(authors.values())[:MOST_NAMED])
        if len(authors) > MOST_NAMED:
            shown = group_texts.LEFT_OUT_MORE.format(names=shown, number=len(authors) - MOST_NAMED)
        groups.append(group_texts.LEFT_OUT_GROUP.format(names=shown, why=why))
    return group_texts.LEFT_OUT.format(who="; ".join(groups)) if groups else ""


async def judge(interaction: Pressed, case_id: int, verdict: VerdictKind, *, seen: int) -> Said:
    """Record the verdict; the answer for the presser. The caller holds `deciding`.

    Raises NotAllowed and CaseNotFound.
    """
    review, guild_id, moderator = interaction.client.flows.review, guild_of(interaction), member_of(interaction)
    case = await readable_case(interaction, case_id)
    require_unchanged(case, seen)
    if verdict == "fine":
        permissions.require_undo(moderator, case.channel_id, review.would_undo(case))
    reply = await review.vote(guild_id=guild_id, case_id=case_id, moderator=person(moderator), verdict=verdict)
    return await with_offer(interaction, case_id, reply.sentence) if verdict == "fine" else Said(reply.sentence)


async def undo(interaction: Pressed, case_id: int) -> Said:
    """Take back what was done on the case's card and open it again; the answer for the presser.

    Raises NotAllowed and CaseNotFound.
    """
    review, guild_id, moderator = interaction.client.flows.review, guild_of(interaction), member_of(interaction)
    with deciding(interaction, case_id):
        case = await readable_case(interaction, case_id)
        undone = review.would_undo(case)
        if case.state == "open" and not undone:
            raise NotAllowed(texts.NOTHING_TO_UNDO)
        permissions.require_undo(moderator, case.channel_id, undone)
        reply = await review.undo(guild_id=guild_id, case_id=case_id, moderator=person(moderator))
        return await with_offer(interaction, case_id, reply.sentence)


def stamp(case: Case) -> int:
    """What a menu remembers of the case, to see on the press whether somebody decided it since: 0 while nobody has."""
    return int(case.closed_at.timestamp()) if case.state == "closed" and case.closed_at and case.votes else 0


def require_unchanged(case: Case, seen: int | None) -> None:
    """Raises NotAllowed where the case was decided, or opened again, since the presser saw it. None: not known."""
    if seen is not None and stamp(case) != seen:
        raise NotAllowed(texts.ALREADY_DECIDED if seen == 0 else texts.CASE_CHANGED)
