"""What members may ask about themselves: what is stored, that it is forgotten, that nothing is kept from now on.

Nobody is moderated less for it: an open case, appeal or sanction holds its evidence (`bot/core/holding.py`), and the
bare fact of what was done stays.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.errors import NotAllowed
from bot.flow.audit import Audit
from bot.flow.dropping import Dropping
from bot.flow.lessons import Lessons
from bot.flow.ports import Clock
from bot.store.forgetting import ForgetStore, Held
from bot.store.keeping import Keeping
from bot.store.own_records import OwnRecordStore, Record
from bot.store.privacy_kinds import Section
from moderation_model.pictures import counted

log = structlog.get_logger(__name__)

AGAIN = timedelta(minutes=5)
MOST_ASKERS = 10_000
MOST_ROWS = 1000
MOST_BYTES = 8_000_000
"""Under what Discord takes in one message on a server without boosts (10 MiB)."""
BATCH = 200
MOST_NAMED = 10

TOO_SOON = "You had this file a moment ago. The next one comes {when}."
MINE = "Everything that is stored on you on this server, as a file. Nobody else sees this message."
NOTHING = "Nothing is stored on you on this server."
NOT_HERE = (
    "Scores of messages that opened no case are stored by message alone, without author and text, for a short time: "
    "nobody can say which are yours.",
    "Who reported a message of yours, which moderator decided, and the notes of moderators to each other are left out: "
    "they are about those people, too.",
    "What you wrote that was answered by somebody else's flagged message may stand in that case, and goes with it.",
)
FORGOTTEN = "Done. {texts} dropped. {facts}"
NO_FACT = "No case on record is yours."
FACTS = "Of {number} only the bare fact stays: what was done or found, when and by which rule."
HELD_BACK = "As evidence I still hold {held}. {they} by {itself} then."
TAUGHT = (
    "{number} that could teach the model {are} withdrawn; versions of the model that learned from {them} are marked."
)
OPTED_OUT = (
    "From now on nothing of you is kept here beyond the decision: no message of yours is drawn for checks or teaches "
    "the model, and the text of a case goes when the case closes; where something was done to you, 30 days after that "
    "is over, because it can be disputed for so long. You are moderated like everybody else. `/privacy optin` takes it "
    "back."
)
OPTED_OUT_BEFORE = "You have chosen that before, and it holds. `/privacy optin` takes it back."
OPTED_IN = "Taken back: what you write is kept like everybody else's again, for its time."
OPTED_IN_BEFORE = "You have not opted out, so there is nothing to take back."


@dataclass(frozen=True, slots=True)
class OwnFile:
    """What `/privacy mine` answers; without a file where nothing is stored."""

    sentence: str
    filename: str = ""
    data: bytes | None = None


class Privacy:
    """Every method is about the member who asks, on one server, and raises StoreUnavailable."""

    def __init__(
        self,
        *,
        records: OwnRecordStore,
        forgetting: ForgetStore,
        keeping: Keeping,
        dropping: Dropping,
        audit: Audit,
        lessons: Lessons,
        clock: Clock,
    ) -> None:
        self._records = records
        self._forgetting = forgetting
        self._keeping = keeping
        self._dropping = dropping
        self._audit = audit
        self._lessons = lessons
        self._clock = clock
        self._asked: dict[tuple[int, int], datetime] = {}

    async def mine(self, *, guild_id: int, member_id: int) -> OwnFile:
        """Everything that is stored on the member, as JSON. Raises NotAllowed within `AGAIN` of the last time."""
        self._require_patience(guild_id, member_id)
        limit, data = MOST_ROWS, b""
        while limit and not data:
            found = await self._records.of(guild_id=guild_id, member_id=member_id, limit=limit)
            if not any(found.values()):
                return OwnFile(NOTHING)
            data = self._file(guild_id, member_id, found, limit)
            if len(data) > MOST_BYTES:
                limit, data = limit // 2, b""
        log.info("own_records_shown", guild_id=guild_id, user_id=member_id)
        return OwnFile(MINE, f"candor-my-data-{self._clock.now():%Y-%m-%d}.json", data)

    async def forget(self, *, guild_id: int, member_id: int) -> str:
        """Drop the member's texts and everything that nobody needs; what stays and for how long, in sentences."""
        now, who = self._clock.now(), {"guild_id": guild_id, "member_id": member_id}
        case_ids = await self._forgetting.mark(**who, at=now)
        taught = await self._forgetting.judged(**who)
        texts = 0
        for start in range(0, len(case_ids), BATCH):
            texts += len(await self._dropping.now(case_ids[start : start + BATCH]))
        texts += await self._audit.drop_author(guild_id=guild_id, author_id=member_id)
        texts += await self._forgetting.drop_reports(**who)
        examples = await self._forgetting.withdraw_examples(**who, at=now)
        await self._forgetting.strip(**who)
        on_record = await self._forgetting.on_record(**who)
        held = await self._forgetting.held(**who)
        if taught or examples:
            await self._lessons.forgotten([*taught, *examples])
        log.info("forgotten", guild_id=guild_id, user_id=member_id, texts=texts, held=len(held), kept=on_record)
        return _said(texts + len(examples), on_record, held, len(taught) + len(examples))

    async def opt_out(self, *, guild_id: int, member_id: int) -> str:
        """From now on keep nothing of the member beyond the decision; what that means, in sentences."""
        if not await self._keeping.opt_out(guild_id, member_id, at=self._clock.now()):
            return OPTED_OUT_BEFORE
        await self._audit.drop_author(guild_id=guild_id, author_id=member_id)
        closed = await self._forgetting.with_text(guild_id=guild_id, member_id=member_id)
        for start in range(0, len(closed), BATCH):
            await self._dropping.now(closed[start : start + BATCH])
        log.info("opted_out", guild_id=guild_id, user_id=member_id)
        return OPTED_OUT

    async def opt_in(self, *, guild_id: int, member_id: int) -> str:
        """Take that back; the sentence for the member."""
        return OPTED_IN if await self._keeping.opt_in(guild_id, member_id) else OPTED_IN_BEFORE

    def _file(self, guild_id: int, member_id: int, found: dict[Section, list[Record]], limit: int) -> bytes:
        sections = {
            section.name: {"what": section.says, "rows": rows} | _left_out(rows, limit)
            for section, rows in found.items()
            if rows
        }
        head = {"server": str(guild_id), "member": str(member_id), "written_at": self._clock.now().isoformat()}
        whole = {**head, **sections, "not_here": list(NOT_HERE)}
        return json.dumps(whole, indent=2, ensure_ascii=False).encode()

    def _require_patience(self, guild_id: int, member_id: int) -> None:
        """Raises NotAllowed for who had the file a moment ago: it reads through many tables."""
        now, asker = self._clock.now(), (guild_id, member_id)
        last = self._asked.get(asker)
        if last is not None and now < last + AGAIN:
            raise NotAllowed(TOO_SOON.format(when=f"<t:{(last + AGAIN).timestamp():.0f}:R>"))
        self._asked.pop(asker, None)
        self._asked[asker] = now
        while len(self._asked) > MOST_ASKERS:
            del self._asked[next(iter(self._asked))]


def _left_out(rows: Sequence[Record], limit: int) -> dict[str, str]:
    """That there may be more: a file has an end."""
    return {"left_out": f"Only the newest {limit} are here."} if len(rows) == limit else {}


def _said(texts: int, on_record: int, held: Sequence[Held], taught: int) -> str:
    facts = FACTS.format(number=counted(on_record, "case")) if on_record else NO_FACT
    said = [FORGOTTEN.format(texts=f"{counted(texts, 'text')} {'is' if texts == 1 else 'are'}", facts=facts)]
    if held:
        named = ", ".join(map(_until, held[:MOST_NAMED]))
        more = f" and {len(held) - MOST_NAMED} more" if len(held) > MOST_NAMED else ""
        one = len(held) == 1
        said.append(
            HELD_BACK.format(
                held=f"the {'text' if one else 'texts'} of {named}{more}",
                they="It goes" if one else "They go",
                itself="itself" if one else "themselves",
            )
        )
    if taught:
        said.append(
            TAUGHT.format(
                number=counted(taught, "example"),
                are="is" if taught == 1 else "are",
                them="it" if taught == 1 else "them",
            )
        )
    return " ".join(said)


def _until(held: Held) -> str:
    if held.until is None:
        return f"case {held.case_id} (open: until it is closed and 30 days more)"
    return f"case {held.case_id} (until <t:{held.until.timestamp():.0f}:D>)"
