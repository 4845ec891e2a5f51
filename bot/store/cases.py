"""Cases with their actions and cards. A case and its `pending` actions are written in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.cases import ActionRecord, ActionState, CardRef, Case, NewCase
from bot.core.policy import Action, Recent
from bot.errors import CaseNotFound
from bot.store import rows, texts
from bot.store.case_queries import confirmed_cases, planned_row, taken_over
from bot.store.database import Database
from bot.store.keeping import Keeping
from bot.store.loading import load_cases
from bot.store.tables import UtcTime, actions, cases
from bot.store.under_way import held
from moderation_model.contract import Explanation

SETTLED_WELL = ("pending", "done")
MOST_RECENT = 100
"""More than any cap asks for; in a raid thousands are acted on within a minute."""


class CaseStore:
    """Every method raises StoreUnavailable; those that read texts also UndecryptableText."""

    def __init__(self, db: Database, *, keeping: Keeping | None = None) -> None:
        self._db = db
        self._keeping = keeping or Keeping(db)

    async def open(self, new: NewCase, planned: Sequence[Action]) -> tuple[Case, bool]:
        """The case with `planned` as pending actions and True; or the one that stands on that revision, and False.

        A case that a member's report opened first, and that nobody has decided, becomes the new one.
        """
        values = rows.case_values(await self._keeping.fit(new), self._db.key)
        insert = self._db.insert(cases).values(values)
        once = insert.on_conflict_do_nothing(index_elements=["message_id", "revision"]).returning(cases.c.id)
        mine = held(self._db, new.opened_at)
        async with self._db.begin() as connection:
            case_id = await connection.scalar(once)
            if case_id is None and new.opened_why != "reported":
                case_id = await connection.scalar(taken_over(new, values))
            created = case_id is not None
            if case_id is not None and planned:
                message = (case_id, new.message_id, new.revision)
                values = [planned_row(*message, action, new.opened_at) | mine for action in planned]
                await connection.execute(self._db.insert(actions).values(values).on_conflict_do_nothing())
            same = (cases.c.message_id == new.message_id) & (cases.c.revision == new.revision)
            return (await self._load(connection, sa.select(cases).where(same)))[0], created

    async def get(self, *, guild_id: int, case_id: int) -> Case:
        """The case. Raises CaseNotFound, also for one of another guild."""
        found = await self._find(cases.c.id == case_id, cases.c.guild_id == guild_id)
        if not found:
            raise CaseNotFound(f"There is no case {case_id} on this server.")
        return found[0]

    async def with_lead(self, *, guild_id: int, case_id: int, lead_id: int | None) -> tuple[Case, Case]:
        """The case, and the one whose card stands for it (itself where it has its own), read at once.

        `lead_id`: the lead as far as the caller knows; another one since is read anew. Raises CaseNotFound.
        """
        wanted = {case_id, lead_id or case_id}
        found = {case.case_id: case for case in await self._find(cases.c.id.in_(wanted), cases.c.guild_id == guild_id)}
        case = found.get(case_id) or await self.get(guild_id=guild_id, case_id=case_id)
        leads = case.lead_id or case_id
        return case, found.get(leads) or await self.get(guild_id=guild_id, case_id=leads)

    async def of_message(self, *, guild_id: int, message_id: int) -> Case | None:
        """The case on the message's newest revision that has one."""
        mine = (cases.c.guild_id == guild_id, cases.c.message_id == message_id, cases.c.subject == "message")
        query = sa.select(cases).where(*mine)
        async with self._db.read() as connection:
            found = await self._load(connection, query.order_by(cases.c.revision.desc()).limit(1))
        return found[0] if found else None

    async def followers(self, *, case_id: int) -> list[Case]:
        """The cases that share the card of `case_id`."""
        return await self._find(cases.c.lead_id == case_id)

    async def lead_for(self, *, guild_id: int, text: str, since: datetime) -> int | None:
        """The open case since then that was flagged for the same text and has a card of its own."""
        query = sa.select(cases.c.id).where(
            cases.c.guild_id == guild_id,
            cases.c.text_hash == self._db.key.fingerprint(text),
            cases.c.state == "open",
            cases.c.opened_why == "flagged",
            cases.c.lead_id.is_(None),
            cases.c.opened_at >= since,
        )
        async with self._db.read() as connection:
            return await connection.scalar(query.order_by(cases.c.id).limit(1))

    async def without_card(self, limit: int) -> list[Case]:
        """Open cases that should have a card and have none, or that still have to call people; none that waits in the
        queue without one.

        The oldest of each guild, then the second of each, and so on: a guild that cannot show cards holds up no other.
        """
        call_due = cases.c.ping & ~cases.c.pinged
        missing = (
            cases.c.state == "open",
            cases.c.card_message_id.is_(None) | call_due,
            cases.c.queued_at.is_(None),
            cases.c.lead_id.is_(None),
            self._db.mine(cases.c.guild_id),
        )
        place = sa.func.row_number().over(partition_by=cases.c.guild_id, order_by=cases.c.id)
        query = sa.select(cases).where(*missing).order_by(place, cases.c.id).limit(limit)
        async with self._db.read() as connection:
            return await self._load(connection, query)

    async def add_action(self, *, case_id: int, action: Action, by: int, at: datetime) -> ActionRecord | None:
        """A pending action that a moderator asked for; None if that kind is pending, or was done and stands.

        A longer timeout comes beside a shorter one that was done, which stays on record. Raises CaseNotFound.
        """
        # Locked: two moderators who press at once must not both find nothing there.
        query = sa.select(cases.c.message_id, cases.c.revision).where(cases.c.id == case_id).with_for_update()
        live = (actions.c.case_id == case_id, actions.c.kind == action.kind, actions.c.state.in_(SETTLED_WELL))
        async with self._db.begin() as connection:
            row = (await connection.execute(query)).first()
            if row is None:
                raise CaseNotFound(f"There is no case {case_id}.")
            values = planned_row(case_id, row.message_id, row.revision, action, at)
            values |= held(self._db, at) | {"done_by": by}
            for standing in await connection.execute(sa.select(actions).where(*live)):
                if standing.state == "pending" or (standing.seconds or 0) >= (values["seconds"] or 0):
                    return None
            added = (await connection.execute(actions.insert().values(values).returning(actions))).mappings().one()
        return rows.action_record(added)

    async def settle_action(self, *, action_id: int, state: ActionState, detail: str | None, at: datetime) -> None:
        """Write down how an action ended. Only what is pending ends, and only what was done is undone."""
        values = {"state": state, "detail": detail[:512] if detail else None, "settled_at": at}
        before = "done" if state == "undone" else "pending"
        ends = actions.update().where(actions.c.id == action_id, actions.c.state == before)
        async with self._db.begin() as connection:
            await connection.execute(ends.values(values))

    async def timed_out(self, *, guild_id: int, author_id: int, since: datetime) -> list[Case]:
        """The cases that set the member a timeout since then which nobody took back."""
        stands = (actions.c.kind == "timeout", actions.c.state == "done", actions.c.planned_at >= since)
        timeout = sa.select(actions.c.id).where(actions.c.case_id == cases.c.id, *stands).exists()
        return await self._find(cases.c.guild_id == guild_id, cases.c.author_id == author_id, timeout)

    async def recent(self, *, guild_id: int, since: datetime, author_id: int = 0, channel_id: int = 0) -> Recent:
        """Automatic actions since then, on that member and in that channel among them, and how many members each label
        hit with them; of more than `MOST_RECENT` cases the newest.
        """
        query = (
            sa.select(cases.c.author_id, cases.c.channel_id, cases.c.reasons, sa.func.count(actions.c.id).label("done"))
            .join(actions, actions.c.case_id == cases.c.id)
            .where(
                cases.c.guild_id == guild_id,
                actions.c.planned_at >= since,
                actions.c.done_by.is_(None),
                actions.c.state.in_(SETTLED_WELL),
            )
            .group_by(cases.c.id)
            .order_by(cases.c.id.desc())
            .limit(MOST_RECENT)
        )
        members: dict[str, set[int]] = defaultdict(set)
        number = on_member = in_channel = 0
        async with self._db.read() as connection:
            for row in await connection.execute(query):
                number += row.done
                on_member += row.done if row.author_id == author_id else 0
                in_channel += row.done if row.channel_id == channel_id else 0
                for reason in row.reasons:
                    members[reason["label"]].add(row.author_id)
        return Recent(number, {label: len(hit) for label, hit in members.items()}, on_member, in_channel)

    async def confirmed(self, *, guild_id: int, author_id: int, since: datetime) -> int:
        """How many of the member's cases since then a moderator confirmed and none called fine; open ones count not."""
        together = sa.func.coalesce(cases.c.lead_id, cases.c.id)  # one card is one judgement
        query = sa.select(sa.func.count(together.distinct())).where(*confirmed_cases(guild_id, author_id, since))
        async with self._db.read() as connection:
            return await connection.scalar(query) or 0

    async def confirmed_before(self, case: Case, *, since: datetime) -> tuple[int, int | None]:
        """How many of the author's cases older than `case` and since then are confirmed, and the newest one's id."""
        older = (*confirmed_cases(case.guild_id, case.author_id, since), cases.c.id < case.case_id)
        query = sa.select(sa.func.count(), sa.func.max(cases.c.id)).where(*older)
        async with self._db.read() as connection:
            number, newest = (await connection.execute(query)).one()
        return number, newest

    async def set_card(self, *, case_id: int, card: CardRef | None) -> None:
        """Where the case's card stands; None: it was taken away. The next one that is posted has the next number."""
        channel_id, message_id = (card.channel_id, card.message_id) if card is not None else (None, None)
        number = cases.c.card_number + 1
        await self._update(case_id, card_channel_id=channel_id, card_message_id=message_id, card_number=number)

    async def set_pinged(self, *, case_id: int) -> None:
        """People were called to the case."""
        await self._update(case_id, pinged=True)

    async def set_explanation(self, *, case_id: int, explanation: Explanation) -> None:
        """Keep the words that carried the case, encrypted beside its text; nothing if the text was dropped."""
        async with self._db.begin() as connection:
            query = sa.select(cases.c.payload).where(cases.c.id == case_id).with_for_update()
            payload = rows.opened(self._db.key, await connection.scalar(query))
            if payload.get("text"):
                payload["explanation"] = explanation.to_dict()
                sealed = rows.sealed(self._db.key, payload)
                await connection.execute(cases.update().where(cases.c.id == case_id).values(payload=sealed))

    async def close(self, *, case_id: int, at: datetime, text_until: datetime | None = None) -> None:
        """Nobody needs to look at it any more. As evidence its text is kept at least until `text_until`; a text that
        somebody wants gone goes as soon as nothing holds it.
        """
        until = texts.extended(text_until, UtcTime())
        values = {"state": "closed", "closed_at": at, "second_opinion_by": None, "text_expires_at": until}
        async with self._db.begin() as connection:
            await connection.execute(cases.update().where(cases.c.id == case_id).values(values))
            await texts.release(connection, self._db.key, [case_id], at=at)

    async def release_texts(self, case_ids: Collection[int], *, at: datetime) -> None:
        """Let the texts of those closed cases go that somebody wants gone, as soon as nothing holds them."""
        async with self._db.begin() as connection:
            await texts.release(connection, self._db.key, case_ids, at=at)

    async def ask_second_opinion(self, *, case_id: int, by: int) -> None:
        """Mark the case: that moderator has answered and wants another to look."""
        await self._update(case_id, second_opinion_by=by)

    async def reopen(self, *, case_id: int) -> None:
        """Somebody needs to look at it again."""
        await self._update(case_id, state="open", closed_at=None)

    async def open_count(self, guild_id: int) -> int:
        """Open cases of the guild."""
        query = sa.select(sa.func.count()).where(cases.c.guild_id == guild_id, cases.c.state == "open")
        async with self._db.read() as connection:
            return await connection.scalar(query) or 0

    async def expire_texts(self, now: datetime, limit: int, *, only: Collection[int] | None = None) -> list[Case]:
        """Drop the texts of closed cases whose time is over, with what hangs on them; those cases, of `only` if given.

        Their cards still show the text: they are in `unscrubbed` until `set_scrubbed`.
        """
        which = self._db.mine(cases.c.guild_id) if only is None else cases.c.id.in_(only)
        async with self._db.begin() as connection:
            return await texts.expire(connection, self._db.key, now, limit, which)

    async def unscrubbed(self, limit: int) -> list[Case]:
        """Cases whose text was dropped here while their posted card, or the one that they share, may still show it."""
        lead = cases.alias()
        shared = (lead.c.id == cases.c.lead_id, lead.c.card_message_id.is_not(None), lead.c.payload.is_not(None))
        posted = cases.c.card_message_id.is_not(None) | sa.exists().where(*shared)
        dropped = (cases.c.payload.is_(None), cases.c.card_scrubbed.is_(False))
        return await self._find(*dropped, posted, self._db.mine(cases.c.guild_id), limit=limit)

    async def set_scrubbed(self, *, case_id: int) -> None:
        """No card shows a text of the case any more."""
        await self._update(case_id, card_scrubbed=True)

    async def _find(self, *where: sa.ColumnElement[bool], limit: int | None = None) -> list[Case]:
        async with self._db.read() as connection:
            return await self._load(connection, sa.select(cases).where(*where).order_by(cases.c.id).limit(limit))

    async def _load(self, connection: AsyncConnection, query: sa.Select[Any]) -> list[Case]:
        return await load_cases(connection, self._db.key, query)

    async def _update(self, case_id: int, **values: Any) -> None:
        async with self._db.begin() as connection:
            await connection.execute(cases.update().where(cases.c.id == case_id).values(values))
