"""The demo's conversation, played with nobody listening but a plain bot."""

from __future__ import annotations

import pytest

from bot.sandbox.sandbox import Sandbox
from bot.sandbox.script import RAID, RAIDERS, SCRIPT, Line, play
from tests.e2e.probe import Probe


def _shown(message: dict) -> str:
    snapshots = message.get("message_snapshots") or []
    return message["content"] or "".join(each["message"]["content"] for each in snapshots)


@pytest.mark.parametrize("line", SCRIPT, ids=lambda line: f"{line.number}-{line.kind}")
async def test_each_line_stands_where_the_script_says(sandbox: Sandbox, line: Line) -> None:
    (message_id,) = await play(sandbox, line)
    message = sandbox.channel(line.channel).messages[message_id]
    assert _shown(message) == line.text
    assert message["author"]["global_name"] == line.who


async def test_the_bot_sees_every_line_the_edit_twice_and_the_raid(sandbox: Sandbox, bot: Probe) -> None:
    for line in SCRIPT:
        await play(sandbox, line)
    raiders = await play(sandbox, RAID)
    heard = [await bot.heard("message") for _ in range(len(SCRIPT) + 1 + RAIDERS)]
    assert [each.content for each in heard].count(RAID.text) == 1 + RAIDERS
    assert {each.author.id for each in heard[-RAIDERS:]} == {
        int(sandbox.channel("general").messages[each]["author"]["id"]) for each in raiders
    }
    assert (await bot.heard("edit")).message.content == SCRIPT[9].text
    assert any(each.message_snapshots for each in heard)
    assert len(set(raiders)) == RAIDERS


def test_the_script_is_the_table_of_the_demo() -> None:
    assert [line.number for line in SCRIPT] == list(range(1, 16))
    assert {line.must for line in SCRIPT} == {"none", "insult", "threat", "care", "may_be_missed"}
    assert [line.number for line in SCRIPT if line.must == "none"] == [1, 2, 3, 5, 6, 8, 13]
    assert "\u200b" in SCRIPT[8].text
    assert [line.number for line in SCRIPT if line.ping] == [7]
    assert all(line.report_by for line in SCRIPT if line.must in ("threat", "may_be_missed"))
