"""The verbs `models`, `promote` and `rollback` of `candor-model`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from moderation_model.errors import ModelError
from moderation_model.models import ModelStore

T = TypeVar("T")

MODELS_VARIABLE = "CANDOR_MODELS_DIR"
DATA_VARIABLE = "CANDOR_DATA_DIR"
TAKEN = "A server that runs already takes it within seconds."

Models = Annotated[
    Path | None,
    typer.Option("--models", help="Folder of the model versions. Default: CANDOR_MODELS_DIR, else var/models."),
]


def register(app: typer.Typer) -> None:
    """Adds `models`, `promote` and `rollback` to `app`."""
    app.command()(models)
    app.command()(promote)
    app.command()(rollback)


def store_at(folder: Path | None = None) -> ModelStore:
    """The store in `folder`, else where the environment says, else beside the data as the bot has it."""
    given = folder or os.environ.get(MODELS_VARIABLE)
    return ModelStore(Path(given) if given else Path(os.environ.get(DATA_VARIABLE) or "var") / "models")


def models(
    folder: Models = None, as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False
) -> None:
    """List the model versions, which of them decides, and what the gate said of each."""
    store = store_at(folder)
    warning = _tried(store.current).warning
    found = _tried(store.versions)
    if warning:
        typer.echo(warning, err=True)
    if as_json:
        typer.echo(json.dumps({"models": [asdict(each) for each in found], "warning": warning}))
        return
    for each in found:
        gate = {None: "not judged", True: "passed the gate", False: "did not pass the gate"}[each.promote]
        grown = f", from {each.parent}" if each.parent else ""
        stale = f", {len(each.stale)} of its examples are gone since" if each.stale else ""
        unwell = f", unhealthy: {each.unhealthy}" if each.unhealthy else ""
        said = "in the box" if each.parent is None else gate
        typer.echo(f"{each.version:<28} {each.role:<11} {each.made:<11} {said}{grown}{stale}{unwell}")


def promote(
    version: Annotated[str, typer.Argument(help="A version that `candor-model models` lists.")],
    folder: Models = None,
    force: Annotated[
        str, typer.Option(help="Promote it though the gate does not let it; say in a sentence why. It is kept.")
    ] = "",
) -> None:
    """Let a version decide that has passed the gate. `rollback` takes it back."""
    store = store_at(folder)
    _tried(lambda: store.promote(version, force=bool(force), reason=force))
    typer.echo(f"{_tried(store.current).version} decides now. {TAKEN}")


def rollback(folder: Models = None) -> None:
    """Let the version decide again that decided before."""
    store = store_at(folder)
    typer.echo(f"{_tried(store.rollback)} decides again. {TAKEN}")


def _tried(work: Callable[[], T]) -> T:
    """What `work` gives; one sentence and exit code 1 for what it refuses."""
    try:
        return work()
    except ModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
