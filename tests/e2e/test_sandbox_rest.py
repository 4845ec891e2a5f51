"""The sandbox's REST side, met by the unmodified discord.py client: messages, limits, permissions, faults."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import aiohttp
import discord
import pytest
from discord import ui

from bot.sandbox.permissions import P
from bot.sandbox.sandbox import Sandbox
from tests.e2e.probe import Probe, deny

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x03\x00\x00\x00\x02\x08\x02\x00\x00\x00"


async def test_a_rate_limited_call_is_tried_again(sandbox: Sandbox, bot: Probe) -> None:
    fault = sandbox.faults.rate_limit("POST", r"/channels/\d+/messages$", times=2)
    sent = await bot.text("general").send("through at last")
    assert fault.hits == 2
    assert sandbox.channel("general").messages[sent.id]["content"] == "through at last"


async def test_a_delayed_call_waits_until_it_is_released(sandbox: Sandbox, bot: Probe) -> None:
    fault = sandbox.faults.delay("POST", "/messages$", seconds=60)
    sending = asyncio.create_task(bot.text("general").send("late"))
    with sandbox.subscribe() as events:
        await sandbox.say("Mia", "general", "first")
        fault.released.set()
        await sending
        shown = [(await anext(events))["message"]["content"] for _ in range(2)]
    assert shown == ["first", "late"]


async def test_a_server_error_may_hide_that_the_call_worked(sandbox: Sandbox, bot: Probe) -> None:
    sandbox.faults.fail("POST", "/messages$", status=503, after_effect=True)
    with pytest.raises(discord.DiscordServerError):
        await bot.text("general").send("did it arrive?")
    assert [each["content"] for each in sandbox.channel("general").messages.values()] == ["did it arrive?"]


async def test_hosts_other_than_discords_are_refused(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession(connector=sandbox.connector()) as session:
        for address in ("https://example.com/", "http://127.0.0.1:1/", "https://evil.discord.com.example/"):
            with pytest.raises(aiohttp.ClientConnectionError, match="refused"):
                await session.get(address)


async def test_an_upload_comes_back_from_the_cdn(sandbox: Sandbox, bot: Probe) -> None:
    file = discord.File(io.BytesIO(PNG), filename="a chart.png", description="a chart")
    sent = await bot.text("general").send("see", file=file)
    (attachment,) = sent.attachments
    assert (attachment.filename, attachment.width, attachment.height) == ("a_chart.png", 3, 2)
    assert attachment.description == "a chart"
    assert await attachment.read() == PNG


async def test_a_members_upload_is_readable_and_a_page_is_never_served_as_one(sandbox: Sandbox, bot: Probe) -> None:
    await sandbox.say("Mia", "general", files=[("page.html", b"<script>alert(1)</script>")])
    (attachment,) = (await bot.heard("message")).attachments
    assert await attachment.read() == b"<script>alert(1)</script>"
    path = attachment.url.removeprefix("https://cdn.discordapp.com/")
    async with aiohttp.ClientSession() as session, session.get(sandbox.page_url + path) as response:
        assert response.content_type == "application/octet-stream"


def _card(picture: str | None = None) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    box = ui.Container[ui.LayoutView](ui.TextDisplay("**Insult** 0.93"), ui.Separator(), accent_colour=0xC8553D)
    row = ui.ActionRow[ui.LayoutView]()
    row.add_item(ui.Button(label="It's fine", custom_id="fine"))
    if picture:
        box.add_item(ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{picture}")))
    box.add_item(row)
    view.add_item(box)
    return view


async def test_components_v2_go_round_with_their_picture(sandbox: Sandbox, bot: Probe) -> None:
    file = discord.File(io.BytesIO(PNG), filename="words.png")
    sent = await bot.text("mod-review").send(view=_card("words.png"), file=file)
    assert sent.flags.components_v2
    fetched = await bot.text("mod-review").fetch_message(sent.id)
    (box,) = fetched.components
    assert isinstance(box, discord.Container)
    text, _, gallery, row = box.children
    assert isinstance(text, discord.TextDisplay)
    assert text.content == "**Insult** 0.93"
    assert isinstance(gallery, discord.MediaGalleryComponent)
    assert gallery.items[0].media.url == fetched.attachments[0].url
    assert isinstance(row, discord.ActionRow)
    edited = await sent.edit(view=_card(), attachments=[])
    assert edited.attachments == []


V2 = {"flags": 1 << 15}


def _texts(count: int, length: int) -> list[dict[str, Any]]:
    return [{"type": 10, "content": "x" * length} for _ in range(count)]


def _row(*custom_ids: str) -> dict[str, Any]:
    return {"type": 1, "components": [{"type": 2, "style": 1, "label": "go", "custom_id": each} for each in custom_ids]}


async def _call(
    sandbox: Sandbox, method: str, path: str, data: str | None = None, *, token: str | None = None
) -> tuple[int, dict[str, Any]]:
    """A call that discord.py itself would not make; its bodies may be ones that Discord's description forbids."""
    sandbox.on_rest_body = None
    headers = {"Authorization": f"Bot {sandbox.token if token is None else token}", "Content-Type": "application/json"}
    address = f"https://discord.com/api/v10{path}"
    async with (
        aiohttp.ClientSession(connector=sandbox.connector(), headers=headers) as session,
        session.request(method, address, data=data) as response,
    ):
        assert response.headers["Content-Type"] == "application/json"
        return response.status, await response.json()


async def _post(sandbox: Sandbox, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return await _call(sandbox, "POST", f"/channels/{sandbox.channel('general').id}/messages", json.dumps(body))


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"content": "x" * 2001}, "content"),
        ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description"),
        ({"embeds": [{"description": "x" * 4000}] * 2}, "embeds"),
        ({"content": "x", **V2, "components": _texts(1, 1)}, "content"),
        ({**V2, "components": _texts(5, 801)}, "components"),
        ({**V2, "components": [{"type": 17, "components": _texts(40, 1)}]}, "components"),
        ({**V2, "components": [{"type": 12, "items": [{"media": {"url": "attachment://no.png"}}]}]}, "components.0"),
        ({"content": "x", "components": _texts(1, 1)}, "components.0.type"),
        ({"content": "x", "components": [_row("same"), _row("same")]}, "components.1.components.0.custom_id"),
        ({"content": "x", "components": [_row(*"abcdef")]}, "components.0.components"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["5"]}}, "allowed_mentions"),
        ({"content": "x", "message_reference": {"message_id": "5"}}, "message_reference"),
    ],
)
async def test_a_bad_body_is_refused_with_the_field_that_is_wrong(
    sandbox: Sandbox, body: dict[str, Any], path: str
) -> None:
    status, answer = await _post(sandbox, body)
    assert (status, answer["code"]) == (400, 50035)
    here = answer["errors"]
    for step in path.split("."):
        here = here[step]
    assert sandbox.channel("general").messages == {}


@pytest.mark.parametrize(
    "body",
    [{"content": "x" * 2000}, {**V2, "components": _texts(40, 100)}, {"content": "x", "components": [_row(*"abcde")]}],
)
async def test_what_just_reaches_a_limit_is_taken(sandbox: Sandbox, body: dict[str, Any]) -> None:
    assert (await _post(sandbox, body))[0] == 200


async def test_an_empty_message_broken_json_and_a_bad_token_have_their_own_codes(sandbox: Sandbox) -> None:
    assert (await _post(sandbox, {"content": " \n"}))[1]["code"] == 50006
    assert (await _call(sandbox, "PATCH", "/channels/1", "{"))[1]["code"] == 50109
    assert (await _call(sandbox, "GET", "/users/@me", token="wrong"))[0] == 401
    status, answer = await _call(sandbox, "GET", "/nowhere")
    assert status == 404
    assert "nowhere" in answer["message"]


async def test_history_pages_by_before_after_and_around(sandbox: Sandbox, bot: Probe) -> None:
    sent = [int((await sandbox.say("Mia", "general", f"line {number}"))["id"]) for number in range(10)]
    channel = bot.text("general")

    async def ids(**options: object) -> list[int]:
        return [message.id async for message in channel.history(**options)]  # pyright: ignore[reportArgumentType]

    assert await ids(limit=3) == sent[:6:-1]
    assert await ids(limit=3, before=discord.Object(sent[5])) == sent[4:1:-1]
    assert await ids(limit=3, after=discord.Object(sent[5])) == sent[6:9]
    assert sorted(await ids(limit=5, around=discord.Object(sent[5]))) == sent[3:8]
    deny(sandbox, "general", P.READ_MESSAGE_HISTORY)
    assert await ids(limit=3) == []


async def test_of_messages_with_one_nonce_within_minutes_the_first_alone_is_posted(
    sandbox: Sandbox, bot: Probe
) -> None:
    channel = bot.text("general")
    first = await channel.send("once", nonce="c7-0")
    again = await channel.send("once, I said", nonce="c7-0")
    other = await channel.send("another", nonce="c7-1")
    assert (again.id, again.content) == (first.id, "once")
    assert [each["content"] for each in sandbox.channel("general").messages.values()] == ["once", "another"]
    sandbox.world.clock.advance(360)
    late = await channel.send("much later", nonce="c7-0")
    assert late.id not in (first.id, other.id)
