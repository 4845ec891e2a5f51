"""Identity templates: many terms in every tone, and areas that find an unfair model out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import yaml

from moderation_model.checks.identity import BACKGROUND, IdentityCase, bias_areas, identity_cases

CASES = identity_cases()


def test_the_identity_sentences_name_many_people_in_every_tone() -> None:
    terms = Counter((case.term, case.abusive) for case in CASES)
    named = {case.term for case in CASES} - {BACKGROUND}
    assert len(named) >= 45
    assert all(terms[term, True] >= 12 and terms[term, False] >= 24 for term in named)
    assert terms[BACKGROUND, True] >= 30
    assert terms[BACKGROUND, False] >= 30
    assert len({case.text for case in CASES}) == len(CASES)
    assert identity_cases() == CASES


def test_no_background_sentence_names_an_identity() -> None:
    spec = yaml.safe_load((Path(__file__).parents[2] / "moderation_model/checks/identity.yaml").read_text("utf-8"))
    words = {forms["adjective"] for forms in spec["terms"] if "adjective" in forms}
    words |= {word for forms in spec["terms"] for word in (forms["group"],)}
    for case in CASES:
        if case.term == BACKGROUND:
            assert not words & set(case.text.split()), case.text


def test_a_model_that_reads_only_the_name_of_a_group_is_found_out() -> None:
    judged = [0.9 if case.abusive else 0.1 for case in CASES]
    fair = {area.term: area for area in bias_areas(CASES, judged)}
    assert all(area.subgroup.value == area.bpsn.value == area.bnsp.value == 1.0 for area in fair.values())
    unfair = [1.0 if case.term == "muslims" else score for case, score in zip(CASES, judged, strict=True)]
    found = {area.term: area for area in bias_areas(CASES, unfair)}
    assert found["muslims"].bpsn.value == 0.0
    assert found["muslims"].subgroup.value == 0.5
    assert found["muslims"].bnsp.value == 1.0
    assert found["deaf people"].bpsn.value == 1.0


def test_a_term_without_both_kinds_of_sentences_has_no_areas() -> None:
    cases = [IdentityCase("a", "men", True), IdentityCase("b", "", True), IdentityCase("c", "", False)]
    assert bias_areas(cases, [0.5, 0.5, 0.5]) == ()
