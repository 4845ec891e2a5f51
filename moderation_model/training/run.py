"""`candor-model train`, as a function: data folder in, model folder out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from moderation_model import atomic, registry
from moderation_model.errors import BadRequest
from moderation_model.memory import keep_freed_memory
from moderation_model.training.dataset import TRAIN, TUNE, Row, Translate, read_rows, training_rows
from moderation_model.training.recipe import Recipe, read_recipe

Say = Callable[[str], None]


def train(
    *,
    data: Path,
    out: Path,
    checkpoint: Path | None,
    recipe_path: Path,
    resume: bool = False,
    max_steps: int = -1,
    threads: int | None = None,
    trials: int = 0,
    trial_share: float = 0.2,
    back_translate: tuple[Path, Path] | None = None,
    measure: bool = True,
    say: Say,
) -> Path:
    """Trains and writes the model folder `out/model`; checkpoints stand in `out/run`. Raises ModelError.

    `resume` goes on after the last checkpoint of the same run; `max_steps` ends earlier than the recipe says.
    `trials` short runs on `trial_share` of the rows choose learning rate, epochs and loss weights first.
    `back_translate`: two MarianMT folders, English to another language and back, for more variants of the rows.
    Without `measure` the result has no figures.
    """
    # Two busily waiting thread pools on shared cores cost more than they bring; read when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    recipe = read_recipe(recipe_path)
    run = out / "run"
    if run.exists() and not resume:
        raise BadRequest(f"{run} holds a run already: add --resume to go on with it, or choose another --out.")
    if not data.is_dir():
        raise BadRequest(f"There is no folder {data}: --data is the folder with the files that the recipe names.")
    atomic.check_writable(out)
    from moderation_model.backends.devices import use_threads
    from moderation_model.training.checkpoint import find_checkpoint
    from moderation_model.training.trainer import open_checkpoint

    keep_freed_memory()
    use_threads(threads)
    checkpoint = find_checkpoint(checkpoint, recipe)
    open_checkpoint(checkpoint, recipe.train)
    rows = _rows(recipe, data, say)
    if trials:
        recipe = _searched(recipe, rows, checkpoint, out / "search", trials=trials, share=trial_share, say=say)
    training = training_rows(rows, recipe, translate=_translator(back_translate))
    say(f"{len(training)} training rows an epoch, variants and repeats included")
    run.mkdir(parents=True, exist_ok=True)
    return _fit(
        recipe, rows, training, checkpoint, data, out=out, resume=resume, max_steps=max_steps, measure=measure, say=say
    )


def _searched(
    recipe: Recipe, rows: Sequence[Row], checkpoint: Path, folder: Path, *, trials: int, share: float, say: Say
) -> Recipe:
    """The recipe with the best settings that a search finds, or found before."""
    from moderation_model.training.search import search

    best = search(recipe, rows, checkpoint=checkpoint, folder=folder, trials=trials, share=share, say=say)
    return replace(recipe, train=best)


def _fit(
    recipe: Recipe,
    rows: Sequence[Row],
    training: Sequence[Row],
    checkpoint: Path,
    data: Path,
    *,
    out: Path,
    resume: bool,
    max_steps: int,
    measure: bool,
    say: Say,
) -> Path:
    """Fine-tunes on `training` and writes `out/model`."""
    from moderation_model.backends.devices import pick_device
    from moderation_model.training.finish import write_model
    from moderation_model.training.trainer import RowData, fine_tune, is_first_process, open_checkpoint

    model, tokenizer = open_checkpoint(checkpoint, recipe.train)
    facts = fine_tune(
        model,
        RowData(training, tokenizer, recipe.train.max_tokens),
        recipe.train,
        out / "run",
        tune=[row for row in rows if row.part == TUNE],
        tokenizer=tokenizer,
        resume=resume,
        max_steps=max_steps,
        say=say,
    )
    if is_first_process():
        origin = {"device": pick_device("auto"), "started_from": _name(checkpoint, recipe)}
        write_model(
            model,
            tokenizer=checkpoint / "tokenizer.json",
            recipe=recipe,
            rows=rows,
            data=data,
            folder=out / "model",
            trained={**facts, "rows": len(training), **origin},
            measure=measure,
            say=say,
        )
    return out / "model"


def _rows(recipe: Recipe, data: Path, say: Say) -> Sequence[Row]:
    say("reading the data")
    rows = read_rows(recipe, data)
    if not any(row.part == TRAIN for row in rows):
        raise BadRequest(f"The recipe finds no training rows in {data}.")
    return rows


def _translator(folders: tuple[Path, Path] | None) -> Translate | None:
    if folders is None:
        return None
    from moderation_model.training.back_translation import BackTranslator

    return BackTranslator(*folders)


def _name(checkpoint: Path, recipe: Recipe) -> str:
    """Which checkpoint it was: a version of ours, the recipe's, or another with its digest."""
    if (checkpoint / registry.MANIFEST).is_file():
        return str(registry.read_manifest(checkpoint)["version"])
    digest = registry.file_digest(checkpoint / "model.safetensors")
    named = digest == recipe.checkpoint["sha256"]
    return recipe.checkpoint["name"] if named else f"another checkpoint, SHA-256 {digest}"
