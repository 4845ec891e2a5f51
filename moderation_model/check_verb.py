"""The verb `check`: runs the behavioural checks, prints a table, fails below the minima."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moderation_model.errors import ModelError
from moderation_model.score_verb import Device, Model, open_model

if TYPE_CHECKING:
    from rich.table import Table

    from moderation_model.checks.suite import CheckResult, SuiteReport
    from moderation_model.contract import Figure

WIDTH = 100
"""Columns of the table where no terminal says how many there are."""


def register(app: typer.Typer) -> None:
    """Adds `check` to `app`."""
    app.command()(check)


def check(
    model: Model = None,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    gate: Annotated[Path | None, typer.Option(help="Folder with other checks (*.yaml) than those in the box.")] = None,
    failures: Annotated[bool, typer.Option("--failures", help="List the failing cases, too.")] = False,
) -> None:
    """Run the behavioural checks. The exit code is 1 if a test is below its minimum, 2 if nothing could be run."""
    from moderation_model.checks.suite import read_suite, run_suite
    from moderation_model.scoring import predict

    try:
        checks = read_suite(gate)
        classifier = open_model(model, device)
        report = run_suite(checks, lambda texts: predict(texts, classifier))
    except ModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps({"model_version": classifier.info.version, **report.to_dict()}, indent=2))
    else:
        show(report, classifier.info.version, failures=failures)
    if report.below:
        names = ", ".join(f"{result.check.category}/{result.check.name}" for result in report.below)
        typer.echo(f"{len(report.below)} of {len(report.results)} tests are below their minimum: {names}.", err=True)
        raise typer.Exit(1)


def show(report: SuiteReport, model_version: str, *, failures: bool) -> None:
    """Prints the table, the overall figures against their goals and, if asked for, every failing case."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    console.print(_table(report, plain=not console.is_terminal))
    typer.echo(f"\n{model_version}: {len(report.results)} tests, {sum(each.total for each in report.results)} cases")
    if report.overall:
        typer.echo(_goal("checks_passed", "cases passed", report.overall))
    if report.worst:
        name, figure = report.worst
        typer.echo(_goal("checks_worst_category", f"worst of the harmless categories ({name})", figure))
    if failures:
        for result in report.results:
            _list_failures(result)


def _table(report: SuiteReport, *, plain: bool) -> Table:
    """One row a category, then one row for each of its tests; without lines if `plain`."""
    from rich import box
    from rich.table import Table

    table = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("test", overflow="fold")
    table.add_column("expected", no_wrap=True)
    for heading in ("passed", "rate", "minimum"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    category = ""
    for result in report.results:
        if result.check.category != category:
            category = result.check.category
            figure = report.categories[category]
            counts = f"{round(figure.value * figure.count)}/{figure.count}"
            table.add_row(category, "", counts, f"{figure.value:.2f}", "", "", style="bold")
        mark = "ok" if result.ok else "below"
        table.add_row(
            f"  {result.check.name}",
            result.check.expects,
            f"{result.passed}/{result.total}",
            f"{result.rate:.2f}",
            f"{result.check.minimum:.2f}",
            mark,
            style="" if result.ok else "red",
        )
    return table


def _goal(name: str, title: str, at: Figure) -> str:
    """One overall figure with its interval, and whether it reaches its goal."""
    from moderation_model.goals import HEADLINES

    headline = HEADLINES[name]
    reached = "reached" if headline.met(at.value) else "missed"
    values = f"{headline.show(at.value)} ({headline.show(at.low)} to {headline.show(at.high)})"
    return f"{title}: {values}; goal {headline.wanted}: {reached}"


def _list_failures(result: CheckResult) -> None:
    if result.failures:
        typer.echo(f"\n{result.check.category}/{result.check.name} (expected {result.check.expects})")
    for failure in result.failures:
        text = failure.text if failure.text.isprintable() else ascii(failure.text)
        label, score = max(failure.scores.items(), key=lambda at: at[1], default=("nothing", 0.0))
        found = ", ".join(failure.flagged) or "nothing"
        typer.echo(f"  {text}\n    flagged: {found}; highest: {label} {score:.2f}; reading: {failure.reading}")
