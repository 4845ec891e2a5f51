"""From trained weights to a model folder: calibration and thresholds on `tune`, figures on `report`, card, manifest."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from moderation_model import registry
from moderation_model.backends.ours import load
from moderation_model.backends.torch_bert import BertTwoHeads, save_weights
from moderation_model.bulk import ACCUSING, Scored
from moderation_model.evaluate import headline, score_rows, truth_of
from moderation_model.labels import LABEL_NAMES
from moderation_model.normalise import NORMALISER_VERSION
from moderation_model.training.calibration import calibrated, fit_calibration
from moderation_model.training.card import card
from moderation_model.training.dataset import REPLAY, TUNE, Row
from moderation_model.training.recipe import Recipe
from moderation_model.training.thresholds import choose

Say = Callable[[str], None]
IRC = "irc_held_out"


def write_model(
    model: BertTwoHeads,
    *,
    tokenizer: Path,
    recipe: Recipe,
    rows: Sequence[Row],
    data: Path,
    folder: Path,
    trained: dict[str, Any],
    measure: bool = True,
    say: Say,
) -> dict[str, Any]:
    """Writes the whole folder and returns its manifest. `trained`: seconds, steps and the like, kept as they are.

    Without `measure` the figures are left out, for quick tries.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(model, folder)
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
    manifest = _start(recipe, data, folder, trained)
    registry.write_manifest(folder, manifest)
    say("calibration and thresholds on the tune part")
    tune = [row for row in rows if row.part == TUNE]
    scored = score_rows(tune, load(folder), tick=_ticker(say))
    manifest.update(_settle(tune, scored, recipe))
    registry.write_manifest(folder, manifest)
    if measure:
        say("figures on the report part")
        manifest.update(measure_folder(folder, recipe, data, say))
    (folder / "README.md").write_text(card(manifest), "utf-8")
    return registry.write_manifest(folder, manifest)


def measure_folder(folder: Path, recipe: Recipe, data: Path, say: Say) -> dict[str, Any]:
    """What the manifest says of the model's quality: `metrics` and, as far as measured, the parts of `headline`."""
    tickers: dict[str, Callable[[int, int], None]] = {}

    def tick(stage: str, done: int, every: int) -> None:
        tickers.setdefault(stage, _ticker(lambda line: say(f"{stage}: {line}")))(done, every)

    return headline(load(folder), recipe, data, tick=tick)


def _start(recipe: Recipe, data: Path, folder: Path, trained: dict[str, Any]) -> dict[str, Any]:
    today = date.today()
    mark = registry.file_digest(folder / "model.safetensors")[:8]
    return {
        "version": f"candor-{today:%Y%m%d}-{mark}",
        "architecture": "BERT, mean pooling, heads toxicity (sigmoid) and sentiment (softmax over five stars)",
        "labels": list(LABEL_NAMES),
        "max_tokens": recipe.max_tokens,
        "overlap": recipe.overlap,
        "languages": list(registry.LANGUAGES),
        "normaliser_version": NORMALISER_VERSION,
        "calibration": {name: {"scale": 1.0, "bias": 0.0} for name in LABEL_NAMES},
        "thresholds": {name: {"value": recipe.thresholds.floor, "chosen_by": "floor"} for name in LABEL_NAMES},
        "metrics": {},
        "checkpoint": dict(recipe.checkpoint),
        "recipe": {"train": asdict(recipe.train), "thresholds": asdict(recipe.thresholds)},
        "data": _data(recipe, data),
        "trained": {"date": today.isoformat(), **trained},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "transformers", "tokenizers")},
        },
    }


def _data(recipe: Recipe, data: Path) -> list[dict[str, str]]:
    """One entry a set: which file it is, unchanged to the bit, and where it comes from."""
    digests = {name: registry.file_digest(data / name) for name in {spec.file for spec in recipe.sets}}
    return [
        {
            "set": spec.name,
            "file": spec.file,
            "sha256": digests[spec.file],
            "origin": spec.origin,
            "licence": spec.licence,
        }
        for spec in recipe.sets
    ]


def _settle(tune: Sequence[Row], scored: Scored, recipe: Recipe) -> dict[str, Any]:
    """Calibration on the labelled rows of `tune`, then the limits on the calibrated scores."""
    clipped = np.clip(scored.scores, 1e-9, 1 - 1e-9)
    logits = np.log(clipped / (1 - clipped))
    truth = truth_of(tune, LABEL_NAMES)
    calibration = fit_calibration(logits, truth, LABEL_NAMES)
    scores = calibrated(logits, calibration)
    chat_like = {spec.name for spec in recipe.sets if spec.chat} | {REPLAY}
    chat = np.array([row.source in chat_like for row in tune], dtype=bool)
    harmless = np.array([row.source == IRC for row in tune], dtype=bool)
    own = np.array([row.source == REPLAY and row.labels.get("toxic") == 0.0 for row in tune], dtype=bool)
    thresholds: dict[str, dict[str, float | str]] = {}
    for column, name in enumerate(LABEL_NAMES):
        if name in ACCUSING:
            chosen = choose(
                scores[:, column],
                truth[:, column],
                chat,
                harmless=scores[harmless, column],
                own=scores[own, column],
                goal=recipe.thresholds,
            )
        else:
            # Swearing is common in real chat and accuses nobody: there are no false alarms to count.
            chosen = {"value": recipe.thresholds.floor, "chosen_by": "floor: opens no case by default"}
        thresholds[name] = chosen
    return {"calibration": calibration, "thresholds": thresholds}


def _ticker(say: Say) -> Callable[[int, int], None]:
    """Says every fifth part of the way."""
    said = [0]

    def tick(done: int, every: int) -> None:
        fifth = done * 5 // every
        if fifth > said[0]:
            said[0] = fifth
            say(f"scored {done} of {every}")

    return tick
