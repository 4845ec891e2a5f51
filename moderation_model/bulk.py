"""Scores many texts at once, for measuring: each different text once, as it is served."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from moderation_model.backends import Classifier
from moderation_model.labels import LABEL_NAMES
from moderation_model.scoring import predict

BATCH = 256
ACCUSING = tuple(name for name in LABEL_NAMES if name != "obscene")
"""Labels that open a case by default."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What the model says of many texts, row by row.

    `scores` and `flagged` (rows, labels of the model): probabilities, and which of them accuse at the model's limits.
    `stars` (rows, 5): shares. `rating` (rows,): the stars that are given, 1 to 5. `readings`: which one fired.
    """

    scores: np.ndarray
    flagged: np.ndarray
    stars: np.ndarray
    rating: np.ndarray
    readings: tuple[str, ...]

    def rows(self, chosen: slice | Sequence[int]) -> Scored:
        """These rows alone, in this order."""
        rows = np.arange(len(self.readings))[chosen]
        readings = tuple(self.readings[row] for row in rows)
        return Scored(self.scores[rows], self.flagged[rows], self.stars[rows], self.rating[rows], readings)

    def and_then(self, more: Scored) -> Scored:
        """These rows and then those."""
        return Scored(
            np.concatenate([self.scores, more.scores]),
            np.concatenate([self.flagged, more.flagged]),
            np.concatenate([self.stars, more.stars]),
            np.concatenate([self.rating, more.rating]),
            self.readings + more.readings,
        )


def score_texts(
    texts: Sequence[str], classifier: Classifier, *, tick: Callable[[int, int], None] | None = None
) -> Scored:
    """Scores every text; `tick(done, all)` is called after each batch with the number of different texts.

    Long texts go first and texts of like length together, so that little is padded and the time left is not flattered.
    """
    different = sorted(dict.fromkeys(texts), key=len, reverse=True)
    labels = classifier.info.labels
    scores, stars = np.zeros((len(different), len(labels))), np.zeros((len(different), 5))
    flagged, rating = np.zeros(scores.shape, dtype=bool), np.zeros(len(different), dtype=int)
    readings: list[str] = []
    for start in range(0, len(different), BATCH):
        part = different[start : start + BATCH]
        for row, prediction in enumerate(predict(part, classifier), start):
            scores[row] = [prediction.scores[name] for name in labels]
            flagged[row] = [name in prediction.flagged for name in labels]
            stars[row] = prediction.sentiment.stars
            rating[row] = prediction.sentiment.most_likely
            readings.append(prediction.reading)
        if tick:
            tick(start + len(part), len(different))
    row_of = {text: row for row, text in enumerate(different)}
    return Scored(scores, flagged, stars, rating, tuple(readings)).rows([row_of[text] for text in texts])


class Known:
    """What one classifier said so far: it is asked about a text once, however often its scores are wanted."""

    def __init__(self, classifier: Classifier) -> None:
        self._scored = score_texts((), classifier)
        self._row_of: dict[str, int] = {}
        self.classifier = classifier

    def score(self, texts: Sequence[str], *, tick: Callable[[int, int], None] | None = None) -> Scored:
        """As `score_texts`; `tick` counts the texts that are new."""
        new = [text for text in dict.fromkeys(texts) if text not in self._row_of]
        self._scored = self._scored.and_then(score_texts(new, self.classifier, tick=tick))
        self._row_of.update((text, row) for row, text in enumerate(new, len(self._row_of)))
        return self._scored.rows([self._row_of[text] for text in texts])


def accused(scored: Scored, labels: Sequence[str]) -> np.ndarray:
    """(rows,): True where a label that opens a case is flagged."""
    columns = [column for column, name in enumerate(labels) if name in ACCUSING]
    return np.asarray(scored.flagged[:, columns].any(axis=1), dtype=bool)
