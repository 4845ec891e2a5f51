"""Cases on which two models disagree: marked, or opened to be looked at first, and what moderators said of them."""

from __future__ import annotations

import sqlalchemy as sa

from bot.core.cases import Case, Flagger, NewCase
from bot.core.teaching import judged
from bot.store import rows
from bot.store.database import Database
from bot.store.keeping import Keeping
from bot.store.labels import votes_of
from bot.store.loading import load_cases
from bot.store.tables import cases


class ShadowStore:
    """Every method raises StoreUnavailable."""

    def __init__(self, db: Database, *, keeping: Keeping | None = None) -> None:
        self._db = db
        self._keeping = keeping or Keeping(db)

    async def mark(self, *, message_id: int, revision: int, run_id: str, by: Flagger) -> None:
        """Note that only `by` flags the message, on the case whose card shows it; nothing where there is no case."""
        this = (cases.c.message_id == message_id, cases.c.revision == revision)
        carded = sa.select(sa.func.coalesce(cases.c.lead_id, cases.c.id)).where(*this)
        # A subquery of its own: a statement may not read the table that it changes on every database.
        which = cases.update().where(cases.c.id.in_(sa.select(carded.subquery())))
        async with self._db.begin() as connection:
            await connection.execute(which.values(flagged_only_by=by, shadow_run=run_id))

    async def open(self, new: NewCase, *, run_id: str, most: int) -> Case | None:
        """A case that only the challenger of the run flags, in the queue without a card; None where there is none.

        At most `most` a run and guild, each text once, and none on a message that has a case.
        """
        if await self._keeping.opted_out(new.guild_id, new.author_id) is not None:
            return None  # nothing was decided, so nothing of them is kept
        mine = (cases.c.shadow_run == run_id, cases.c.guild_id == new.guild_id)
        opened = sa.select(sa.func.count()).where(*mine, cases.c.flagged_only_by == "challenger")
        values = rows.case_values(await self._keeping.fit(new), self._db.key)
        same = sa.select(cases.c.id).where(*mine, cases.c.text_hash == values["text_hash"]).limit(1)
        values |= {"flagged_only_by": "challenger", "shadow_run": run_id, "queued_at": new.opened_at}
        insert = self._db.insert(cases).values(values)
        once = insert.on_conflict_do_nothing(index_elements=["message_id", "revision"]).returning(cases.c.id)
        async with self._db.begin() as connection:
            if (await connection.scalar(opened) or 0) >= most:
                return None
            if await connection.scalar(same) is not None:
                return None
            case_id = await connection.scalar(once)
            found = await load_cases(connection, self._db.key, sa.select(cases).where(cases.c.id == case_id))
            return found[0] if found else None

    async def judged(self, run_id: str) -> list[tuple[Flagger, bool]]:
        """Of each closed disagreement of the run that moderators judged: which model alone flags it, and whether most
        of them say that it breaks the rules. Where as many say yes as no it is left out.
        """
        query = sa.select(cases.c.id, cases.c.flagged_only_by).where(
            cases.c.shadow_run == run_id, cases.c.state == "closed"
        )
        async with self._db.read() as connection:
            by = {row.id: row.flagged_only_by for row in await connection.execute(query)}
            said = await votes_of(connection, list(by))
        found: list[tuple[Flagger, bool]] = []
        for case_id, votes in said.items():
            answers = list(judged(votes).values())
            if 2 * sum(answers) != len(answers):
                found.append((by[case_id], 2 * sum(answers) > len(answers)))
        return found
