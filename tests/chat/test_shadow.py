"""What moderators and administrators see while a new model is checked beside the old one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chat.cards import review_card
from bot.chat.learn_report import report_card
from bot.core.lessons import Run
from bot.core.retraining import RunReport
from bot.core.shadow import ShadowRules
from tests.builders import NOON, prediction
from tests.chat.card_case import CASE, lines, reason
from tests.chat.conftest import Stage, said, text_of
from tests.chat.test_learn import trained
from tests.chat.test_queue import shown
from tests.fake_runs import BETTER

BEGUN = ShadowRules(messages=500, hours=24).begun(NOON)


def report(**facts: float) -> str:
    run = Run("run-1", "done", NOON, ended_at=NOON, result=BETTER, facts=facts)
    return "\n".join(lines(report_card(RunReport(run, BETTER, newest=True))))


def test_the_report_says_that_the_model_is_being_checked_and_how_that_ended() -> None:
    assert "on live messages: 500 of them, or until <t:" in report(**BEGUN)
    counted = {"shadow_checked": 500, "shadow_only_old": 3, "shadow_only_new": 5}
    ended = report(**BEGUN, **counted, shadow_ended=1.0)
    assert "Checked beside the old model on 500 messages: 3 only old, 5 only new." in ended
    assert "being checked" not in ended
    assert "checked on" not in report()


def test_the_report_counts_what_was_not_looked_at() -> None:
    said = report(**BEGUN, shadow_checked=1, shadow_dropped=40, shadow_ended=1.0)
    assert "on 1 message: 0 only old, 0 only new. 40 more were not looked at: the server was busy." in said
    assert "There were no messages to check it on" in report(**BEGUN, shadow_ended=1.0)


def test_a_model_that_will_serve_by_itself_says_so_until_verdicts_speak_against_it() -> None:
    waits = report(**BEGUN, promotes_by_itself=1)
    assert "It serves by itself once it has been checked" in waits
    assert "Nothing changes until you press" not in waits
    against = report(**BEGUN, promotes_by_itself=1, shadow_checked=500, shadow_ended=1.0, verdicts_against=1)
    assert "the new one is wrong more often, so it does not serve by itself" in against
    assert "Nothing changes until you press" in against


@pytest.mark.parametrize(("number", "words"), [(1, "1 of its examples was withdrawn"), (4, "4 of its examples were")])
def test_the_report_says_how_many_examples_are_gone_since(number: int, words: str) -> None:
    assert words in report(forgotten=number)
    assert "of its examples" not in report()


def test_a_card_says_that_only_the_new_model_flags_it_and_how_high() -> None:
    case = replace(CASE, opened_why="challenger", flagged_only_by="challenger", reasons=(reason("insult", 0.71, 0.6),))
    card = lines(review_card(case))
    assert card[0] == "### 🔬 Only the new model · case 1042"
    assert any("only the new model would flag this: insult 71 %" in line for line in card)


def test_a_flagged_card_that_the_new_model_sees_otherwise_says_why_it_comes_first_and_not_after() -> None:
    differs = replace(CASE, flagged_only_by="champion")
    assert any("sees this otherwise" in line for line in lines(review_card(differs)))
    assert not any("sees this otherwise" in line for line in lines(review_card(replace(differs, state="closed"))))


async def test_what_only_the_new_model_flags_is_first_in_the_queue_and_decided_there(stage: Stage) -> None:
    await trained(stage)
    await stage.house.learn.watch()
    await stage.say("what an insult")
    stage.house.model.predictions["you goblin"] = prediction({"insult": 0.1})
    stage.house.model.challenges["you goblin"] = prediction({"insult": 0.71})
    await stage.say("you goblin", who=stage.priya)
    await stage.check()
    posted = len(stage.review.history())

    first = shown(await stage.lena.slash(stage.general, "queue next"))
    assert "only the new model would flag this: insult 71 %" in text_of(first)
    assert "Recorded: it's fine." in said(await stage.lena.click(first, label="It's fine"))
    second = shown(await stage.lena.click(first, label="Next ▸"))
    assert "Insult · case 1" in text_of(second)
    assert said(await stage.lena.click(second, label="Next ▸")) == "That was the last one."
    assert len(stage.review.history()) == posted
