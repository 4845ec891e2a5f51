"""`/candor appeals` as an administrator uses it."""

from __future__ import annotations

import discord
import pytest
from simcord.backend.errors import SetupError

from tests.builders import new_case, person
from tests.chat.conftest import Stage, buttons_of, said
from tests.chat.test_appeal_menu import appeal, told


async def asked(stage: Stage) -> discord.Message:
    result = await stage.admin.slash(stage.general, "candor appeals")
    assert result.response is not None
    assert result.response.ephemeral
    return result.response.message


async def test_an_open_appeal_is_listed_with_its_age_and_its_card(stage: Stage) -> None:
    await told(stage)
    await appeal(stage)

    head, line, ended, members = (await asked(stage)).content.splitlines()

    assert head == "**1 open appeal**"
    url = f"https://discord.com/channels/{stage.guild.id}/{stage.review.id}/{stage.card.id}"
    since = int(stage.env.now().timestamp())
    assert line == f"`1` <@{stage.kai.id}> · <t:{since}:R> · [card ↗]({url})"
    assert ended == "In the last 90 days 0 turned down, 0 granted."
    assert members == "Something was done to 1 member; 1 member appealed."


async def test_a_decided_appeal_is_counted_and_waits_no_more(stage: Stage) -> None:
    await told(stage)
    await appeal(stage)
    await stage.lena.click(stage.card, label="Overturn")
    head, ended, _ = (await asked(stage)).content.splitlines()
    assert (head, ended) == ("No appeal is open.", "In the last 90 days 0 turned down, 1 granted.")


async def test_without_notices_the_list_says_why_nobody_appeals(stage: Stage) -> None:
    await stage.rules(notices=False)
    assert (await asked(stage)).content.endswith(
        "Something was done to 0 members; 0 members appealed. "
        "Notices are off, so members are not told and find no Appeal button."
    )
    await stage.rules(notices=True)
    assert (await asked(stage)).content.endswith("Appeals are off, so notices carry no Appeal button.")


async def ten_appeals(stage: Stage) -> None:
    for number in range(10):
        new = new_case(message_id=number, author=person(500 + number), guild_id=stage.guild.id)
        case, _ = await stage.house.cases.open(new, [])
        await stage.house.stores.appeals.open(case, text="please", at=stage.env.now())


async def test_a_long_list_is_paged(stage: Stage) -> None:
    await ten_appeals(stage)
    page = await asked(stage)
    assert "**10 open appeals** · page 1 of 2" in page.content
    assert "no card, so `/queue next why:Appeal`" in page.content
    assert list(buttons_of(page)) == ["Newer ▸"]

    await stage.admin.click(page, label="Newer ▸")

    turned = stage.env.backend.get_message(page.channel.id, page.id).content
    assert "page 2 of 2" in turned
    assert "`10`" in turned
    assert "`8`" not in turned


async def test_appeals_are_listed_for_administrators_alone(stage: Stage) -> None:
    await ten_appeals(stage)
    with pytest.raises(SetupError, match="not visible"):
        await stage.lena.slash(stage.general, "candor appeals")
    page = await asked(stage)
    for role in stage.env.backend.get_member(stage.guild.id, stage.admin.id).role_ids.copy():
        stage.env.backend.remove_member_role(stage.guild.id, stage.admin.id, role)
    assert said(await stage.admin.click(page, label="Newer ▸")) == "You need the permission Manage Server for that."
