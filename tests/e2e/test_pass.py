"""The pass end to end, on sockets: real client, store, model server and weights; only Discord is the sandbox."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.sandbox.answers import Answer
from bot.sandbox.sandbox import Sandbox
from tests.e2e.app_house import House, model_server, running_house, text_of
from tests.e2e.openapi_check import OpenApiCheck, openapi_path

INSULT = "shut up, you worthless clown"


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with model_server() as url:
        yield url


@pytest.fixture
async def house(sandbox: Sandbox, model_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with running_house(sandbox, tmp_path, model_url=model_url) as house:
        yield house


async def done(house: House, answer: Answer) -> Answer:
    """The last thing that the presser sees."""
    while answer.kind in ("deferred", "thinking"):
        answer = await house.sandbox.after(answer)
    return answer


async def test_an_insult_becomes_a_card_with_its_reasons_and_a_verdict_is_kept(house: House):
    passed = await house.decided(await house.sandbox.say("Kai", "#general", INSULT))
    assert passed.case is not None
    assert "insult" in passed.decision.labels
    card = await house.card(passed)
    shown = text_of(card)
    assert f"case {passed.case.case_id}" in shown
    assert "shadow" in shown
    assert "clown" in shown
    assert passed.case.explanation is None
    assert "**" in shown
    assert "message: still up" in shown
    await done(house, await house.sandbox.press("Lena", card["id"], f"candor:v1:breaks:{passed.case.case_id}"))
    case = await house.verdict(passed)
    (vote,) = case.votes
    assert (vote.verdict, vote.labels["insult"], vote.model_version) == ("breaks_rules", "right", case.model_version)
    assert "Lena" in text_of(await house.card(passed)) or f"<@{vote.moderator_id}>" in text_of(await house.card(passed))


async def test_harmless_talk_opens_no_case(house: House):
    passed = await house.decided(await house.sandbox.say("Mia", "#gaming", "good game, see you all at eight"))
    assert passed.case is None


async def test_an_edit_and_a_forward_are_looked_at(house: House):
    said = await house.sandbox.say("Kai", "#gaming", "nice run!")
    assert (await house.decided(said)).case is None
    await house.sandbox.edit("Kai", said["id"], INSULT)
    await house.until(lambda: any(each.message.revision and each.case for each in house.passes))
    elsewhere = await house.sandbox.open_dm("Kai", "Dex")
    original = await house.sandbox.say("Dex", elsewhere["id"], INSULT)
    forwarded = await house.decided(await house.sandbox.forward("Kai", original["id"], "#general"))
    assert forwarded.case is not None
    assert forwarded.case.forwarded
    assert [part.kind for part in forwarded.message.parts] == ["forward"]


async def test_an_active_server_deletes_times_out_and_fine_takes_back_what_it_can(house: House):
    sandbox = house.sandbox
    for action in ("delete", "timeout"):
        options = {"label": "insult", "action": action, "percent": 50}
        answer = await done(house, await sandbox.slash("Robin", "#general", "candor rules limit", options))
        assert answer.kind != "failed"
    await house.let_out_of_shadow("insult")
    said = await sandbox.say("Kai", "#general", INSULT)
    passed = await house.decided(said)
    assert passed.case is not None
    assert {record.action.kind: record.state for record in passed.case.actions} == {"timeout": "done", "delete": "done"}
    assert int(said["id"]) not in sandbox.channel("#general").messages
    assert sandbox.member("Kai").timeout_until is not None
    card = await house.card(passed)
    await done(house, await sandbox.press("Lena", card["id"], f"candor:v1:fine:{passed.case.case_id}"))
    await house.verdict(passed)
    assert sandbox.member("Kai").timeout_until is None


async def test_undo_opens_a_decided_case_again(house: House):
    passed = await house.decided(await house.sandbox.say("Kai", "#general", INSULT))
    assert passed.case is not None
    case_id = passed.case.case_id
    card = await house.card(passed)
    await done(house, await house.sandbox.press("Lena", card["id"], f"candor:v1:breaks:{case_id}"))
    assert (await house.verdict(passed)).state == "closed"
    await done(house, await house.sandbox.press("Lena", card["id"], f"candor:v1:undo:{case_id}"))
    await house.until(lambda: house.cards[case_id].state == "open")
    assert house.cards[case_id].votes == ()


async def test_a_missed_message_is_reported_and_becomes_a_card(house: House):
    said = await house.sandbox.say("Kai", "#help", "aww, bless your little heart")
    await house.decided(said)
    form = await house.sandbox.context_menu("Priya", "Report to moderators", message_id=said["id"])
    assert form.modal is not None
    answer = await done(house, await house.sandbox.submit_modal("Priya", form.modal["id"], {"text": "it was meant"}))
    assert answer.ephemeral
    await house.until(lambda: any(case.card for case in house.cards.values()))
    (case,) = house.cards.values()
    assert case.message_id == int(said["id"])


async def test_messages_posted_while_the_connection_was_lost_are_looked_at_once_after_the_resume(house: House):
    sandbox = house.sandbox
    await house.decided(await sandbox.say("Mia", "#general", "before"))
    await sandbox.gateway.drop()
    said = [await sandbox.say("Kai", "#general", f"{INSULT} number {number}") for number in range(3)]
    passes = [await house.decided(message) for message in said]
    assert all(passed.case is not None for passed in passes)
    assert len([each for each in house.passes if each.message.message_id == int(said[0]["id"])]) == 1


async def test_a_rate_limit_on_the_card_is_waited_out(house: House):
    house.sandbox.faults.rate_limit("POST", r"^/channels/\d+/messages$")
    passed = await house.decided(await house.sandbox.say("Kai", "#general", INSULT))
    assert "clown" in text_of(await house.card(passed))


async def test_a_card_that_discord_refused_at_first_is_posted_by_the_next_tick(house: House):
    house.sandbox.faults.fail("POST", r"^/channels/\d+/messages$", times=20, status=400)
    passed = await house.decided(await house.sandbox.say("Kai", "#general", INSULT))
    assert passed.case is not None
    await house.app.desk.drain()
    assert house.cards == {}
    house.sandbox.faults.clear()
    assert await house.app.desk.catch_up() == 1
    assert "clown" in text_of(await house.card(passed))


HOSTILE = {
    "white space": " \n\t ",
    "4,000 characters": "lag " * 499 + "end",
    "right to left": "\u202ereversed\u202c text \u200f",
    "combining characters": "e" + "\u0301" * 1900,
    "only emoji": "😂😂😂❤️",
    "only a link": "https://example.com/a?b=c",
    "code block": "```py\nkill(child)\n```",
    "NUL": "hello\x00there",
    "markdown and mentions": "**bold** @everyone <@1> ||spoiler|| [a](https://b.example)",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
async def test_bad_input_ends_in_an_outcome(house: House, text: str):
    if not text.strip():
        said = await house.sandbox.say("Kai", "#general", "", files=[("empty.txt", b"x")])
        passed = await house.decided(said, outcome="empty")
    else:
        passed = await house.decided(await house.sandbox.say("Kai", "#general", text))
    assert passed.case is None
    assert house.app.bot.failures == 0


async def test_every_body_that_the_bot_sends_is_one_that_discord_describes(
    house: House, rest_bodies: OpenApiCheck | None
):
    if rest_bodies is None:
        pytest.skip(f"Discord's description is not at {openapi_path()}")
    passed = await house.decided(await house.sandbox.say("Kai", "#general", INSULT))
    card = await house.card(passed)
    assert passed.case is not None
    await done(house, await house.sandbox.press("Lena", card["id"], f"candor:v1:more:{passed.case.case_id}"))
    await done(house, await house.sandbox.slash("Lena", "#general", "case check", {"text": INSULT}))
    assert rest_bodies.seen > 3
    assert rest_bodies.problems == []


@pytest.mark.timeout(300)
async def test_killing_the_model_server_costs_no_message(sandbox: Sandbox, tmp_path: Path):
    async with running_house(sandbox, tmp_path, model_url=None) as house:
        assert house.app.child is not None
        await house.decided(await sandbox.say("Mia", "#general", "hello"))
        pid = house.app.child.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        said = [await sandbox.say("Kai", "#general", f"{INSULT} {number}") for number in range(10)]
        passes = await asyncio.gather(*(house.decided(message) for message in said))
        assert all(passed.case is not None for passed in passes)
        assert house.app.child.pid != pid
