"""The verb `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moderation_model.errors import ModelError


def register(app: typer.Typer) -> None:
    """Adds `train` to `app`."""
    app.command()(train)


def train(
    *,
    data: Annotated[Path, typer.Option(help="Folder with the files that the recipe names.")],
    out: Annotated[Path, typer.Option(help="Gets model/ (the result) and run/ (checkpoints).")],
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Folder of a BERT in safetensors, or a model folder of ours. Default: the recipe's."),
    ] = None,
    recipe: Annotated[Path | None, typer.Option(help="Another recipe than the one in the box.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after the last checkpoint in OUT/run.")] = False,
    tune: Annotated[int, typer.Option(help="Search learning rate, epochs and loss weights in so many short runs.")] = 0,
    tune_share: Annotated[float, typer.Option(min=0.001, max=1.0, help="Share of the rows that a trial sees.")] = 0.2,
    back_translate: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Two MarianMT folders, English to French and back, to vary the training texts with."),
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Put the figures into the result; takes some minutes.")
    ] = True,
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
            trials=tune,
            trial_share=tune_share,
            back_translate=back_translate,
            measure=measure,
            say=lambda line: typer.echo(line, err=True),
        )
    except ModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    typer.echo(str(folder))
