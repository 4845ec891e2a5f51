"""`candor-model train`, as a function: data folder and checkpoint in, model folder out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from moderation_model import registry
from moderation_model.errors import BadRequest
from moderation_model.training.dataset import TRAIN, read_rows
from moderation_model.training.recipe import Recipe, read_recipe

Say = Callable[[str], None]


def train(
    *,
    data: Path,
    out: Path,
    checkpoint: Path,
    recipe_path: Path,
    resume: bool = False,
    max_steps: int = -1,
    threads: int | None = None,
    say: Say,
) -> Path:
    """Trains and writes the model folder `out/model`; checkpoints stand in `out/run`. Raises ModelError.

    `resume` goes on after the last checkpoint of the same run; `max_steps` ends earlier than the recipe says.
    """
    # Two busily waiting thread pools on shared cores cost more than they bring; read when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    recipe = read_recipe(recipe_path)
    run = out / "run"
    if run.exists() and not resume:
        raise BadRequest(f"{run} holds a run already: add --resume to go on with it, or choose another --out.")
    from moderation_model.backends.torch_bert import pick_device, use_threads
    from moderation_model.training.finish import write_model
    from moderation_model.training.trainer import RowData, fine_tune, open_checkpoint

    use_threads(threads)
    model, tokenizer = open_checkpoint(checkpoint, recipe)
    say("reading the data")
    rows = read_rows(recipe, data)
    training = [row for row in rows if row.part == TRAIN]
    if not training:
        raise BadRequest(f"The recipe finds no training rows in {data}.")
    say(f"{len(training)} training rows")
    run.mkdir(parents=True, exist_ok=True)
    dataset = RowData(training, tokenizer, recipe.train.max_tokens)
    facts = fine_tune(model, dataset, recipe.train, run, resume=resume, max_steps=max_steps, say=say)
    trained = {**facts, "rows": len(training), "device": pick_device("auto"), "started_from": _name(checkpoint, recipe)}
    folder, words = out / "model", checkpoint / "tokenizer.json"
    write_model(model, tokenizer=words, recipe=recipe, rows=rows, data=data, folder=folder, trained=trained, say=say)
    return folder


def _name(checkpoint: Path, recipe: Recipe) -> str:
    """Which checkpoint it was: a version of ours, the recipe's, or another with its digest."""
    if (checkpoint / registry.MANIFEST).is_file():
        return str(registry.read_manifest(checkpoint)["version"])
    digest = registry.file_digest(checkpoint / "model.safetensors")
    named = digest == recipe.checkpoint["sha256"]
    return recipe.checkpoint["name"] if named else f"another checkpoint, SHA-256 {digest}"
