"""What the chat page shows, and that nothing in a message works on it: a real browser and a real sandbox."""

from __future__ import annotations

import re
from datetime import timedelta

import discord
import pytest

from bot.sandbox.sandbox import Sandbox
from tests.e2e.page.moves import column, composer, message, say, speak_as
from tests.e2e.page.page_bot import PageBot

pytest.importorskip("playwright", reason="playwright is not installed: pip install '.[test]'")

from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = (
    '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script> [click](javascript:window.harmed=1) '
    '<a href="https://example.org">a</a> **<b>bold</b>** `<i>code</i>` ||<u>covered</u>|| </li></ol> ' + "e\u0301" * 300
)


async def test_a_card_is_drawn_whole_and_its_buttons_work(page: Page, bot: PageBot, sandbox: Sandbox) -> None:
    said = await sandbox.say("Mia", "gaming", "jump here")
    await bot.post_card(
        "mod-review", f"https://discord.com/channels/{sandbox.guild.id}/{said['channel_id']}/{said['id']}"
    )
    await speak_as(page, "Lena")
    card = column(page, "mod-review").get_by_role("region", name="Card")
    await expect(card.get_by_role("heading", name="Insult · case 7")).to_be_visible()
    await expect(card).to_have_css("border-left-color", "rgb(230, 126, 34)")
    await expect(card.get_by_role("img", name="A green field")).to_have_js_property("naturalWidth", 40)
    await expect(card.get_by_role("img", name="Kai")).to_be_visible()
    await expect(card.get_by_role("link", name="notes.txt")).to_have_attribute("href", re.compile(r"^/attachments/"))
    await expect(card.get_by_role("button", name="Undo")).to_be_disabled()
    await card.get_by_role("link", name="Jump").click()
    await expect(message(page, "gaming", "jump here")).to_be_focused()
    await card.get_by_role("button", name="Breaks rules").click()
    await expect(card.get_by_role("heading", name="Decided · case 7")).to_be_visible()
    await card.get_by_role("button", name="Ask").click()
    await expect(page.get_by_role("dialog", name="Tell the moderators")).to_be_visible()


async def test_a_spoiler_stays_shut_until_it_is_opened_with_the_keyboard(page: Page, sandbox: Sandbox) -> None:
    await sandbox.say("Mia", "general", "the end: ||he **wakes** up||")
    cover = message(page, "general", "the end").get_by_role("button", name="Spoiler, press to show")
    inner = cover.locator(".veiled")
    await expect(inner).to_have_css("opacity", "0")
    await cover.press("Enter")
    await expect(message(page, "general", "the end").locator(".veiled")).to_have_css("opacity", "1")
    await expect(message(page, "general", "the end").locator("strong")).to_have_text("wakes")


async def test_markdown_is_drawn_as_discord_draws_it(page: Page, sandbox: Sandbox) -> None:
    lines = (
        "# Big",
        "-# small",
        "- one",
        "  - two",
        "> cited",
        "```py",
        "**raw**",
        "```",
        r"\*no\* *it* __un__ ~~st~~ `co*d*e` snake_case_name",
        f"<@{sandbox.member('Mia').user.id}> <#{sandbox.channel('help').id}> <:wave:123456789012345678> <t:0:D>",
        "[site](https://example.org/a_(b)) https://example.org/x, ok",
    )
    await sandbox.say("Mia", "general", "\n".join(lines))
    said = message(page, "general", "Big")
    await expect(said.get_by_role("heading", name="Big")).to_be_visible()
    await expect(said.locator(".subtext")).to_have_text("small")
    await expect(said.locator("li li")).to_have_text("two")
    await expect(said.locator("blockquote")).to_have_text("cited")
    await expect(said.locator("pre")).to_have_text("**raw**")
    await expect(said.locator("em")).to_have_text(["it"])
    await expect(said.locator("u")).to_have_text("un")
    await expect(said.locator("s")).to_have_text("st")
    await expect(said.locator("code").last).to_have_text("co*d*e")
    await expect(said).to_contain_text("*no*")
    await expect(said).to_contain_text("snake_case_name")
    await expect(said.locator(".mention")).to_have_text(["@Mia", "#help"])
    await expect(said).to_contain_text(":wave: 1 January 1970")
    await expect(said.get_by_role("link", name="site")).to_have_attribute("href", "https://example.org/a_(b)")
    await expect(said.get_by_role("link").last).to_have_attribute("href", "https://example.org/x")


async def test_hostile_text_stays_text(page: Page, bot: PageBot, sandbox: Sandbox) -> None:
    await sandbox.say("Kai", "general", HOSTILE)
    await bot.text("general").send(embed=_embed(HOSTILE[:200]))
    shown = column(page, "general").locator("[data-message]")
    await expect(shown).to_have_count(2)
    await expect(shown.first).to_contain_text('<img src=x onerror="window.harmed=1">')
    await expect(shown.last.locator(".embed")).to_contain_text("<script>")
    for forbidden in ("img", "script", "i", "b", "a[href^='javascript']"):
        await expect(shown.locator(f".content {forbidden}")).to_have_count(0)
    assert await page.evaluate("window.harmed") is None


def _embed(text: str) -> discord.Embed:
    return discord.Embed(title=text, description=text, url="https://example.org").set_footer(text=text)


async def test_a_timed_out_member_is_marked_and_cannot_write(page: Page, bot: PageBot, sandbox: Sandbox) -> None:
    await sandbox.say("Kai", "general", "before")
    await bot.person("Kai").timeout(timedelta(hours=1))
    await expect(message(page, "general", "before")).to_contain_text("timed out until")
    await expect(column(page, "general")).to_contain_text(re.compile("Kai is timed out until .* and cannot write"))
    await expect(composer(page, "general")).to_be_hidden()


async def test_a_timed_out_member_reads_and_answers_direct_messages(page: Page, bot: PageBot) -> None:
    await bot.person("Kai").timeout(timedelta(hours=1))
    await bot.person("Kai").send(f"You cannot write until {discord.utils.format_dt(discord.utils.utcnow(), 'F')}.")
    await page.get_by_role("button", name="Show", exact=True).click()
    direct = page.get_by_role("region", name="@Candor")
    await expect(direct.get_by_role("textbox", name="Message @Candor as Kai")).to_be_visible()
    assert await direct.locator(".body").evaluate("node => node.scrollWidth <= node.clientWidth")


async def test_a_forward_out_of_other_peoples_direct_messages_names_no_place(page: Page, sandbox: Sandbox) -> None:
    elsewhere = await sandbox.open_dm("Mia", "Dex")
    original = await sandbox.say("Dex", elsewhere["id"], "only between us")
    await sandbox.forward("Mia", original["id"], "general")
    shown = message(page, "general", "only between us")
    await expect(shown).to_contain_text("Forwarded")
    await expect(shown.locator(".forwarded button")).to_have_count(0)


async def test_a_picture_of_another_address_is_named_and_not_loaded(page: Page, bot: PageBot) -> None:
    embed = discord.Embed(title="Weather", colour=0x3498DB).set_image(url="https://example.org/cloud.png")
    await bot.text("general").send(embed=embed.add_field(name="Wind", value="**strong**"))
    shown = column(page, "general").locator(".embed")
    await expect(shown).to_contain_text("Picture at example.org, not loaded: this page opens no outside address.")
    await expect(shown).to_have_css("border-left-color", "rgb(52, 152, 219)")
    await expect(shown.locator(".fields")).to_contain_text("strong")
    await expect(shown.get_by_role("img")).to_have_count(0)


async def test_a_phone_shows_one_channel_at_a_time_without_overflow(page: Page, bot: PageBot, sandbox: Sandbox) -> None:
    await bot.post_card("mod-review", "https://discord.com/")
    await sandbox.say("Mia", "general", "a" * 300 + " https://example.org/" + "b" * 300)
    await page.set_viewport_size({"width": 390, "height": 844})  # pyright: ignore[reportArgumentType]
    await expect(column(page, "general")).to_be_visible()
    await expect(column(page, "gaming")).to_be_hidden()
    for channel in ("general", "mod-review"):
        await page.get_by_role("navigation", name="Channels").get_by_role("button", name=channel).click()
        await expect(column(page, channel).locator("[data-message]").last).to_be_visible()
        for box in ("html", "body", ".column.active .log"):
            assert await page.locator(box).evaluate("node => node.scrollWidth <= node.clientWidth"), (channel, box)
    await page.get_by_role("button", name="You speak as Kai").click()
    await page.get_by_role("region", name="You speak as").get_by_role("button", name="Lena").click()
    await say(page, "mod-review", "on my phone", "Lena")
    await expect(message(page, "mod-review", "on my phone")).to_be_visible()
