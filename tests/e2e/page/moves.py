"""What a visitor does on the chat page, and where on it things are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page


def column(page: Page, channel: str) -> Locator:
    """A channel's column."""
    return page.get_by_role("region", name=f"#{channel}")


def message(page: Page, channel: str, text: str) -> Locator:
    """The messages of a channel that contain `text`."""
    return column(page, channel).locator("[data-message]").filter(has_text=text)


def composer(page: Page, channel: str, name: str = "Kai") -> Locator:
    """Where `name` writes in a channel."""
    return page.get_by_role("textbox", name=f"Message #{channel} as {name}")


async def speak_as(page: Page, name: str) -> None:
    """Become another member."""
    await page.get_by_role("region", name="You speak as").get_by_role("button", name=name).click()


async def say(page: Page, channel: str, text: str, name: str = "Kai") -> None:
    """Type and send."""
    field = composer(page, channel, name)
    await field.fill(text)
    await field.press("Enter")


async def choose_in_menu(page: Page, target: Locator, entry: str) -> None:
    """Open a message's menu and choose an entry."""
    await target.hover()
    await target.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("menuitem", name=entry).click()
