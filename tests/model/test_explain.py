"""Explanations: what the words get, what the explainer process costs, and that nothing it does stops the scores."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator

import numpy as np
import psutil
import pytest
import pytest_asyncio

from moderation_model.batching import BatchQueue
from moderation_model.contract import EMPTY, Explanation
from moderation_model.errors import BadRequest, ExplainerUnavailable, ModelFailed, ModelOverloaded
from moderation_model.explainer import Explainer
from moderation_model.explainer_process import COMMAND, MAX_WAITING, ExplainerProcess
from moderation_model.priority import QueueLimits
from tests.model.serving_fakes import WEIGHTS, FakeClassifier, Gate

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),  # shap's plots, imported with it
]


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
    assert max(map(len, classifier.batches)) == QueueLimits().small_batch_rows
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
