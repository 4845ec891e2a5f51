"""What a card says, in which order, and that it always fits. Cards are pure, so no server is needed here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import discord
import pytest

from bot.chat.cards import Card, duration_of, percent, review_card, scrubbed_card
from bot.core.cases import ActionRecord, Case, Vote
from bot.core.policy import Delete, Reason, Timeout, Warn
from moderation_model.contract import Explanation, Sentiment
from tests.builders import NOON


def reason(label: str, score: float, limit: float = 0.85) -> Reason:
    return Reason(label, score, limit, "model", "as_written", "v1", "content")


CASE = Case(
    case_id=1042,
    guild_id=1,
    channel_id=2,
    message_id=3,
    revision=0,
    author_id=4,
    author_name="Kai",
    opened_why="flagged",
    state="open",
    text="nobody likes you, you pathetic waste of space",
    jump_url="https://discord.com/channels/1/2/3",
    posted_at=NOON,
    opened_at=NOON,
    author_joined_at=NOON - timedelta(days=2),
    reasons=(reason("toxic", 0.96), reason("insult", 0.93)),
    scores={"toxic": 0.96, "insult": 0.93},
    sentiment=Sentiment((0.8, 0.1, 0.1, 0.0, 0.0)),
    reading="as_written",
    model_version="v1",
    explanation=Explanation("toxic", ("you", "pathetic", "waste"), (0.0, 2.0, 1.0), -3.0, 0.96, "as_written", "v1"),
)


def lines(card: Card) -> list[str]:
    shown = [item.content for item in card.walk_children() if isinstance(item, discord.ui.TextDisplay)]
    return "\n".join(shown).splitlines()


def buttons(card: Card) -> dict[str | None, bool]:
    """Whether each button can be pressed, by its label."""
    found: dict[str | None, bool] = {}
    for item in card.walk_children():
        button: Any = item.item if isinstance(item, discord.ui.DynamicItem) else item
        if isinstance(button, discord.ui.Button):
            found[button.label] = not button.disabled
    return found


def test_a_card_reads_from_what_to_who_to_text_to_why() -> None:
    assert lines(review_card(CASE)) == [
        "### 🟠 Insult · case 1042",
        "By Kai · joined <t:1772193600:R> · <#2> · <t:1772366400:R>",
        "||nobody likes you, you **pathetic** **waste** of space||",
        "Why: scored as insult 93 %, limit 85 % · also toxic 96 %",
        "Seen as: as written",
        "Words: pathetic, waste",
        "Sentiment: ★☆☆☆☆ 1.3 of 5",
        "-# Model v1",
    ]


def test_a_card_names_the_most_severe_label() -> None:
    card = review_card(replace(CASE, reasons=(reason("insult", 0.97), reason("threat", 0.88))))

    assert lines(card)[0] == "### 🔴 Threat · case 1042"


def test_an_open_case_can_be_decided_and_a_decided_one_undone() -> None:
    decided = replace(CASE, state="closed")

    assert buttons(review_card(CASE)) == {
        "Breaks rules": True,
        "It's fine": True,
        "Skip": True,
        "Undo": False,
        "More…": True,
        "Jump": True,
    }
    assert [label for label, on in buttons(review_card(decided)).items() if on] == ["Undo", "More…", "Jump"]


def test_an_open_case_on_which_something_was_done_can_be_undone() -> None:
    acted = replace(CASE, actions=(ActionRecord(1, 1042, Timeout(600), "done"),))

    assert buttons(review_card(acted))["Undo"]


def test_a_card_says_what_was_done_refused_and_held_back() -> None:
    card = review_card(
        replace(
            CASE,
            withheld=(Warn(),),
            withheld_why="shadow mode: nothing is done",
            actions=(
                ActionRecord(1, 1042, Timeout(600), "done"),
                ActionRecord(2, 1042, Delete(), "refused", detail="the message was already gone"),
            ),
        )
    )

    assert lines(card)[0].endswith("· shadow mode: nothing is done")
    assert lines(card)[-3:] == [
        "✔️ Timeout 10 min: done",
        "✖️ Deletion: not possible (the message was already gone)",
        "💤 Held back: warning",
    ]


def test_a_card_names_who_decided_what_and_when() -> None:
    vote = Vote(1042, 77, "breaks_rules", {"insult": "right", "toxic": "wrong", "threat": "missing"}, "v1", NOON)

    assert lines(review_card(replace(CASE, state="closed", votes=(vote,))))[-1] == (
        "✅ Breaks rules (insult, threat) · <@77> · <t:1772366400:t>"
    )


def test_a_card_counts_those_that_share_it() -> None:
    assert "and 29 more with this text" in lines(review_card(replace(CASE, followers=29)))


def test_a_care_card_accuses_nobody() -> None:
    text = "\n".join(lines(review_card(replace(CASE, opened_why="care", reasons=()))))

    assert "Someone may need help" in text
    assert "scored as" not in text
    assert "limit" not in text


@pytest.mark.parametrize(
    ("scores", "why"), [({"toxic": 0.1}, "no score reached a limit"), (None, "the model was away")]
)
def test_a_reported_case_says_that_a_member_asked(scores: dict[str, float] | None, why: str) -> None:
    text = "\n".join(lines(review_card(replace(CASE, opened_why="reported", reasons=(), scores=scores))))

    assert "Reported by a member" in text
    assert why in text


def test_a_forward_names_who_forwarded() -> None:
    assert "↪ forwarded by Kai" in lines(review_card(replace(CASE, forwarded=True)))


def test_a_case_whose_text_was_dropped_says_so() -> None:
    card = review_card(replace(CASE, text=None, author_name=None, explanation=None))

    assert "*The text is no longer kept.*" in lines(card)
    assert lines(scrubbed_card()) == ["The text of this case was kept for its time and is removed now."]


@pytest.mark.parametrize(
    "text",
    ["a" * 4000, "*" * 4000, "|" * 4000, "word " * 800 + "pathetic", "e" + "\u0301" * 10_000, "😂" * 4000, "\n" * 4000],
)
@pytest.mark.parametrize("text_limit", [1500, 4000])
def test_every_card_fits_what_discord_takes(text: str, text_limit: int) -> None:
    case = replace(
        CASE,
        text=text,
        author_name="*" * 300,
        followers=10**6,
        withheld_why="held back: 30 automatic actions within a minute",
        actions=tuple(ActionRecord(n, 1042, Timeout(600), "failed", detail="x" * 300) for n in range(3)),
        votes=tuple(Vote(1042, 10**18, "breaks_rules", {"insult": "right"}, "v1", NOON) for _ in range(3)),
    )
    card = review_card(case, text_limit=text_limit)

    assert card.content_length() <= 4000
    assert card.total_children_count <= 40


@pytest.mark.parametrize("text", ["ends with a bar |", "ends with a slash \\", "|| inside ||", "* pathetic *"])
def test_the_spoiler_stays_closed_over_the_whole_text(text: str) -> None:
    shown = lines(review_card(replace(CASE, text=text)))[2]

    assert shown.startswith("||")
    assert shown.endswith("||")
    assert "||" not in shown[2:-2]
    assert not shown[:-2].endswith("|")


def test_a_hostile_name_stays_a_name() -> None:
    head = lines(review_card(replace(CASE, author_name="# <@1>\n||x|| https://x.y")))[1]

    assert head.startswith(r"By # \<@" + "\u200b" + r"1> ⏎ \|\|x\|\| hxxps://x\[.\]y · joined")


def test_percentages_never_round_up_to_certainty() -> None:
    assert [percent(share) for share in (0.0, 0.934, 0.9999, 1.0)] == ["0 %", "93 %", "99 %", "100 %"]


def test_durations_are_said_in_the_largest_whole_unit() -> None:
    assert [duration_of(seconds) for seconds in (45, 600, 7200, 90, 604800)] == ["45 s", "10 min", "2 h", "90 s", "7 d"]


def test_a_card_counts_what_was_done_to_others_with_the_same_text_and_lets_it_be_undone() -> None:
    done = tuple(ActionRecord(number, 7, Timeout(60), "done") for number in (1, 2))
    card = review_card(replace(CASE, followers=2, follower_actions=done))
    assert "Done to others with this text: timeout ×2" in lines(card)
    assert buttons(card)["Undo"]
    assert not buttons(review_card(CASE))["Undo"]


def test_a_card_says_how_many_members_reported_it() -> None:
    assert "🚩 Reported by 1 member" in lines(review_card(replace(CASE, reports=1)))
    reported = replace(CASE, opened_why="reported", reasons=(), reports=1)
    assert not any("Reported by 1" in line for line in lines(review_card(reported)))
    assert "🚩 Reported by 3 members" in lines(review_card(replace(reported, reports=3)))


def test_a_reported_picture_is_not_said_to_have_lost_its_text_nor_the_model_to_be_away() -> None:
    case = replace(CASE, opened_why="reported", text="", reasons=(), scores=None, explanation=None, reading=None)
    shown = "\n".join(lines(review_card(case)))
    assert "No text" in shown
    assert "no longer kept" not in shown
    assert "away" not in shown
