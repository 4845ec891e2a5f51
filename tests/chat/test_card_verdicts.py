"""How a card names what was decided, who was asked again, and what moderators noted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.chat.cards import review_card
from bot.core.actions import Ban
from bot.core.cases import ActionRecord, Case, Note, Vote
from bot.core.feedback import answers
from bot.core.policy import Delete, Timeout
from tests.builders import NOON
from tests.chat.card_case import CASE, lines


def decided(case: Case, verdict: str, labels: dict[str, Any] | None = None) -> str:
    """The last line of the card once somebody answered so."""
    if labels is None:
        labels = dict(answers(verdict, case.reasons))  # type: ignore[arg-type]
    vote = Vote(1042, 77, verdict, labels, "v1", NOON)  # type: ignore[arg-type]
    return lines(review_card(replace(case, state="closed", votes=(vote,))))[-1]


def test_a_decided_card_names_in_one_line_what_was_done_by_whom_and_when() -> None:
    deleted = ActionRecord(1, 1042, Delete(), "done", by=77)
    lifted = ActionRecord(2, 1042, Timeout(600), "undone")
    several = replace(CASE, followers=1, follower_actions=(ActionRecord(3, 1043, Delete(), "done", by=77),))

    assert decided(replace(CASE, actions=(deleted,)), "breaks_rules") == (
        "✅ Broke rules, deleted · <@77> · <t:1772366400:t>"
    )
    assert decided(replace(several, actions=(deleted,)), "breaks_rules").startswith("✅ Broke rules, deleted ×2 ·")
    assert decided(CASE, "skip") == "⏭️ Skipped · <@77> · <t:1772366400:t>"
    assert decided(replace(CASE, actions=(lifted,)), "fine").startswith("👌 It's fine, timeout lifted ·")
    assert decided(replace(CASE, actions=(ActionRecord(1, 1042, Ban(), "done"),)), "breaks_rules").startswith(
        "✅ Broke rules, banned ·"
    )


def test_a_decided_card_names_labels_only_where_they_were_chosen_by_hand() -> None:
    by_hand: dict[str, Any] = {"insult": "right", "toxic": "wrong", "threat": "missing"}

    assert decided(CASE, "breaks_rules", by_hand).startswith("✅ Broke rules (insult, threat) ·")
    assert decided(CASE, "breaks_rules", {"insult": "wrong"}).startswith("✅ Broke rules (none of the labels) ·")


def test_a_case_that_closed_by_itself_says_that_nobody_judged_it() -> None:
    assert lines(review_card(replace(CASE, state="closed")))[-1] == "Closed without a verdict"


def test_the_answer_of_who_asks_for_a_second_opinion_is_not_shown_before_the_second() -> None:
    first = Vote(1042, 77, "breaks_rules", {"insult": "right"}, "v1", NOON)
    second = replace(first, moderator_id=78, verdict="fine", labels={"insult": "wrong", "toxic": "wrong"})
    asked = lines(review_card(replace(CASE, votes=(first,), second_opinion_by=77)))
    answered = lines(review_card(replace(CASE, state="closed", votes=(first, second))))

    assert asked[-1] == "🤝 <@77> has answered and asks for a second opinion"
    assert not any("Breaks rules" in line for line in asked)
    assert answered[-2].startswith("✅ Breaks rules (insult) · <@77>")
    assert answered[-1].startswith("👌 It's fine · <@78>")


def test_what_two_answered_differently_is_not_shown_before_a_third_has_answered() -> None:
    first = Vote(1042, 77, "breaks_rules", {"insult": "right", "toxic": "right"}, "v1", NOON)
    second = replace(first, moderator_id=78, verdict="fine", labels={"insult": "wrong", "toxic": "wrong"})
    card = lines(review_card(replace(CASE, votes=(first, second), second_opinion_by=78)))

    assert card[-1] == "🤝 Two moderators answered differently (toxic, insult). A third answer decides."
    assert not any("<@77>" in line or "<@78>" in line for line in card)


def test_the_newest_notes_stand_on_the_card_and_older_ones_in_the_reading_copy() -> None:
    case = replace(CASE, notes=tuple(Note(77, f"note {number} <@1>", NOON) for number in range(5)))

    assert [line for line in lines(review_card(case)) if line.startswith("📝")] == [
        f"📝 <@77>: note {number} \\<@\u200b1>" for number in (2, 3, 4)
    ]
    assert "note 0" in "\n".join(lines(review_card(case, buttons=False)))
