"""A member answers: one appeal a case, which puts the case before the moderators again."""

from __future__ import annotations

from datetime import timedelta

from bot.core.actions import Ban, Kick
from bot.core.cases import Case
from bot.core.events import Person
from bot.errors import CaseNotFound, NotAllowed
from bot.flow.cards import CardDesk
from bot.flow.ports import Clock
from bot.store.appeals import AppealStore
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore

LONGEST_APPEAL = 1000
COOL_DOWN = timedelta(hours=24)

ANSWERED = {
    "open": "You have appealed this already. The moderators have it; their answer comes here.",
    "upheld": "You have appealed this already, and the moderators looked again: it stays as it is.",
    "overturned": "You have appealed this already, and the moderators took it back.",
}


class Appeals:
    """What the member who was told may do. Every method raises NotAllowed with a sentence for the member."""

    def __init__(
        self, *, guilds: GuildStore, cases: CaseStore, appeals: AppealStore, desk: CardDesk, clock: Clock
    ) -> None:
        self._guilds = guilds
        self._cases = cases
        self._appeals = appeals
        self._desk = desk
        self._clock = clock

    async def case(self, *, guild_id: int, case_id: int, member_id: int) -> Case:
        """The case, if that member may appeal against it now."""
        try:
            case = await self._cases.get(guild_id=guild_id, case_id=case_id)
        except CaseNotFound:
            raise NotAllowed("This is over: what was kept about it is gone.") from None
        if case.author_id != member_id:
            raise NotAllowed("Only the member to whom this was written can appeal.")
        await self._require_open(case)
        refused_at = await self._appeals.refused_at(guild_id=guild_id, member_id=member_id)
        if refused_at is not None and (left := refused_at + COOL_DOWN - self._clock.now()) > timedelta():
            hours = -(-left // timedelta(hours=1))
            raise NotAllowed(f"Your last appeal was turned down. You can appeal again in {hours} h.")
        return case

    async def _require_open(self, case: Case) -> None:
        rules = await self._guilds.get(case.guild_id)
        done = {record.action.kind for record in case.actions if record.state == "done"}
        if case.appeal is not None:
            raise NotAllowed(ANSWERED[case.appeal.state])
        if Ban().kind in done:
            where = f": {rules.appeal_url}" if rules.appeal_url else ", if you can reach the moderators."
            raise NotAllowed(f"You are banned there, so no answer could reach you here. Please appeal elsewhere{where}")
        if Kick().kind in done:
            where = f": {rules.appeal_url}" if rules.appeal_url else ", if you can reach the moderators."
            raise NotAllowed(f"You were removed from there. Please appeal elsewhere{where}")
        if not rules.appeals:
            raise NotAllowed("The server takes no appeals here. Please write to its moderators.")
        if case.text is None:
            raise NotAllowed("This is too long ago: your message is no longer kept, so nobody could judge it again.")
        if case.state == "closed" and case.votes and case.votes[-1].verdict == "fine":
            raise NotAllowed("The moderators have looked again already and find your message fine.")
        if not done:
            raise NotAllowed("Nothing of what was done is in force any more, so there is nothing to appeal.")

    async def appeal(self, *, guild_id: int, case_id: int, member: Person, text: str) -> str:
        """Put the appeal before the moderators; the sentence for the member."""
        case = await self.case(guild_id=guild_id, case_id=case_id, member_id=member.user_id)
        text = text.strip()
        if not text:
            raise NotAllowed("Your appeal is empty. Please write why this was a mistake.")
        if len(text) > LONGEST_APPEAL:
            raise NotAllowed(f"An appeal may have at most {LONGEST_APPEAL} characters; yours has {len(text)}.")
        if not await self._appeals.open(case, text=text, at=self._clock.now()):
            raise NotAllowed(ANSWERED["open"])
        if case.card is not None:
            # An old card that changes far up in the channel is seen by nobody.
            await self._desk.take_down(case)
        if case.lead_id is not None:
            self._desk.enqueue(guild_id=guild_id, case_id=case.lead_id)
        self._desk.enqueue(guild_id=guild_id, case_id=case_id)
        return "Thank you. The moderators look at it again; their answer comes here."
