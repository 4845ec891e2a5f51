"""Takes the README's pictures: lets a month pass on the demo's server, opens its page in a real browser, and looks.

    python docs/pictures.py                 # all of them, into docs/
    python docs/pictures.py card stats      # these alone

Needs the extras `model`, `demo` and `test`, and a Chromium: the first of chromium, chromium-browser and google-chrome
that is installed, or the one that CANDOR_CHROMIUM names. It takes about three minutes on two cores, and as long again
for `retraining`, which trains.

What is written and pressed is made up; everything in the pictures is what the real bot and model made of it. A month
passes by making the database's records a day older after each day that was played. `retraining` learns from that
month's verdicts and from lines of a made-up community with slang of its own, as a team would import them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import random
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from bot.app import App, build_app
from bot.config import load_settings
from bot.core.cases import Case
from bot.core.lessons import NewLesson
from bot.demo import demo_settings, explainer_ready
from bot.errors import BotError
from bot.flow.turns import Turn
from bot.log import configure
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.script import SMALL_TALK, TEASED
from bot.stage_day import REVIEW_CHANNEL
from bot.stage_hands import Hands
from bot.stage_watch import Watch
from bot.store.lessons import LessonStore
from moderation_model.checks.community import community, reviewed

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

HERE = Path(__file__).parent
PHONE = {"width": 400, "height": 860}
SHARPNESS = 2
"""Pixels of the picture for one of the page, as on a phone."""
COLOURS = 96
"""Of a dark page with little in colour, so many are enough, and keep a picture under 150 kB."""
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
MODERATOR, ADMINISTRATOR = "Lena", "Robin"
QUARREL = ("anyone up for co-op tonight?", "nobody wants you in this group, you pathetic loser")

DAYS = 27
LINES, IMPORTED, BATCH = 1800, 300, 64
"""Lines of the community, and so many of those that its moderators saw; texts of one request."""
ACCUSING = ("toxic", "severe_toxic", "insult", "threat", "identity_hate")
MEMBERS = ("Mia", "Jonas", "Kai", "Priya", "Sam", "Noor")
CHANNELS = ("general", "gaming", "gaming", "help")
UNKIND = (
    "quit, you worthless clown",
    "you are a worthless idiot, get out of here",
    "what a stupid little clown you are",
    "get lost, you useless idiot",
    "you play like a brainless fool",
    "you are a disgrace, you miserable loser",
)
FRIENDLY = (
    "you idiot, you forgot your own birthday cake",
    "you silly fool, of course you can have my spot",
    "you crazy genius idiot, how did you find that door",
    TEASED.text,
)
"""Harmless among friends, and flagged."""


class Month:
    """A month on the demo's server: some talk a day, now and then an insult, and a moderator who answers most cards."""

    def __init__(self, app: App, sandbox: Sandbox, watch: Watch) -> None:
        self.app, self.sandbox, self.watch = app, sandbox, watch
        self.hands = Hands(sandbox)
        self.luck = random.Random(4)

    async def play(self) -> None:
        """Set up, then day after day."""
        await self.hands.command(ADMINISTRATOR, "candor setup", review_channel=f"#{REVIEW_CHANNEL}")
        await self.hands.command(ADMINISTRATOR, "candor rules name", label="insult", rule="rule 2")
        for _ in range(DAYS):
            await self._day()
            self._grow_older(24 * 60)

    async def _day(self) -> None:
        for _ in range(self.luck.randint(14, 26)):
            await self._say(self.luck.choice(MEMBERS), self.luck.choice(SMALL_TALK).text)
        unkind = self.luck.sample(UNKIND, self.luck.choice((1, 2, 2, 3, 3)))
        friendly = self.luck.sample(FRIENDLY, self.luck.choice((0, 0, 1, 1)))
        authors = self.luck.sample(MEMBERS, len(unkind) + len(friendly))
        cases = [await self._say(who, text) for who, text in zip(authors, [*unkind, *friendly], strict=True)]
        for case, text in zip(cases, [*unkind, *friendly], strict=True):
            if case is not None and self.luck.random() < 0.95:
                self._grow_older(self.luck.choice((2, 4, 9, 15, 40)), open_cases=True)
                await self._answer(case, "It's fine" if text in FRIENDLY else self.luck.choice(("Breaks", "Delete")))

    async def _say(self, who: str, text: str) -> Case | None:
        message = await self.sandbox.say(who, self.luck.choice(CHANNELS), text)
        return (await self.watch.of(int(message["id"]))).case

    async def _answer(self, case: Case, label: str) -> None:
        case = await self.watch.card(case.lead_id or case.case_id)
        if case.card is not None and case.state == "open":
            card = self.sandbox.channel(REVIEW_CHANNEL).messages[case.card.message_id]
            await self.hands.press(MODERATOR, card, label)

    def _grow_older(self, minutes: int, *, open_cases: bool = False) -> None:
        """Every time in the database is so many minutes earlier, or only those of the cases that wait."""
        with contextlib.closing(sqlite3.connect(self.app.settings.data_dir / "candor.db", timeout=30)) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in ["cases"] if open_cases else tables:
                columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
                times = [name for _, name, kind, *_ in columns if kind == "DATETIME"]
                chosen = "closed_at IS NULL" if open_cases else "TRUE"
                # By way of another century: two rows of one hour must not meet half-way.
                for shift in ("-100 years", f"+100 years', '-{minutes} minutes"):
                    for name in times:
                        moved = f"strftime('%Y-%m-%d %H:%M:%f000', {name}, '{shift}')"
                        connection.execute(f"UPDATE {table} SET {name} = {moved} WHERE {name} IS NOT NULL AND {chosen}")
            connection.commit()


class Studio:
    """The demo's server after its month, and its page on a phone."""

    def __init__(self, app: App, sandbox: Sandbox, watch: Watch, page: Page) -> None:
        self.app, self.sandbox, self.watch, self.page = app, sandbox, watch, page

    async def card(self) -> Locator:
        """The review card of an insult in an answer, its text opened."""
        asked = await self.sandbox.say("Priya", "general", QUARREL[0])
        said = await self.sandbox.say("Kai", "general", QUARREL[1], reply_to=asked["id"])
        case = (await self.watch.of(int(said["id"]))).case
        if case is None:
            raise SystemExit("The model does not flag the insult, so there is no card to show.")
        case = await self.watch.card(case.lead_id or case.case_id)
        assert case.card is not None, "the watch waits for cards"
        await self._be(MODERATOR, "mod-review")
        shown = self.page.locator(f"[data-message='{case.card.message_id}']")
        covered = shown.get_by_role("button", name="Spoiler, press to show")
        while await covered.count():
            await covered.first.click()
        return shown

    async def preview(self) -> Locator:
        """What deleting insults would have done, with the button that sets it."""
        return await self._answer("candor preview", label="Insult", limit="80")

    async def stats(self) -> Locator:
        """The statistics of the demo's server."""
        return await self._answer("candor stats")

    async def weekly(self) -> Locator:
        """The report on the month's last week."""
        said = await self.app.flows.weekly.run(Turn(datetime.now(UTC), self._guild, _confirmed))
        if not said.startswith("posted"):
            raise SystemExit(f"There is no weekly report to show ({said}).")
        return await self._newest_card()

    async def retraining(self) -> Locator:
        """The report on a run that is played for it, to its end."""
        await self._teach()
        run = await self.app.flows.learn.start(guild_id=self._guild, by=None)
        while (await self.app.flows.learn.newest())[0].report is None:
            state = (await self.app.flows.learn.newest())[0]
            if state.phase in ("failed", "cancelled"):
                raise SystemExit(f"{run.run_id} has ended without a report: {state.error}")
            await asyncio.sleep(2)
        return await self._newest_card()

    async def _teach(self) -> None:
        """Import lines that moderators of the made-up community judged before this month."""
        lines = community(LINES, seed=3, cores="known")
        flagged: list[bool] = []
        for start in range(0, len(lines), BATCH):
            texts = [line.text for line in lines[start : start + BATCH]]
            scored = await self.app.model.classify(texts, priority="backfill")
            flagged += [any(each.scores[name] >= each.thresholds[name] for name in ACCUSING) for each in scored]
        began = datetime.now(UTC) - timedelta(days=DAYS + 30)
        await LessonStore(self.app.db).add(
            [
                NewLesson(self._guild, "imported", each.text, each.labels, 0, began + timedelta(seconds=each.at))
                for each in reviewed(lines, flagged, seed=3)[:IMPORTED]
            ]
        )

    @property
    def _guild(self) -> int:
        return self.app.bot.guilds[0].id

    async def _newest_card(self) -> Locator:
        await self._be(MODERATOR, "mod-review")
        newest = max(self.sandbox.channel(REVIEW_CHANNEL).messages)
        shown = self.page.locator(f"[data-message='{newest}']")
        await shown.get_by_role("img").last.wait_for()
        return shown

    async def _answer(self, command: str, **options: str) -> Locator:
        """What the administrator sees of the command."""
        await self._be(ADMINISTRATOR, "general")
        composer = self.page.get_by_role("textbox", name=f"Message #general as {ADMINISTRATOR}")
        await composer.fill(f"/{command}")
        await composer.press("Enter")
        form = self.page.get_by_role("form", name=f"/{command}")
        for name, value in options.items():
            choices = form.get_by_role("button", name=name)
            if await choices.count():
                await choices.click()
                await self.page.get_by_role("option", name=value).first.click()
            else:
                await form.get_by_label(name).fill(value)
        await form.get_by_role("button", name="Run").click()
        shown = self.page.locator("[data-message]").filter(has_text=f"used /{command}").last
        await shown.get_by_role("img").last.wait_for()
        return shown

    async def _be(self, name: str, channel: str) -> None:
        await self.page.locator("#drawer-open").click()
        await self.page.get_by_role("region", name="You speak as").get_by_role("button", name=name).click()
        if await self.page.locator("#side.out").count():
            await self.page.locator("#drawer-close").click()
        await self.page.get_by_role("navigation", name="Channels").get_by_role("button", name=channel).click()

    async def take(self, shown: Locator, path: Path) -> None:
        """Look at it, and keep the picture."""
        # Room for all of it: what is cut off by the window is cut off in the picture.
        await self.page.set_viewport_size({"width": PHONE["width"], "height": 2400})
        await shown.scroll_into_view_if_needed()
        await self.page.mouse.move(0, 0)
        await self.page.evaluate("document.activeElement?.blur()")
        taken = await shown.screenshot()
        await self.page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        save(taken, path)


async def _confirmed() -> None:
    """Nobody else has this turn."""


def save(taken: bytes, path: Path) -> None:
    """Write the picture small, and say how large it is."""
    Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1000} kB")


SHOTS: dict[str, Callable[[Studio], Awaitable[Locator]]] = {
    "card": Studio.card,
    "preview": Studio.preview,
    "stats": Studio.stats,
    "weekly": Studio.weekly,
    "retraining": Studio.retraining,
}


@contextlib.asynccontextmanager
async def studio(folder: Path) -> AsyncIterator[Studio]:
    """The demo's server a month later, with a browser before it."""
    async with await Sandbox.start() as sandbox:
        base = load_settings(data_dir=folder, log_level="error")
        configure(base)
        settings = demo_settings(base, sandbox.token)
        settings.data_dir.mkdir()
        watch = Watch()
        app = build_app(settings, connector=sandbox.connector(), passed=watch.passed, presented=watch.presented)
        try:
            await app.start()
            await explainer_ready(app)
            await Month(app, sandbox, watch).play()
            async with phone(sandbox.page_url) as page:
                yield Studio(app, sandbox, watch, page)
        finally:
            await app.stop()


@contextlib.asynccontextmanager
async def phone(url: str) -> AsyncIterator[Page]:
    """The page, open on a phone. Exits with the fix where there is no Chromium."""
    from playwright.async_api import async_playwright

    path = os.environ.get("CANDOR_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        raise SystemExit("There is no Chromium: apt-get install chromium, or set CANDOR_CHROMIUM to its path.")
    # Root cannot be given to Chromium's own sandbox.
    flags = ["--headless", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=flags)
        context = await browser.new_context(
            viewport={"width": PHONE["width"], "height": PHONE["height"]},
            device_scale_factor=SHARPNESS,
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        page = await context.new_page()
        await page.goto(url)
        await page.get_by_text("Candor is online").wait_for(state="attached")
        await page.get_by_role("button", name="Hide this welcome").click()
        yield page
        await browser.close()


async def main(names: list[str], out: Path) -> None:
    """Take the pictures of these names into `out`."""
    with tempfile.TemporaryDirectory() as folder:
        async with studio(Path(folder)) as made:
            for name in names:
                await made.take(await SHOTS[name](made), out / f"{name}.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help=f"which of {', '.join(SHOTS)}; all where none is named")
    parser.add_argument("--out", type=Path, default=HERE, help="where to write them (default: docs/)")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(SHOTS)
    if unknown:
        sys.exit(f"There is no picture {', '.join(sorted(unknown))}; there are: {', '.join(SHOTS)}.")
    try:
        asyncio.run(main(chosen.names or list(SHOTS), chosen.out))
    except BotError as error:
        sys.exit(str(error))
