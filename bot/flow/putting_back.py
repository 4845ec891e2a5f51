"""What Discord cannot: the text of a message that was deleted by mistake comes back, as the bot's quote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.core.actions import Delete
from bot.core.cases import ActionRecord, Case
from bot.core.events import Person
from bot.errors import NotAllowed
from bot.flow.ports import Clock, Messenger
from bot.flow.review import Reply, Review
from bot.flow.telling import Deed, Telling
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore

YOUNG = timedelta(hours=1)
"""A text that is older would fall out of the blue into another conversation."""

MOST = 5
"""Texts put back at once: those of one card."""


class PuttingBack:
    """Every method raises CaseNotFound and StoreUnavailable."""

    def __init__(
        self,
        *,
        review: Review,
        messenger: Messenger,
        guilds: GuildStore,
        cases: CaseStore,
        telling: Telling,
        clock: Clock,
    ) -> None:
        self._review = review
        self._messenger = messenger
        self._guilds = guilds
        self._cases = cases
        self._telling = telling
        self._clock = clock

    async def offers(self, *, guild_id: int, case_id: int) -> int:
        """How many texts of the case's card can be put back now."""
        group = await self._group(guild_id, case_id)
        return len([case for case in group if _deletion(case) and not self._obstacle(case)][:MOST])

    async def put_back(self, *, guild_id: int, case_id: int, moderator: Person) -> Reply:
        """Post them where they stood, oldest first. Raises NotAllowed with the reason where none can be."""
        await self._review.group(guild_id=guild_id, case_id=case_id, moderator=moderator)
        deleted = [case for case in await self._group(guild_id, case_id) if _deletion(case)]
        if not deleted:
            raise NotAllowed("There is nothing to put back: the text stands there again, or was not deleted by me.")
        fit = [case for case in deleted if not self._obstacle(case)]
        if not fit:
            raise NotAllowed(self._obstacle(deleted[0]))
        as_member = (await self._guilds.get(guild_id)).put_back_as_member
        done: list[Deed] = []
        problems: list[str] = []
        quoted_why: str | None = None
        for case in fit[:MOST]:
            record = _deletion(case)
            outcome = await self._messenger.quote(case, as_member=as_member)
            if outcome.state != "done" or record is None:
                problems.append(f"It could not be put back: {(outcome.detail or outcome.state).rstrip('.')}.")
                continue
            await self._cases.settle_action(
                action_id=record.action_id, state="undone", detail=None, at=self._clock.now()
            )
            done.append(Deed(case, (record.action,)))
            quoted_why = quoted_why or outcome.detail
        if not done:
            raise NotAllowed(problems[0])
        await self._telling.put_back(done, by=moderator.name)
        said = _said(len(done), as_member=as_member, quoted_why=quoted_why)
        return await self._review.reply(guild_id, case_id, [said, *problems])

    async def _group(self, guild_id: int, case_id: int) -> Sequence[Case]:
        lead = await self._cases.get(guild_id=guild_id, case_id=case_id)
        return sorted([*await self._cases.followers(case_id=case_id), lead], key=lambda case: case.posted_at)

    def _obstacle(self, case: Case) -> str:
        """Why the text stays away; empty if nothing speaks against it."""
        if not case.text:
            return "The text is no longer kept, so it cannot be put back."
        if self._clock.now() - case.posted_at >= YOUNG:
            return "The message is more than an hour old; its text would fall out of the blue, so it stays away."
        if case.state == "closed" and not (case.votes and case.votes[-1].verdict == "fine"):
            return "The case was decided otherwise meanwhile, so the text stays away."
        return ""


def _said(number: int, *, as_member: bool, quoted_why: str | None) -> str:
    """How the texts stand there: by default as quotes, or under the authors' names unless something was in the way."""
    how = "under the member's name" if as_member and quoted_why is None else "as a quote of mine"
    said = f"The text stands there again, {how}." if number == 1 else f"{number} texts are back."
    return f"{said} Not under the member's name: {quoted_why}." if quoted_why else said


def _deletion(case: Case) -> ActionRecord | None:
    """The deletion that stands."""
    found = (each for each in case.actions if isinstance(each.action, Delete) and each.state == "done")
    return next(found, None)
