"""The verb `evaluate`: measures a model on a recipe's files or on a file of one's own, as a table, JSON or a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moderation_model.errors import BadRequest, ModelError
from moderation_model.score_verb import Device, Model, open_model

if TYPE_CHECKING:
    from moderation_model.backends import Classifier
    from moderation_model.contract import EvalReport, Figure, Figures, Slice

OWN = "Source `replay`: our own sentences, of templates that were not trained on but took part in calibration."


def register(app: typer.Typer) -> None:
    """Adds `evaluate` to `app`."""
    app.command()(evaluate)


def evaluate(
    *,
    data: Annotated[
        Path,
        typer.Option(help="Folder with the files that the recipe names, or a .csv or .jsonl with `text` and labels."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    report: Annotated[Path | None, typer.Option(help="Folder that gets index.html, a page with plots.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="Another recipe than the one in the box.")] = None,
    probes: Annotated[
        bool, typer.Option(help="Add evasion, our identity templates and our behavioural checks.")
    ] = True,
    model: Model = None,
    device: Device = "auto",
) -> None:
    """Measure a model on rows that it was not trained on: a recipe's part `report`, or all rows of a file."""
    try:
        classifier = open_model(model, device)
        found = measure(classifier, data, recipe, probes=probes)
        page = _write(found, report) if report else None
    except ModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2))
    else:
        show(found)
    if page:
        typer.echo(f"The page is {page}.", err=True)


def measure(classifier: Classifier, data: Path, recipe: Path | None = None, *, probes: bool = True) -> EvalReport:
    """The report on a folder or a file; a bar on standard error says how far it is. Raises BadRequest."""
    from moderation_model import evaluate as measuring
    from moderation_model.labelled_file import read_labelled
    from moderation_model.training.recipe import default_recipe, read_recipe

    if not data.exists():
        raise BadRequest(f"There is no folder or file {data}.")
    with progress() as tick:
        if data.is_dir():
            rows = measuring.recipe_rows(read_recipe(recipe or default_recipe()), data)
            name = f"part `report` of the recipe's files in {data.resolve().name}"
            return measuring.evaluate(classifier, rows, data=name, notes=(OWN,), probes=probes, tick=tick)
        read = read_labelled(data)
        return measuring.evaluate(classifier, read.rows, data=data.name, notes=read.notes, probes=probes, tick=tick)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A `tick` for `evaluate.evaluate`: bars with the time left on standard error, off a terminal a line each fifth."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    console = Console(stderr=True)
    fifths: dict[str, int] = {}
    tasks: dict[str, TaskID] = {}
    with Progress(console=console, disable=not console.is_terminal) as bars:

        def tick(stage: str, done: int, every: int) -> None:
            if not console.is_terminal and done * 5 // every > fifths.get(stage, 0):
                fifths[stage] = done * 5 // every
                typer.echo(f"{stage}: {done} of {every}", err=True)
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage)
            bars.update(tasks[stage], completed=done, total=every)

        yield tick


def show(found: EvalReport) -> None:
    """Prints the report as tables for people."""
    typer.echo(f"{found.model_version} on {found.texts} texts: {found.data}")
    for note in found.notes:
        typer.echo(f"Note: {note}")
    _show_headlines(found.figures)
    for label in found.labels:
        counts = f"caught {label.caught}, missed {label.missed}, false alarms {label.alarms}, passed {label.passed}"
        _lines(f"{label.name} at {label.threshold:.3f}: {counts}", label.figures)
    _lines("mean of the labels", found.mean)
    _lines("stars", found.sentiment)
    _show_slices(found.slices)
    _show_terms("own identity templates", found.identity)
    _show_terms("identities in the data", found.named)
    _lines("still caught when hidden", found.evasion)
    _lines("checks passed", found.checks)


def _show_headlines(figures: Figures) -> None:
    from moderation_model.goals import HEADLINES

    if figures:
        typer.echo("\nfigure: value (95 % interval) texts, goal")
    for name, at in figures.items():
        headline = HEADLINES[name]
        goal = f", {headline.wanted}: {'met' if headline.met(at.value) else 'missed'}" if headline.wanted else ""
        typer.echo(f"{name:<34}{_told(at)} {at.count}{goal}")


def _show_slices(parts: Sequence[Slice]) -> None:
    for by in dict.fromkeys(part.by for part in parts):
        typer.echo(f"\nby {by}: texts, share flagged, then area, recall and false alarms of `toxic`")
        for part in parts:
            if part.by == by:
                told = ", ".join(f"{name} {at.value:.3f}" for name, at in part.figures.items())
                typer.echo(f"  {part.name:<30}{part.count:>7}  {told}")


def _show_terms(title: str, terms: Mapping[str, Figures]) -> None:
    if terms:
        typer.echo(f"\n{title}, lowest BPSN AUC first")
    for term, areas in sorted(terms.items(), key=lambda at: at[1]["bpsn"].value if "bpsn" in at[1] else 1.0):
        typer.echo(f"  {term:<30}" + ", ".join(f"{name} {at.value:.3f}" for name, at in areas.items()))


def _lines(title: str, figures: Figures) -> None:
    if figures:
        typer.echo(f"\n{title}")
    for name, at in figures.items():
        typer.echo(f"  {name:<32}{_told(at)} {at.count}")


def _told(at: Figure) -> str:
    return f"{at.value:.4f} ({at.low:.4f} to {at.high:.4f})"


def _write(found: EvalReport, folder: Path) -> Path:
    """Writes the page and returns where it is. BadRequest if the folder cannot be written."""
    from moderation_model.evaluate import manifest_parts
    from moderation_model.reports.page import page

    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "index.html"
        path.write_text(page(found, manifest_parts(found), when=date.today()), "utf-8")
    except OSError as error:
        raise BadRequest(f"The page cannot be written to {folder}: {error.strerror}.") from error
    return path
