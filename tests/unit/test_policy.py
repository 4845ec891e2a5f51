from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.core.policy import Delete, Recent, Timeout, Warn, decide, within_limits
from moderation_model.contract import NORMALISED
from tests.builders import GUILD, MODEL, message, person, prediction

SHADOW = GuildRules(GUILD)
ACTIVE = GuildRules(GUILD, shadow=False)


def with_rules(rules: GuildRules, **labels: LabelRule) -> GuildRules:
    return replace(rules, labels={**default_labels(), **labels})


def test_a_harmless_message_opens_no_case():
    assert decide(message(), [prediction({"insult": 0.4})], ACTIVE).opens is None


def test_a_score_at_the_limit_opens_a_case_with_its_reasons():
    decision = decide(message(), [prediction({"insult": 0.5, "toxic": 0.9}, reading=NORMALISED)], SHADOW)
    assert decision.opens == "flagged"
    assert decision.labels == ("toxic", "insult")
    reason = decision.reasons[1]
    assert (reason.score, reason.limit, reason.rule, reason.reading, reason.model_version) == (
        0.5, 0.5, "model", NORMALISED, MODEL,
    )  # fmt: skip


def test_profanity_alone_opens_no_case():
    assert decide(message(), [prediction({"obscene": 0.99})], ACTIVE).opens is None


def test_profanity_is_named_beside_an_insult():
    decision = decide(message(), [prediction({"obscene": 0.9, "insult": 0.8})], ACTIVE)
    assert decision.labels == ("obscene", "insult")


def test_the_guilds_own_limit_replaces_the_models():
    rules = with_rules(ACTIVE, insult=LabelRule(flag_at=0.95))
    assert decide(message(), [prediction({"insult": 0.9})], rules).opens is None
    assert decide(message(), [prediction({"insult": 0.96})], rules).reasons[0].rule == "guild"


def test_shadow_mode_withholds_every_action_and_says_so():
    rules = with_rules(SHADOW, insult=LabelRule(delete_at=0.8))
    decision = decide(message(), [prediction({"insult": 0.9})], rules)
    assert decision.actions == ()
    assert decision.withheld == (Delete(),)
    assert "shadow" in (decision.withheld_why or "")


def test_a_pause_withholds_every_action():
    rules = with_rules(replace(ACTIVE, paused=True), insult=LabelRule(delete_at=0.8))
    decision = decide(message(), [prediction({"insult": 0.9})], rules)
    assert (decision.actions, decision.withheld) == ((), (Delete(),))


def test_actions_combine_to_the_strongest_and_warn_before_the_text_is_gone():
    rules = with_rules(
        ACTIVE,
        insult=LabelRule(delete_at=0.8, timeout_at=0.8, timeout_seconds=60),
        toxic=LabelRule(warn_at=0.5, timeout_at=0.5, timeout_seconds=3600),
    )
    decision = decide(message(), [prediction({"insult": 0.9, "toxic": 0.9})], rules)
    assert decision.actions == (Warn(), Timeout(3600), Delete())


def test_a_webhook_can_only_have_messages_deleted():
    rules = with_rules(ACTIVE, insult=LabelRule(warn_at=0.5, timeout_at=0.5, delete_at=0.5))
    assert decide(message(by_webhook=True), [prediction({"insult": 0.9})], rules).actions == (Delete(),)


def test_an_unreadable_script_accuses_nobody():
    assert decide(message(), [prediction({"insult": 0.99}, readable=False)], ACTIVE).opens is None


def test_a_threat_calls_people_and_stays_up():
    decision = decide(message(), [prediction({"threat": 0.9})], ACTIVE)
    assert decision.ping
    assert decision.actions == ()


def test_a_disclosure_opens_a_care_case_and_is_never_toxic_nor_acted_on():
    rules = with_rules(ACTIVE, toxic=LabelRule(delete_at=0.1), insult=LabelRule(delete_at=0.1))
    decision = decide(message(), [prediction({"toxic": 0.99})], rules, asks_for_care=True)
    assert (decision.opens, decision.reasons, decision.actions) == ("care", (), ())
    insulting = decide(message(), [prediction({"toxic": 0.99, "insult": 0.9})], rules, asks_for_care=True)
    assert (insulting.opens, insulting.labels, insulting.actions) == ("flagged", ("insult",), ())
    assert insulting.withheld == (Delete(),)
    assert "cry for help" in (insulting.withheld_why or "")


def test_a_cry_for_help_does_not_silence_a_threat():
    decision = decide(message(), [prediction({"threat": 0.99})], ACTIVE, asks_for_care=True)
    assert (decision.opens, decision.ping) == ("flagged", True)


def test_an_action_asked_for_below_the_models_limit_is_taken():
    rules = with_rules(ACTIVE, insult=LabelRule(delete_at=0.3))
    decision = decide(message(), [prediction({"insult": 0.4})], rules)
    assert decision.actions == (Delete(),)
    assert (decision.reasons[0].limit, decision.reasons[0].rule) == (0.3, "guild")


def test_a_guild_without_care_cards_gets_none_and_no_accusation_either():
    rules = replace(ACTIVE, care=False)
    assert decide(message(), [prediction({"toxic": 0.99})], rules, asks_for_care=True).opens is None


@pytest.mark.parametrize(
    "recent", [Recent(actions=30), Recent(actions=3, members_by_label={"insult": 10})], ids=["actions", "members"]
)
def test_too_much_within_a_minute_holds_actions_back_but_still_opens_cases(recent: Recent):
    rules = with_rules(ACTIVE, insult=LabelRule(delete_at=0.5))
    decision = decide(message(), [prediction({"insult": 0.9})], rules)
    held = within_limits(decision, recent)
    assert (held.opens, held.actions, held.withheld) == ("flagged", (), (Delete(),))
    assert "within a minute" in (held.withheld_why or "")
    assert within_limits(decision, Recent(actions=3)) == decision


def test_exempt_roles_and_places_are_left_alone():
    rules = GuildRules(GUILD, exempt_role_ids=frozenset({7}), exempt_channel_ids=frozenset({200}))
    assert rules.exempts(message())
    assert rules.exempts(message(channel_id=1, author=person(roles=frozenset({7}))))
    assert rules.exempts(replace(message(channel_id=1), category_ids=frozenset({200})))
    assert not rules.exempts(message(channel_id=1))
    assert GuildRules(GUILD, review_channel_id=200).exempts(message())


def test_rules_survive_their_json_form():
    rules = with_rules(
        replace(ACTIVE, review_channel_id=5, exempt_role_ids=frozenset({1, 2})), insult=LabelRule(delete_at=0.9)
    )
    assert GuildRules.from_json(GUILD, rules.to_json()) == rules
    assert GuildRules.from_json(GUILD, {}) == GuildRules(GUILD)
