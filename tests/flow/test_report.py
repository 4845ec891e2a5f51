"""Statistics say what was flagged, decided and missed, by label, channel and week, and never who."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from bot.core.actions import Action
from bot.core.guild_rules import LabelRule
from bot.errors import BotError
from bot.flow.figures import Figures, by_channel
from bot.flow.report import NOTHING_YET, Reported
from bot.store.stats import ChannelWeek, Deeds
from moderation_model.errors import ModelUnavailable
from moderation_model.pictures import MAX_BARS, MAX_CLAUSE, StatsPicture
from tests.builders import CHANNEL, GUILD, NOON, message, person
from tests.fakes import PNG
from tests.flow.conftest import House

MONDAY = NOON.replace(hour=0) - timedelta(days=6)
LENA = person(9, "Lena")
WORDS = ("red", "blue", "old", "cold", "warm", "tiny", "huge", "late", "loud", "calm", "dull", "pale")


async def asked(house: House, *, days: int = 30, channel: tuple[int, str] | None = None) -> Reported:
    return await house.statistics.of(guild_id=GUILD, days=days, channels={CHANNEL: "general"}, channel=channel)


async def decide(house: House, *, right: int, wrong: int) -> None:
    """Flag as many insults and decide them ten minutes later."""
    await house.rules()
    for number in range(right + wrong):
        said = message(
            f"{WORDS[number]} insult", message_id=100 + number, author=person(500 + number), at=house.clock.now()
        )
        await house.moderate.handle(said)
    house.clock.move(minutes=10)
    for case_id in range(1, right + wrong + 1):
        verdict = "breaks_rules" if case_id <= right else "fine"
        await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict=verdict)


async def test_a_server_without_records_gets_one_friendly_sentence(house: House) -> None:
    assert await asked(house) == Reported(NOTHING_YET)
    assert house.model.drawn == []


async def test_flags_verdicts_and_response_time_are_drawn_and_said(house: House) -> None:
    await decide(house, right=9, wrong=3)
    await house.guilds.save(
        replace(await house.guilds.get(GUILD), labels={"insult": LabelRule(rule_name="rule 2")}),
        by=1,
        at=house.clock.now(),
    )

    found = await asked(house)

    assert found.text == "**Last 30 days**: 12 messages flagged, 12 cases for moderators."
    assert [each.filename for each in found.pictures] == ["statistics.png", "weeks.png"]
    assert {each.png for each in found.pictures} == {PNG}
    words = found.pictures[0].words
    for part in (
        "12 flagged in 30 days, most on 1 Mar (12).",
        "Insult (rule 2): 9 of 12 right, 47 to 91 %.",
        "Cases: 9 broke rules, 3 fine.",
        "Response time: half of them answered within 10 min, 9 of 10 within 10 min (12 cases).",
        "Missed: no audit was answered yet.",
    ):
        assert part in words
    assert "Mean stars by week from 23 Feb: #general few." in found.pictures[1].words


async def test_what_was_done_is_counted_with_what_was_taken_back(house: House) -> None:
    await house.rules(insult=LabelRule(delete_at=0.5, timeout_at=0.5, mode="act"))
    for number in range(2):
        await house.moderate.handle(
            message(f"{WORDS[number]} insult", message_id=100 + number, author=person(500 + number))
        )
    await house.review.vote(guild_id=GUILD, case_id=1, moderator=LENA, verdict="fine")
    words = (await asked(house)).pictures[0].words
    assert "Done: 2 deleted, 2 timed out; 4 by the bot itself, 1 taken back." in words


def test_every_kind_of_action_has_its_word_and_the_longest_clause_fits_into_the_picture() -> None:
    kinds = [action.__dataclass_fields__["kind"].default for action in get_args(Action)]
    figures = Figures(days=30, first=NOON.date(), deeds={kind: Deeds(1234, 1234, 1234) for kind in kinds})
    done = figures.summary.done
    assert done is not None
    assert done.count("1,234 ") == len(kinds)
    assert len(done) <= MAX_CLAUSE


async def test_one_channel_is_counted_alone(house: House) -> None:
    await house.rules()
    for number, channel_id in enumerate((CHANNEL, CHANNEL, 7)):
        said = message(
            f"{WORDS[number]} insult", message_id=100 + number, channel_id=channel_id, author=person(500 + number)
        )
        await house.moderate.handle(said)

    found = await asked(house, channel=(7, "staff"))

    assert found.text.startswith("**Last 30 days, #staff**: 1 message flagged, 1 case for moderators, 1 of them still")
    assert "#general" not in found.pictures[1].words


async def test_without_the_model_server_everything_is_in_the_text_with_the_reason(house: House) -> None:
    await decide(house, right=1, wrong=0)
    house.model.down = ModelUnavailable("The model server gave no answer.")

    found = await asked(house, days=7)

    assert found.pictures == ()
    first, *lines = found.text.splitlines()
    assert first == "**Last 7 days**: 1 message flagged, 1 case for moderators."
    assert "Insult: 1 of 1 right, too few to say more." in lines
    assert lines[-1] == "There is no picture. The model server gave no answer."


@pytest.mark.parametrize("days", [0, 61])
async def test_too_long_and_too_short_are_refused(house: House, days: int) -> None:
    with pytest.raises(BotError, match="1 to 60 days"):
        await asked(house, days=days)


@pytest.mark.parametrize("hours", [0.0, 11.9999])
async def test_the_longest_period_fits_into_a_picture_also_just_before_midnight(house: House, hours: float) -> None:
    await decide(house, right=1, wrong=0)
    house.clock.time = NOON + timedelta(hours=hours)
    await asked(house, days=60)
    summary = house.model.drawn[0]
    assert isinstance(summary, StatsPicture)
    assert summary.flags is not None
    assert len(summary.flags.values) == MAX_BARS


def test_busy_channels_have_rows_and_the_rest_and_the_hidden_ones_share_one() -> None:
    names = {number: f"c{number}" for number in range(20)}
    found = [
        ChannelWeek(number, MONDAY + timedelta(days=7 * week), 100 - number, 1, 3.0)
        for number in (*range(20), 99)
        for week in range(8)
    ]
    rows = by_channel(found, names)
    assert list(dict.fromkeys(each.channel for each in rows)) == [*(f"#c{n}" for n in range(8)), "13 other channels"]
    assert len(rows) <= MAX_BARS
    assert min(each.monday for each in rows) == (MONDAY + timedelta(days=14)).date()
    rest = rows[-1]
    assert (rest.messages, rest.flags, rest.stars) == (sum(100 - n for n in range(8, 20)) + 1, 13, 3.0)


def test_a_channel_whose_name_may_not_be_shown_is_another_channel() -> None:
    (row,) = by_channel([ChannelWeek(1, MONDAY, 30, 1, 2.0)], {})
    assert row.channel == "1 other channel"


def test_channels_of_one_name_keep_rows_of_their_own() -> None:
    long = "a-thread-about-" * 6
    found = [ChannelWeek(number, MONDAY, 30, 0, 3.0) for number in range(4)]
    rows = by_channel(found, {0: "general", 1: "general", 2: long + "cats", 3: long + "dogs"})
    assert len({each.channel[:40] for each in rows}) == 4
    assert rows[1].channel == "#general (2)"
