"""Taking the schema back to that of an older version of the bot, and what is lost on the way."""

from __future__ import annotations

from dataclasses import dataclass

from alembic import command
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError

from bot.errors import StoreUnavailable
from bot.store.database import Database

NO_REVISION = "There is no revision {revision} of the database. `candor migrate --to` takes one of: {known}."


@dataclass(frozen=True, slots=True)
class Step:
    """One revision that is taken back, and what that does to what is stored."""

    revision: str
    does: str


async def steps_down(db: Database, revision: str) -> list[Step]:
    """What going to `revision` takes back, the newest first; empty where the database is no newer than that.

    Raises StoreUnavailable, also for a revision that there is not.
    """
    scripts = ScriptDirectory.from_config(db.alembic_config())
    known = [script.revision for script in scripts.walk_revisions()]
    if revision not in known:
        raise StoreUnavailable(NO_REVISION.format(revision=revision, known=", ".join(reversed(known))))
    current = await db.revision()
    if current not in known or known.index(current) >= known.index(revision):
        return []
    return [_step(script) for script in scripts.iterate_revisions(current, revision)]


async def downgrade(db: Database, revision: str) -> None:
    """Take the schema back to `revision`. Nothing is changed where it cannot. Raises StoreUnavailable with why."""
    try:
        await db.move_schema(lambda config: command.downgrade(config, revision))
    except (CommandError, NotImplementedError) as error:
        raise StoreUnavailable(f"The database cannot be taken back to {revision}: {error}") from error


def _step(script: Script) -> Step:
    said = (script.module.downgrade.__doc__ or "").strip().partition("\n\n")[0]
    return Step(script.revision, " ".join(said.split()))
