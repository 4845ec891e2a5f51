"""What a visitor can do on the chat page: a real browser, a real sandbox, a connected bot."""

from __future__ import annotations

import aiohttp
import pytest

from bot.sandbox.sandbox import Sandbox
from tests.e2e.page.moves import choose_in_menu, column, composer, message, say, speak_as
from tests.e2e.page.page_bot import PageBot, png

pytest.importorskip("playwright", reason="playwright is not installed: pip install '.[test]'")

from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_member_says_edits_and_deletes(page: Page, bot: PageBot) -> None:
    await say(page, "general", "hello @Mia, see #help")
    heard = await bot.heard("message")
    assert heard.content == f"hello {bot.person('Mia').mention}, see {bot.text('help').mention}"
    said = message(page, "general", "hello @Mia, see #help")
    await choose_in_menu(page, said, "Edit")
    await page.get_by_role("textbox", name="Edit message").fill("hello all")
    await page.get_by_role("textbox", name="Edit message").press("Enter")
    edited = message(page, "general", "hello all")
    await expect(edited).to_contain_text("(edited)")
    await choose_in_menu(page, edited, "Delete")
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(edited).to_contain_text("deleted")
    assert (await bot.heard("delete")).message_id == heard.id


async def test_an_answer_and_a_forward_show_what_they_refer_to(page: Page, bot: PageBot, sandbox: Sandbox) -> None:
    original = await sandbox.say("Mia", "general", "rematch **tonight**?")
    said = message(page, "general", "rematch tonight?")
    await said.hover()
    await said.get_by_role("button", name="Reply").click()
    await say(page, "general", "at eight")
    await expect(message(page, "general", "at eight")).to_contain_text("Mia rematch tonight?")
    await choose_in_menu(page, said.first, "Forward to…")
    await page.get_by_role("button", name="Forward to: nothing chosen").click()
    await page.get_by_role("option", name="#gaming").click()
    await page.get_by_role("button", name="Forward", exact=True).click()
    forwarded = message(page, "gaming", "Forwarded")
    await expect(forwarded).to_contain_text("rematch tonight?")
    await expect(forwarded).to_contain_text("#general")
    replied, passed_on = await _own(bot), await _own(bot)
    assert replied == int(original["id"])
    assert passed_on == int(original["id"])


async def _own(bot: PageBot) -> int | None:
    while (heard := await bot.heard("message")).reference is None:
        continue
    return heard.reference.message_id


async def test_a_slash_command_is_offered_with_its_options_and_answers_privately(page: Page) -> None:
    await composer(page, "general").fill("/")
    await expect(page.get_by_role("option", name="/roll")).to_be_visible()
    await expect(page.get_by_role("option", name="/case check")).to_have_count(0)
    await speak_as(page, "Lena")
    await composer(page, "general", "Lena").fill("/case check is this fine?")
    offered = page.get_by_role("option", name="/case check")
    await expect(offered).to_contain_text("Say what the model makes of a text.")
    await composer(page, "general", "Lena").press("Enter")
    form = page.get_by_role("form", name="/case check")
    await expect(form.get_by_label("text")).to_have_value("is this fine?")
    await form.get_by_label("times").fill("2")
    await form.get_by_role("button", name="who").click()
    await page.get_by_role("option", name="Priya").click()
    await form.get_by_role("button", name="Run").click()
    answer = message(page, "general", "Checked: is this fine? x2 about Priya")
    await expect(answer).to_contain_text("Only you can see this")
    await speak_as(page, "Kai")
    await expect(answer).to_have_count(0)
    await speak_as(page, "Lena")
    await answer.get_by_role("button", name="Dismiss message").click()
    await expect(answer).to_have_count(0)


async def test_a_command_that_takes_its_time_shows_what_came_of_it(page: Page) -> None:
    await composer(page, "general").fill("/roll")
    await composer(page, "general").press("Enter")
    await page.get_by_role("form", name="/roll").get_by_role("button", name="Run").click()
    await expect(message(page, "general", "A four.")).to_contain_text("Kai used /roll")


async def test_a_context_menu_opens_a_form_that_is_filled_in_and_sent(page: Page, sandbox: Sandbox) -> None:
    await sandbox.say("Mia", "general", "you did it again")
    await choose_in_menu(page, message(page, "general", "you did it again"), "Report to moderators")
    form = page.get_by_role("dialog", name="Tell the moderators")
    await form.get_by_label("What happened?").fill("teasing")
    await form.get_by_role("button", name="How bad is it?").click()
    await page.get_by_role("option", name="A little").click()
    await form.get_by_role("button", name="Submit").click()
    await expect(message(page, "general", "Reported: teasing / A little")).to_contain_text("Only you can see this")
    await expect(form).to_have_count(0)


async def test_a_select_menu_sends_all_that_was_chosen(page: Page, bot: PageBot) -> None:
    await bot.post_card("mod-review", "https://discord.com/")
    await speak_as(page, "Lena")
    await column(page, "mod-review").get_by_role("button", name="Labels").click()
    await page.get_by_role("option", name="Toxic").click()
    await page.get_by_role("option", name="Threat").click()
    await page.get_by_role("button", name="Done").click()
    await expect(message(page, "mod-review", "Chosen: toxic, threat")).to_be_visible()


async def test_a_button_that_nobody_answers_says_so(page: Page, bot: PageBot, sandbox: Sandbox) -> None:
    await bot.post_card("mod-review", "https://discord.com/")
    await speak_as(page, "Lena")
    await column(page, "mod-review").get_by_role("button", name="Silence").click()
    await bot.heard("interaction")
    sandbox.clock.advance(3)
    await expect(column(page, "mod-review").get_by_role("alert")).to_have_text("This interaction failed")


async def test_who_may_not_press_is_told_and_offered_the_moderator(page: Page, bot: PageBot) -> None:
    await bot.post_card("mod-review", "https://discord.com/")
    await expect(column(page, "mod-review")).to_contain_text("Kai cannot see this staff channel.")
    await column(page, "mod-review").get_by_role("button", name="Breaks rules").click()
    told = page.get_by_text("Kai may not do this (Missing Access).")
    await expect(told).to_be_visible()
    await page.locator(".toast").get_by_role("button", name="Speak as Lena").click()
    await expect(composer(page, "mod-review", "Lena")).to_be_visible()


async def test_an_upload_and_a_poll_reach_the_bot_and_are_shown(page: Page, bot: PageBot) -> None:
    picture = {"name": "field.png", "mimeType": "image/png", "buffer": png()}
    await column(page, "general").locator("input[type=file]").set_input_files(picture)  # pyright: ignore[reportArgumentType]
    await expect(column(page, "general").get_by_role("button", name="Remove field.png")).to_be_visible()
    await say(page, "general", "look")
    heard = await bot.heard("message")
    assert await heard.attachments[0].read() == png()
    shown = message(page, "general", "look").get_by_role("img", name="field.png")
    await expect(shown).to_have_js_property("naturalWidth", 40)
    await column(page, "general").get_by_role("button", name="Attach a file or make a poll").click()
    await page.get_by_role("menuitem", name="Create a poll").click()
    await page.get_by_label("Question").fill("Which game?")
    await page.get_by_label("First answer").fill("Chess")
    await page.get_by_label("Second answer").fill("Go")
    await page.get_by_role("button", name="Post").click()
    await expect(column(page, "general").get_by_role("region", name="Poll")).to_contain_text("Which game?")
    poll = (await bot.heard("message")).poll
    assert [answer.text for answer in poll.answers] == ["Chess", "Go"]


async def test_a_direct_message_of_the_bot_is_announced_and_can_be_read(page: Page, bot: PageBot) -> None:
    await bot.person("Mia").send("A warning for you.")
    await page.get_by_role("button", name="Read as Mia").click()
    await expect(page.get_by_role("region", name="@Candor")).to_contain_text("A warning for you.")


async def test_a_thread_is_opened_from_a_message(page: Page, bot: PageBot, sandbox: Sandbox) -> None:
    await sandbox.say("Mia", "general", "long story")
    await choose_in_menu(page, message(page, "general", "long story"), "Create thread…")
    await page.get_by_label("Name of the thread").fill("the story")
    await page.get_by_role("button", name="Create", exact=True).click()
    await page.get_by_role("textbox", name="Message #the story as Kai").fill("go on")
    await page.get_by_role("textbox", name="Message #the story as Kai").press("Enter")
    await expect(page.get_by_role("region", name="the story")).to_contain_text("go on")
    assert (await bot.heard("thread")).name == "the story"


async def test_the_page_finds_a_restarted_sandbox_and_keeps_what_was_typed(page: Page, sandbox: Sandbox) -> None:
    await composer(page, "general").fill("half a thought")
    await sandbox.stop()
    await expect(page.get_by_role("alert")).to_contain_text("The sandbox does not answer.")
    async with await Sandbox.start(page_port=int(sandbox.page_url.rstrip("/").rpartition(":")[2])) as again:
        await expect(page.get_by_text("Connected again.")).to_be_visible()
        await expect(page.get_by_role("alert")).to_have_count(0)
        await expect(composer(page, "general")).to_have_value("half a thought")
        await again.say("Mia", "general", "welcome back")
        await expect(message(page, "general", "welcome back")).to_be_visible()


async def test_another_website_in_the_same_browser_is_refused(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{sandbox.page_url}page/ws", origin="https://evil.example")
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ("no json", "The page's request is no JSON object; reload the page."),
        ('{"id": 1, "do": "fly"}', "The page asked for 'fly', which the sandbox cannot do; reload the page."),
        ('{"id": 1, "do": "send", "as": "Kai"}', "The page's request needs 'channel'; reload the page."),
        ('{"id": 1, "do": "send", "as": "Kai", "channel": "#general"}', "Cannot send an empty message"),
        ('{"id": 1, "do": "delete", "as": "Kai", "message": "1"}', "Unknown Message"),
        ('{"id": 1, "do": "upload", "as": "Kai", "name": "a", "data": "?"}', "The file did not arrive whole"),
    ],
)
async def test_a_request_that_makes_no_sense_is_answered_with_a_sentence(
    sandbox: Sandbox, asked: str, error: str
) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{sandbox.page_url}page/ws") as socket:
        assert (await socket.receive_json())["event"] == "hello"
        await socket.send_str(asked)
        answer = await socket.receive_json()
    assert not answer["ok"]
    assert answer["error"].startswith(error)
