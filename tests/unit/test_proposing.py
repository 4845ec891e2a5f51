"""Proposed limits bring about as many cards as the team reads, and never at the price of threats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.core.proposing import HIGHEST, Proposal, ScoredMessage, Seen, Spot, lowest_limits, propose
from moderation_model.labels import LABEL_NAMES
from tests.builders import CHANNEL, GUILD

SHIPPED = {**dict.fromkeys(LABEL_NAMES, 0.5), "toxic": 0.95, "insult": 0.57}
RULES = GuildRules(GUILD)
ABOVE = 400


def messages(scores: Iterable[float], label: str = "insult", *, first: int = 1) -> list[ScoredMessage]:
    """Messages with that score of the label and none of the others, each with a card of its own."""
    return [ScoredMessage(first + number, CHANNEL, {label: score}) for number, score in enumerate(scores)]


def even(number: int, low: float = 0.57, high: float = 0.99) -> list[float]:
    """So many scores, evenly spread."""
    return [low + (high - low) * step / (number - 1) for step in range(number)]


def proposed(
    found: list[ScoredMessage],
    rules: GuildRules = RULES,
    *,
    others: Iterable[int] = (),
    spots: dict[int, Spot] | None = None,
) -> Proposal:
    return propose(Seen(1.0, 5000, found, frozenset(others)), rules, SHIPPED, spots or {})


def with_rule(name: str, **rule: object) -> GuildRules:
    changed = replace(default_labels()[name], **rule)  # pyright: ignore[reportArgumentType]
    return replace(RULES, labels={**default_labels(), name: changed})


def test_too_many_cards_raise_the_limit_until_about_as_many_come_as_the_team_reads() -> None:
    found = proposed(messages(even(100)))

    assert found.now == 100
    assert 27 <= found.then <= 30
    assert set(found.changes) == {"insult"}
    assert sum(score >= found.changes["insult"] / 100 for score in even(100)) == found.then


def test_a_day_of_many_is_counted_by_the_day() -> None:
    week = propose(Seen(7.0, 5000, messages(even(700))), RULES, SHIPPED, {})
    assert week.now == 100
    assert 27 <= week.then <= 30


def test_the_labels_share_one_bar_so_that_the_highest_scores_are_kept() -> None:
    found = proposed([*messages(even(50)), *messages(even(50), "identity_hate", first=500)])
    assert found.changes["insult"] == found.changes["identity_hate"]
    assert found.then <= 30


def test_a_label_whose_limit_is_over_the_bar_stays() -> None:
    found = proposed(messages(even(60)))
    assert found.changes["insult"] < 95
    assert "toxic" not in found.changes


@pytest.mark.parametrize("severe", ["threat", "severe_toxic"])
def test_threats_are_never_raised_for_quiet(severe: str) -> None:
    found = proposed(messages(even(200, low=0.5), severe))
    assert severe not in found.changes
    assert found.then == found.now == 200
    lowered = proposed(messages(even(200, low=0.3), severe), with_rule(severe, flag_at=0.3))
    assert lowered.changes[severe] == 50


def test_a_limit_on_which_something_is_done_is_not_raised_over() -> None:
    found = proposed(messages(even(100)), with_rule("insult", delete_at=0.7))
    assert found.changes["insult"] == 70
    assert found.then > 30


def test_no_limit_is_raised_beyond_what_the_model_can_be_sure_of() -> None:
    found = proposed(messages([*[0.98] * 100, 0.6]))
    assert found.changes == {"insult": round(HIGHEST * 100)}
    assert (found.now, found.then) == (101, 100)


def test_a_limit_that_would_change_no_card_stays() -> None:
    assert proposed(messages([0.99] * 100)).changes == {}
    mixed = proposed([*messages(even(100)), *messages([0.99], "identity_hate", first=500)])
    assert set(mixed.changes) == {"insult"}


def test_too_few_cards_lower_limits_of_the_guilds_own_and_never_below_the_models() -> None:
    raised = with_rule("insult", flag_at=0.9)
    some = proposed(messages(even(100)), raised)
    assert some.now < 24
    assert 57 < some.changes["insult"] < 90
    assert 27 <= some.then <= 30

    few = proposed(messages([0.2, 0.4, 0.6, 0.95]), raised)
    assert few.changes == {"insult": 57}
    assert few.then == 2
    assert proposed(messages([0.2, 0.4, 0.6, 0.95])).changes == {}


def test_a_limit_below_the_models_is_left_where_it_is_while_few_cards_come() -> None:
    assert proposed(messages([0.45, 0.6]), with_rule("insult", flag_at=0.4)).changes == {}


def test_a_limit_of_the_model_between_two_percents_is_never_undercut() -> None:
    shipped = {**SHIPPED, "insult": 0.573}
    found = propose(Seen(1.0, 900, messages([0.6, 0.95])), with_rule("insult", flag_at=0.9), shipped, {})
    assert found.changes == {"insult": 58}


def test_nothing_is_proposed_where_about_the_right_number_comes() -> None:
    for number in (25, 30, 32):
        found = proposed(messages(even(number)))
        assert (found.fits, found.changes, found.then) == (True, {}, number)


def test_messages_on_one_card_count_once() -> None:
    line = [replace(each, case_id=7) for each in messages([0.9] * 300)]
    assert proposed(line).now == 1


def test_a_card_stays_while_one_of_its_messages_is_over_the_limit() -> None:
    grown = [replace(each, case_id=1000 + each.message_id % 50) for each in messages([*even(50), *[0.98] * 50])]
    found = proposed(grown)
    assert found.now == found.then == 50


def test_cards_that_come_for_other_reasons_take_their_places_and_stay() -> None:
    found = proposed(messages(even(100)), others=range(900, 915))
    assert found.now == 115
    assert found.then <= 30
    assert found.others == 15
    reported = [replace(each, case_id=900) for each in messages([0.9])]
    assert proposed(reported, others=[900]).now == 1


def test_each_label_says_its_own_cards_now_and_then() -> None:
    both = [ScoredMessage(number, CHANNEL, {"insult": score, "toxic": 0.96}) for number, score in enumerate(even(100))]
    by_label = {each.label: each for each in proposed(both).labels}
    assert (by_label["insult"].cards_now, by_label["toxic"].cards_now) == (100, 100)
    assert by_label["insult"].cards_then < 100


def test_obscene_counts_only_where_it_opens_cases() -> None:
    swearing = messages(even(100), "obscene")
    assert proposed(swearing).now == 0
    assert lowest_limits(RULES, SHIPPED).keys() == set(LABEL_NAMES) - {"obscene"}
    assert proposed(swearing, with_rule("obscene", opens_case=True)).changes["obscene"] > 50


def test_a_channels_own_limits_stay_and_its_cards_are_counted_by_them() -> None:
    own = replace(RULES, channels={ABOVE: {"insult": LabelRule(flag_at=0.9)}})
    spots = {CHANNEL: Spot(frozenset({CHANNEL, ABOVE}))}
    found = proposed(messages(even(100)), own, spots=spots)
    assert found.now < 30
    assert proposed(messages(even(100)), own).now == 100
    assert lowest_limits(replace(RULES, channels={ABOVE: {"insult": LabelRule(flag_at=0.3)}}), SHIPPED)["insult"] == 0.3


def test_where_people_vent_only_threats_count_and_what_is_left_alone_by_now_does_not() -> None:
    vent = {CHANNEL: Spot(frozenset({CHANNEL}), "help")}
    assert proposed(messages(even(100)), spots=vent).now == 0
    assert proposed(messages([0.9], "threat"), spots=vent).now == 1
    assert proposed(messages(even(100)), replace(RULES, exempt_channel_ids=frozenset({CHANNEL}))).now == 0
