"""Many texts at once: each is scored once, in whatever order and however often its scores are wanted."""

from __future__ import annotations

import numpy as np
import pytest

from moderation_model.bulk import Known, score_texts
from moderation_model.errors import NotNumbersError
from tests.model.serving_fakes import FakeClassifier, Sick

FIRST = ("you clown", "hello there", "you clown")
SECOND = ("hello there", "you pathetic thing", "you clown", "")


def test_what_is_known_of_a_text_is_not_asked_again_and_comes_out_the_same() -> None:
    classifier = FakeClassifier()
    known = Known(classifier)
    for texts in (FIRST, SECOND, FIRST, ()):
        found, wanted = known.score(texts), score_texts(texts, FakeClassifier())
        assert np.array_equal(found.scores, wanted.scores)
        assert np.array_equal(found.flagged, wanted.flagged)
        assert np.array_equal(found.stars, wanted.stars)
        assert np.array_equal(found.rating, wanted.rating)
        assert found.readings == wanted.readings
    alone = FakeClassifier()
    score_texts((*FIRST, *SECOND), alone)
    assert sum(map(len, classifier.batches)) == sum(map(len, alone.batches))


def test_only_new_texts_are_counted() -> None:
    known, counted = Known(FakeClassifier()), []
    for texts in (FIRST, SECOND, FIRST):
        known.score(texts, tick=lambda done, every: counted.append((done, every)))
    assert counted == [(2, 2), (2, 2)]


def test_a_model_that_gives_no_numbers_is_measured_by_an_error_and_not_by_figures() -> None:
    with pytest.raises(NotNumbersError):
        score_texts(FIRST, Sick(always=True))
    with pytest.raises(NotNumbersError):
        Known(Sick()).score((*FIRST, "poison"))
