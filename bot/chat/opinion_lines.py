"""A case that waits for another moderator's answer says why, and not what was answered so far. Pure text."""

from __future__ import annotations

from bot.chat import texts
from bot.chat.why_lines import title_of
from bot.core.cases import Case, Vote
from bot.core.feedback import resolve_votes


def opinion_line(case: Case) -> str:
    """Who asks for a second opinion, or on what two differ; nothing where the case waits for neither."""
    if case.second_opinion_by is None:
        return ""
    disputed = resolve_votes(case.votes).disputed
    if disputed:
        return texts.THIRD_OPINION.format(labels=", ".join(title_of(name).lower() for name in disputed))
    return texts.SECOND_OPINION.format(moderator_id=case.second_opinion_by)


def shown_votes(case: Case) -> tuple[Vote, ...]:
    """The answers that a card names beside its last line: of a case that waits for another opinion none that could
    sway it.
    """
    if case.state == "closed":
        return case.votes[:-1]
    if case.second_opinion_by is None:
        return case.votes
    if resolve_votes(case.votes).disputed:
        return ()
    return tuple(vote for vote in case.votes if vote.moderator_id != case.second_opinion_by)
