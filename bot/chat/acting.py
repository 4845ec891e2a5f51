"""A moderator's action on a card: first whether this person may do it to everybody whom it hits, then the deed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.chat import permissions, texts
from bot.chat.answering import Said, deciding, guild_of, member_of
from bot.chat.listener import person
from bot.chat.messages import member_of as fetch_member
from bot.chat.put_back import with_offer
from bot.core.cases import Case, VerdictKind
from bot.core.policy import Action
from bot.errors import NotAllowed
from bot.flow.deciding import chosen

if TYPE_CHECKING:
    from bot.chat.answering import Pressed


async def act(interaction: Pressed, case_id: int, action: Action, *, seen: int) -> str:
    """Do `action` on the card's cases; the sentence for the presser. Raises NotAllowed and CaseNotFound."""
    with deciding(interaction, case_id):
        await require_may(interaction, case_id, action, seen=seen)
        reply = await interaction.client.flows.deciding.act(
            guild_id=guild_of(interaction), case_id=case_id, moderator=person(member_of(interaction)), action=action
        )
    return reply.sentence


async def require_may(interaction: Pressed, case_id: int, action: Action, *, seen: int) -> list[Case]:
    """The cases of the card. Raises NotAllowed unless the presser may do `action` to all whom it hits, CaseNotFound."""
    review, moderator = interaction.client.flows.review, member_of(interaction)
    group = await review.group(guild_id=guild_of(interaction), case_id=case_id, moderator=person(moderator))
    require_unchanged(group[-1], seen)
    hit = chosen(action, group)
    members = {author_id: await fetch_member(moderator.guild, author_id) for author_id in {c.author_id for c in hit}}
    for case in hit:
        permissions.require_action(moderator, case, action, members[case.author_id])
    return group


async def judge(interaction: Pressed, case_id: int, verdict: VerdictKind, *, seen: int) -> Said:
    """Record the verdict; the answer for the presser. The caller holds `deciding`.

    Raises NotAllowed and CaseNotFound.
    """
    review, guild_id, moderator = interaction.client.flows.review, guild_of(interaction), member_of(interaction)
    case = await review.case(guild_id=guild_id, case_id=case_id)
    require_unchanged(case, seen)
    if verdict == "fine":
        permissions.require_undo(moderator, case.channel_id, review.would_undo(case))
    reply = await review.vote(guild_id=guild_id, case_id=case_id, moderator=person(moderator), verdict=verdict)
    return await with_offer(interaction, case_id, reply.sentence) if verdict == "fine" else Said(reply.sentence)


def stamp(case: Case) -> int:
    """What a menu remembers of the case, to see on the press whether somebody decided it since: 0 while nobody has."""
    return int(case.closed_at.timestamp()) if case.state == "closed" and case.closed_at and case.votes else 0


def require_unchanged(case: Case, seen: int | None) -> None:
    """Raises NotAllowed where the case was decided, or opened again, since the presser saw it. None: not known."""
    if seen is not None and stamp(case) != seen:
        raise NotAllowed(texts.ALREADY_DECIDED if seen == 0 else texts.CASE_CHANGED)
