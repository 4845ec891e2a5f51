"""The console script `candor`: run, demo, doctor, migrate, rotate-key, privacy-policy, labels import."""

from __future__ import annotations

import asyncio
import importlib.util
import os
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import structlog
import typer

from bot.config import Settings, load_settings
from bot.errors import BadSettings, BotError
from bot.log import configure
from moderation_model.errors import BadServerAddress, ModelError

T = TypeVar("T")

log = structlog.get_logger(__name__)

INTERRUPTED = 130
MISCONFIGURED = 78
"""sysexits.h's EX_CONFIG: a token, an intent or a setting that starting again does not mend. In a systemd unit:
RestartPreventExitStatus=78."""
DEMO_NEEDS = ("aiohttp", "trustme", "zstandard")
NO_DEMO_EXTRA = "The demo needs {missing}: run pip install 'candor[model,demo]', or in a checkout: make demo."
OWN_ERROR = (
    "Candor stopped because of an error of its own ({name}). The line above says where; please report it without the "
    "texts of members."
)


def run() -> None:
    """Moderate a real server until stopped. Needs CANDOR_DISCORD_TOKEN."""
    settings = _settings()
    from bot import running

    _finish(running.run(settings))


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Play the script, print one JSON object a message, and exit.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the chat page; 0 takes a free one.", min=0, max=65535)] = 0,
    learn: Annotated[
        bool, typer.Option("--learn", help="Play how verdicts make a better model, in some minutes; 1 if none came.")
    ] = False,
) -> None:
    """Show the whole bot on a Discord of its own, on this machine, without a token."""
    settings = _settings(quiet="warning")
    missing = [name for name in DEMO_NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        _refuse(NO_DEMO_EXTRA.format(missing=missing[0]))
    from bot.demo import run_demo

    code = _finish(run_demo(settings, headless=headless, page_port=port, learn=learn))
    if code:
        raise typer.Exit(code)


def doctor() -> None:
    """Say what is missing for a start, and how to mend it. Changes nothing."""
    settings = _settings(quiet="error")  # what a check stumbles over becomes a finding
    from rich.console import Console

    from bot.doctor import examine, show

    console = Console(highlight=False)
    console.print("Looking at folder, key, database, model and Discord ...\n")
    findings = _finish(examine(settings))
    show(findings, console)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def migrate(
    to: Annotated[
        str | None, typer.Option("--to", help="A revision, such as 0011: back to what an older version can read.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Go back although something stored may be lost.")] = False,
) -> None:
    """Bring the database's tables up to date; `run` does the same at its start."""
    settings = _settings(quiet="warning")
    from bot.store.crypto import TextKey
    from bot.store.database import Database
    from bot.store.downgrading import downgrade, steps_down

    async def upgrade() -> str:
        db = Database(settings.sql_url, key=TextKey.from_settings(settings))
        try:
            steps = await steps_down(db, to) if to else []
            if steps and not yes:
                lines = "\n".join(f"  {step.revision}: {step.does}" for step in steps)
                raise BotError(f"Going back to {to} takes these steps; stop every bot and add --yes to do it:\n{lines}")
            if steps:
                await downgrade(db, to or "head")
            else:
                await db.migrate(to or "head")
        finally:
            await db.close()
        where = db.url.render_as_string(hide_password=True)
        return f"The database is {f'at revision {to}' if to else 'up to date'}: {where}"

    typer.echo(_finish(upgrade()))


def rotate_key() -> None:
    """Change the key of the stored texts, with the bot stopped; what was cut short goes on where it was."""
    settings = _settings(quiet="warning")
    from bot.flow.rotating import rotate_key as rotate

    typer.echo(_finish(rotate(settings, now=datetime.now(UTC))))


def privacy_policy() -> None:
    """Write a privacy policy and the answers for Discord's intent review, from what is set. Changes nothing."""
    settings = _settings(quiet="error")
    from bot.flow.policy_page import facts_of, policy

    typer.echo(policy(_finish(facts_of(settings))))


def import_labels(
    file: Annotated[Path, typer.Argument(help="A .csv with a header or a .jsonl: text, and labels as 1, 0 or empty.")],
    guild: Annotated[int, typer.Option(help="Id of the server whose model learns from it.", min=1)],
) -> None:
    """Keep labelled texts of your own to learn from. They must not come from Discord's messages."""
    settings = _settings(quiet="warning")
    from bot.flow.importing import import_labels as keep
    from bot.store.crypto import TextKey
    from bot.store.database import Database
    from bot.store.lessons import LessonStore

    async def work() -> str:
        db = Database(settings.sql_url, key=TextKey.from_settings(settings))
        try:
            await db.migrate()
            return (await keep(file, guild_id=guild, lessons=LessonStore(db), at=datetime.now(UTC))).sentence
        finally:
            await db.close()

    typer.echo(_finish(work()))


def build_cli() -> typer.Typer:
    """The command line with all verbs."""
    cli = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # its tracebacks show local values
        help="A Discord moderation bot that shows its reasons. Settings are variables CANDOR_...: see .env.example.",
    )
    for verb in (run, demo, doctor, migrate, rotate_key, privacy_policy):
        cli.command()(verb)
    labels = typer.Typer(no_args_is_help=True, help="Labelled texts of your own.")
    labels.command("import")(import_labels)
    labels.callback()(lambda: None)  # else typer makes the one verb the group itself
    cli.add_typer(labels, name="labels")
    return cli


def main() -> None:
    """Entry point of the console script. What it writes, this user alone can read."""
    os.umask(0o077)
    build_cli()()


def _settings(*, quiet: str | None = None) -> Settings:
    """The settings, with logging set up. `quiet`: only lines of that level, for people, unless the operator chose."""
    try:
        settings = load_settings()
    except BotError as error:
        _refuse(str(error), code=MISCONFIGURED)
    if quiet:
        calm = {"log_level": quiet, "log_format": "console"}
        unset = {name: value for name, value in calm.items() if name not in settings.model_fields_set}
        settings = settings.model_copy(update=unset)
    configure(settings)
    return settings


def _finish(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns. An error ends the process with one sentence and exit code 1, or `MISCONFIGURED` for one that
    only a person can mend.
    """
    try:
        return asyncio.run(work)
    except (BadSettings, BadServerAddress) as error:
        _refuse(str(error), code=MISCONFIGURED)
    except (BotError, ModelError) as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        log.exception("stopped")
        _refuse(OWN_ERROR.format(name=type(error).__name__))


def _refuse(sentence: str, *, code: int = 1) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
