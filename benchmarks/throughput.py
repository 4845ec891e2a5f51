"""Messages a second in process and over HTTP, beside what a user would build instead.

    python -m benchmarks.throughput --json

Every contender scores the same different chat lines with the same weights on the same threads, in turns:

- pipeline_one, pipeline_32: a `transformers` pipeline in fp32, text by text and in batches of 32;
- torch_64: the module of `torch_bert.py` in bfloat16 (fp32 without fast bfloat16), batches of 64 of like length;
- openvino_64: the same exported by `candor-model export`, in OpenVINO's bfloat16, where `openvino` is installed;
- ours: texts to predictions, normalised, both readings, no memory of answers.

Only `ours` normalises, calibrates and scores a second reading; the others tokenise and give scores. Then the server is
measured over HTTP (`over_http.py`).
"""

from __future__ import annotations

import importlib.util
import math
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the server has it; read when torch is first imported

import numpy as np
import torch
from tokenizers import Tokenizer

from benchmarks import measuring, over_http
from benchmarks.plain_pipeline import plain_pipeline
from moderation_model import export_verb, registry
from moderation_model.backends import BACKENDS
from moderation_model.backends.cores import usable_cores
from moderation_model.backends.devices import pick_dtype
from moderation_model.backends.torch_bert import open_model
from moderation_model.backends.windows import open_tokenizer
from moderation_model.bulk import predictions

TEXTS, PIPELINE_TEXTS = 4000, 400
ONE_BY_ONE, AGAINST_BEST, OVER_HTTP = 12.0, 0.9, 0.6
WITHOUT_AMX = 4.0
"""What must be reached over the pipeline where the processor has no fast bfloat16."""

Run = Callable[[np.ndarray, np.ndarray], object]
"""Scores one padded batch: token ids and attention mask, both int64 (rows, length)."""


def in_process(texts: Sequence[str], *, threads: int, rounds: int) -> tuple[dict[str, float], list[measuring.Goal]]:
    """Messages a second by contender (`..._per_cpu_s`: by CPU second of all threads), and the goals."""
    torch.set_num_threads(threads)
    few = texts[:PIPELINE_TEXTS]
    pipeline = plain_pipeline()
    contenders: dict[str, tuple[int, Callable[[], object]]] = {
        "pipeline_one": (len(few), lambda: [pipeline(text) for text in few]),
        "pipeline_32": (len(few), lambda: list(pipeline(list(few), batch_size=32))),
        "torch_64": (len(texts), partial(_in_batches, _torch_run(), texts)),
    }
    if importlib.util.find_spec("openvino"):
        contenders["openvino_64"] = (len(texts), partial(_in_batches, _openvino_run(threads), texts))
    classifier = BACKENDS["torch"](registry.default_folder(), device="cpu", threads=threads)
    torch.set_num_threads(threads)
    contenders["ours"] = (len(texts), lambda: list(predictions(texts, classifier)))
    took = measuring.alternate({name: run for name, (_, run) in contenders.items()}, rounds=rounds)
    figures: dict[str, float] = {}
    for name, (number, _) in contenders.items():
        figures[f"{name}_messages_per_s"] = number / took[name].wall
        figures[f"{name}_messages_per_cpu_s"] = number / took[name].cpu
    ours = figures["ours_messages_per_s"]
    best = max(figures.get(f"{name}_messages_per_s", 0.0) for name in ("torch_64", "openvino_64"))
    figures["ours_over_pipeline_one"] = ours / figures["pipeline_one_messages_per_s"]
    figures["ours_over_pipeline_32"] = ours / figures["pipeline_32_messages_per_s"]
    figures["ours_over_best_batches_of_64"] = ours / best
    fast = pick_dtype("cpu") is torch.bfloat16
    wanted = ONE_BY_ONE if fast else WITHOUT_AMX
    return figures, [
        measuring.at_least("ours_over_pipeline_one", figures["ours_over_pipeline_one"], wanted),
        measuring.at_least("ours_over_best_batches_of_64", figures["ours_over_best_batches_of_64"], AGAINST_BEST),
    ]


def _pace(texts: Sequence[str], threads: int) -> Callable[[Sequence[str]], float]:
    """Scores what it is given in process, once; how many a second. `texts` warm every shape."""
    classifier = BACKENDS["torch"](registry.default_folder(), device="cpu", threads=threads)
    list(predictions(texts, classifier))

    def run(given: Sequence[str]) -> float:
        started = time.perf_counter()
        list(predictions(given, classifier))
        return len(given) / (time.perf_counter() - started)

    return run


def _in_batches(run: Run, texts: Sequence[str], size: int = 64) -> None:
    """Tokenises all texts and scores them in batches of like length, each padded to its longest."""
    tokenizer = _tokenizer()
    ids = [each.ids for each in tokenizer.encode_batch_fast(list(texts))]
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    for start in range(0, len(order), size):
        rows = [ids[row] for row in order[start : start + size]]
        tokens = np.zeros((len(rows), len(rows[-1])), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for number, row in enumerate(rows):
            tokens[number, : len(row)], mask[number, : len(row)] = row, 1
        run(tokens, mask)


def _tokenizer() -> Tokenizer:
    tokenizer = open_tokenizer(registry.default_folder() / "tokenizer.json")
    tokenizer.enable_truncation(int(registry.read_manifest(registry.default_folder())["max_tokens"]))
    return tokenizer


def _torch_run() -> Run:
    model = open_model(registry.default_folder())
    torch.nn.Module.to(model.encoder, pick_dtype("cpu"))

    def run(tokens: np.ndarray, mask: np.ndarray) -> object:
        with torch.inference_mode():
            return model(torch.from_numpy(tokens), torch.from_numpy(mask))

    return run


def _openvino_run(threads: int) -> Run:
    """OpenVINO on our graph."""
    import openvino  # pyright: ignore[reportMissingImports]

    core: Any = openvino.Core()
    with tempfile.TemporaryDirectory() as folder:
        export_verb.write(registry.default_folder(), Path(folder) / "onnx")
        model = core.read_model(Path(folder) / "onnx" / "model.onnx")
        compiled = core.compile_model(model, "CPU", _options(threads))
    return lambda tokens, mask: compiled((tokens, mask))


def _options(threads: int) -> dict[str, object]:
    numbers = "bf16" if pick_dtype("cpu") is torch.bfloat16 else "f32"
    return {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": numbers}


def main() -> None:
    """Prints the figures."""
    parser = measuring.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--no-http", action="store_true", help="in process alone")
    given = parser.parse_args()
    texts = measuring.texts(TEXTS)
    figures, goals = in_process(texts, threads=given.threads, rounds=given.rounds)
    if not given.no_http:
        served = over_http.measure(measuring.texts(over_http.TEXTS, seed=2), beside=_pace(texts, given.threads))
        figures |= served
        share = served["http_64_over_in_process"]
        goals += [measuring.at_least("http_64_over_in_process", share, OVER_HTTP), *over_http.goals(served)]
    measuring.show({name: value for name, value in figures.items() if math.isfinite(value)}, goals, as_json=given.json)


if __name__ == "__main__":
    main()
