from __future__ import annotations

from bot.core.feedback import answers
from bot.core.guild_rules import GuildRules
from bot.core.policy import decide
from tests.builders import GUILD, message, prediction

REASONS = decide(message(), [prediction({"insult": 0.9, "toxic": 0.8})], GuildRules(GUILD)).reasons


def known(**kept: str) -> dict[str, str]:
    return {
        **dict.fromkeys(["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"], "unknown"),
        **kept,
    }


def test_breaks_rules_confirms_the_flagged_labels_and_says_nothing_of_the_others():
    assert answers("breaks_rules", REASONS) == known(insult="right", toxic="right")


def test_fine_denies_the_flagged_labels():
    assert answers("fine", REASONS) == known(insult="wrong", toxic="wrong")


def test_chosen_labels_tell_right_wrong_and_missing_apart():
    chosen = answers("breaks_rules", REASONS, chosen=["insult", "threat"])
    assert chosen == known(insult="right", toxic="wrong", threat="missing")


def test_skip_and_another_reason_say_nothing_about_the_model():
    assert answers("skip", REASONS) == known()
    assert answers("other_reason", REASONS) == known()
