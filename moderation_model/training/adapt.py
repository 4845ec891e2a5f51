"""Fine-tunes the champion on a few hundred examples: by a low-rank adapter, the heads or everything.

What comes out has the champion's architecture, tensor names, shapes and number format, so it costs the same to serve.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import numpy as np
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import safe_open
from tokenizers import Tokenizer
from torch import nn
from transformers import TrainerCallback

from moderation_model import registry
from moderation_model.backends.devices import pick_device
from moderation_model.backends.torch_bert import BertTwoHeads, save_weights
from moderation_model.errors import BadRequest, ModelFailed
from moderation_model.labels import LABEL_NAMES
from moderation_model.learning import Mode
from moderation_model.training.dataset import REPLAY, TRAIN, TUNE, Row
from moderation_model.training.recipe import TrainSettings
from moderation_model.training.replay import distilled, replay_texts
from moderation_model.training.trainer import RowData, fine_tune, open_checkpoint

Say = Callable[[str], None]
Tick = Callable[[int, int], None]
HEADS = ("toxicity", "sentiment")
ATTENTION = ("query", "key", "value", "attention.output.dense")
MEASURED = ("metrics", "by_label", "identity", "evasion", "checks")
"""Parts of the champion's manifest that say how good it is; they are not true of its child."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to adapt in one mode. `rank` and `alpha` are the adapter's.

    `replay` sentences are seen in every epoch, `watched` more are looked at; `replay_weight` weighs one of them against
    one example. `kept` weighs what the watched sentences lose against what the examples win when the best moment is
    chosen. `harmless`, `most_balance`: see `balanced`.
    """

    learning_rate: float
    epochs: float = 6.0
    batch: int = 32
    rank: int = 16
    alpha: int = 32
    replay: int = 1200
    watched: int = 200
    replay_weight: float = 3.0
    kept: float = 2.0
    harmless: float = 0.7
    most_balance: float = 4.0


PLANS: dict[Mode, Plan] = {
    "lora": Plan(learning_rate=1e-3),
    "full": Plan(learning_rate=5e-5),
    "head": Plan(learning_rate=3e-3, epochs=12.0),
}


def adapt(
    champion: Path,
    train: Sequence[Row],
    tune: Sequence[Row],
    *,
    mode: Mode,
    seed: int,
    out: Path,
    say: Say,
    tick: Tick | None = None,
    resume: bool = False,
    plan: Plan | None = None,
) -> Path:
    """Fine-tunes the model in `champion` and writes the folder `out/model`; checkpoints stand in `out/run`.

    `train` changes weights; `tune` chooses the moment at which to stop. Calibration and limits stay the champion's.
    `tick(step, steps)` is called after every step; what it raises ends the run, and `resume` goes on after the last
    checkpoint of the same rows, seed and plan; without it what an earlier run left in `out/run` is removed. Raises
    BadModelFolder, and BadRequest if there is nothing to train on.
    """
    if not train:
        raise BadRequest("There is no example to train on: more verdicts are needed, or a permission.")
    if not resume:
        shutil.rmtree(out / "run", ignore_errors=True)
    plan, manifest = plan or PLANS[mode], _manifest(champion)
    settings = _settings(plan, seed, max_tokens=int(manifest["max_tokens"]))
    model, tokenizer = open_checkpoint(champion, settings)
    own, watched = _with_replay(model, tokenizer, train, tune, plan=plan, settings=settings)
    trained = _trainable(model, mode, plan)
    say(
        f"{mode}: {len(train)} examples, {len(own) - len(train)} sentences against forgetting, {count(trained)} weights"
    )
    facts = fine_tune(
        trained,
        RowData(own, tokenizer, settings.max_tokens),
        settings,
        out / "run",
        tune=watched,
        tokenizer=tokenizer,
        resume=resume,
        max_steps=-1,
        say=say,
        score=lambda rows, toxicity, sentiment: watch(rows, toxicity, sentiment, kept=plan.kept),
        callbacks=[_Tick(tick)] if tick else [],
    )
    merged = cast(BertTwoHeads, trained.merge_and_unload()) if isinstance(trained, PeftModel) else model
    told = {**facts, "mode": mode, "rows": len(train), "seed": seed, "device": pick_device("auto")}
    return _write(merged, champion, manifest, out / "model", told)


def watch(rows: Sequence[Row], toxicity: np.ndarray, sentiment: np.ndarray, *, kept: float) -> dict[str, float]:
    """How far logits (rows, 6) and (rows, 5) are from what is known of `rows`; `score` is higher where they are nearer.

    `own`: mean cross-entropy of the examples' known labels, by weight. `forgotten`: of the replayed sentences, the mean
    divergence from the champion over labels and stars (0: says the same).
    """
    truth = np.array([[row.labels.get(name, math.nan) for name in LABEL_NAMES] for row in rows])
    replayed = np.array([row.source == REPLAY for row in rows])
    weights = np.array([row.weight for row in rows])
    # log(1 + e^x) - t x, in the form that does not overflow
    each = np.maximum(toxicity, 0) - toxicity * np.nan_to_num(truth) + np.log1p(np.exp(-np.abs(toxicity)))
    known = ~np.isnan(truth)
    own = known & ~replayed[:, None]
    found = {"own": 0.0, "forgotten": 0.0}
    if own.any():
        shares = own * weights[:, None]
        found["own"] = float((each * shares).sum() / max(shares.sum(), 1e-9))
    if replayed.any():
        shares = np.array([row.stars for row in rows if row.source == REPLAY])
        logged = sentiment[replayed] - np.logaddexp.reduce(sentiment[replayed], axis=1, keepdims=True)
        stars = (shares * (np.log(np.clip(shares, 1e-9, 1)) - logged)).sum(1).mean()
        found["forgotten"] = float((each[replayed] - _entropy(truth[replayed])).mean() + stars)
    return {**found, "score": -(found["own"] + kept * found["forgotten"])}


def count(model: nn.Module) -> int:
    """Numbers that training may change."""
    return sum(each.numel() for each in model.parameters() if each.requires_grad)


def balanced(rows: Sequence[Row], harmless: float, most: float) -> list[Row]:
    """The rows, weighed so that harmless ones make the share `harmless` of the whole, which stays.

    What moderators get to see is mostly flagged, and chat is not: a model that learns from it as it comes learns to
    flag. One side weighs at most `most` times what the other does.
    """
    accused = [any(row.labels.values()) for row in rows]
    sides = {side: sum(row.weight for row, here in zip(rows, accused, strict=True) if here == side) for side in (0, 1)}
    if min(sides.values()) <= 0:
        return list(rows)
    more = min(most, max(1 / most, harmless / (1 - harmless) * sides[1] / sides[0]))
    mean = (sides[0] * more + sides[1]) / (sides[0] + sides[1])
    return [
        replace(row, weight=row.weight * (1.0 if here else more) / mean)
        for row, here in zip(rows, accused, strict=True)
    ]


class _Tick(TrainerCallback):
    """Tells how far the training is."""

    def __init__(self, tick: Tick) -> None:
        self._tick = tick

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called by the Trainer after every step."""
        self._tick(state.global_step, state.max_steps)


def _manifest(champion: Path) -> dict[str, Any]:
    manifest = registry.open_folder(champion)
    if list(manifest["labels"]) != list(LABEL_NAMES):
        raise BadRequest("Only a model with all six labels of this version can be trained on.")
    return manifest


def _settings(plan: Plan, seed: int, *, max_tokens: int) -> TrainSettings:
    return TrainSettings(
        seed=seed,
        epochs=plan.epochs,
        batch=plan.batch,
        learning_rate=plan.learning_rate,
        warmup=0.1,
        weight_decay=0.01,
        max_tokens=min(96, max_tokens),
        sentiment_weight=0.5,
        replay_per_template=0,
        replay_weight=plan.replay_weight,
        looks=1,
        patience=3,
    )


def _with_replay(
    champion: BertTwoHeads,
    tokenizer: Tokenizer,
    train: Sequence[Row],
    tune: Sequence[Row],
    *,
    plan: Plan,
    settings: TrainSettings,
) -> tuple[list[Row], list[Row]]:
    """What is trained on and what is watched, each with its sentences against forgetting."""
    texts = [row.text for row in (*train, *tune)]
    shown, watched = replay_texts(plan.replay, watched=plan.watched, seed=settings.seed, without=texts)
    soft = [
        distilled(part, champion, tokenizer, max_tokens=settings.max_tokens, weight=plan.replay_weight, part=name)
        for part, name in ((shown, TRAIN), (watched, TUNE))
    ]
    return [*balanced(train, plan.harmless, plan.most_balance), *soft[0]], [
        *balanced(tune, plan.harmless, plan.most_balance),
        *soft[1],
    ]


def _trainable(model: BertTwoHeads, mode: Mode, plan: Plan) -> nn.Module:
    """The model with what `mode` may change set free: everything, the heads alone, or the heads and an adapter."""
    if mode == "full":
        return model
    if mode == "head":
        for name, weights in model.named_parameters():
            weights.requires_grad_(name.startswith(HEADS))
        return model
    config = LoraConfig(
        r=plan.rank,
        lora_alpha=plan.alpha,
        lora_dropout=0.0,
        target_modules=list(ATTENTION),
        modules_to_save=list(HEADS),
    )
    return get_peft_model(cast(Any, model), config)


def _write(
    model: BertTwoHeads, champion: Path, manifest: dict[str, Any], folder: Path, trained: dict[str, Any]
) -> Path:
    """The model folder, once its weights are found to have the champion's form."""
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(model, folder)
    shutil.copyfile(champion / "config.json", folder / "config.json")
    shutil.copyfile(champion / "tokenizer.json", folder / "tokenizer.json")
    if form_of(folder) != form_of(champion):
        raise ModelFailed("The trained weights do not have the names, shapes and number format of the champion's.")
    today = date.today()
    version = f"candor-{today:%Y%m%d}-{registry.file_digest(folder / 'model.safetensors')[:8]}"
    kept = {name: value for name, value in manifest.items() if name not in (*MEASURED, "files", "format")}
    written = {
        **kept,
        "version": version,
        "parent": manifest["version"],
        "metrics": {},
        "trained": {"date": today.isoformat(), "started_from": manifest["version"], **trained},
    }
    (folder / "README.md").write_text(_card(written), "utf-8")
    registry.write_manifest(folder, written)
    return folder


def form_of(folder: Path) -> dict[str, tuple[list[int], str]]:
    """By tensor name the shape and the number format of a folder's weights."""
    with safe_open(folder / "model.safetensors", "pt") as weights:
        slices = {name: weights.get_slice(name) for name in weights.keys()}  # noqa: SIM118 (it is no dictionary)
        return {name: (list(part.get_shape()), str(part.get_dtype())) for name, part in slices.items()}


def _card(manifest: dict[str, Any]) -> str:
    trained = manifest["trained"]
    return (
        f"# {manifest['version']}\n\n"
        f"Fine-tuned ({trained['mode']}) from {manifest['parent']} on {trained['rows']} examples that moderators of"
        f" this installation judged, on {trained['date']}. Calibration is the parent's. What it is meant for, its"
        " data and its weaknesses are those of the parent, whose card says them; how it differs stands in the report of"
        " its run.\n"
    )


def _entropy(shares: np.ndarray) -> np.ndarray:
    """Of yes or no by each share, in nats."""
    clipped = np.clip(shares, 1e-9, 1 - 1e-9)
    return -(clipped * np.log(clipped) + (1 - clipped) * np.log(1 - clipped))
