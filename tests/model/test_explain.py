"""Explanations: what the words get, what the explainer process costs, and that nothing it does stops the scores."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import numpy as np
import psutil
import pytest
import pytest_asyncio

from moderation_model import explain
from moderation_model.batching import BatchQueue
from moderation_model.contract import EMPTY, Explanation
from moderation_model.errors import BadRequest, ExplainerUnavailable, ModelFailed, ModelOverloaded
from moderation_model.explainer import Explainer
from moderation_model.explainer_process import COMMAND, MAX_WAITING, ExplainerProcess
from tests.model.serving_fakes import WEIGHTS, FakeClassifier, Gate

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),  # shap's plots, imported with it
]


@dataclass
class Counting:
    """A set function over words that counts how often each variant is asked for."""

    weights: Iterable[float]
    bonus: float = 0.0
    asked: int = 0
    seen: set[str] | None = None

    def __call__(self, masks: list[str]) -> list[float]:
        self.seen = self.seen or set()
        self.asked += len(masks)
        self.seen.update(masks)
        return [self._one(mask) for mask in masks]

    def _one(self, mask: str) -> float:
        total = sum(weight for weight, bit in zip(self.weights, mask, strict=True) if bit == "1")
        return total + (self.bonus if mask[0] == mask[-1] == "1" else 0.0) - 3.0


@pytest.mark.parametrize("words", [1, 2, 7, 8, 9, 25, 33, 34, 60])
async def test_values_and_base_sum_to_the_logit_and_each_variant_is_scored_once(words: int) -> None:
    model = Counting([0.1 * (index + 1) for index in range(words)], bonus=2.0)
    found = explain.shapley(words, 100, model)
    values = np.array(found["values"])
    assert len(values) == words
    assert found["base"] == pytest.approx(-3.0)
    assert values.sum() + found["base"] == pytest.approx(found["logit"], abs=1e-6)
    assert model.asked == len(model.seen or ()) == found["evaluations"]
    assert model.asked <= (2**words if words <= 8 else 100)


@pytest.mark.parametrize("words", [2, 8])
async def test_each_word_of_an_additive_model_gets_exactly_its_weight(words: int) -> None:
    weights = [(-1.0) ** index * (index + 1) for index in range(words)]
    assert explain.shapley(words, 100, Counting(weights))["values"] == pytest.approx(weights)


@pytest.mark.parametrize("words", [9, 16, 30])
async def test_in_longer_texts_it_gets_nearly_its_weight(words: int) -> None:
    weights = [(-1.0) ** index * (index + 1) for index in range(words)]
    assert explain.shapley(words, 128, Counting(weights))["values"] == pytest.approx(weights, abs=0.1 * words)


async def test_in_longer_texts_two_words_that_only_count_together_share_the_credit() -> None:
    values = explain.shapley(20, 128, Counting([0.0] * 20, bonus=2.0))["values"]
    assert values == pytest.approx([1.0, *[0.0] * 18, 1.0], abs=0.05)


async def test_three_words_that_only_count_together_share_the_credit() -> None:
    def all_three(masks: list[str]) -> list[float]:
        return [3.0 if mask[2] == mask[9] == mask[17] == "1" else 0.0 for mask in masks]

    values = explain.shapley(20, 128, all_three)["values"]
    wanted = [1.0 if word in (2, 9, 17) else 0.0 for word in range(20)]
    assert values == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize("words", [1, 8, 20, 60])
async def test_a_score_that_no_word_moves_gives_every_word_nothing(words: int) -> None:
    assert explain.shapley(words, 100, lambda masks: [-4.0] * len(masks))["values"] == pytest.approx([0.0] * words)


async def test_two_words_that_only_count_together_share_the_credit() -> None:
    found = explain.shapley(4, 100, Counting([0.0] * 4, bonus=2.0))
    assert found["values"] == pytest.approx([1.0, 0.0, 0.0, 1.0])


async def test_saturated_scores_are_explained_like_all_others() -> None:
    assert explain.shapley(2, 100, Counting([5_000.0, -40.0]))["values"] == pytest.approx([5_000.0, -40.0])
    found = explain.shapley(12, 128, Counting([5_000.0, -40.0, *[0.0] * 10]))
    assert found["values"] == pytest.approx([5_000.0, -40.0, *[0.0] * 10], abs=100.0)
    assert np.sum(found["values"]) + found["base"] == pytest.approx(found["logit"], abs=1e-6)


async def test_few_questions_are_asked_of_the_server() -> None:
    questions: list[int] = []

    def model(masks: list[str]) -> list[float]:
        questions.append(len(masks))
        return Counting(range(20))(masks)

    explain.shapley(20, 128, model)
    assert questions == [42, 86]


async def test_the_same_text_gets_the_same_values_again() -> None:
    found = [explain.shapley(30, 60, Counting(range(30), bonus=9.0))["values"] for _ in range(2)]
    assert found[0] == found[1]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def process() -> AsyncIterator[ExplainerProcess]:
    async with ExplainerProcess() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def queue() -> AsyncIterator[BatchQueue]:
    async with BatchQueue(FakeClassifier(max_tokens=40)) as running:
        yield running


def explainer(queue: BatchQueue, process: ExplainerProcess, seconds: float = 60.0) -> Explainer:
    return Explainer(queue, process, seconds=seconds)


def is_additive(found: Explanation) -> bool:
    logit = sum(found.values) + found.base_value
    return 1 / (1 + np.exp(-logit)) == pytest.approx(found.score, abs=1e-6)


async def test_the_words_that_carried_the_label_come_back_with_their_weight(
    queue: BatchQueue, process: ExplainerProcess
) -> None:
    found = await explainer(queue, process).explain("you pathetic clown", label="insult")
    assert found.words == ("you", "pathetic", "clown")
    assert found.values == pytest.approx([0.5, 4.0, 3.0])
    assert found.base_value == pytest.approx(-2.0)
    assert found.score == pytest.approx(1 / (1 + np.exp(-5.5)))
    assert found.top(2) == ("pathetic", "clown")
    assert (found.label, found.model_version, found.evaluations) == ("insult", "fake-1", 8)


async def test_without_a_label_the_strongest_is_explained(queue: BatchQueue, process: ExplainerProcess) -> None:
    assert (await explainer(queue, process).explain("you pathetic clown")).label == "toxic"
    assert (await explainer(queue, process).explain("a nice friend")).label == "toxic"


@pytest.mark.parametrize("text", ["clown", "you 😂 clown!!!", "x " * 20, "RTL \u202e mark", "a\ud800b", "ж" * 3000])
async def test_any_text_is_explained_and_adds_up(text: str, queue: BatchQueue, process: ExplainerProcess) -> None:
    found = await explainer(queue, process).explain(text)
    assert len(found.words) == len(found.values) > 0
    assert is_additive(found)


@pytest.mark.parametrize("text", ["", "   \n", "\x00"])
async def test_nothing_to_read_has_no_words(text: str, queue: BatchQueue, process: ExplainerProcess) -> None:
    found = await explainer(queue, process).explain(text, label="insult")
    assert (found.words, found.values, found.reading) == ((), (), EMPTY)
    assert found.base_value == pytest.approx(-2.0)
    assert is_additive(found)


async def test_of_a_long_text_the_strongest_window_is_explained(process: ExplainerProcess) -> None:
    async with BatchQueue(FakeClassifier(max_tokens=16)) as queue:
        text = "so it goes " * 40 + "you pathetic clown " + "and on it goes " * 40
        found = await explainer(queue, process).explain(text)
    assert {"pathetic", "clown"} <= set(found.words)
    assert set(found.top(2)) == {"pathetic", "clown"}
    assert len(found.words) <= 14
    assert is_additive(found)


async def test_masked_variants_run_in_small_batches(process: ExplainerProcess) -> None:
    classifier = FakeClassifier(max_tokens=40)
    async with BatchQueue(classifier) as queue:
        await explainer(queue, process).explain("one two three four five six seven clown")
    assert max(map(len, classifier.batches)) == 16
    assert sum(map(len, classifier.batches)) <= 256 + 2


async def test_an_explanation_is_remembered_for_its_text_label_and_version(process: ExplainerProcess) -> None:
    classifier = FakeClassifier(max_tokens=40)
    async with BatchQueue(classifier) as queue:
        explaining = explainer(queue, process)
        first = await explaining.explain("you clown", label="insult")
        passes = len(classifier.batches)
        assert await explaining.explain("you clown", label="insult") is first
        assert len(classifier.batches) == passes
        assert (await explaining.explain("you clown", label="threat")).label == "threat"
        unnamed = await explaining.explain("clown you")
        assert await explaining.explain("clown you", label=unnamed.label) is unnamed
        queue.swap(FakeClassifier("fake-2", max_tokens=40))
        assert (await explaining.explain("you clown", label="insult")).model_version == "fake-2"


async def test_a_label_that_the_model_lacks_is_refused(queue: BatchQueue, process: ExplainerProcess) -> None:
    with pytest.raises(BadRequest, match="no label rude"):
        await explainer(queue, process).explain("you clown", label="rude")


async def test_a_failing_model_reaches_the_caller_and_the_next_explanation_works(process: ExplainerProcess) -> None:
    passes = iter(range(1000))

    def fail_second() -> None:
        if next(passes) == 1:
            raise RuntimeError

    async with BatchQueue(FakeClassifier(max_tokens=40, before=fail_second)) as queue:
        explaining = explainer(queue, process)
        with pytest.raises(ModelFailed):
            await explaining.explain("you clown")
        assert (await explaining.explain("you clown", label="insult")).values == pytest.approx([0.5, 3.0])


async def test_a_caller_that_gives_up_midway_leaves_the_explainer_usable(process: ExplainerProcess) -> None:
    gate = Gate()
    async with BatchQueue(FakeClassifier(max_tokens=40)) as queue:
        await explainer(queue, process).explain("warm")  # the process is ready: what follows is not its start
        queue.swap(FakeClassifier("slow", max_tokens=40, before=gate))
        given_up = asyncio.ensure_future(explainer(queue, process).explain("you clown"))
        assert await asyncio.to_thread(gate.entered.wait, 30)
        with pytest.raises(ExplainerUnavailable, match="longer than"):
            await explainer(queue, process, seconds=0.05).explain("you clown")
        given_up.cancel()
        gate.open()
        assert (await explainer(queue, process).explain("you clown", label="insult")).top() == ("clown", "you")


async def test_two_callers_that_give_up_one_after_the_other_leave_the_answers_in_step(
    process: ExplainerProcess,
) -> None:
    async def weigh(masks: list[str]) -> list[float]:
        return [sum(2.0**place for place, kept in enumerate(mask) if kept == "1") for mask in masks]

    await process.shapley(1, budget=9, evaluate=weigh)  # it is ready: what follows is not its start
    asked = asyncio.Event()

    async def never(_: list[str]) -> list[float]:
        asked.set()
        await asyncio.Event().wait()
        return []

    first = asyncio.ensure_future(process.shapley(3, budget=9, evaluate=never))
    await asked.wait()
    first.cancel()
    second = asyncio.ensure_future(process.shapley(3, budget=9, evaluate=weigh))
    for _ in range(3):
        await asyncio.sleep(0)  # it has told the child to end the first one, which takes far longer than this
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    for words in (2, 3, 4):
        found = await process.shapley(words, budget=9, evaluate=weigh)
        assert found.values == pytest.approx([2.0**place for place in range(words)])


async def test_too_many_waiting_explanations_are_refused_at_once(process: ExplainerProcess) -> None:
    gate = Gate()
    async with BatchQueue(FakeClassifier(max_tokens=40)) as queue:
        await explainer(queue, process).explain("warm")

        async def hold(_: list[str]) -> list[float]:
            await asyncio.to_thread(gate)
            return [0.0] * len(_)

        waiting = [asyncio.ensure_future(process.shapley(1, budget=9, evaluate=hold)) for _ in range(MAX_WAITING)]
        assert await asyncio.to_thread(gate.entered.wait, 30)
        with pytest.raises(ModelOverloaded):
            await explainer(queue, process).explain("you clown")
        gate.open()
        assert [found.values for found in await asyncio.gather(*waiting)] == [(0.0,)] * MAX_WAITING


async def test_an_explainer_that_dies_is_restarted_and_scores_go_on(queue: BatchQueue) -> None:
    async with ExplainerProcess() as process:
        explaining = explainer(queue, process)
        await explaining.explain("you clown")
        first = process.pid
        assert first is not None
        psutil.Process(first).kill()
        assert (await queue.score([(0, 1)])).logits.toxicity.shape == (1, 6)
        again = await explaining.explain("you friend", label="insult")
        assert again.values == pytest.approx([0.5, WEIGHTS["friend"]])
        assert process.pid != first
        last = psutil.Process(process.pid)
    assert not last.is_running()


async def test_the_explainer_process_is_small_and_holds_no_torch(queue: BatchQueue, process: ExplainerProcess) -> None:
    await explainer(queue, process).explain("one two three four five six seven eight nine ten clown")
    child = psutil.Process(process.pid)
    assert child.memory_info().rss < 500e6
    assert not [mapped.path for mapped in child.memory_maps() if "torch" in mapped.path]


async def test_the_explainer_process_ends_when_its_parent_does() -> None:
    child = await asyncio.create_subprocess_exec(*COMMAND, stdin=PIPE, stdout=PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    assert json.loads(await child.stdout.readline()) == {"ready": True}
    child.stdin.close()
    assert await child.wait() == 0


async def test_an_explainer_that_cannot_start_is_an_error_with_a_sentence(queue: BatchQueue) -> None:
    for command in ((sys.executable, "-c", "raise SystemExit(3)"), ("/nonexistent/python",)):
        async with ExplainerProcess(command) as process:
            with pytest.raises(ExplainerUnavailable, match="longer than"):
                await explainer(queue, process, seconds=0.2).explain("you clown")
