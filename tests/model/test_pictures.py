"""Pictures for Discord: what they show, and that their descriptions say the same."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from PIL import Image

from moderation_model.card_days import CardDay
from moderation_model.client_answers import PNG
from moderation_model.contract import Explanation
from moderation_model.pictures import (
    Bars,
    CardsPicture,
    Hits,
    Judged,
    Picture,
    PreviewPicture,
    RunPicture,
    ShapPicture,
    StatsPicture,
    Week,
    alt,
)
from moderation_model.reports.pictures import LEFT, RIGHT, draw
from moderation_model.reports.sheet import BAD, GOOD, GROUND, MARGIN, OPEN, drawable
from moderation_model.run_picture import OldNew, Part

MONDAY = date(2025, 5, 5)
STATS = StatsPicture(
    period="Last 30 days",
    flags=Bars(tuple(f"{day} May" for day in range(1, 31)), tuple([3] * 29 + [31])),
    judged=(
        Judged("Insult (rule 2)", 31, 36, 0.71, 0.94),
        Judged("Toxic", 2, 3),
        Judged("Threat", 0, 0, 0.0, 1.0),
    ),
    response="half of them answered within 14 min, 9 of 10 within 3.5 h (36 cases)",
    weeks=(
        Week("#general", MONDAY, 800, 20, 3.42),
        Week("#general", MONDAY + timedelta(days=7), 400, 2, 3.9),
        Week("#quiet", MONDAY, 12, 6, 1.2),
    ),
    decided=Bars(("Broke rules", "Fine", "Open"), (31, 5, 4)),
    done="12 deleted, 3 timed out; 4 by the bot itself",
    missed="too few to say what is missed: 9 missed among 200 checked, and it takes 10",
)
PREVIEW = PreviewPicture("Insult", 0.8, "delete", 30, (Hits("#general", 30, 10, 20), Hits("#memes", 0, 0, 4)))
SHAP = ShapPicture("Insult", 0.93, Bars(("pathetic", "friend", "waste"), (2.31, -1.2, 0.8)))
CARDS = CardsPicture(
    "23 Feb to 1 Mar",
    (
        CardDay("Mon 23", 6, 2, 1),
        CardDay("Tue 24", 9, 4),
        CardDay("Wed 25", 3, 1),
        CardDay("Thu 26", 0, 0),
        CardDay("Fri 27", 5, 3),
        CardDay("Sat 28", 8, 6, 1),
        CardDay("Sun 1", 7, 3, 2),
    ),
)
RUN = RunPicture(
    76,
    right=(
        OldNew("Insult (rule 2)", Part(18, 31, 0.41, 0.74), Part(20, 22, 0.72, 0.97)),
        OldNew("Threat", Part(0, 0), Part(1, 1, 0.21, 1.0)),
    ),
    found=(
        OldNew("Insult (rule 2)", Part(18, 21, 0.65, 0.95), Part(20, 21, 0.77, 0.99)),
        OldNew("Threat", Part(0, 1, 0.0, 0.79), Part(1, 1, 0.21, 1.0)),
    ),
)
PICTURES: list[Picture] = [STATS, PREVIEW, SHAP, CARDS, RUN]
EMPTY: list[Picture] = [
    StatsPicture("Last 7 days"),
    StatsPicture("Last 7 days", flags=Bars(("1 May",), (0,))),
    PreviewPicture("Threat", 1.0, "flag", 7),
    RunPicture(0),
    CardsPicture("23 Feb to 1 Mar"),
    CardsPicture("23 Feb to 1 Mar", (CardDay("Mon", 0, 0),)),
    ShapPicture("Threat", 0.0, Bars((), ())),
    ShapPicture("Threat", 0.5, Bars(("same",), (0.0,))),
]


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def bar(picture: Picture) -> Counter[str]:
    """How many pixels of the lowest bar have which colour, along one line through its upper edge."""
    image = opened(draw(picture))
    lines = (
        Counter("#{:02x}{:02x}{:02x}".format(*image.getpixel((x, y))) for x in range(LEFT, RIGHT))  # type: ignore[misc]
        for y in range(image.height - 1, 0, -1)
    )
    return next(line for line in lines if line[GOOD] + line[BAD] > 20)


@pytest.mark.parametrize("picture", [*PICTURES, *EMPTY])
def test_a_picture_is_a_png_of_the_width_of_a_phone_on_discords_ground(picture: Picture) -> None:
    png = draw(picture)
    assert png.startswith(PNG)
    image = opened(png)
    assert image.width == 800
    assert 450 <= image.height <= 1600
    assert "#{:02x}{:02x}{:02x}".format(*image.getpixel((2, 2))) == GROUND  # type: ignore[misc]


def test_more_rows_make_a_higher_picture_and_not_smaller_type() -> None:
    rows = tuple(Hits(f"#channel-{number}", 1, 1, 1) for number in range(60))
    assert opened(draw(replace(PREVIEW, channels=rows))).height > 60 * 50


def test_bars_are_as_long_as_their_numbers() -> None:
    found = bar(replace(PREVIEW, channels=(Hits("#general", 30, 10, 20),)))
    assert found[GOOD] / found[BAD] == pytest.approx(3, rel=0.05)
    assert found[OPEN] / found[BAD] == pytest.approx(2, rel=0.05)
    right = bar(replace(STATS, flags=None, response=None, weeks=(), judged=(Judged("Insult", 30, 40, 0.6, 0.9),)))
    assert right[GOOD] / right[BAD] == pytest.approx(3, rel=0.05)


def test_words_that_speak_for_a_label_have_another_colour_than_those_against_it() -> None:
    speaks_for, against = (bar(replace(SHAP, words=Bars(("word",), (value,)))) for value in (1.5, -1.5))
    assert min(speaks_for[BAD], against[GOOD]) > 200
    assert speaks_for[GOOD] == against[BAD] == 0


NASTY = (
    "$\\nope$",
    "a\nb\tc",
    "\u202egnirts",
    "é" + "\u0301" * 80,
    "💬│talk",
    "聊天室",
    "W" * 40,
    "💀",
    "",
    "\x07",
)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", NASTY)
def test_any_name_stays_within_its_picture(name: str) -> None:
    judged = (Judged(name, 1, 2, 0.1, 0.9),)
    weeks = (Week(name, MONDAY, 100, 1, 3.0),)
    for picture in (
        StatsPicture(name, Bars((name, name), (1, 2)), judged, name, weeks, Bars((name,), (3,)), name * 3, name),
        PreviewPicture(name, 0.5, name, 3, (Hits(name, 1, 2, 3),)),
        ShapPicture(name, 0.5, Bars((name, name), (1.0, -1.0))),
        CardsPicture(name, (CardDay(name, 1, 2), CardDay(name, 10**9, 0, 10**9))),
        RunPicture(10**9, (OldNew(name, Part(10**9, 10**9, 0.0, 1.0), Part(0, 0)),)),
    ):
        image = opened(draw(picture))
        for edge in ((0, 0, MARGIN - 8, image.height), (800 - MARGIN + 8, 0, 800, image.height)):
            assert len(image.crop(edge).getcolors() or []) == 1


def test_emoji_and_foreign_letters_are_shown_as_something_that_can_be_read() -> None:
    assert drawable("💬│talk") == "│talk"
    assert drawable("💀") == ":skull:"
    assert drawable("#聊天") == "#??"
    assert drawable("abc\u202ed") == "abcd"


def test_what_the_statistics_show_stands_in_their_description() -> None:
    said = alt(STATS)
    for part in (
        "Last 30 days.",
        "118 flagged in 30 days, most on 30 May (31).",
        "Insult (rule 2): 31 of 36 right, 71 to 94 %.",
        "Toxic: 2 of 3 right, too few to say more.",
        "Threat: no verdict yet.",
        "Cases: 31 broke rules, 5 fine, 4 open.",
        "Done: 12 deleted, 3 timed out; 4 by the bot itself.",
        "Response time: half of them answered within 14 min, 9 of 10 within 3.5 h (36 cases).",
        "Missed: too few to say what is missed: 9 missed among 200 checked, and it takes 10.",
        "Mean stars by week from 5 May: #general 3.4, 3.9; #quiet few.",
        "Flags per 100 messages by week from 5 May: #general 2.5, 0.5; #quiet few.",
    ):
        assert part in said


def test_a_week_with_few_messages_would_speak_of_persons_and_is_not_told() -> None:
    told, silent = Week("#a", MONDAY, 20, 1, 2.0), Week("#a", MONDAY, 19, 1, 2.0)
    assert (told.mood, told.toxicity) == ("2.0", "5.0")
    assert (silent.mood, silent.toxicity) == ("few", "few")
    assert draw(StatsPicture("May", weeks=(silent,))) == draw(StatsPicture("May", weeks=(replace(silent, stars=4.9),)))


def test_a_label_with_too_few_verdicts_has_no_bar() -> None:
    few, enough = Judged("Insult", 2, 3), Judged("Insult", 2, 3, 0.2, 0.9)
    drawn = [opened(draw(StatsPicture("May", judged=(each,)))).crop((LEFT, 150, RIGHT, 450)) for each in (few, enough)]
    colours = [{colour for _, colour in image.getcolors(1 << 20) or []} for image in drawn]
    good = tuple(bytes.fromhex(GOOD[1:]))
    assert [good in found for found in colours] == [False, True]


def test_a_long_clause_is_wrapped_and_not_cut() -> None:
    short, long = StatsPicture("May", missed="few"), StatsPicture("May", missed="too few to say " * 7)
    filled = (replace(each, decided=Bars(("Fine",) * 10, (1,) * 10)) for each in (short, long))
    heights = [opened(draw(each)).height for each in filled]
    assert heights[1] > heights[0] + 20


def test_what_a_preview_shows_stands_in_its_description() -> None:
    assert alt(PREVIEW) == (
        "Insult from 80 %, delete: in 30 days this would have hit 64 messages, 30 right, 10 wrong, 24 unknown. "
        "By channel: #general 60 (30 right, 10 wrong, 20 unknown); #memes 4 (4 unknown)."
    )
    assert alt(EMPTY[2]) == "Threat from 100 %, flag: in 7 days this would have hit no message."
    one = PreviewPicture("Threat", 0.975, "flag", 1, (Hits("#general", 0, 1, 0),))
    assert alt(one) == (
        "Threat from 97.5 %, flag: in 1 day this would have hit 1 message, 1 wrong. By channel: #general 1 (1 wrong)."
    )


def test_what_an_explanation_shows_stands_in_its_description() -> None:
    assert alt(SHAP) == "Insult 93 %. Words that speak for it: pathetic +2.31, waste +0.80. Against it: friend -1.20."


def test_what_a_week_of_cards_shows_stands_in_its_description() -> None:
    said = alt(CARDS)
    assert said.startswith("23 Feb to 1 Mar: 61 cards (38 broke rules, 19 fine, 4 other or open). By day: Mon 23 9 (6")
    assert "Thu" not in said
    assert alt(CardsPicture("May")) == "May: no cards."


def test_a_day_of_cards_is_as_high_as_its_number() -> None:
    image = opened(draw(replace(CARDS, days=(CardDay("Mon", 6, 3, 3), CardDay("Tue", 0, 0)))))
    column = Counter("#{:02x}{:02x}{:02x}".format(*image.getpixel((240, y))) for y in range(150, image.height))  # type: ignore[misc]
    assert column[GOOD] / column[BAD] == pytest.approx(2, rel=0.05)
    assert column[OPEN] == pytest.approx(column[BAD], rel=0.05)


def test_what_a_run_changed_stands_in_its_description() -> None:
    assert alt(RUN) == (
        "Old against new on 76 answered messages that neither learned from. "
        "Flags that were right: Insult (rule 2): old 18 of 31 (41 to 74 %), new 20 of 22 (72 to 97 %); "
        "Threat: old none, new 1 of 1 (21 to 100 %). "
        "Found of what breaks rules: Insult (rule 2): old 18 of 21 (65 to 95 %), new 20 of 21 (77 to 99 %); "
        "Threat: old 0 of 1 (0 to 79 %), new 1 of 1 (21 to 100 %)."
    )


def test_the_bars_of_old_and_new_are_as_long_as_their_shares() -> None:
    row = OldNew("Insult", Part(1, 4, 0.99, 1.0), Part(3, 4, 0.99, 1.0))
    image = opened(draw(RunPicture(76, right=(row,))))
    longest = {
        colour: max(sum(image.getpixel((x, y)) == rgb for x in range(MARGIN + 214, 800)) for y in range(200, 330))
        for colour, rgb in ((each, tuple(bytes.fromhex(each[1:]))) for each in (OPEN, GOOD))
    }
    assert longest[GOOD] / longest[OPEN] == pytest.approx(3, rel=0.05)


def test_a_description_fits_beside_an_attachment() -> None:
    rows = tuple(Hits(f"#channel-{number}", 1, 1, 1) for number in range(60))
    said = alt(replace(PREVIEW, channels=rows))
    assert len(said) <= 1024
    assert said.endswith("…")


def test_a_preview_keeps_the_channels_hit_most_and_adds_up_the_rest() -> None:
    rows = [Hits(f"#channel-{number}", number, 1, 0) for number in range(20)] + [Hits("#calm", 0, 0, 0)]
    picture = PreviewPicture.of("Insult", limit=0.8, action="delete", days=30, channels=rows)
    assert [each.channel for each in picture.channels][:2] == ["#channel-19", "#channel-18"]
    assert picture.channels[-1] == Hits("12 other channels", sum(range(12)), 12, 0)
    assert picture.whole.total == sum(range(20)) + 20


def test_only_the_strongest_words_of_a_message_leave_for_the_picture() -> None:
    words = tuple(f"word{number}," for number in range(30))
    values = tuple((-1) ** number * number / 10 for number in range(30))
    picture = ShapPicture.of(Explanation("insult", words, values, 0.0, 0.9, "as_written", "v1"), label="Insult")
    assert picture.words.names[:2] == ("word29", "word28")
    assert picture.words.names[-1] == "22 other words"
    assert sum(picture.words.values) == pytest.approx(sum(values))
    assert ShapPicture.of(Explanation("insult", (), (), 0.0, 0.9, "empty", "v1"), label="Insult").words == Bars((), ())
