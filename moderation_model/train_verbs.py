"""The verb `train`: from a recipe and its files a whole model, or from labels of one's own the next version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from moderation_model import labels_verb
from moderation_model.errors import BadRequest, ModelError
from moderation_model.labels_verb import CANNOT, Modes
from moderation_model.models_verbs import Models

NEITHER = (
    "Give --labels FILE to learn from labels of your own, or --data FOLDER and --out FOLDER to train from the recipe."
)
BOTH = "With --labels FILE the champion is trained on: leave out {names}."
ONLY_LABELS = "Only a training with --labels FILE takes {names}."


def register(app: typer.Typer) -> None:
    """Adds `train` to `app`."""
    app.command()(train)


def _steps(value: int) -> int:
    if value != -1 and value < 1:
        raise typer.BadParameter(f"{value} is neither -1 nor at least 1.")
    return value


Labels = Annotated[
    Path | None,
    typer.Option(help="A .csv or .jsonl with `text` and labels as 1, 0 or empty: trains the champion on it."),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(help="Folder of a BERT in safetensors, or a model folder of ours. Default: the recipe's."),
]
Trials = Annotated[
    int, typer.Option(min=0, help="Search learning rate, epochs and loss weights in so many short runs.")
]
TrialShare = Annotated[float, typer.Option(min=0.001, max=1.0, help="Share of the rows that a trial sees.")]
BackTranslate = Annotated[
    tuple[Path, Path] | None,
    typer.Option(help="Two MarianMT folders, English to French and back, to vary the training texts with."),
]
Measure = Annotated[
    bool, typer.Option("--measure/--no-measure", help="Put the figures into the result; takes some minutes.")
]
Steps = Annotated[
    int, typer.Option(callback=_steps, help="Stop after so many steps, 1 or more; -1 for what the recipe says.")
]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads. Default: all cores of this process.")]


def train(
    *,
    labels: Labels = None,
    mode: Annotated[Modes | None, typer.Option(help="With --labels: what may change. Default: lora.")] = None,
    models: Models = None,
    report: Annotated[Path | None, typer.Option(help="With --labels: where the report goes, as HTML.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --labels: write one JSON object.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder with the files that the recipe names.")] = None,
    out: Annotated[Path | None, typer.Option(help="Gets model/ (the result) and run/ (checkpoints).")] = None,
    checkpoint: Checkpoint = None,
    recipe: Annotated[Path | None, typer.Option(help="Another recipe than the one in the box.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after the last checkpoint in OUT/run.")] = False,
    tune: Trials = 0,
    tune_share: TrialShare = 0.2,
    back_translate: BackTranslate = None,
    measure: Measure = True,
    max_steps: Steps = -1,
    threads: Threads = None,
) -> None:
    """Train a model from the recipe, or with --labels the next version from labels of your own.

    With --labels the exit code is 0 if the new version passed the gate, 1 if not, 2 if nothing could be trained.
    """
    whole = {"checkpoint": checkpoint, "trials": tune, "back_translate": back_translate}
    with _one_sentence():
        if labels is not None:
            given = {"--data": data, "--out": out, "--checkpoint": checkpoint, "--recipe": recipe, "--tune": tune}
            _none_of({**given, "--back-translate": back_translate, "--max-steps": max_steps != -1}, BOTH)
            labels_verb.train(labels, models=models, mode=mode, report=report, threads=threads, as_json=as_json)
            return
        _none_of({"--mode": mode, "--models": models, "--report": report, "--json": as_json}, ONLY_LABELS)
        more = {"resume": resume, "max_steps": max_steps, "threads": threads, "measure": measure}
        _from_recipe(data, out, recipe, trial_share=tune_share, **whole, **more)


def _from_recipe(data: Path | None, out: Path | None, recipe: Path | None, **more: Any) -> None:
    if data is None or out is None:
        raise BadRequest(NEITHER)
    from moderation_model.training.recipe import default_recipe
    from moderation_model.training.run import train as run

    said = partial(typer.echo, err=True)
    typer.echo(str(run(data=data, out=out, recipe_path=recipe or default_recipe(), say=said, **more)))


@contextmanager
def _one_sentence() -> Iterator[None]:
    """What cannot be done ends the process with its sentence."""
    try:
        yield
    except ModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(CANNOT) from None


def _none_of(given: dict[str, object], sentence: str) -> None:
    """Raises BadRequest for options that mean nothing here, so that nobody believes that they did."""
    names = [name for name, value in given.items() if value]
    if names:
        raise BadRequest(sentence.format(names=", ".join(names)))
