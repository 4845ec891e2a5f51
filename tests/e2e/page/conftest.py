"""A real headless Chromium, and the chat page open in it, in one loop for all tests of a file."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.sandbox.sandbox import Sandbox
from tests.e2e.openapi_check import OpenApiCheck
from tests.e2e.page.page_bot import PageBot
from tests.e2e.probe import running

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Chromium from CANDOR_CHROMIUM, else the first of CHROMIUMS that is installed; skips where there is none."""
    playwright = pytest.importorskip(
        "playwright.async_api", reason="playwright is not installed: pip install '.[test]'"
    )
    path = os.environ.get("CANDOR_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium, or set CANDOR_CHROMIUM to its path")
    # Root cannot be given to Chromium's own sandbox.
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=flags)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox(rest_bodies: OpenApiCheck | None) -> AsyncIterator[Sandbox]:
    """A loopback Discord with the guild Harbor Games."""
    async with await Sandbox.start() as sandbox:
        sandbox.on_rest_body = rest_bodies
        yield sandbox


@pytest_asyncio.fixture(loop_scope="module")
async def bot(sandbox: Sandbox) -> AsyncIterator[PageBot]:
    """The bot with the card and the commands, ready."""
    bot = PageBot(sandbox)
    async with running(bot, sandbox.token):
        yield bot


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, sandbox: Sandbox, bot: PageBot) -> AsyncIterator[Page]:
    """The page, open on a desktop, speaking as Kai. Fails a test whose page raised or asked anything outside."""
    own = (sandbox.page_url, sandbox.page_url.replace("http:", "ws:"), "data:", "blob:")
    problems: list[str] = []
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(30_000)
    page = await context.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(own) else problems.append(request.url))
    await page.goto(sandbox.page_url)
    await page.get_by_text("Candor is online").wait_for()
    yield page
    await context.close()
    assert problems == []
