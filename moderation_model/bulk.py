"""Scores many texts at once, for measuring: as they are served, preparing the next while the model runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from moderation_model.backends import Classifier, Logits
from moderation_model.contract import Prediction
from moderation_model.labels import LABEL_NAMES
from moderation_model.scoring import TextPlan, combine_all, plan

BATCH = 512
"""Texts of one call of the model: enough to fill its rows and to keep all cores busy."""
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


def predictions(texts: Sequence[str], classifier: Classifier) -> Iterator[Prediction]:
    """One prediction per text, in order. The next `BATCH` texts are planned while the model runs on these."""
    running: tuple[list[TextPlan], Future[Logits]] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="bulk") as thread:
        for start in range(0, len(texts), BATCH):
            plans = plan(texts[start : start + BATCH], classifier)
            windows = [window for text_plan in plans for window in text_plan.flat]
            before, running = running, (plans, thread.submit(classifier.logits, windows))
            if before is not None:
                yield from combine_all(before[0], before[1].result(), classifier.info)
        if running is not None:
            yield from combine_all(running[0], running[1].result(), classifier.info)


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
    for row, prediction in enumerate(predictions(different, classifier)):
        scores[row] = [prediction.scores[name] for name in labels]
        flagged[row] = [name in prediction.flagged for name in labels]
        stars[row] = prediction.sentiment.stars
        rating[row] = prediction.sentiment.most_likely
        readings.append(prediction.reading)
        done = row + 1
        if tick and (done % BATCH == 0 or done == len(different)):
            tick(done, len(different))
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
