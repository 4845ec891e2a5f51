"""`candor-model train --tune N`: Optuna looks for the learning rate, the epochs and the weights of the loss."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from moderation_model.errors import BadRequest
from moderation_model.training.dataset import TUNE, Row, training_rows
from moderation_model.training.recipe import Recipe, TrainSettings
from moderation_model.training.trainer import RowData, fine_tune, open_checkpoint

Say = Callable[[str], None]
FOUND = "search.json"


def search(
    recipe: Recipe, rows: Sequence[Row], *, checkpoint: Path, folder: Path, trials: int, share: float, say: Say
) -> TrainSettings:
    """The settings with the best score on `tune` after `trials` short runs on a `share` of the training rows.

    Every trial starts from the checkpoint. What was tried stands in `folder/search.json`, which a second call with the
    same folder goes on with. Raises BadRequest where Optuna is missing.
    """
    try:
        import optuna
    except ImportError:
        raise BadRequest("--tune needs Optuna: pip install optuna.") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    base = recipe.train
    training = training_rows(rows, recipe)
    part = random.Random(base.seed).sample(training, max(1, round(len(training) * share)))
    tune = [row for row in rows if row.part == TUNE]
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=base.seed))
    done = _earlier(folder)
    for entry in done:
        study.add_trial(
            optuna.trial.create_trial(params=entry["params"], distributions=_space(optuna, base), value=entry["score"])
        )
    for number in range(len(done), trials):
        trial = study.ask(_space(optuna, base))
        settings = chosen(base, trial.params)
        model, tokenizer = open_checkpoint(checkpoint, settings)
        facts = fine_tune(
            model,
            RowData(part, tokenizer, settings.max_tokens),
            settings,
            folder / f"trial-{number}",
            tune=tune,
            tokenizer=tokenizer,
            resume=False,
            max_steps=-1,
            say=lambda line: None,
        )
        score = float(facts["best_tune_score"] or 0.0)
        study.tell(trial, score)
        done.append({"params": trial.params, "score": score, "seconds": facts["seconds"]})
        (folder / FOUND).write_text(json.dumps(done, indent=2), "utf-8")
        say(f"trial {number + 1} of {trials}: score {score:.4f}, best {study.best_value:.4f} with {study.best_params}")
    return chosen(base, study.best_params)


def chosen(base: TrainSettings, params: dict[str, Any]) -> TrainSettings:
    """`base` with the values of a trial."""
    known = asdict(base)
    return replace(base, **{name: type(known[name])(value) for name, value in params.items()})


def _space(optuna: Any, base: TrainSettings) -> dict[str, Any]:
    """A factor of three around the recipe's own numbers."""
    float_in = optuna.distributions.FloatDistribution
    return {
        "learning_rate": float_in(base.learning_rate / 3, base.learning_rate * 3, log=True),
        "epochs": float_in(max(0.5, base.epochs / 2), base.epochs * 1.5, step=0.25),
        "sentiment_weight": float_in(base.sentiment_weight / 3, base.sentiment_weight * 3, log=True),
        "replay_weight": float_in(base.replay_weight / 3, base.replay_weight * 3, log=True),
    }


def _earlier(folder: Path) -> list[dict[str, Any]]:
    path = folder / FOUND
    if not path.is_file():
        return []
    try:
        return list(json.loads(path.read_text("utf-8")))
    except ValueError:
        raise BadRequest(f"{path} cannot be read: remove it to search from the start.") from None
