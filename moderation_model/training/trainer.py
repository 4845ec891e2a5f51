"""Fine-tuning with transformers' Trainer: a masked multi-task loss over the two heads."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from torch.utils.data import Dataset
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.models.bert.configuration_bert import BertConfig
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from moderation_model import registry
from moderation_model.backends.torch_bert import LENGTHS, BertTwoHeads, new_model, open_tokenizer
from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES
from moderation_model.training.dataset import Row
from moderation_model.training.recipe import Recipe, TrainSettings

Say = Callable[[str], None]


class MultiTask(nn.Module):
    """The model with its loss: cross-entropy over known labels and known stars only, rows weighted."""

    def __init__(self, model: BertTwoHeads, sentiment_weight: float) -> None:
        super().__init__()
        self.model = model
        self.sentiment_weight = sentiment_weight

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor,
        stars: torch.Tensor,
        weight: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """`labels` (rows, 6) and `stars` (rows, 5) hold NaN where unknown; `weight` (rows,). Gives {"loss"}."""
        toxicity, sentiment = self.model(input_ids, attention_mask)
        return {
            "loss": masked_loss(
                toxicity, sentiment, labels, stars, weight=weight, sentiment_weight=self.sentiment_weight
            )
        }


def masked_loss(
    toxicity: torch.Tensor,
    sentiment: torch.Tensor,
    labels: torch.Tensor,
    stars: torch.Tensor,
    *,
    weight: torch.Tensor,
    sentiment_weight: float,
) -> torch.Tensor:
    """Mean over known labels plus `sentiment_weight` times the mean over rows with stars; unknown ones add nothing."""
    known = ~labels.isnan()
    each = functional.binary_cross_entropy_with_logits(toxicity, labels.nan_to_num(), reduction="none")
    shares = known * weight.unsqueeze(1)
    loss = (each * shares).sum() / known.sum().clamp(min=1)
    rated = ~stars.isnan().any(1)
    crossed = -(stars.nan_to_num() * functional.log_softmax(sentiment, dim=1)).sum(1)
    return loss + sentiment_weight * (crossed * rated * weight).sum() / rated.sum().clamp(min=1)


class RowData(Dataset[dict[str, Any]]):
    """Rows as token ids and targets; `input_ids` start with [CLS], end with [SEP], at most `max_tokens`."""

    def __init__(self, rows: Sequence[Row], tokenizer: Tokenizer, max_tokens: int) -> None:
        encodings = tokenizer.encode_batch_fast([row.text for row in rows])
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


class Progress(TrainerCallback):
    """One line now and then: step, loss, minutes that remain."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._start: tuple[float, int] | None = None

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Called by the Trainer every `logging_steps`."""
        if not logs or "loss" not in logs:
            return
        now = time.monotonic()
        if self._start is None:
            self._start = now, state.global_step
        begun, first = self._start
        done = state.global_step - first
        left = f"{(now - begun) / done * (state.max_steps - state.global_step) / 60:.1f} min left" if done else "..."
        self._say(f"step {state.global_step} of {state.max_steps}, loss {float(logs['loss']):.4f}, {left}")


def open_checkpoint(folder: Path, recipe: Recipe) -> tuple[BertTwoHeads, Tokenizer]:
    """The encoder to start from with fresh heads, or a folder of ours with its own. BadRequest if it is neither."""
    try:
        config = BertConfig.from_dict(json.loads((folder / "config.json").read_text("utf-8")))
        state = load_file(folder / "model.safetensors")
        tokenizer = open_tokenizer(folder / "tokenizer.json")
    except (OSError, ValueError, SafetensorError) as error:
        raise BadRequest(f"{folder} is no BERT checkpoint in safetensors: {error}.") from error
    torch.manual_seed(recipe.train.seed)
    # No dropout inside the encoder, and plain attention: on a CPU the random masks take a fifth of the time, and the
    # fused attention's backward pass is three times slower than plain matrix products.
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    model = new_model(config, attention="eager")
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
    model: BertTwoHeads,
    data: RowData,
    settings: TrainSettings,
    run: Path,
    *,
    resume: bool,
    max_steps: int,
    say: Say,
) -> dict[str, float]:
    """Trains `model` in place, with checkpoints in `run`; gives the steps done and the seconds since the last start."""
    steps = max_steps if max_steps > 0 else math.ceil(len(data) / settings.batch) * settings.epochs
    trainer = Trainer(
        model=MultiTask(model, settings.sentiment_weight),
        args=_arguments(settings, run, max_steps=max_steps, warmup=round(steps * settings.warmup)),
        train_dataset=data,
        data_collator=collate,
        callbacks=[Progress(say)],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    start = time.monotonic()
    last = last_checkpoint(run) if resume else None
    if last:
        say(f"going on after {Path(last).name}")
    trainer.train(resume_from_checkpoint=last)
    trainer.save_model(str(run / "final"))
    return {"steps": trainer.state.global_step, "seconds": round(time.monotonic() - start, 1)}


def _arguments(settings: TrainSettings, run: Path, *, max_steps: int, warmup: int) -> TrainingArguments:
    has_cuda = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(run),
        per_device_train_batch_size=settings.batch,
        num_train_epochs=settings.epochs,
        max_steps=max_steps,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        warmup_steps=warmup,
        lr_scheduler_type="linear",
        train_sampling_strategy="group_by_length",
        bf16=_bf16(),
        use_cpu=not has_cuda,
        ddp_backend="gloo" if not has_cuda and torch.distributed.is_torchelastic_launched() else None,
        average_tokens_across_devices=False,
        remove_unused_columns=False,
        label_names=["labels", "stars"],
        logging_steps=25,
        save_steps=settings.save_steps,
        save_total_limit=2,
        disable_tqdm=True,
        report_to=_report_to(),
        seed=settings.seed,
        dataloader_num_workers=0,
    )


def last_checkpoint(run: Path) -> str | None:
    """The newest checkpoint of this run that is whole (its trainer state is written last), or None."""
    whole = [path.parent for path in run.glob("checkpoint-*/trainer_state.json")]
    newest = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return str(newest) if newest else None


def _bf16() -> bool:
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    has = torch.cpu.get_capabilities()
    return bool(has.get("amx_bf16") or has.get("avx512_bf16"))


def _report_to() -> list[str]:
    """TensorBoard where it is installed."""
    from importlib.util import find_spec

    return ["tensorboard"] if find_spec("tensorboard") else []
