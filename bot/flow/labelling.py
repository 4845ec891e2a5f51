"""A moderator labels a message: what the model missed becomes a case with its right labels, and counts as missed."""

from __future__ import annotations

from collections.abc import Collection

from bot.core.cases import Case
from bot.core.events import IncomingMessage, Person
from bot.errors import NotAllowed
from bot.flow.asked import Asked
from bot.flow.review import Reply, Review

OWN = "Nobody judges their own message. Please ask another moderator."
NOTHING_TO_CORRECT = "The model finds nothing wrong with it either and there is no case on it, so nothing is recorded."
SHARED = "This message shares the card of case {case_id}: decide it there, or look with `/case show {case_id}`."
APPEALED = "Its author appeals: answer that on the card of case {case_id}."


class Labelling:
    """Every method raises NotAllowed with a sentence for the moderator."""

    def __init__(self, *, asked: Asked, review: Review) -> None:
        self._asked = asked
        self._review = review

    async def standing(self, *, message: IncomingMessage, moderator: Person) -> Case | None:
        """The case on this revision of the message, where the moderator may label that."""
        if message.author.user_id == moderator.user_id:
            raise NotAllowed(OWN)
        case = await self._asked.standing(message)
        if case is not None:
            require_labelled_here(case)
        return case

    async def label(self, *, message: IncomingMessage, moderator: Person, labels: Collection[str]) -> Reply:
        """Record that the message breaks the rules with these labels, or with none of them that it is fine.

        The labels count as missing where the model did not flag them. A message without a case gets one with what the
        model says now: raises ModelError while it is away, as nobody could say then what it missed.
        """
        case = await self.standing(message=message, moderator=moderator)
        if case is None:
            scored = await self._asked.scored(message, must=True)
            if not labels and not scored.reasons:
                raise NotAllowed(NOTHING_TO_CORRECT)
            case = await self._asked.open(message, scored, why="labelled")
            reply = await self.label_case(case=case, moderator=moderator, labels=labels)
            return Reply(f"This is case {case.case_id} now. {reply.sentence}", reply.case)
        return await self.label_case(case=case, moderator=moderator, labels=labels)

    async def label_case(self, *, case: Case, moderator: Person, labels: Collection[str]) -> Reply:
        """As `label`, for a case that is there, whatever became of its message. Raises CaseNotFound."""
        require_labelled_here(case)
        return await self._review.vote(
            guild_id=case.guild_id,
            case_id=case.case_id,
            moderator=moderator,
            verdict="breaks_rules" if labels else "fine",
            chosen=labels or None,
        )


def require_labelled_here(case: Case) -> None:
    """Raises NotAllowed for a case that is decided together with others, or by answering an appeal."""
    if case.lead_id is not None:
        raise NotAllowed(SHARED.format(case_id=case.lead_id))
    if case.appeal is not None and case.appeal.state == "open":
        raise NotAllowed(APPEALED.format(case_id=case.case_id))
