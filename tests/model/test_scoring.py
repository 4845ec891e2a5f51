"""From texts to predictions: windows, readings, limits, and what is said of text that cannot be scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from moderation_model.backends import Logits, Window
from moderation_model.contract import AS_WRITTEN, EMPTY, NORMALISED, ModelInfo
from moderation_model.errors import NotNumbersError
from moderation_model.scoring import combine, plan, predict

INFO = ModelInfo(
    version="words-1",
    labels=("toxic", "insult"),
    missing=(),
    thresholds={"toxic": 0.8, "insult": 0.5},
    has_sentiment=True,
    backend="fake",
    device="cpu",
    dtype="float32",
    max_tokens=8,
)


class WordClassifier:
    """Tokens are words; a window's toxic logit is 4 if it holds "bad", its insult logit 4 if it holds "clown"."""

    def __init__(self, info: ModelInfo = INFO) -> None:
        self.info = info
        self.words: list[str] = []

    def encode(self, texts: Sequence[str]) -> list[tuple[Window, ...]]:
        found: list[tuple[Window, ...]] = []
        for text in texts:
            ids: list[int] = []
            for word in text.lower().split():
                if word not in self.words:
                    self.words.append(word)
                ids.append(self.words.index(word))
            size = self.info.max_tokens
            found.append(tuple(tuple(ids[at : at + size]) for at in range(0, max(1, len(ids)), size)))
        return found

    def logits(self, windows: Sequence[Window]) -> Logits:
        words = [{self.words[token] for token in window} for window in windows]
        toxicity = [[4.0 if "bad" in held else -4.0, 4.0 if "clown" in held else -4.0] for held in words]
        sentiment = [[8.0, 0, 0, 0, 0] if "sad" in held else [0, 0, 0, 0, 8.0] for held in words]
        return Logits(np.array(toxicity, dtype=np.float32).reshape(-1, 2), np.array(sentiment, dtype=np.float32))


def test_predictions_come_in_the_order_of_the_texts() -> None:
    flagged = [prediction.flagged for prediction in predict(["clown", "nice day", "bad"], WordClassifier())]
    assert flagged == [("insult",), (), ("toxic",)]


def test_flagged_labels_stand_highest_score_first() -> None:
    classifier = WordClassifier()
    [text_plan] = plan(["clown bad"], classifier)
    logits = Logits(np.array([[2.0, 3.0]], dtype=np.float32), np.zeros((1, 5), dtype=np.float32))
    assert combine(text_plan, logits, INFO).flagged == ("insult", "toxic")


def test_the_maximum_over_windows_counts() -> None:
    long = "nice " * 30 + "clown " + "nice " * 30
    assert predict([long], WordClassifier())[0].flagged == ("insult",)


def test_a_hidden_word_is_found_and_the_reading_named() -> None:
    prediction = predict(["you c l 0 w n"], WordClassifier())[0]
    assert prediction.flagged == ("insult",)
    assert prediction.reading == NORMALISED


def test_plain_text_is_read_as_written() -> None:
    assert predict(["you clown"], WordClassifier())[0].reading == AS_WRITTEN


@pytest.mark.parametrize("text", ["", "  \n", "\x00", "\ud800"])
def test_nothing_to_score_is_no_accusation(text: str) -> None:
    prediction = predict([text], WordClassifier())[0]
    assert prediction.reading == EMPTY
    assert set(prediction.scores.values()) == {0.0}
    assert prediction.flagged == ()
    assert prediction.sentiment.stars == (0.2,) * 5


def test_nothing_to_score_is_not_flagged_even_at_a_limit_of_zero() -> None:
    info = replace(INFO, thresholds={"toxic": 0.0, "insult": 0.0})
    assert predict([""], WordClassifier(info))[0].flagged == ()


def test_nobody_is_accused_in_a_script_that_the_model_does_not_read() -> None:
    prediction = predict(["привет как дела clown"], WordClassifier())[0]
    assert not prediction.readable
    assert prediction.flagged == ()


def test_sentiment_is_the_mean_over_windows_of_the_text_as_written() -> None:
    half = "sad " * 8 + "glad " * 8
    stars = predict([half], WordClassifier())[0].sentiment.stars
    assert stars[0] == pytest.approx(0.5, abs=0.01)
    assert stars[4] == pytest.approx(0.5, abs=0.01)


def test_a_model_without_sentiment_says_nothing_about_it() -> None:
    info = replace(INFO, has_sentiment=False)
    assert predict(["sad"], WordClassifier(info))[0].sentiment.stars == (0.2,) * 5


def test_saturated_logits_give_scores_between_zero_and_one() -> None:
    [text_plan] = plan(["hello"], WordClassifier())
    logits = Logits(np.array([[1e6, -1e6]], dtype=np.float32), np.array([[1e6, 0, 0, 0, 0]], dtype=np.float32))
    prediction = combine(text_plan, logits, INFO)
    assert prediction.scores["toxic"] == pytest.approx(1.0)
    assert prediction.scores["insult"] == pytest.approx(0.0)
    assert sum(prediction.sentiment.stars) == pytest.approx(1.0)


@pytest.mark.parametrize("nonsense", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("part", [0, 1], ids=["toxicity", "sentiment"])
def test_a_score_that_is_no_number_is_an_error_and_never_abuse(nonsense: float, part: int) -> None:
    class Broken(WordClassifier):
        def logits(self, windows: Sequence[Window]) -> Logits:
            found = super().logits(windows)
            found[part][-1, -1] = nonsense
            return found

    with pytest.raises(NotNumbersError, match="not numbers"):
        predict(["nice day", "hello"], Broken())
