"""The verbs `train` and `evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from moderation_model.errors import ModelError
from moderation_model.score_verb import Device, Model, open_model


def register(app: typer.Typer) -> None:
    """Adds `train` and `evaluate` to `app`."""
    app.command()(train)
    app.command()(evaluate)


def train(
    *,
    data: Annotated[Path, typer.Option(help="Folder with the files that the recipe names.")],
    out: Annotated[Path, typer.Option(help="Gets model/ (the result) and run/ (checkpoints).")],
    checkpoint: Annotated[Path, typer.Option(help="Folder of a BERT in safetensors, or a model folder of ours.")],
    recipe: Annotated[Path | None, typer.Option(help="Another recipe than the one in the box.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after the last checkpoint in OUT/run.")] = False,
    max_steps: Annotated[int, typer.Option(help="Stop after so many steps; -1 for what the recipe says.")] = -1,
    threads: Annotated[int | None, typer.Option(help="CPU threads. Default: all cores of this process.")] = None,
) -> None:
    """Train a model from the recipe and write its folder."""
    from moderation_model.training.recipe import default_recipe
    from moderation_model.training.run import train as run

    try:
        folder = run(
            data=data,
            out=out,
            checkpoint=checkpoint,
            recipe_path=recipe or default_recipe(),
            resume=resume,
            max_steps=max_steps,
            threads=threads,
            say=lambda line: typer.echo(line, err=True),
        )
    except ModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    typer.echo(str(folder))


def evaluate(
    data: Annotated[Path, typer.Option(help="Folder with the files that the recipe names.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    recipe: Annotated[Path | None, typer.Option(help="Another recipe than the one in the box.")] = None,
    model: Model = None,
    device: Device = "auto",
) -> None:
    """Measure a model on the rows that the recipe keeps out of training (part `report`)."""
    from moderation_model.evaluate import as_dict, figures, report_rows, score_rows
    from moderation_model.training.dataset import read_rows
    from moderation_model.training.recipe import default_recipe, read_recipe

    try:
        classifier = open_model(model, device)
        rows = report_rows(read_rows(read_recipe(recipe or default_recipe()), data))
        found = as_dict(figures(rows, score_rows(rows, classifier), classifier.info))
    except ModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps({"model_version": classifier.info.version, "figures": found}, indent=2))
        return
    typer.echo(f"{classifier.info.version}: value (95 % interval) texts")
    for name, at in found.items():
        typer.echo(f"{name:<34}{at['value']:.4f} ({at['low']:.4f} to {at['high']:.4f}) {at['count']}")
