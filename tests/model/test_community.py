"""The made-up community: the same every time, no line twice, and what moderators get to see of it."""

from __future__ import annotations

from collections import Counter

import pytest

from moderation_model.checks.community import KINDS, as_examples, community, reviewed


def test_the_same_seed_gives_the_same_lines_and_another_seed_others() -> None:
    assert community(50, seed=1) == community(50, seed=1)
    assert [line.text for line in community(50, seed=1)] != [line.text for line in community(50, seed=2)]


def test_a_thousand_and_more_lines_are_all_different_and_of_every_kind() -> None:
    lines = community(2500, seed=4)
    assert len({line.text.lower() for line in lines}) == 2500
    kinds = Counter(line.kind for line in lines)
    assert set(kinds) == set(KINDS)
    assert kinds["chat"] > kinds["banter"] > kinds["plain_abuse"]
    assert not any("{" in line.text for line in lines)
    assert [line.at for line in lines] == sorted(line.at for line in lines)


def test_slang_for_friends_is_harmless_and_the_own_insults_are_not() -> None:
    lines = community(400, seed=2)
    assert all(line.harmful == (line.kind in {"own_abuse", "plain_abuse"}) for line in lines)
    assert any("trash" in line.text.lower() for line in lines if not line.harmful)
    assert any("decaf" in line.text.lower() for line in lines if line.harmful)


def test_a_mixture_can_be_asked_for() -> None:
    assert {line.kind for line in community(30, seed=2, shares={"banter": 1.0})} == {"banter"}


def test_what_is_measured_can_be_made_of_sentences_that_were_never_seen() -> None:
    known, new = (community(300, seed=2, shares={"own_abuse": 1.0}, cores=cores) for cores in ("known", "new"))
    assert any("you are a" in line.text.lower() for line in known)
    assert not any("you are a" in line.text.lower() for line in new)
    assert not {line.text.lower() for line in known} & {line.text.lower() for line in new}


def test_more_lines_than_there_are_is_an_error() -> None:
    with pytest.raises(ValueError, match="plain_talk"):
        community(100_000, seed=2, shares={"plain_talk": 1.0})


def test_moderators_see_every_flag_some_reports_and_a_random_draw() -> None:
    lines = community(1000, seed=3)
    flagged = [line.kind == "banter" for line in lines]
    seen = {example.example_id: example for example in reviewed(lines, flagged, seed=3)}
    assert all(number in seen for number, fired in enumerate(flagged, 1) if fired)
    by_kind = Counter(lines[number - 1].kind for number in seen)
    every = Counter(line.kind for line in lines)
    assert 0.4 < by_kind["own_abuse"] / every["own_abuse"] < 0.8
    assert 0.01 < by_kind["chat"] / every["chat"] < 0.1
    drawn = [each for each in seen.values() if lines[each.example_id - 1].kind == "chat"]
    assert {each.inclusion_probability for each in drawn} == {0.05}
    assert all(seen[number].inclusion_probability == 1.0 for number, fired in enumerate(flagged, 1) if fired)


def test_lines_taken_from_discord_may_not_be_trained_on() -> None:
    lines = community(3, seed=1)
    assert not any(example.may_train for example in as_examples(lines, source="discord_message"))
    assert all(example.may_train for example in as_examples(lines))
