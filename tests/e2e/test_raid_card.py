"""A raid over the sandbox: one card, one call, and buttons for slow mode and paused invites; the model is a fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.chat.raid_steps import SLOW_SECONDS
from bot.core.alerts import RaidNotice
from bot.core.bursts import RAID_MEMBERS
from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.sandbox.clock import iso
from bot.sandbox.permissions import P
from bot.sandbox.sandbox import Sandbox
from tests.chat.conftest import House, house  # noqa: F401 - a fixture
from tests.e2e.app_house import text_of
from tests.e2e.connected import WAIT_SECONDS, connected
from tests.e2e.test_setup_pages import after

LINE = "an insult for every one of you here"
NEEDED = int(P.MANAGE_CHANNELS | P.MANAGE_GUILD)


@dataclass
class Raided:
    """The sandbox after a raid in #general."""

    sandbox: Sandbox
    house: House

    @property
    def card(self) -> dict[str, Any]:
        return next(each for each in self.posted("#mod-review") if "raid" in text_of(each))

    @property
    def buttons(self) -> dict[str, str]:
        """`custom_id` by label."""
        (container,) = self.card["components"]
        return {each["label"]: each["custom_id"] for each in container["components"][-1]["components"]}

    def posted(self, channel: str) -> list[dict[str, Any]]:
        return list(self.sandbox.channel(channel).messages.values())

    async def press(self, who: str, label: str) -> str:
        """What the presser is told."""
        return await self.press_id(who, self.buttons[label])

    async def press_id(self, who: str, custom_id: str) -> str:
        answer = await after(self.sandbox, await self.sandbox.press(who, self.card["id"], custom_id))
        assert answer.ephemeral
        assert answer.message is not None
        return answer.message["content"]

    @property
    def slowmode(self) -> int:
        return self.sandbox.channel("#general").slowmode_seconds

    def actions(self, action_type: int) -> list[dict[str, Any]]:
        return [each for each in self.sandbox.guild.audit if each["action_type"] == action_type]


@asynccontextmanager
async def raided_server(
    house: House,  # noqa: F811
    folder: Path,
    sandbox: Sandbox,
    *,
    bot_holds: int = NEEDED,
    slowmode: int = 0,
) -> AsyncIterator[Raided]:
    role = next(role for role in sandbox.guild.roles.values() if role.name == "Candor")
    role.permissions |= bot_holds
    sandbox.channel("#general").slowmode_seconds = slowmode
    acting = {**default_labels(), "insult": LabelRule(delete_at=0.5)}
    moderators = next(role.id for role in sandbox.guild.roles.values() if role.name == "Moderator")
    rules = GuildRules(sandbox.guild.id, shadow=False, labels=acting, ping_role_id=moderators, cards_a_day=100)
    review, log = sandbox.channel("#mod-review").id, sandbox.channel("#help").id
    rules = replace(rules, review_channel_id=review, log_channel_id=log)
    await house.guilds.save(rules, by=1, at=sandbox.clock.now())
    async with connected(house, folder, sandbox):
        await raid(sandbox)
        yield Raided(sandbox, house)


async def raid(sandbox: Sandbox) -> None:
    """Fresh accounts post the same line; done once people were called."""
    with sandbox.subscribe() as events:
        for number in range(RAID_MEMBERS + 3):
            member = await sandbox.add_member(f"wave{number}")
            await sandbox.say(member["user"]["id"], "#general", f"{LINE}{'!' * number}")
        review = str(sandbox.channel("#mod-review").id)
        async with asyncio.timeout(WAIT_SECONDS):
            await events.until(
                lambda event: (
                    event["type"] == "message_create"
                    and event["channel_id"] == review
                    and bool(event["message"]["content"])
                )
            )


@pytest.fixture
async def raided(house: House, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Raided]:  # noqa: F811
    async with raided_server(house, tmp_path, sandbox) as raided:
        yield raided


async def test_a_raid_is_one_silent_card_and_one_plain_line_that_calls(raided: Raided) -> None:
    card, line = raided.posted("#mod-review")
    shown = text_of(card)
    assert f"This looks like a raid · <#{raided.sandbox.channel('#general').id}>" in shown
    assert f"{RAID_MEMBERS} members wrote nearly the same within a minute" in shown
    assert LINE not in shown
    assert card["flags"] & (1 << 12)
    assert list(raided.buttons) == ["Slow mode 30 s", "Pause invites 1 h"]

    role = next(role.id for role in raided.sandbox.guild.roles.values() if role.name == "Moderator")
    assert line["content"].startswith(f"<@&{role}> This looks like a raid in <#")
    assert line["content"].endswith(f"/{card['id']}")
    assert "\n" not in line["content"]
    assert line["mention_roles"] == [str(role)]
    assert not line["flags"] & (1 << 12)
    assert raided.slowmode == 0
    assert raided.sandbox.guild.invites_disabled_until is None


async def test_slow_mode_is_set_said_logged_and_undone(raided: Raided) -> None:
    general = raided.sandbox.channel("#general").id
    assert await raided.press("Robin", "Slow mode 30 s") == f"Slow mode of 30 s is on in <#{general}>."
    assert raided.slowmode == SLOW_SECONDS
    (entry,) = raided.actions(11)
    assert entry["reason"] == "Candor: raid, pressed by Robin"
    assert entry["changes"] == [{"key": "rate_limit_per_user", "old_value": 0, "new_value": SLOW_SECONDS}]
    assert f"Slow mode of 30 s in <#{general}> · <@" in text_of(raided.card)
    assert list(raided.buttons) == ["Undo slow mode", "Pause invites 1 h"]
    assert raided.posted("#help")[-1]["content"] == f"raid: slow mode of 30 s in <#{general}>, by Robin"

    assert await raided.press("Robin", "Undo slow mode") == f"Slow mode in <#{general}> is back to 0 s."
    assert raided.slowmode == 0
    assert list(raided.buttons) == ["Slow mode 30 s", "Pause invites 1 h"]


async def test_undo_puts_back_the_slow_mode_from_before(
    house: House,  # noqa: F811
    tmp_path: Path,
    sandbox: Sandbox,
) -> None:
    async with raided_server(house, tmp_path, sandbox, slowmode=5) as raided:
        await raided.press("Robin", "Slow mode 30 s")
        await raided.press("Robin", "Undo slow mode")
        assert raided.slowmode == 5


async def test_invites_are_paused_said_logged_and_undone(raided: Raided) -> None:
    guild = raided.sandbox.guild
    said = await raided.press("Robin", "Pause invites 1 h")
    until = guild.invites_disabled_until
    assert until is not None
    assert timedelta(minutes=59) < until - raided.sandbox.clock.now() <= timedelta(hours=1)
    assert said == f"Invites are paused until <t:{int(until.timestamp())}:t>; then they open again by themselves."
    assert "Invites paused until <t:" in text_of(raided.card)
    assert list(raided.buttons) == ["Slow mode 30 s", "Undo the pause of invites"]
    assert raided.posted("#help")[-1]["content"].endswith(", by Robin")

    assert await raided.press("Robin", "Undo the pause of invites") == "Invites are open again."
    assert guild.invites_disabled_until is None
    assert list(raided.buttons) == ["Slow mode 30 s", "Pause invites 1 h"]


async def test_a_second_press_changes_nothing_and_says_so(raided: Raided) -> None:
    before = raided.buttons
    await raided.press("Robin", "Slow mode 30 s")
    await raided.press("Robin", "Pause invites 1 h")
    until = raided.sandbox.guild.invites_disabled_until
    card = text_of(raided.card)
    # Two people may see the card at once, and the slower one presses the button of a moment ago.
    for label, custom_id in before.items():
        raided.card["components"][0]["components"][-1]["components"].append(
            {"type": 2, "style": 2, "label": f"old {label}", "custom_id": custom_id}
        )

    assert "on there already" in await raided.press("Robin", "old Slow mode 30 s")
    assert "paused already" in await raided.press("Robin", "old Pause invites 1 h")
    assert (raided.slowmode, raided.sandbox.guild.invites_disabled_until) == (SLOW_SECONDS, until)
    assert text_of(raided.card) == card
    assert len(raided.actions(11)) == 1


async def test_who_lacks_the_permission_is_told_which_and_changes_nothing(raided: Raided) -> None:
    assert await raided.press("Lena", "Slow mode 30 s") == "You need the permission Manage Channels for that."
    assert await raided.press("Lena", "Pause invites 1 h") == "You need the permission Manage Server for that."
    assert raided.slowmode == 0
    assert raided.sandbox.guild.invites_disabled_until is None
    assert list(raided.buttons) == ["Slow mode 30 s", "Pause invites 1 h"]


async def test_what_the_bot_lacks_is_said_in_one_sentence(
    house: House,  # noqa: F811
    tmp_path: Path,
    sandbox: Sandbox,
) -> None:
    async with raided_server(house, tmp_path, sandbox, bot_holds=0) as raided:
        said = await raided.press("Robin", "Slow mode 30 s")
        assert said == "I lack the permission Manage Channels for that. Grant it to my role, then press again."
        assert "I lack the permission Manage Server" in await raided.press("Robin", "Pause invites 1 h")
        assert raided.slowmode == 0
        assert list(raided.buttons) == ["Slow mode 30 s", "Pause invites 1 h"]


async def test_what_somebody_changed_since_is_not_undone(raided: Raided) -> None:
    await raided.press("Robin", "Slow mode 30 s")
    await raided.press("Robin", "Pause invites 1 h")
    raided.sandbox.channel("#general").slowmode_seconds = 120
    later = raided.sandbox.clock.now() + timedelta(hours=9)
    raided.sandbox.guild.invites_disabled_until = later

    assert "stays as it is" in await raided.press("Robin", "Undo slow mode")
    assert "Somebody else paused invites since" in await raided.press("Robin", "Undo the pause of invites")
    assert raided.slowmode == 120
    assert iso(raided.sandbox.guild.invites_disabled_until) == iso(later)


async def test_invites_that_opened_meanwhile_are_said_to_be_open(raided: Raided) -> None:
    await raided.press("Robin", "Pause invites 1 h")
    raided.sandbox.guild.invites_disabled_until = None
    assert "open already" in await raided.press("Robin", "Undo the pause of invites")


async def test_a_channel_that_is_gone_is_said(raided: Raided) -> None:
    del raided.sandbox.world.channels[raided.sandbox.channel("#general").id]
    assert await raided.press("Robin", "Slow mode 30 s") == "The channel is gone or hidden from me."


@pytest.mark.parametrize("bot_holds", [0, int(P.MANAGE_THREADS)])
async def test_a_thread_is_slowed_down_by_who_may_manage_threads(
    house: House,  # noqa: F811
    tmp_path: Path,
    sandbox: Sandbox,
    bot_holds: int,
) -> None:
    async with raided_server(house, tmp_path, sandbox, bot_holds=bot_holds) as raided:
        thread = await sandbox.create_thread("Mia", "#general", "a thread", content="hello")
        notice = RaidNotice(sandbox.guild.id, "copies", int(thread["id"]), RAID_MEMBERS, acting=True)
        card = await house.board.show_raid(notice, channel_id=sandbox.channel("#mod-review").id)
        custom_id = f"candor:v1:raid:slow:{thread['id']}:0"

        answers = [
            await after(sandbox, await sandbox.press(who, card.message_id, custom_id)) for who in ("Lena", "Robin")
        ]

        told = [answer.message["content"] for answer in answers if answer.message is not None]
        assert told[0] == "You need the permission Manage Threads for that."
        assert told[1].startswith("Slow mode of 30 s" if bot_holds else "I lack the permission Manage Threads")
        assert sandbox.channel(thread["id"]).slowmode_seconds == (SLOW_SECONDS if bot_holds else 0)
        assert raided.slowmode == 0
