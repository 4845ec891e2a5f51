"""Which unflagged messages are drawn for checking, and with which probability."""

from __future__ import annotations

import random

import pytest

from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.core.sampling import (
    Standing,
    Volume,
    drawn,
    expected_volume,
    highest,
    in_band,
    inclusion_probability,
    limits_of,
    standing_of,
)
from tests.builders import GUILD, message, prediction

SEED = b"a secret of this installation"


def test_half_of_the_draws_come_from_just_under_the_limit():
    volume = Volume(band=200, rest=5000)
    band, rest = (inclusion_probability(score, 0.8, volume, 20) for score in (0.6, 0.1))
    assert (band * volume.band, rest * volume.rest) == (10, 10)


def test_over_a_day_about_as_many_are_drawn_as_were_asked_for_and_no_day_is_cut():
    volume = Volume(band=300, rest=3000)
    days = []
    for day in range(60):
        scores = [0.6] * 300 + [0.1] * 3000
        ids = range(day * 10_000, day * 10_000 + len(scores))
        chances = [inclusion_probability(score, 0.8, volume, 20) for score in scores]
        days.append(sum(drawn(name, chance, SEED) for name, chance in zip(ids, chances, strict=True)))
    assert 18 < sum(days) / len(days) < 22
    assert max(days) > 20 > min(days)


def test_dividing_by_the_probability_counts_what_was_missed():
    volume = Volume(band=500, rest=5000)
    misses = [0.6] * 100 + [0.05] * 50
    estimates = []
    for run in range(400):
        chances = [inclusion_probability(score, 0.8, volume, 100) for score in misses]
        found = [chance for name, chance in enumerate(chances) if drawn(run * 1000 + name, chance, SEED)]
        estimates.append(sum(1 / chance for chance in found))
    assert 145 < sum(estimates) / len(estimates) < 155


def test_a_replay_draws_the_same_and_another_seed_draws_others():
    first = [drawn(name, 0.3, SEED) for name in range(1000)]
    assert first == [drawn(name, 0.3, SEED) for name in range(1000)]
    assert first != [drawn(name, 0.3, b"another") for name in range(1000)]
    assert first != [drawn(name, 0.3, SEED, revision=1) for name in range(1000)]


def test_certain_and_impossible_draws_are_exactly_that():
    names = random.Random(1).sample(range(10**18), 500)
    assert all(drawn(name, 1.0, SEED) for name in names)
    assert not any(drawn(name, 0.0, SEED) for name in names)


@pytest.mark.parametrize(("score", "limit", "close"), [(0.39, 0.8, False), (0.4, 0.8, True), (0.79, 0.8, True)])
def test_the_band_begins_at_half_the_limit(score: float, limit: float, close: bool):
    assert in_band(score, limit) is close


def test_a_guild_that_wants_no_audits_gets_none():
    assert inclusion_probability(0.7, 0.8, Volume(), 0) == 0


def test_a_new_guild_is_not_drawn_empty():
    volume = expected_volume(0, [])
    assert inclusion_probability(0.7, 0.8, volume, 20) == 0.5
    assert inclusion_probability(0.1, 0.8, volume, 20) == 0.05


def test_the_expected_volume_follows_where_recent_messages_stood():
    recent = [Standing("insult", score, 0.8) for score in (*[0.1] * 89, *[0.6] * 10, 0.9)]
    volume = expected_volume(1000, recent)
    assert (volume.band, volume.rest) == (100, 890)


def test_a_message_stands_where_its_score_is_closest_to_its_limit():
    limits = {"insult": 0.9, "threat": 0.3}
    assert standing_of({"insult": 0.6, "threat": 0.25}, limits) == Standing("threat", 0.25, 0.3)
    assert standing_of({"obscene": 0.9}, limits) is None


def test_limits_are_those_of_the_guild_and_only_of_labels_that_open_cases():
    rules = GuildRules(GUILD, labels={**default_labels(), "insult": LabelRule(flag_at=0.7, delete_at=0.6)})
    limits = limits_of(message(), [prediction()], rules)
    assert (limits["insult"], limits["toxic"]) == (0.6, 0.5)
    assert "obscene" not in limits


def test_what_the_model_does_not_read_has_neither_scores_nor_limits():
    unread = [prediction({"insult": 0.9}, readable=False)]
    assert (limits_of(message(), unread, GuildRules(GUILD)), highest(unread)) == ({}, {})
