"""Explains one label of one text: which words carried it. The server's side; the arithmetic is `explain.py`'s."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from moderation_model import scoring
from moderation_model.backends import Classifier, Window
from moderation_model.batching import BatchQueue
from moderation_model.cleaning import clean
from moderation_model.contract import Explanation, Prediction
from moderation_model.errors import BadRequest, ExplainerUnavailable
from moderation_model.explainer_process import ExplainerProcess
from moderation_model.normalise import readings
from moderation_model.priority import Priority

MASK = "[MASK]"
KEPT = 256
"""Explanations remembered."""
BUDGET_TOKENS = 6_000
MOST_VARIANTS, FEWEST_VARIANTS = 160, 48
"""Masked variants of a text of more than a few words: about `BUDGET_TOKENS` tokens, so long ones take no longer."""

Key = tuple[bytes, str | None, str]


@dataclass(frozen=True, slots=True)
class _Task:
    """One explanation to make: the column of `label` in the logits and the words to mask."""

    classifier: Classifier
    label: str
    column: int
    words: tuple[str, ...]
    reading: str


class Explainer:
    """Explanations over a queue and an explainer process; the last ones stay in memory, words included."""

    def __init__(self, queue: BatchQueue, process: ExplainerProcess, *, seconds: float = 15.0) -> None:
        self._queue = queue
        self._process = process
        self._seconds = seconds
        self._kept: OrderedDict[Key, Explanation] = OrderedDict()

    async def explain(self, text: str, *, label: str | None = None) -> Explanation:
        """The words of the reading that fired, or of its strongest window-sized piece where the text is longer.

        `label` defaults to the flagged label furthest over its limit, else to the one with the highest score. Raises
        BadRequest for a label that the model lacks, ExplainerUnavailable when it takes too long, and what the queue
        raises.
        """
        text, classifier = clean(text), self._queue.classifier
        key = (hashlib.sha256(text.encode()).digest(), label, classifier.info.version)
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        try:
            async with asyncio.timeout(self._seconds):
                explanation = await self._explain(text, label, classifier)
        except TimeoutError:
            sentence = f"The explanation took longer than {self._seconds:g} s. Try again in a moment."
            raise ExplainerUnavailable(sentence) from None
        for name in {label, explanation.label}:  # whoever then names the label that was found asks for the same
            self._kept[key[0], name, explanation.model_version] = explanation
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return explanation

    async def _explain(self, text: str, label: str | None, classifier: Classifier) -> Explanation:
        started = perf_counter()
        task = await self._prepare(text, label, classifier)
        if task.words:
            lengths = await self._lengths(task)
            budget = max(FEWEST_VARIANTS, min(MOST_VARIANTS, BUDGET_TOKENS // (sum(lengths) + _specials(classifier))))
            found = await self._process.shapley(
                len(task.words), budget=budget, evaluate=lambda masks: self._evaluate(task, masks)
            )
            values, base, logit, evaluations = found.values, found.base, found.logit, found.evaluations
        else:
            (base,) = await self._logits(classifier, [""], task.column)
            values, logit, evaluations = (), base, 1
        return Explanation(
            label=task.label,
            words=task.words,
            values=values,
            base_value=base,
            score=1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit)))),
            reading=task.reading,
            model_version=classifier.info.version,
            evaluations=evaluations,
            milliseconds=(perf_counter() - started) * 1000,
        )

    async def _prepare(self, text: str, label: str | None, classifier: Classifier) -> _Task:
        """Scores the text once to find label, reading and piece."""
        labels = classifier.info.labels
        if label is not None and label not in labels:
            raise BadRequest(f"This model has no label {label}; it has {', '.join(labels)}.")
        (plan,) = await asyncio.to_thread(scoring.plan, [text], classifier)
        scored = await self._queue.score(plan.flat, priority=Priority.EXPLAIN, classifier=classifier)
        prediction = scoring.combine(plan, scored.logits, classifier.info)
        label = label or _strongest_label(prediction)
        forms = await asyncio.to_thread(readings, text)
        words = next((form.text.split() for form in forms if form.name == prediction.reading), [])
        task = _Task(classifier, label, labels.index(label), tuple(words), prediction.reading)
        if words and len(plan.windows[plan.readings.index(prediction.reading)]) > 1:
            return await self._strongest_piece(task)
        return task

    async def _strongest_piece(self, task: _Task) -> _Task:
        """The task over the piece of its words that fits one window and scores highest."""
        room = task.classifier.info.max_tokens - _specials(task.classifier)
        pieces = _pieces(await self._lengths(task), room)
        texts = [" ".join(task.words[start:end]) for start, end in pieces]
        logits = await self._logits(task.classifier, texts, task.column)
        start, end = pieces[max(range(len(pieces)), key=logits.__getitem__)]
        return _Task(task.classifier, task.label, task.column, task.words[start:end], task.reading)

    async def _lengths(self, task: _Task) -> list[int]:
        """Tokens of each word on its own, at least 1: a word without tokens becomes one when it is masked."""
        specials = _specials(task.classifier)
        encoded = await asyncio.to_thread(task.classifier.encode, task.words)
        return [max(1, sum(len(window) - specials for window in windows)) for windows in encoded]

    async def _evaluate(self, task: _Task, masks: Sequence[str]) -> list[float]:
        """The label's logit of each variant: one [MASK] for each word whose bit is 0."""
        texts = [
            " ".join(word if bit == "1" else MASK for word, bit in zip(task.words, mask, strict=True)) for mask in masks
        ]
        return await self._logits(task.classifier, texts, task.column)

    async def _logits(self, classifier: Classifier, texts: Sequence[str], column: int) -> list[float]:
        """One calibrated logit a text, scored in small batches of low priority; the highest of a text's windows."""
        encoded = await asyncio.to_thread(classifier.encode, texts)
        flat: list[Window] = [window for windows in encoded for window in windows]
        scored = await self._queue.score(flat, priority=Priority.EXPLAIN, classifier=classifier)
        rows = iter(scored.logits.toxicity[:, column].tolist())
        return [max(next(rows) for _ in windows) for windows in encoded]


def _specials(classifier: Classifier) -> int:
    """Tokens that every window has beside those of its words."""
    return len(classifier.encode([""])[0][0])


def _strongest_label(prediction: Prediction) -> str:
    """The flagged label furthest over its limit, else the one with the highest score."""
    if prediction.flagged:
        return max(prediction.flagged, key=lambda name: prediction.scores[name] - prediction.thresholds[name])
    return max(prediction.scores, key=lambda name: prediction.scores[name])


def _pieces(lengths: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Ranges of words of at most `room` tokens each (a single word may be longer), overlapping by about a half."""
    pieces: list[tuple[int, int]] = []
    start = 0
    while True:
        end, tokens = start, 0
        while end < len(lengths) and (end == start or tokens + lengths[end] <= room):
            tokens += lengths[end]
            end += 1
        pieces.append((start, end))
        if end == len(lengths):
            return pieces
        start = max(start + 1, (start + end) // 2)
