"""Messages a second: what `transformers` does by its pipeline, plain torch and OpenVINO in batches, and ours.

    python benchmarks/throughput.py --json

All score the same different lines with the same weights on the same number of threads, in alternating rounds; a figure
is the median of its rounds. The pipelines get the texts and tokenise them; so do plain torch (bfloat16) and OpenVINO
(bfloat16, where it is installed) in length-sorted batches of 64, which score each text as it stands. Ours does all that
a server does: it prepares, normalises, tells the language, scores both readings and combines them; nothing is cached.

The pipelines know no model of two heads with mean pooling, so they get one of their own kind with our weights in
float32: BERT's encoder, the mean over a text's tokens, the head of the labels, `problem_type` multi-label.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the server has it; read when torch is first imported

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import BertConfig, PreTrainedTokenizerFast, TextClassificationPipeline
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.models.bert.modeling_bert import BertModel, BertPreTrainedModel
from transformers.utils import logging

from benchmarks.measuring import Goal, Seconds, alternate, arguments, at_least, show, texts, weights
from moderation_model import registry
from moderation_model.backends import BACKENDS
from moderation_model.backends.cores import usable_cores
from moderation_model.backends.devices import use_threads
from moderation_model.bulk import predictions
from moderation_model.labels import LABEL_NAMES

BATCH = 64
PIPELINE_BATCH = 32
ALONE = 8
"""The pipeline one by one scores only every eighth text a round: it is slow, and each text costs it the same."""
MARKS = {f"{name}_token": f"[{name.upper()}]" for name in ("cls", "sep", "pad", "unk", "mask")}


class MeanPooledBert(BertPreTrainedModel):
    """Our encoder and our head of the labels, in the shape that `transformers` pipelines take."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.classifier = nn.Linear(config.hidden_size, len(LABEL_NAMES))
        self.post_init()

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **_: Any) -> SequenceClassifierOutput:
        """(rows, length) each -> logits (rows, labels)."""
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * mask).sum(1) / mask.sum(1)
        return SequenceClassifierOutput(logits=self.classifier(pooled))  # pyright: ignore[reportArgumentType]


def our_weights() -> MeanPooledBert:
    """The model in the box as float32."""
    folder = registry.default_folder()
    config = BertConfig.from_dict(json.loads((folder / "config.json").read_text("utf-8")))
    config.id2label = dict(enumerate(LABEL_NAMES))
    config.problem_type = "multi_label_classification"
    config._attn_implementation = "sdpa"
    model = MeanPooledBert(config)
    names = {"encoder.": "bert.", "toxicity.": "classifier."}
    state = load_file(folder / "model.safetensors")
    renamed = {
        names[start] + name.removeprefix(start): tensor
        for start in names
        for name, tensor in state.items()
        if name.startswith(start)
    }
    model.load_state_dict(renamed)
    return model.eval()


def our_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer in the box."""
    path = registry.default_folder() / "tokenizer.json"
    return PreTrainedTokenizerFast(tokenizer_file=str(path), model_max_length=128, **MARKS)


def padded_batches(lines: Sequence[str], tokenizer: PreTrainedTokenizerFast) -> Iterator[tuple[list[int], Any]]:
    """Row numbers and token tensors of each `BATCH` lines of like length."""
    ids = tokenizer(list(lines), truncation=True)["input_ids"]
    order = sorted(range(len(lines)), key=lambda row: len(ids[row]))
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        yield rows, tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")


def plain_torch(lines: Sequence[str], model: MeanPooledBert, tokenizer: PreTrainedTokenizerFast) -> np.ndarray:
    """(rows, labels) probabilities."""
    found = np.zeros((len(lines), len(LABEL_NAMES)))
    with torch.inference_mode():
        for rows, batch in padded_batches(lines, tokenizer):
            found[rows] = model(batch["input_ids"], batch["attention_mask"]).logits.float().sigmoid().numpy()
    return found


def compiled_by_openvino(threads: int) -> Any:
    """The same model in bfloat16, None where OpenVINO is not installed."""
    if find_spec("openvino") is None:
        return None
    openvino = import_module("openvino")
    example = torch.ones(2, 16, dtype=torch.int64)
    model = openvino.convert_model(our_weights(), example_input={"input_ids": example, "attention_mask": example})
    options = {"INFERENCE_PRECISION_HINT": "bf16", "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    return openvino.Core().compile_model(model, "CPU", options)


def by_openvino(lines: Sequence[str], model: Any, tokenizer: PreTrainedTokenizerFast) -> np.ndarray:
    """(rows, labels) probabilities."""
    found = np.zeros((len(lines), len(LABEL_NAMES)))
    for rows, batch in padded_batches(lines, tokenizer):
        logits = model([batch["input_ids"].numpy(), batch["attention_mask"].numpy()])[0]
        found[rows] = 1 / (1 + np.exp(-logits))
    return found


def contenders(lines: Sequence[str], threads: int) -> dict[str, Callable[[], object]]:
    """By name what scores `lines` once (the pipeline one by one a part of them)."""
    tokenizer, fp32, bf16 = our_tokenizer(), our_weights(), our_weights()
    nn.Module.to(bf16, torch.bfloat16)
    logging.set_verbosity_error()  # it lists every model that it would rather have
    pipeline = TextClassificationPipeline(model=fp32, tokenizer=tokenizer, device="cpu", top_k=None)
    ours = BACKENDS["torch"](registry.default_folder(), device="cpu", threads=threads)
    found: dict[str, Callable[[], object]] = {
        "pipeline_one_by_one": lambda: [pipeline(line, truncation=True) for line in lines[::ALONE]],
        "pipeline_batch_32": lambda: pipeline(list(lines), batch_size=PIPELINE_BATCH, truncation=True),
        "torch_bf16_batch_64": lambda: plain_torch(lines, bf16, tokenizer),
        "ours": lambda: list(predictions(lines, ours)),
    }
    if (compiled := compiled_by_openvino(threads)) is not None:
        found["openvino_bf16_batch_64"] = lambda: by_openvino(lines, compiled, tokenizer)
    return found


def judged(figures: dict[str, float]) -> list[Goal]:
    """The goals of this benchmark."""
    ours = figures["ours_per_s"]
    best = max(figures.get(f"{name}_per_s", 0.0) for name in ("torch_bf16_batch_64", "openvino_bf16_batch_64"))
    has = torch.cpu.get_capabilities()
    return [
        at_least(
            "ours_against_pipeline_one_by_one",
            ours / figures["pipeline_one_by_one_per_s"],
            12.0 if has.get("amx_bf16") else 4.0,
        ),
        at_least("ours_against_best_of_torch_and_openvino_bf16", ours / best, 0.9),
    ]


def main() -> None:
    """Prints the figures as a table, or with `--json` as one object."""
    parser = arguments(__doc__)
    parser.add_argument("--texts", type=int, default=1024, help="how many lines each round scores")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="default: as many as there are usable cores")
    given = parser.parse_args()
    threads = use_threads(given.threads or usable_cores())
    lines = texts(given.texts)
    measured = alternate(contenders(lines, threads), rounds=given.rounds)
    figures: dict[str, float] = {"threads": threads, "texts": len(lines)}
    for name, seconds in measured.items():
        count = len(lines[::ALONE]) if name == "pipeline_one_by_one" else len(lines)
        figures |= per_second(name, seconds, count)
    show(figures, judged(figures), as_json=given.json, weights_name=weights())


def per_second(name: str, seconds: Seconds, count: int) -> dict[str, float]:
    """Messages a second on the clock, and messages per second of CPU time."""
    return {f"{name}_per_s": count / seconds.wall, f"{name}_per_cpu_s": count / seconds.cpu}


if __name__ == "__main__":
    main()
