"""Members report: a message comes before the moderators, or before the administrators where it is about staff."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from bot.core.cases import Case, Report
from bot.core.events import IncomingMessage, Person
from bot.errors import NotAllowed
from bot.flow.asked import Asked
from bot.flow.cards import CardDesk
from bot.flow.ports import Clock
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore
from bot.store.reports import ReportStore

REPORTS_AN_HOUR = 3
LONGEST_REASON = 300

OWN = "This is your own message; you can delete it yourself."
ALREADY = "You have reported this message already. The moderators have it."
TOO_MANY = "You have reported {number} messages within an hour. Please ask a moderator directly."
GONE = "I cannot see that message any more, so it cannot be reported. Please tell a moderator what it said."
NO_ADMINS = "This is about somebody of the server's staff, and there is no channel here for that which only "
ASK_OWNER = NO_ADMINS + "administrators read. Nobody was told; please write to the owner, <@{owner_id}>."
ASK_ADMINISTRATOR = NO_ADMINS + "administrators read. Nobody was told; please write to an administrator."
THANKS = "Thank you. The moderators will look at it. Your name is not on their card; administrators can look it up."
THANKS_STAFF = (
    "Thank you. This goes to the administrators, not to the moderators. Your name is not on their card, but they can "
    "look it up."
)


@dataclass(frozen=True, slots=True)
class About:
    """Whom a report is about: whether somebody of the staff, who may decide cases; `owner_id`: whose the server is.

    `unreachable`: the channel that was chosen for such reports is gone or closed to the bot.
    """

    staff: bool = False
    owner_id: int = 0
    unreachable: bool = False


class Reporting:
    """What members may do about others' messages. Refusals are NotAllowed with a sentence for the member."""

    def __init__(
        self,
        *,
        asked: Asked,
        guilds: GuildStore,
        cases: CaseStore,
        reports: ReportStore,
        desk: CardDesk,
        clock: Clock,
    ) -> None:
        self._asked = asked
        self._guilds = guilds
        self._cases = cases
        self._reports = reports
        self._desk = desk
        self._clock = clock
        # Two forms that are sent at once must not both be the last one of the hour.
        self._counting = asyncio.Lock()

    async def require_may(self, *, message: IncomingMessage, reporter: Person) -> None:
        """Raises NotAllowed where the member may not report the message now, as far as can be told at once."""
        await self._require_may(await self._asked.standing(message), message.author.user_id, message.guild_id, reporter)

    async def report(
        self, *, message: IncomingMessage, reporter: Person, reason: str | None, about: About | None = None
    ) -> str:
        """Put the message before the moderators; the sentence for the member."""
        about = about or About()
        case = await self._asked.standing(message)
        await self._require_may(case, message.author.user_id, message.guild_id, reporter)
        await self._require_place(message.guild_id, message.author.user_id, about)
        if case is not None:
            return await self._add(case, reporter, reason, about)
        scored = await self._asked.scored(message, must=False)
        async with self._counting:
            # Counted again before the case is opened: a refused report leaves nothing behind.
            await self._require_count(message.guild_id, reporter)
            case = await self._asked.open(message, scored, why="staff" if about.staff else "reported")
            added = await self._reports.add(
                case_id=case.case_id, reporter_id=reporter.user_id, reason=_short(reason), at=self._clock.now()
            )
        return await self._put_forward(case, about) if added else ALREADY

    async def report_case(self, *, case: Case, reporter: Person, reason: str | None, about: About) -> str:
        """As `report`, for a message that is gone from Discord while its case is there."""
        await self._require_may(case, case.author_id, case.guild_id, reporter)
        await self._require_place(case.guild_id, case.author_id, about)
        return await self._add(case, reporter, reason, about)

    async def reporters(self, case: Case) -> tuple[Report, ...]:
        """Who reported a message of the case's card, oldest first. For administrators."""
        return await self._reports.of_card(case.case_id)

    async def _add(self, case: Case, reporter: Person, reason: str | None, about: About) -> str:
        async with self._counting:
            await self._require_count(case.guild_id, reporter)
            added = await self._reports.add(
                case_id=case.case_id, reporter_id=reporter.user_id, reason=_short(reason), at=self._clock.now()
            )
        return await self._put_forward(case, about) if added else ALREADY

    async def _put_forward(self, case: Case, about: About) -> str:
        lead_id = case.lead_id or case.case_id
        if about.staff and case.opened_why != "staff":
            await self._hand_up(case)
        elif case.state == "closed":
            # Somebody sees it otherwise than the moderator who closed it did: it is looked at again.
            await self._cases.reopen(case_id=lead_id)
        self._desk.enqueue(guild_id=case.guild_id, case_id=lead_id)
        if about.staff:
            self._desk.enqueue(guild_id=case.guild_id, case_id=case.case_id)
        return THANKS_STAFF if about.staff or case.opened_why == "staff" else THANKS

    async def _hand_up(self, case: Case) -> None:
        """The case leaves the moderators' channel for the administrators'."""
        heir = await self._reports.hand_up(case)
        if case.card is not None:
            await self._desk.discard(case.card)
        if heir is not None:
            self._desk.enqueue(guild_id=case.guild_id, case_id=heir)

    async def _require_may(self, case: Case | None, author_id: int, guild_id: int, reporter: Person) -> None:
        if author_id == reporter.user_id:
            raise NotAllowed(OWN)
        if case is not None and await self._reports.has(case_id=case.case_id, reporter_id=reporter.user_id):
            raise NotAllowed(ALREADY)
        await self._require_count(guild_id, reporter)

    async def _require_count(self, guild_id: int, reporter: Person) -> None:
        since = self._clock.now() - timedelta(hours=1)
        number = await self._reports.number_by(guild_id=guild_id, reporter_id=reporter.user_id, since=since)
        if number >= REPORTS_AN_HOUR:
            raise NotAllowed(TOO_MANY.format(number=number))

    async def _require_place(self, guild_id: int, author_id: int, about: About) -> None:
        """Raises NotAllowed where a report about staff would come before those whom it is about."""
        if not about.staff:
            return
        if about.unreachable or (await self._guilds.get(guild_id)).admin_channel_id is None:
            ask = ASK_ADMINISTRATOR if author_id == about.owner_id else ASK_OWNER
            raise NotAllowed(ask.format(owner_id=about.owner_id))


def _short(reason: str | None) -> str | None:
    return (reason or "").strip()[:LONGEST_REASON] or None
