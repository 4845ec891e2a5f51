"""Takes the README's pictures: lets a month pass on the demo's server, opens its page in a real browser, and looks.

    python docs/pictures.py                 # all of them, into docs/
    python docs/pictures.py card stats      # these alone

Needs the extras `model`, `demo` and `test`, and a Chromium: the first of chromium, chromium-browser and google-chrome
that is installed, or the one that CANDOR_CHROMIUM names. It takes about three minutes on two cores, and as long again
for `retraining`, which trains.

What is written and pressed is made up (`month.py`); everything in the pictures is what the real bot and model made of
it. `retraining` learns from that month's verdicts and from lines of a made-up community with slang of its own, as a
team would import them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from month import ADMINISTRATOR, DAYS, MODERATOR, Month
from PIL import Image

from bot.app import App, build_app
from bot.config import load_settings
from bot.core.lessons import NewLesson
from bot.demo import demo_settings, explainer_ready
from bot.errors import BotError
from bot.flow.turns import Turn
from bot.log import configure
from bot.sandbox.sandbox import Sandbox
from bot.stage_day import REVIEW_CHANNEL
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
QUARREL = ("anyone up for co-op tonight?", "nobody wants you in this group, you pathetic loser")

LINES, IMPORTED, BATCH = 1800, 300, 64
"""Lines of the community, and so many of those that its moderators saw; texts of one request."""
ACCUSING = ("toxic", "severe_toxic", "insult", "threat", "identity_hate")


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
