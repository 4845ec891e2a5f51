"""The Appeal button in a direct message, its form, and what moderators see and press on the card."""

from __future__ import annotations

from typing import Any

import discord
import pytest
import simcord

from bot.chat.client import create_bot
from tests.chat.conftest import House, Stage, buttons_of, said, settings_in
from tests.chat.test_bans import let_ban
from tests.chat.test_notices import insulted, notice, notices, telling

TIMEOUT = {"timeout_at": 0.5}
PLEASE = "We **know** each other, it was a joke."


async def told(stage: Stage, rule: dict[str, Any] = TIMEOUT, **changes: object) -> None:
    """Kai was acted on and reads a notice with the Appeal button."""
    await telling(stage, rule, appeals=True, **changes)
    await insulted(stage)


async def press(stage: Stage) -> simcord.InteractionResult:
    return await stage.kai.user.click(notice(stage), label="Appeal")


async def appeal(stage: Stage, text: str = PLEASE) -> str:
    """Kai appeals; what he is told."""
    shown = await press(stage)
    assert shown.modal is not None, said(shown)
    answer = said(await stage.kai.user.submit_modal(shown, {"text": text}))
    await stage.post_cards()
    return answer


async def test_an_appeal_comes_from_a_direct_message_onto_a_card_at_the_end_of_the_channel(stage: Stage) -> None:
    await told(stage)
    first = stage.card
    await stage.lena.click(first, label="Breaks rules")

    answer = await appeal(stage)

    assert answer == "Thank you. The moderators look at it again; their answer comes here."
    assert stage.card.id != first.id
    assert [message.id for message in stage.review.history()] == [stage.card.id]
    assert r"||We \*\*know\*\* each other, it was a joke.||" in stage.card_text
    assert f"Decided before by <@{stage.lena.id}>." in stage.card_text
    assert list(buttons_of(stage.card)) == ["Uphold", "Overturn", "Jump ↗", "More…"]


async def test_an_appeal_before_anybody_decided_says_so(stage: Stage) -> None:
    await told(stage)
    await appeal(stage)

    assert "Done by the bot; nobody has decided this case yet." in stage.card_text


async def test_overturn_lifts_what_was_done_and_tells_the_member(stage: Stage) -> None:
    await told(stage)
    await appeal(stage)

    answer = said(await stage.lena.click(stage.card, label="Overturn"))

    assert "The timeout is lifted. The appeal is granted. The member is told." in answer
    assert stage.timed_out_until(stage.kai) is None
    assert notice(stage).content == (
        f"**Harbour**: the moderators looked again at your message in <#{stage.general.id}>. Your appeal is granted; "
        "your timeout is lifted."
    )
    assert (await stage.only_case()).votes[0].verdict == "fine"
    assert f"⚖️ Appeal granted · <@{stage.lena.id}>" in stage.card_text


async def test_uphold_leaves_it_and_tells_the_member_without_a_name(stage: Stage) -> None:
    await told(stage)
    await appeal(stage)

    await stage.lena.click(stage.card, label="Uphold")

    assert stage.timed_out_until(stage.kai) is not None
    assert "Your appeal is turned down; it stays as it is." in notice(stage).content
    assert "Lena" not in notice(stage).content
    assert (await stage.only_case()).votes[0].labels["insult"] == "right"
    assert "⚖️ Appeal turned down" in stage.card_text


async def test_a_second_appeal_is_refused_with_how_it_stands(stage: Stage) -> None:
    await told(stage)
    first = notice(stage)
    await appeal(stage)

    assert "The moderators have it" in said(await press(stage))
    await stage.lena.click(stage.card, label="Uphold")
    assert "it stays as it is" in said(await stage.kai.user.click(first, label="Appeal"))


async def test_a_form_sent_twice_leaves_one_appeal(stage: Stage) -> None:
    await told(stage)
    first, second = await press(stage), await press(stage)
    await stage.kai.user.submit_modal(first, {"text": PLEASE})

    assert "You have appealed this already" in said(await stage.kai.user.submit_modal(second, {"text": "again"}))
    case = await stage.only_case()
    assert case.appeal is not None
    assert case.appeal.text == PLEASE


async def test_after_a_refused_appeal_the_next_one_waits(stage: Stage) -> None:
    await told(stage)
    await appeal(stage)
    await stage.lena.click(stage.card, label="Uphold")
    await stage.env.advance_time(3600)
    await stage.say("another insult")
    await stage.tell()

    assert "You can appeal again in 23 h." in said(await press(stage))


async def test_the_button_of_somebody_else_does_nothing(stage: Stage) -> None:
    await told(stage)
    channel = stage.priya.user.dm_channel
    row = [{"type": 1, "components": [{"type": 2, "style": 2, "label": "Appeal", "custom_id": forged(stage)}]}]
    stage.env.backend.create_message(channel.id, stage.env.backend.bot_user.id, "x", components=row)
    message = channel.last_message
    assert message is not None

    answer = said(await stage.priya.user.click(message, label="Appeal"))

    assert answer == "Only the member to whom this was written can appeal."
    assert (await stage.only_case()).appeal is None


def forged(stage: Stage) -> str:
    return f"candor:v1:appeal:{stage.guild.id}:1"


async def test_a_case_that_is_over_cannot_be_appealed(stage: Stage) -> None:
    await told(stage)
    await stage.lena.click(stage.card, label="Breaks rules")
    await stage.env.advance_time(31 * 86400)
    await stage.house.cases.expire_texts(stage.env.now(), 10)

    assert "too long ago" in said(await press(stage))


async def test_a_banned_member_is_sent_to_the_address_for_that(stage: Stage) -> None:
    await told(stage, {"delete_at": 0.5}, appeal_url="https://example.org/appeal")
    before = notice(stage)
    await let_ban(stage)
    shown = (await stage.lena.click(stage.card, label="More…")).followups[-1].message
    await stage.lena.click(shown, label="Ban…")
    await stage.lena.click(shown, label="Yes, ban")

    answer = said(await stage.kai.user.click(before, label="Appeal"))

    assert "Please appeal elsewhere: https://example.org/appeal" in answer


async def test_a_member_who_left_appeals_and_the_moderator_reads_that_no_answer_arrived(stage: Stage) -> None:
    await told(stage)
    stage.guild.remove_member(stage.kai)
    assert "Thank you" in await appeal(stage)
    before = len(notices(stage))

    answer = said(await stage.lena.click(stage.card, label="Uphold"))

    assert "The member could not be told: they are not on the server." in answer
    assert len(notices(stage)) == before


async def test_appeals_that_were_switched_off_are_refused(stage: Stage) -> None:
    await told(stage)
    await stage.rules(notices=True, appeals=False)

    assert "takes no appeals here" in said(await press(stage))


async def test_button_and_form_work_after_a_restart(stage: Stage, house: House, tmp_path: Any) -> None:
    await told(stage)
    shown = await press(stage)
    again = create_bot(settings_in(tmp_path))
    house.attach(again)
    await stage.env.restart_bot(again)

    assert "Thank you" in said(await stage.kai.user.submit_modal(shown, {"text": PLEASE}))
    await stage.post_cards()
    await stage.lena.click(stage.card, label="Overturn")
    assert stage.timed_out_until(stage.kai) is None


@pytest.mark.parametrize("label", ["Uphold", "Overturn"])
async def test_without_moderate_members_no_appeal_is_answered(stage: Stage, label: str) -> None:
    await told(stage)
    await appeal(stage)
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": 0})

    assert said(await stage.lena.click(stage.card, label=label)) == (
        "You need the permission Moderate Members for that."
    )
    assert (await stage.only_case()).state == "open"


async def test_overturning_a_deletion_needs_manage_messages(stage: Stage) -> None:
    await told(stage, {"delete_at": 0.5})
    await appeal(stage)
    only_moderate = discord.Permissions(moderate_members=True).value
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": only_moderate})

    assert "Manage Messages" in said(await stage.lena.click(stage.card, label="Overturn"))
    assert (await stage.only_case()).state == "open"


async def test_an_appeal_that_is_answered_is_not_answered_again(stage: Stage) -> None:
    await told(stage)
    await appeal(stage)
    open_card = stage.card
    custom_id = buttons_of(open_card)["Overturn"].custom_id
    await stage.lena.click(open_card, label="Uphold")
    row = [{"type": 1, "components": [{"type": 2, "style": 2, "label": "Overturn", "custom_id": custom_id}]}]
    stage.env.backend.create_message(stage.review.id, stage.env.backend.bot_user.id, "old", components=row)

    assert "no open appeal" in said(await stage.admin.click(stage.card, label="Overturn"))
    assert stage.timed_out_until(stage.kai) is not None


async def test_a_card_of_a_direct_message_is_refused_there(stage: Stage) -> None:
    channel = stage.kai.user.dm_channel
    row = [{"type": 1, "components": [{"type": 2, "style": 2, "label": "It's fine", "custom_id": "candor:v1:fine:1"}]}]
    stage.env.backend.create_message(channel.id, stage.env.backend.bot_user.id, "x", components=row)

    assert said(await stage.kai.user.click(notice(stage), label="It's fine")) == "This works on a server only."
