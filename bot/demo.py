"""`candor demo`: the real bot, model server and database on a Discord of their own, with a scripted conversation.

Everything is what runs in earnest; only Discord is replaced, by `bot.sandbox` on loopback. Where the model is wrong the
demo says so, which is no error; a line that is lost is one.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import shutil
import signal
import time
from pathlib import Path
from typing import IO

from rich.console import Console

from bot.app import App, build_app
from bot.config import Settings, load_settings
from bot.sandbox.sandbox import Sandbox
from bot.stage import Stage
from bot.stage_learn import SHADOWED, LearnStage, learned
from bot.stage_watch import PASS_SECONDS, DemoFailed, Watch
from moderation_model.errors import ModelError

WARM_UP_SECONDS = 120.0


def demo_settings(base: Settings, token: str, *, learn: bool = False) -> Settings:
    """The demo's own token, folder, key and database, whatever the operator has set for the real server.

    With `learn` its own model server, too, which lets a better model serve by itself and at once: it must not be the
    operator's.
    """
    same = {"model_url", "model_token", "model_plain_http", "model_ca", "model_path", "model_device"}
    kept = base.model_dump(include=same)
    if learn:
        kept |= {"model_url": None, "model_token": None, "model_path": None, "promotion": "auto"}
        kept |= {"challenger_messages": SHADOWED}
    return load_settings(
        **kept,
        discord_token=token,
        discord_proxy=None,
        database_url=None,
        encryption_key=None,
        models_dir=None,
        health_port=None,
        data_dir=base.data_dir / "demo",
    )


def take_folder(folder: Path) -> IO[bytes]:
    """A file that keeps a second demo out of `folder` while it is open. Raises DemoFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "demo.lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise DemoFailed(f"Another demo runs in {folder}. End it first, or set CANDOR_DATA_DIR to another.") from None
    return lock


def forget_last_run(folder: Path) -> None:
    """The demo's server is new each time, so its database is too, and what its model learned."""
    for name in ("candor.db", "candor.db-wal", "candor.db-shm"):
        (folder / name).unlink(missing_ok=True)
    if (folder / "models").exists():
        shutil.rmtree(folder / "models")


async def run_demo(base: Settings, *, headless: bool, page_port: int = 0, learn: bool = False) -> int:
    """Play the script, or with `learn` the loop of learning; with a page (`headless=False`) stay up until Ctrl-C.

    0, or 1 where the loop ended without a better model. Raises BotError or ModelError.
    """
    console = Console(stderr=headless, highlight=False)
    interrupted = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    async with await Sandbox.start(page_port=page_port) as sandbox:
        settings = demo_settings(base, sandbox.token, learn=learn)
        lock = take_folder(settings.data_dir)
        forget_last_run(settings.data_dir)
        watch = Watch()
        app = build_app(
            settings,
            connector=sandbox.connector(),
            passed=watch.passed,
            presented=watch.presented,
            source="sandbox",
            clock=sandbox.clock,
        )
        perform = _learn if learn else _perform
        playing = asyncio.create_task(perform(app, sandbox, watch, headless=headless, console=console))
        stop = asyncio.create_task(interrupted.wait())
        try:
            await asyncio.wait([playing, stop], return_when=asyncio.FIRST_COMPLETED)
            return await playing if playing.done() else 0
        except TimeoutError:
            raise DemoFailed(f"A message was not decided within {PASS_SECONDS:.0f} s.") from None
        finally:
            playing.cancel()
            stop.cancel()
            await asyncio.gather(playing, stop, return_exceptions=True)
            await app.stop()
            lock.close()


async def _perform(app: App, sandbox: Sandbox, watch: Watch, *, headless: bool, console: Console) -> int:
    await _start(app, sandbox, headless=headless, console=console)
    stage = Stage(app, sandbox, watch, headless=headless, console=console)
    summary = await stage.play()
    if headless:
        print(json.dumps({"summary": summary}, ensure_ascii=False), flush=True)  # noqa: T201 - the output is the point
        return 0
    console.print(f"\n  {summary['as_they_must_be']} of {summary['lines']} lines came out as they must.")
    for problem in [*summary["wrong"], *summary["reviewing"]["wrong"]]:
        console.print(f"  The model is wrong on {problem}.", markup=False)
    console.print(
        "  Since the day of reviewing, notices and appeals are on, and the keyword deletes; labels are in shadow mode.",
        soft_wrap=True,
    )
    await _stay(app, sandbox, console)
    return 0


async def _learn(app: App, sandbox: Sandbox, watch: Watch, *, headless: bool, console: Console) -> int:
    stage = LearnStage(app, sandbox, watch, app.settings.data_dir, headless=headless, console=console)
    await stage.crowd.gather()
    await _start(app, sandbox, headless=headless, console=console)
    summary = await stage.play()
    if headless:
        print(json.dumps({"summary": summary}, ensure_ascii=False), flush=True)  # noqa: T201 - the output is the point
    for line in learned(summary):
        console.print(f"  {line}", markup=False, soft_wrap=True)
    if not headless:
        await _stay(app, sandbox, console)
    return 0 if summary["promoted"] else 1


async def _start(app: App, sandbox: Sandbox, *, headless: bool, console: Console) -> None:
    console.print("Starting the model server, the bot and a Discord on loopback ...")
    await app.start()
    await explainer_ready(app)
    if not headless:
        console.print(f"\n  Open [bold]{sandbox.page_url}[/bold] in a browser. Ctrl-C ends the demo.\n")


async def _stay(app: App, sandbox: Sandbox, console: Console) -> None:
    console.print(f"\n  The stage is yours: [bold]{sandbox.page_url}[/bold]\n  Ctrl-C ends the demo.")
    await app.wait()


async def explainer_ready(app: App) -> None:
    """The first card is to have its words. Raises DemoFailed."""
    deadline = time.monotonic() + WARM_UP_SECONDS
    while time.monotonic() < deadline:
        try:
            if (await app.model.health()).get("explainer") == "ready":
                return
        except ModelError as error:
            raise DemoFailed(str(error)) from error
        await asyncio.sleep(0.1)
    raise DemoFailed(f"The explainer was not ready within {WARM_UP_SECONDS:.0f} s.")
