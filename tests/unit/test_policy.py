from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.core.keywords import KeywordHit, KeywordRule
from bot.core.policy import Delete, Recent, Timeout, Warn, acting_labels, decide, within_limits
from moderation_model.contract import NORMALISED
from tests.builders import CHANNEL, GUILD, MODEL, NOON, message, person, prediction

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
    "recent",
    [
        Recent(actions=30),
        Recent(actions=3, members_by_label={"insult": 10}),
        Recent(actions=9, on_member=9),
        Recent(actions=20, in_channel=20),
    ],
    ids=["actions", "members", "on member", "in channel"],
)
def test_too_much_within_a_minute_holds_actions_back_but_still_opens_cases(recent: Recent):
    rules = with_rules(ACTIVE, insult=LabelRule(delete_at=0.5))
    decision = decide(message(), [prediction({"insult": 0.9})], rules)
    held = within_limits(decision, recent)
    assert (held.opens, held.actions, held.withheld) == ("flagged", (), (Delete(),))
    assert "within a minute" in (held.withheld_why or "")
    assert within_limits(decision, Recent(actions=29, members_by_label={}, on_member=8, in_channel=19)) == decision


def test_a_stopped_label_is_flagged_and_does_nothing_while_others_go_on():
    rules = replace(
        with_rules(ACTIVE, insult=LabelRule(delete_at=0.5), toxic=LabelRule(timeout_at=0.5)),
        stopped_labels=frozenset({"insult"}),
    )
    decision = decide(message(), [prediction({"insult": 0.9, "toxic": 0.9})], rules)
    assert (decision.opens, decision.actions, decision.withheld) == ("flagged", (Timeout(600),), (Delete(),))
    assert "insult was stopped" in (decision.withheld_why or "")


def test_only_labels_whose_limits_ask_for_it_count_as_acting():
    rules = with_rules(
        ACTIVE, insult=LabelRule(delete_at=0.8), toxic=LabelRule(delete_at=0.5, mode="shadow"), obscene=LabelRule()
    )
    decision = decide(message(), [prediction({"insult": 0.9, "toxic": 0.9, "obscene": 0.9})], rules)
    assert acting_labels(decision, message(), rules) == {"insult"}
    low = decide(message(), [prediction({"insult": 0.7, "toxic": 0.9})], rules)
    assert acting_labels(low, message(), rules) == frozenset()


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


def keyword(action: str = "flag") -> KeywordHit:
    return KeywordHit(KeywordRule("cheap*", action=action), "cheaply")  # pyright: ignore[reportArgumentType]


def test_a_label_in_shadow_mode_holds_back_its_actions_and_no_others():
    rules = with_rules(ACTIVE, insult=LabelRule(delete_at=0.5, mode="shadow"), toxic=LabelRule(timeout_at=0.5))
    decision = decide(message(), [prediction({"insult": 0.9, "toxic": 0.9})], rules)
    assert (decision.actions, decision.withheld) == ((Timeout(600),), (Delete(),))
    assert decision.withheld_why == "shadow for insult: nothing done"


def test_a_label_that_may_delete_does_not_time_out():
    rules = with_rules(ACTIVE, insult=LabelRule(delete_at=0.5, timeout_at=0.5, mode="delete"))
    decision = decide(message(), [prediction({"insult": 0.9})], rules)
    assert (decision.actions, decision.withheld) == ((Delete(),), (Timeout(600),))


def test_a_threat_is_never_acted_on_by_itself():
    rules = with_rules(ACTIVE, threat=LabelRule(delete_at=0.5, timeout_at=0.5))
    decision = decide(message(), [prediction({"threat": 0.99})], rules)
    assert decision.actions == ()
    assert "report to Discord before deleting" in (decision.withheld_why or "")


def test_a_channels_own_limit_replaces_the_servers_and_its_mode_does_not():
    quiet = {CHANNEL: {"insult": LabelRule(delete_at=0.4)}}
    rules = replace(with_rules(ACTIVE, insult=LabelRule(mode="shadow")), channels=quiet)
    held = decide(message(), [prediction({"insult": 0.45})], rules)
    assert (held.actions, held.withheld) == ((), (Delete(),))
    acting = replace(rules, labels={**rules.labels, "insult": LabelRule()})
    assert decide(message(), [prediction({"insult": 0.45})], acting).actions == (Delete(),)
    assert decide(message(channel_id=999), [prediction({"insult": 0.45})], acting).opens is None


def test_a_guild_can_ask_that_only_angry_insults_are_acted_on():
    rules = replace(with_rules(ACTIVE, insult=LabelRule(delete_at=0.5)), insult_stars=2)
    decision = decide(message(), [prediction({"insult": 0.9})], rules)
    assert (decision.opens, decision.actions) == ("flagged", ())
    assert decision.withheld_why == "sentiment 3.0 stars, over your limit of 2"


def test_a_keyword_is_a_reason_beside_the_model_and_without_it():
    decision = decide(message("get it cheaply"), [prediction()], ACTIVE, keywords=[keyword("delete")])
    assert (decision.opens, decision.actions, decision.labels) == ("flagged", (Delete(),), ("keyword",))
    assert decision.reasons[0].found == "cheaply"
    alone = decide(message("get it cheaply"), (), ACTIVE, keywords=[keyword()])
    assert (alone.opens, alone.actions) == ("flagged", ())


@pytest.mark.parametrize(
    ("confirmed", "step"),
    [(0, Warn()), (1, Timeout(600)), (2, Timeout(3600)), (3, Timeout(86400)), (9, Timeout(86400))],
)
def test_confirmed_cases_lead_to_the_next_step_where_the_guild_wants_it(confirmed: int, step: object):
    rules = replace(with_rules(ACTIVE, insult=LabelRule(delete_at=0.5)), escalation=True)
    decision = decide(message(), [prediction({"insult": 0.9})], rules, confirmed=confirmed)
    assert decision.actions == (step, Delete())


def test_nothing_escalates_while_a_label_is_in_shadow_mode_or_nothing_is_asked_for():
    shadow = replace(with_rules(ACTIVE, insult=LabelRule(delete_at=0.5, mode="shadow")), escalation=True)
    assert decide(message(), [prediction({"insult": 0.9})], shadow, confirmed=3).actions == ()
    flagged_only = replace(with_rules(ACTIVE, insult=LabelRule()), escalation=True)
    assert decide(message(), [prediction({"insult": 0.9})], flagged_only, confirmed=3).actions == ()


def test_places_out_of_scope_are_left_alone_until_somebody_includes_them():
    hidden = replace(message(), in_default_scope=False)
    assert ACTIVE.exempts(hidden)
    assert not replace(ACTIVE, included_channel_ids=frozenset({CHANNEL})).exempts(hidden)


def test_rules_survive_storage_and_unknown_keys():
    rules = replace(
        with_rules(ACTIVE, insult=LabelRule(delete_at=0.9, mode="delete", rule_name="rule 2")),
        channels={5: {"toxic": LabelRule(flag_at=0.3)}},
        keywords=(KeywordRule("cheap*", action="delete"),),
        fine_words=("clanker",),
        stopped_labels=frozenset({"insult", "toxic"}),
        set_up_at=NOON,
    )
    stored = json.loads(json.dumps(rules.to_json()))
    assert GuildRules.from_json(GUILD, stored | {"of_a_later_version": 1}) == rules
