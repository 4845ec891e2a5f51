"""Fine-tuning with transformers' Trainer: a masked multi-task loss over the two heads."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn
from torch.utils.data import Dataset, Sampler
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.models.bert.configuration_bert import BertConfig
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from moderation_model import registry
from moderation_model.backends.devices import pick_device, pick_dtype
from moderation_model.backends.padding import LENGTHS
from moderation_model.backends.torch_bert import BertTwoHeads, new_model
from moderation_model.backends.windows import open_tokenizer
from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES
from moderation_model.training.average import average, step_of
from moderation_model.training.dataset import Row
from moderation_model.training.loss import MultiTask
from moderation_model.training.progress import Clock, ShowProgress
from moderation_model.training.recipe import TrainSettings
from moderation_model.training.watch import tune_score

Say = Callable[[str], None]
Score = Callable[[Sequence[Row], np.ndarray, np.ndarray], dict[str, float]]
"""Rows and what both heads say of them -> figures, `score` among them; a higher one is better."""
KEPT = 4
"""Checkpoints of a run that stay: the best one and the newest."""


class RowData(Dataset[dict[str, Any]]):
    """Rows as token ids and targets; `input_ids` start with [CLS], end with [SEP], at most `max_tokens`."""

    def __init__(self, rows: Sequence[Row], tokenizer: Tokenizer, max_tokens: int) -> None:
        encodings = tokenizer.encode_batch_fast([row.text for row in rows])
        self.lengths = [min(len(encoding.ids), max_tokens) for encoding in encodings]
        self._items = [
            {
                "input_ids": [*encoding.ids[: max_tokens - 1], encoding.ids[-1]]
                if len(encoding.ids) > max_tokens
                else encoding.ids,
                "labels": [row.labels.get(name, math.nan) for name in LABEL_NAMES],
                "stars": row.stars or (math.nan,) * 5,
                "weight": row.weight,
            }
            for row, encoding in zip(rows, encodings, strict=True)
        ]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._items[index]


def collate(items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """A batch padded to one of the few `LENGTHS`."""
    longest = max(len(item["input_ids"]) for item in items)
    length = next(size for size in LENGTHS if size >= longest)
    ids = torch.zeros((len(items), length), dtype=torch.long)
    mask = torch.zeros((len(items), length), dtype=torch.long)
    for row, item in enumerate(items):
        ids[row, : len(item["input_ids"])] = torch.tensor(item["input_ids"])
        mask[row, : len(item["input_ids"])] = 1
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "labels": torch.tensor([item["labels"] for item in items], dtype=torch.float32),
        "stars": torch.tensor([item["stars"] for item in items], dtype=torch.float32),
        "weight": torch.tensor([item["weight"] for item in items], dtype=torch.float32),
    }


class ShuffledLengths(Sampler[int]):
    """Row numbers such that each `batch` in a row are of like length, the batches in random order.

    The Trainer's own grouping runs from long to short again and again, and length goes with the source of a text.
    `set_epoch` is called by the Trainer; the same seed and epoch give the same order, also after a resume.
    """

    POOL = 50

    def __init__(self, lengths: Sequence[int], *, batch: int, seed: int) -> None:
        self._lengths, self._batch, self._seed, self._epoch = lengths, batch, seed, 0

    def __len__(self) -> int:
        return len(self._lengths)

    def set_epoch(self, epoch: int) -> None:
        """Another order for another epoch."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        chance = random.Random(f"{self._seed}:{self._epoch}")
        rows = list(range(len(self._lengths)))
        chance.shuffle(rows)
        pool = self._batch * self.POOL
        whole: list[list[int]] = []
        rest: list[int] = []
        for start in range(0, len(rows), pool):
            part = sorted(rows[start : start + pool], key=self._lengths.__getitem__)
            cut = [part[first : first + self._batch] for first in range(0, len(part), self._batch)]
            if len(cut[-1]) < self._batch:
                # Only the last batch of all may be a short one, else every later batch would straddle two lengths.
                rest.extend(cut.pop())
            whole.extend(cut)
        chance.shuffle(whole)
        yield from (row for batch in whole for row in batch)
        yield from rest


class GroupedTrainer(Trainer):
    """transformers' Trainer with the order of `ShuffledLengths`; under torchrun accelerate deals the batches out."""

    def _get_train_sampler(self, train_dataset: Dataset[Any] | None = None) -> Sampler[int]:
        data = train_dataset if train_dataset is not None else self.train_dataset
        if not isinstance(data, RowData):
            raise TypeError("the trainer takes RowData")
        return ShuffledLengths(data.lengths, batch=self.args.train_batch_size, seed=self.args.seed)


def open_checkpoint(folder: Path, settings: TrainSettings) -> tuple[BertTwoHeads, Tokenizer]:
    """The encoder to start from with fresh heads, or a folder of ours with its own. BadRequest if it is neither."""
    try:
        config = BertConfig.from_dict(json.loads((folder / "config.json").read_text("utf-8")))
        state = load_file(folder / "model.safetensors")
        tokenizer = open_tokenizer(folder / "tokenizer.json")
    except (OSError, ValueError, SafetensorError) as error:
        raise BadRequest(f"{folder} is no BERT checkpoint in safetensors: {error}.") from error
    torch.manual_seed(settings.seed)
    # No dropout inside the encoder, and plain attention: on a CPU the random masks take a fifth of the time, and the
    # fused attention's backward pass is three times slower than plain matrix products.
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    model = new_model(config, attention="eager")
    model.dropout.p = settings.dropout
    if (folder / registry.MANIFEST).is_file():
        registry.open_folder(folder)
        model.load_state_dict({name: tensor.float() for name, tensor in state.items()})
        return model, tokenizer
    encoder = {name.removeprefix("bert."): tensor.float() for name, tensor in state.items()}
    wanted = model.encoder.state_dict()
    lacking = [name for name in wanted if name not in encoder]
    if lacking:
        raise BadRequest(f"{folder} lacks {len(lacking)} tensors of a BERT encoder, {lacking[0]} for one.")
    model.encoder.load_state_dict({name: encoder[name] for name in wanted})
    return model, tokenizer


def fine_tune(
    model: nn.Module,
    data: RowData,
    settings: TrainSettings,
    run: Path,
    *,
    tune: Sequence[Row],
    tokenizer: Tokenizer,
    resume: bool,
    max_steps: int,
    say: Say,
    score: Score = tune_score,
    callbacks: Sequence[TrainerCallback] = (),
) -> dict[str, Any]:
    """Trains `model` in place, with checkpoints in `run`, and leaves it at the best look at `tune`, as `score` says.

    Gives the steps done, the seconds, the best score and the step of that look.
    """
    watched = sorted((row for row in tune if row.labels or row.stars), key=lambda row: len(row.text))
    looking = bool(watched)
    clock = Clock(run)
    trainer = GroupedTrainer(
        model=MultiTask(model, settings),
        args=_arguments(settings, run, rows=len(data), max_steps=max_steps, looking=looking),
        train_dataset=data,
        eval_dataset=RowData(watched, tokenizer, settings.max_tokens) if looking else None,
        compute_metrics=(lambda found: score(watched, *found.predictions)) if looking else None,
        data_collator=collate,
        callbacks=[
            ShowProgress(say),
            clock,
            *callbacks,
            *([EarlyStoppingCallback(settings.patience)] if looking else []),
        ],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    last = last_checkpoint(run) if resume else None
    if last:
        say(f"going on after {Path(last).name}")
    trainer.train(resume_from_checkpoint=last)
    averaged, best = average(trainer, run) if looking else (1, None)
    return {
        "steps": trainer.state.global_step,
        "seconds": round(clock.seconds, 1),
        "best_tune_score": best,
        "best_step": trainer.state.best_global_step,
        "averaged_checkpoints": averaged,
    }


def _arguments(settings: TrainSettings, run: Path, *, rows: int, max_steps: int, looking: bool) -> TrainingArguments:
    has_cuda = torch.cuda.is_available()
    epoch = math.ceil(rows / settings.batch)
    steps = max_steps if max_steps > 0 else math.ceil(epoch * settings.epochs)
    look = max(1, min(steps, math.ceil(epoch / settings.looks)))
    return TrainingArguments(
        output_dir=str(run),
        per_device_train_batch_size=settings.batch,
        per_device_eval_batch_size=settings.batch,
        num_train_epochs=settings.epochs,
        max_steps=max_steps,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        warmup_steps=round(steps * settings.warmup),
        lr_scheduler_type="linear",
        bf16=has_bf16(),
        use_cpu=not has_cuda,
        ddp_backend="gloo" if not has_cuda and torch.distributed.is_torchelastic_launched() else None,
        average_tokens_across_devices=False,
        remove_unused_columns=False,
        label_names=["labels", "stars"],
        logging_steps=25,
        eval_strategy="steps" if looking else "no",
        eval_steps=look,
        save_steps=look,
        save_total_limit=KEPT,
        load_best_model_at_end=looking,
        metric_for_best_model="score" if looking else None,
        greater_is_better=True if looking else None,
        disable_tqdm=True,
        report_to=_report_to(),
        seed=settings.seed,
        dataloader_num_workers=0,
    )


def is_first_process() -> bool:
    """True outside torchrun and in its first process, which alone writes the result."""
    return not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0


def last_checkpoint(run: Path) -> str | None:
    """The newest checkpoint of this run that is whole (its trainer state is written last), or None."""
    whole = [path.parent for path in run.glob("checkpoint-*/trainer_state.json")]
    newest = max(whole, key=step_of, default=None)
    return str(newest) if newest else None


def has_bf16() -> bool:
    """Whether the device to train on multiplies bfloat16 fast."""
    return pick_dtype(pick_device("auto")) is torch.bfloat16


def _report_to() -> list[str]:
    """TensorBoard where it is installed."""
    from importlib.util import find_spec

    return ["tensorboard"] if find_spec("tensorboard") else []
