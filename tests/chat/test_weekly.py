"""The weekly report as moderators see it: one silent card with a picture, and buttons for words that are fine here."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import discord
import pytest

from bot.core.cases import VerdictKind, Vote
from bot.core.feedback import answers
from bot.errors import BoardUnavailable
from bot.flow.turns import Turn
from moderation_model.contract import Explanation
from moderation_model.errors import ModelUnavailable
from tests.builders import MODEL, new_case
from tests.chat.conftest import Stage, buttons_of, private, said


async def confirm() -> None:
    """The turn is still ours."""


async def a_week(stage: Stage, *, number: int = 12, fine: int = 8) -> datetime:
    """Decided cases of the last days, the first `fine` of them found fine over the same word; when the week ends."""
    until = stage.env.now()
    explained = Explanation("insult", ("you", "walnut"), (0.5, 1.0), -2.0, 0.9, "as_written", MODEL)
    for count in range(number):
        at = until - timedelta(days=1 + count % 5)
        new = replace(
            new_case(message_id=2000 + count, guild_id=stage.guild.id), opened_at=at, channel_id=stage.general.id
        )
        case_id = (await stage.house.cases.open(new, ()))[0].case_id
        await stage.house.cases.set_explanation(case_id=case_id, explanation=explained)
        verdict: VerdictKind = "fine" if count < fine else "breaks_rules"
        vote = Vote(case_id, stage.lena.id, verdict, answers(verdict, new.reasons), MODEL, at)
        await stage.house.labels.vote(vote, scores={})
        await stage.house.cases.close(case_id=case_id, at=at)
    return until


async def report(stage: Stage, **week: int) -> str:
    until = await a_week(stage, **week)
    return await stage.house.weekly.run(Turn(until, stage.guild.id, confirm))


async def test_the_report_is_one_silent_card_with_a_described_picture_and_no_ping(stage: Stage) -> None:
    assert (await report(stage)).startswith("posted: 12 cards")
    (card,) = stage.review.history()
    assert card.flags.suppress_notifications
    assert card.mentions == card.role_mentions == []
    assert "**12 cards, 4 broke rules, 8 fine;" in stage.card_text
    assert f"<#{stage.general.id}> with 12 cards" in stage.card_text
    assert "**Most often wrong** 1 word, named by the button below" in stage.card_text
    assert [each.filename for each in card.attachments] == ["week.png"]
    galleries = [each for each in walk(card) if isinstance(each, discord.MediaGalleryComponent)]
    assert "12 cards (4 broke rules, 8 fine)" in (galleries[0].items[0].description or "")


def walk(message: discord.Message) -> list[discord.Component]:
    found = list(message.components)
    for component in found:
        found += getattr(component, "children", [])
    return found


async def test_the_report_goes_where_reports_go(stage: Stage) -> None:
    reports = stage.guild.create_text_channel("reports")
    await stage.rules(reports_channel_id=reports.id)
    await report(stage)
    assert reports.last_message is not None
    assert stage.review.history() == []


async def test_a_week_with_hardly_a_card_gets_no_report(stage: Stage) -> None:
    assert await report(stage, number=9) == "skipped: 9 cards, a report needs 10"
    assert stage.review.history() == []


async def named_words(stage: Stage) -> discord.Message:
    """What the button of the report answers."""
    return private(await stage.lena.click(stage.card, label="Words most often wrong"))


async def test_fine_here_hides_the_word_from_then_on(stage: Stage) -> None:
    await report(stage)
    named = await named_words(stage)
    assert "||walnut|| (8 of 12 cards were fine)" in (named.content or "")
    assert list(buttons_of(named)) == ["Fine here: walnut"]
    pressed = await stage.lena.click(named, label="Fine here: walnut")
    assert said(pressed) == "The word is fine here from now on; the rest still counts."
    assert (await stage.house.guilds.get(stage.guild.id)).fine_words == ("walnut",)
    (change,) = [each for each in await stage.house.guilds.changes(stage.guild.id) if each.setting == "fine_words"][:1]
    assert change.by == stage.lena.id
    await stage.lena.click(named, label="Fine here: walnut")
    assert (await stage.house.guilds.get(stage.guild.id)).fine_words == ("walnut",)


async def test_no_posted_report_names_a_word_and_who_asks_hears_of_kept_texts_only(stage: Stage) -> None:
    await report(stage)
    assert "walnut" not in stage.card_text + str([each.to_dict() for each in stage.card.components])
    later = stage.env.now() + timedelta(days=365)
    assert await stage.house.cases.expire_texts(later, 99)
    pressed = await stage.lena.click(stage.card, label="Words most often wrong")
    assert "the texts are gone" in said(pressed)


async def test_only_those_who_review_hear_the_words(stage: Stage) -> None:
    public = stage.guild.create_text_channel("reports")
    await stage.rules(reports_channel_id=public.id)
    await report(stage)
    assert public.last_message is not None
    pressed = await stage.kai.click(public.last_message, label="Words most often wrong")
    assert "You need" in said(pressed)
    assert "walnut" not in said(pressed)


async def test_a_week_in_which_no_word_was_often_wrong_has_no_button(stage: Stage) -> None:
    await report(stage, fine=1)
    assert buttons_of(stage.card) == {}
    assert "Most often wrong" not in stage.card_text


async def test_without_a_picture_the_report_says_why(stage: Stage) -> None:
    stage.house.model.down = ModelUnavailable("The model server is away.")
    await report(stage)
    assert stage.card.attachments == []
    assert "There is no picture this time" in stage.card_text


async def test_what_stands_in_the_bots_way_is_named_with_its_fix(stage: Stage) -> None:
    await stage.rules(log_channel_id=424242)
    await report(stage, fine=0)
    assert "1 thing needs you" in stage.card_text
    assert "⚠ The log channel" in stage.card_text


async def test_a_channel_that_takes_no_message_is_an_error_with_a_sentence(stage: Stage) -> None:
    quiet = stage.guild.create_text_channel(
        "quiet", overwrites={stage.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    )
    await stage.rules(reports_channel_id=quiet.id)
    with pytest.raises(BoardUnavailable, match="Send Messages"):
        await report(stage)
