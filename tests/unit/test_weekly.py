"""The week's report in numbers and lines: what is said, in which order, also when there is little to say."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import discord
import pytest

from bot.chat.weekly_card import FineHereButton, WrongWordsButton, week_card
from bot.chat.weekly_lines import lines, title_line, words_line
from bot.core.drift import Drift
from bot.core.numbers import Audits, Precision, ResponseTime
from bot.core.weekly import Carded, CaseLink, Harm, Mood, Read, Reported, WeekReport
from bot.core.wrong_words import WrongWord
from bot.flow.weekly import picture_of
from tests.builders import GUILD

MONDAY = datetime(2026, 2, 23, 6, tzinfo=UTC)
NEXT = MONDAY + timedelta(days=7)


def cards(**ends: int) -> tuple[Carded, ...]:
    """So many cards with each end, spread over the week's days and two channels, most of them at 21:00."""
    found = [end for end, number in ends.items() for _ in range(number)]
    return tuple(
        Carded(MONDAY + timedelta(days=number % 7, hours=15 if number % 3 else 2), 5 if number % 4 else 6, end)
        for number, end in enumerate(found)
    )


FULL = WeekReport(
    guild_id=GUILD,
    since=MONDAY,
    until=NEXT,
    cards=cards(breaks_rules=38, fine=19, open=4),
    overdue=2,
    oldest=MONDAY,
    harm=Harm(
        {"delete": 12, "timeout": 3},
        undone=4,
        undone_cases=(CaseLink(1042, "https://x/1"), CaseLink(1040, "https://x/2"), CaseLink(1039, "https://x/3")),
        granted=1,
        granted_cases=(CaseLink(1050, "https://x/4"),),
    ),
    precision={"Insult (rule 2)": Precision(34, 36), "Toxic": Precision(2, 3)},
    reported=Reported(5, 3),
    audits=Audits(misses=(0.1, 0.1), answered=140, drawn=140),
    words=1,
    wait=ResponseTime(57, timedelta(minutes=14)),
    moods=(Mood(5, 800, 3.42), Mood(6, 400, 2.8)),
    read=Read(3204, 64),
    away=timedelta(minutes=14),
    drift=Drift("toxic", 0.03),
)
EMPTY = WeekReport(GUILD, MONDAY, NEXT, cards=cards(unanswered=10))


def test_a_full_week_reads_in_the_order_of_what_matters() -> None:
    assert [title_line(FULL), *lines(FULL)] == [
        "### The week from 23 Feb to 2 Mar",
        "**61 cards, 38 broke rules, 19 fine, 4 open; 1 thing needs you.**",
        f"⚠ 2 cases are open for over 24 h, the oldest since <t:{MONDAY.timestamp():.0f}:R>: `/queue next`",
        "**Done by me** 12 deleted, 3 timed out; 4 taken back ([1042](https://x/1), [1040](https://x/2), "
        "[1039](https://x/3) and 1 more); 1 appeal granted ([1050](https://x/4))",
        "**Right** Insult (rule 2) 34 of 36 right, 82 to 98 % · Toxic 2 of 3 right, too few to say more",
        "**Missed** 5 messages reported that I had not flagged, 3 of them broke rules; too few to say what is missed: "
        "2 missed among 140 checked, and it takes 10",
        "**Most often wrong** 1 word, named by the button below",
        "**A day** 8.7 cards, half of them answered within 14 min (57 cases)",
        f"**Busiest** <#5> with 45 cards, and the hour from <t:{NEXT.replace(hour=21).timestamp():.0f}:t> with 40",
        "**Sentiment** <#5> 3.4 ★, <#6> 2.8 ★",
        "**Me** away for 14 min; 2 % of 3,204 messages unchecked; scores as before (PSI 0.03)",
    ]


def test_a_week_of_which_little_is_known_says_so() -> None:
    assert lines(EMPTY)[0] == "**10 cards, 10 without a verdict; nothing needs you.**"
    assert lines(EMPTY)[1:5] == [
        "**Done by me** nothing",
        "**Right** no verdict yet",
        "**Missed** nobody reported what I had not flagged; no audit was answered yet",
        "**A day** 1.4 cards, no case was answered yet",
    ]
    assert lines(EMPTY)[-1] == (
        "**Me** not watched long enough to say when I was away; no messages; too few messages to speak of drift"
    )


def test_everything_that_needs_somebody_is_counted_and_named() -> None:
    trouble = tuple(f"I lack permission {number}." for number in range(3))
    report = replace(FULL, trouble=trouble, precision={"Insult": Precision(12, 30), "Toxic": Precision(1, 9)})
    said = lines(report)
    assert said[0].endswith("5 things need you.**")
    assert said[2:6] == [
        "⚠ I lack permission 0.",
        "⚠ I lack permission 1.",
        "⚠ and 1 more: `/candor doctor`",
        "⚠ Below the goal of 95 % right: Insult. `/candor rules limit` raises a limit.",
    ]


def test_the_report_names_no_person_and_counts_by_none() -> None:
    known = {each.name for kind in (WeekReport, Carded, Harm, Reported, CaseLink, WrongWord) for each in fields(kind)}
    assert not [name for name in known if "moderator" in name or "author" in name or "member" in name]
    assert "<@" not in "\n".join(lines(FULL))


def test_what_members_wrote_is_hidden_and_works_as_nothing() -> None:
    said = words_line((WrongWord("**walnut**||", 2, 2),), until=NEXT)
    assert "||\\*\\*walnut" in said


def test_the_picture_has_a_bar_for_each_day_also_for_the_empty_ones() -> None:
    found = picture_of(replace(FULL, cards=(Carded(MONDAY, 5, "fine"), Carded(NEXT - timedelta(hours=1), 5, "skip"))))
    assert found.period == "23 Feb to 2 Mar"
    assert [(each.name, each.broke, each.fine, each.rest) for each in found.days] == [
        ("Mon 23", 0, 1, 0),
        *[(name, 0, 0, 0) for name in ("Tue 24", "Wed 25", "Thu 26", "Fri 27", "Sat 28")],
        ("Sun 1", 0, 0, 1),
    ]


@pytest.mark.parametrize("picture", ["61 cards", None])
def test_the_longest_report_fits_one_message_of_discord(picture: str | None) -> None:
    report = replace(
        FULL,
        trouble=("I lack something in a channel. " * 20,) * 9,
        precision={"*" * 60 + str(number): Precision(1, 100) for number in range(7)},
        words=3,
    )
    card = week_card(report, picture=picture)
    assert card.content_length() <= 4000
    assert card.total_children_count <= 40
    assert sum(isinstance(each, WrongWordsButton) for each in card.walk_children()) == 1
    assert "**Me**" in "\n".join(
        each.content for each in card.walk_children() if isinstance(each, discord.ui.TextDisplay)
    )


def test_the_longest_words_fit_one_answer_and_their_buttons() -> None:
    words = tuple(WrongWord(letter * 40, 999, 999) for letter in "abc")
    assert len(words_line(words, until=NEXT)) <= 2000
    buttons = [FineHereButton(each.word).item for each in words]
    assert [each.label for each in buttons] == [f"Fine here: {each.word}" for each in words]
    assert all(len(each.custom_id or "") <= 100 for each in buttons)
