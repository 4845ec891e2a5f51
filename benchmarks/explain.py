"""Explanations: how long one takes beside `shap.Explainer(pipeline)`, and how well its values agree with exact ones.

    python -m benchmarks.explain --json [--part speed|agreement] [--messages 30]

Speed: the same messages of 10 and of 30 tokens, the same weights and threads, in turn. Ours is all that the server
does: readings, score, explainer process, queue; nothing is remembered. The other is shap's default for a transformers
pipeline in fp32, as its documentation shows it. CPU seconds count the explainer process as well.

Agreement: 30 flagged messages of 9 to 40 words put together from our own checks, each rude line beside a harmless one.
The yardstick are shap's permutation values of 5,000 evaluations with the same words, mask and logit. Words are ranked
as a card ranks them, by how much they raise the score. `tree`: shap's partition values from as many evaluations.
This part takes some five minutes.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import psutil
import torch

from benchmarks import measuring
from benchmarks.plain_pipeline import plain_pipeline
from moderation_model import registry
from moderation_model.backends import BACKENDS, Classifier
from moderation_model.batching import BatchQueue
from moderation_model.checks.suite import read_suite
from moderation_model.contract import Explanation
from moderation_model.explain import TreeMasker, WordMasker
from moderation_model.explainer import MASK, Explainer
from moderation_model.explainer_process import ExplainerProcess
from moderation_model.scoring import predict

TOKENS = (10, 30)
EACH = 2
"""Messages of each length."""
ROUNDS = 3
MESSAGES = 30
EVALUATIONS = 5_000


@dataclass(slots=True)
class Ours:
    """The server's own path to an explanation, with a runner to call it from ordinary code."""

    runner: asyncio.Runner
    queue: BatchQueue
    process: ExplainerProcess

    def explain(self, texts: Sequence[str]) -> list[Explanation]:
        """One after the other; nothing is remembered from one call to the next."""
        explainer = Explainer(self.queue, self.process, seconds=120.0)
        return [self.runner.run(explainer.explain(text)) for text in texts]

    def child(self) -> psutil.Process:
        """The explainer process, once it has explained something."""
        assert self.process.pid is not None
        return psutil.Process(self.process.pid)

    def cpu_seconds(self) -> float:
        """Of this process and the explainer's."""
        used = self.child().cpu_times()
        return time.process_time() + used.user + used.system


def speed(ours: Ours, classifier: Classifier) -> dict[str, float]:
    """Seconds an explanation, by length and side; and what the explainer process takes."""
    import shap

    plain = shap.Explainer(plain_pipeline())
    figures: dict[str, float] = {}
    for tokens in TOKENS:
        texts = _of_length(tokens, classifier)
        child, before = ours.child(), sum(ours.child().cpu_times()[:2])
        asked: list[Explanation] = []
        found = measuring.alternate(
            {
                "shap": lambda texts=texts: plain(texts, silent=True),
                "ours": lambda texts=texts, asked=asked: asked.extend(ours.explain(texts)),
            },
            rounds=ROUNDS,
            cpu_clock=ours.cpu_seconds,
        )
        for side, seconds in found.items():
            figures[f"{side}_{tokens}_tokens_s"] = seconds.wall / EACH
            figures[f"{side}_{tokens}_tokens_cpu_s"] = seconds.cpu / EACH
        figures[f"ratio_{tokens}_tokens"] = found["shap"].wall / found["ours"].wall
        figures[f"cpu_ratio_{tokens}_tokens"] = found["shap"].cpu / found["ours"].cpu
        figures[f"evaluations_{tokens}_tokens"] = sum(one.evaluations for one in asked) / len(asked)
        spent = sum(child.cpu_times()[:2]) - before
        figures[f"explainer_cpu_{tokens}_tokens_s"] = spent / len(asked)
    figures["explainer_resident_mb"] = ours.child().memory_info().rss / 1e6
    return figures


def agreement(ours: Ours, classifier: Classifier, messages: int) -> dict[str, float]:
    """Shares of messages with the same top word and the same top three, mean relative error; shap's tree beside it."""
    found = ours.explain(_flagged_messages(classifier)[:messages])
    rows: dict[str, list[tuple[bool, bool, float]]] = {"ours": [], "tree": []}
    for one in found:
        model = _scorer(classifier, one)
        exact = _permutation_values(model, len(one.words))
        rows["ours"].append(_compare(np.array(one.values), exact))
        rows["tree"].append(_compare(_tree_values(model, len(one.words), one.evaluations), exact))
    figures = {
        f"{side}_{name}": float(np.mean([row[place] for row in rows[side]]))
        for side in rows
        for place, name in enumerate(("top_word", "top_three", "relative_error"))
    }
    figures["evaluations"] = sum(one.evaluations for one in found) / len(found)
    figures["words"] = sum(len(one.words) for one in found) / len(found)
    return figures


def _compare(values: np.ndarray, exact: np.ndarray) -> tuple[bool, bool, float]:
    ours, theirs = np.argsort(-values)[:3], np.argsort(-exact)[:3]
    error = float(np.linalg.norm(values - exact) / np.linalg.norm(exact))
    return bool(ours[0] == theirs[0]), set(ours) == set(theirs), error


def _scorer(classifier: Classifier, one: Explanation) -> Callable[[np.ndarray], np.ndarray]:
    """Masks (variants, words) -> the label's logit, straight from the classifier; known ones are remembered."""
    column = classifier.info.labels.index(one.label)
    known: dict[bytes, float] = {}

    def model(masks: np.ndarray) -> np.ndarray:
        keys = [mask.astype(bool).tobytes() for mask in masks]
        fresh = {key: mask for key, mask in zip(keys, masks, strict=True) if key not in known}
        texts = [" ".join(np.where(mask, one.words, MASK)) for mask in (m.astype(bool) for m in fresh.values())]
        if texts:
            windows = [found[0] for found in classifier.encode(texts)]
            known.update(zip(fresh, classifier.logits(windows).toxicity[:, column].tolist(), strict=True))
        return np.array([known[key] for key in keys])

    return model


def _permutation_values(model: Callable[[np.ndarray], np.ndarray], words: int) -> np.ndarray:
    import shap

    explainer: Any = shap.PermutationExplainer(model, WordMasker(), seed=0)
    return explainer(np.ones((1, words)), max_evals=EVALUATIONS, batch_size=EVALUATIONS, silent=True).values[0]


def _tree_values(model: Callable[[np.ndarray], np.ndarray], words: int, evaluations: int) -> np.ndarray:
    import shap

    np.random.seed(0)
    explainer: Any = shap.PartitionExplainer(model, TreeMasker())
    return explainer(np.ones((1, words)), max_evals=evaluations, batch_size=64, silent=True).values[0]


def _of_length(tokens: int, classifier: Classifier) -> list[str]:
    """Chat lines of that many tokens, special ones not counted."""
    lines = measuring.texts(4_000)
    fitting = (text for text, found in zip(lines, classifier.encode(lines), strict=True) if len(found[0]) - 2 == tokens)
    return list(islice(fitting, EACH))


def _flagged_messages(classifier: Classifier) -> list[str]:
    checks = read_suite()
    rude = [case for check in checks if check.flagged for case in check.cases]
    harmless = [case for check in checks if not check.flagged for case in check.cases]
    chance = random.Random(6)
    chance.shuffle(rude)
    found: list[str] = []
    for line in rude:
        pair = [line, chance.choice(harmless)]
        chance.shuffle(pair)
        text = " ".join(pair)
        prediction = predict([text], classifier)[0]
        if prediction.flagged and prediction.reading == "as_written" and 9 <= len(text.split()) <= 40:
            found.append(text)
        if len(found) == MESSAGES:
            break
    return found


async def _open(classifier: Classifier) -> tuple[BatchQueue, ExplainerProcess]:
    return await BatchQueue(classifier).__aenter__(), await ExplainerProcess().__aenter__()


def measure(part: str, messages: int) -> dict[str, float]:
    """All figures of `part`; agreement over that many messages."""
    threads = torch.get_num_threads()
    classifier = BACKENDS["torch"](registry.default_folder(), device="cpu", threads=threads)
    with asyncio.Runner() as runner:
        queue, process = runner.run(_open(classifier))
        ours = Ours(runner, queue, process)
        try:
            ours.explain(["warm it up please, all of it, and then we can begin"])
            figures: dict[str, float] = {"threads": threads}
            if part in ("speed", "all"):
                figures |= speed(ours, classifier)
            if part in ("agreement", "all"):
                figures |= agreement(ours, classifier, messages)
            return figures
        finally:
            runner.run(process.__aexit__())
            runner.run(queue.close())


def main() -> None:
    """Measures and prints."""
    parser = measuring.arguments(__doc__)
    parser.add_argument("--part", choices=("all", "speed", "agreement"), default="all")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="how many messages agreement is measured on")
    given = parser.parse_args()
    figures = measure(given.part, given.messages)
    goals = [
        measuring.at_least("ratio_30_tokens", figures.get("ratio_30_tokens"), 20.0),
        measuring.at_least("ours_top_word", figures.get("ours_top_word"), 0.9),
        measuring.at_least("ours_top_three", figures.get("ours_top_three"), 0.8),
        measuring.at_most("explainer_resident_mb", figures.get("explainer_resident_mb"), 500.0),
    ]
    measuring.show(figures, goals, as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
