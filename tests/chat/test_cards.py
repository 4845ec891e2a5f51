"""What a card says, in which order, and that it always fits. Cards are pure, so no server is needed here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chat.cards import review_card, scrubbed_card
from bot.chat.why_lines import duration_of, percent
from bot.core.cases import ActionRecord, Background, Note, OtherText, Vote
from bot.core.policy import Delete, Timeout, Warn
from tests.builders import NOON
from tests.chat.card_case import CASE, buttons, lines, reason, rows


def test_a_card_reads_from_what_to_who_to_text_to_why_to_before() -> None:
    case = replace(
        CASE, reply_to=("Priya", "anyone up for co-op?"), withheld=(Delete(),), withheld_why="shadow: nothing done"
    )
    background = Background(titles={"insult": "Insult (rule 2)"}, confirmed=1, newest_confirmed=988)

    assert lines(review_card(case, background)) == [
        "### 🟠 Insult (rule 2) · case 1042 · shadow: nothing done",
        "Kai · joined <t:1772193600:R> · <#2> · <t:1772366400:R>",
        '↪ reply to Priya: ||"anyone up for co-op?"||',
        "||nobody likes you, you **pathetic** **waste** of space||",
        "Why: insult 93 %, limit 85 % · also toxic 96 %",
        "Seen as: as written · message: still up",
        "Confirmed before: 1 in 90 days (case 988)",
        "💤 Held back: deletion",
    ]


def test_the_rules_name_and_the_answered_message_work_as_little_as_the_text() -> None:
    case = replace(CASE, reply_to=("||Priya||", "<@1> https://x.y ||"))
    shown = lines(review_card(case, Background(titles={"insult": "Insult (**2** <@1>)"})))

    assert shown[0].startswith(r"### 🟠 Insult (\*\*2\*\* \<@")
    assert shown[2] == r'↪ reply to \|\|Priya\|\|: ||"\<@' + "\u200b" + r'1> hxxps://x\[.\]y \|\|"||'


def test_words_of_a_disguised_text_are_said_where_the_text_does_not_show_them() -> None:
    card = review_card(replace(CASE, text="you p4th3tic w.a.s.t.e", reading="normalised"))

    assert "Seen as: normalised · message: still up · words: pathetic, waste" in lines(card)


def test_a_keyword_is_said_as_the_guilds_own_and_hidden_like_the_text() -> None:
    found = replace(reason("keyword", 1.0, 1.0), rule="keyword", found="free * coins")

    shown = lines(review_card(replace(CASE, reasons=(found,))))
    assert shown[0] == "### 🟡 Keyword · case 1042 · nothing done"
    assert r"Why: your keyword ||free \* coins||" in shown
    assert "Why: insult 93 %, limit 85 % · also your keyword ||free \\* coins||" in lines(
        review_card(replace(CASE, reasons=(found, reason("insult", 0.93))))
    )


@pytest.mark.parametrize(
    ("record", "state"),
    [
        (ActionRecord(1, 1042, Delete(), "done"), "message: deleted"),
        (ActionRecord(1, 1042, Delete(), "refused", detail="the message was already gone"), "message: already gone"),
        (ActionRecord(1, 1042, Delete(), "refused", detail="the channel is gone"), "message: still up"),
        (ActionRecord(1, 1042, Timeout(60), "done"), "message: still up"),
    ],
)
def test_a_card_says_whether_the_message_still_stands(record: ActionRecord, state: str) -> None:
    assert f"Seen as: as written · {state}" in lines(review_card(replace(CASE, actions=(record,))))


def test_a_card_names_the_most_severe_label() -> None:
    card = review_card(replace(CASE, reasons=(reason("insult", 0.97), reason("threat", 0.88))))

    assert lines(card)[0] == "### 🔴 Threat · case 1042 · nothing done"


def test_an_open_case_has_two_rows_and_a_decided_one_becomes_a_line() -> None:
    vote = Vote(1042, 77, "breaks_rules", {}, "v1", NOON)

    assert rows(review_card(CASE)) == [
        ["Breaks rules", "It's fine", "Skip", "Jump ↗"],
        ["Delete", "Timeout 10 min", "More…"],
    ]
    assert rows(review_card(replace(CASE, state="closed", votes=(vote,)))) == [["Undo", "Change"]]
    assert rows(review_card(CASE, buttons=False)) == [["Jump ↗"]]


def test_what_is_gone_cannot_be_deleted_again() -> None:
    gone = replace(CASE, actions=(ActionRecord(1, 1042, Delete(), "done"),))

    assert buttons(review_card(CASE))["Delete"]
    assert not buttons(review_card(gone))["Delete"]


def test_a_card_for_several_messages_offers_to_act_on_all() -> None:
    same = review_card(replace(CASE, followers=6))
    raid = review_card(replace(CASE, followers=29, other_author_ids=frozenset(range(100, 111))))

    assert lines(same)[1].startswith("Kai, 7 messages · joined")
    assert rows(same)[1] == ["Delete all 7", "Timeout 10 min", "More…"]
    assert lines(raid)[1].startswith("Kai and 11 others, 30 messages · joined")
    assert rows(raid)[1] == ["Delete all 30", "Timeout all 12 authors", "More…"]


def test_a_card_says_what_was_done_refused_and_held_back() -> None:
    card = review_card(
        replace(
            CASE,
            withheld=(Warn(),),
            withheld_why="only deletion is switched on for insult",
            actions=(
                ActionRecord(1, 1042, Timeout(600), "done"),
                ActionRecord(2, 1042, Delete(), "refused", detail="the message was already gone"),
            ),
        )
    )

    assert lines(card)[0].endswith("case 1042 · timed out 10 min")
    assert lines(card)[-2:] == [
        "✖️ Deletion: not possible (the message was already gone)",
        "💤 Held back: warning",
    ]


def test_a_care_card_accuses_nobody() -> None:
    text = "\n".join(lines(review_card(replace(CASE, opened_why="care", reasons=()))))

    assert "Someone may need help" in text
    assert "nothing done" not in text
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
        reply_to=("*" * 300, text),
        followers=10**6,
        other_texts=(OtherText(5, "*" * 300, text),) * 5,
        more_texts=10**6,
        notes=tuple(Note(10**18, text, NOON) for _ in range(50)),
        second_opinion_by=10**18,
        withheld_why="held back: 30 automatic actions within a minute",
        actions=tuple(ActionRecord(n, 1042, Timeout(600), "failed", detail="x" * 300) for n in range(3)),
        votes=tuple(Vote(1042, 10**18, "breaks_rules", {"insult": "right"}, "v1", NOON) for _ in range(3)),
    )
    background = Background({"insult": "*" * 300}, confirmed=10**6, newest_confirmed=10**12)

    for standing in (case, replace(case, state="closed")):
        card = review_card(standing, background, text_limit=text_limit, buttons=text_limit == 1500)
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

    assert head.startswith(r"# \<@" + "\u200b" + r"1> ⏎ \|\|x\|\| hxxps://x\[.\]y · joined")


def test_percentages_never_round_up_to_certainty() -> None:
    assert [percent(share) for share in (0.0, 0.934, 0.9999, 1.0)] == ["0 %", "93 %", "99 %", "100 %"]


def test_durations_are_said_in_the_largest_whole_unit() -> None:
    assert [duration_of(seconds) for seconds in (45, 600, 7200, 90, 604800)] == ["45 s", "10 min", "2 h", "90 s", "7 d"]


def test_a_card_counts_what_was_done_to_all_messages_that_it_stands_for() -> None:
    done = tuple(ActionRecord(number, 1042 + number, Delete(), "done") for number in (1, 2))
    refused = ActionRecord(3, 1045, Timeout(60), "refused", detail="the author left the server")
    card = review_card(replace(CASE, followers=3, follower_actions=(*done, refused)))
    assert lines(card)[0].endswith("· deleted ×2")
    assert "Seen as: as written · message: 2 of 4 gone" in lines(card)
    assert lines(card)[-1] == "✖️ Not possible on other messages of this card: timeout ×1"


def test_a_card_says_how_many_members_reported_it() -> None:
    assert "🚩 Reported by a member" in lines(review_card(replace(CASE, reports=1)))
    assert "🚩 Reported by 3 members" in lines(review_card(replace(CASE, reports=3)))
    reported = replace(CASE, opened_why="reported", reasons=(), reports=3)
    shown = lines(review_card(reported))
    assert shown[0] == "### 🚩 Reported by 3 members · case 1042"
    assert not any(line.startswith("🚩 Reported") for line in shown[1:])


def test_a_card_hides_the_newest_reasons_of_reports_behind_spoilers_and_makes_them_harmless() -> None:
    reasons = ("old", "he **always** does", "see https://bad.example", "||me||")
    shown = lines(review_card(replace(CASE, reports=4, report_reasons=reasons)))
    assert [line for line in shown if line.startswith("💬")] == [
        r"💬 ||he \*\*always\*\* does||",
        r"💬 ||see hxxps://bad\[.\]example||",
        "💬 ||\\|\\|me\\|\\|\u200b||",
        "💬 and 1 more",
    ]


def test_a_reported_picture_is_not_said_to_have_lost_its_text_nor_the_model_to_be_away() -> None:
    case = replace(CASE, opened_why="reported", text="", reasons=(), scores=None, explanation=None, reading=None)
    shown = "\n".join(lines(review_card(case)))
    assert "No text" in shown
    assert "no longer kept" not in shown
    assert "away" not in shown
