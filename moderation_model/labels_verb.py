"""`candor-model train --labels FILE`: one learning run by hand, with bars, the gate row by row, and what to do next."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from moderation_model.evaluate_verb import progress
from moderation_model.models_verbs import store_at

if TYPE_CHECKING:
    from moderation_model.learning import RunResult
    from moderation_model.training.by_hand import Taught

NOT_PASSED, CANNOT, INTERRUPTED = 1, 2, 130
"""Exit codes; 0: the new version passed the gate."""
STOPPED = "Stopped. The same command goes on where this one ended."
KEPT = "It is kept and decides nothing yet. To let it decide: candor-model promote {version}{models}"
FAILED = (
    "It is kept, decides nothing and can only be promoted against the gate: candor-model promote {version}{models} "
    '--force "why"'
)


class Modes(StrEnum):
    """What a run may change, as `learning.MODES` has it."""

    lora = "lora"
    full = "full"
    head = "head"


def train(
    labels: Path, *, models: Path | None, mode: Modes | None, report: Path | None, threads: int | None, as_json: bool
) -> None:
    """Trains, and prints what came out. Raises a `ModelError`, and Exit where no version passed the gate."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is first imported
    from moderation_model.backends.devices import use_threads
    from moderation_model.training.by_hand import learn_by_hand, stand_back

    stand_back()
    use_threads(threads)
    try:
        with _stages() as stage:
            taught = learn_by_hand(
                labels,
                store=store_at(models),
                mode=(mode or Modes.lora).value,
                page=report,
                say=lambda line: typer.echo(line, err=True),
                stage=stage,
            )
    except KeyboardInterrupt:
        typer.echo(STOPPED, err=True)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        page = str(taught.page) if taught.page else None
        typer.echo(json.dumps({"report": page, **taught.result.to_dict()}))
    else:
        show(taught, f" --models {models}" if models else "")
    if not taught.result.verdict.promote:
        raise typer.Exit(NOT_PASSED if taught.result.challenger else CANNOT)


def show(taught: Taught, models: str = "") -> None:
    """Prints what was read, every rule of the gate, the limits, and what to do next."""
    result, (rows, unlabelled) = taught.result, taught.read
    left_out = f", {unlabelled:,} of them without a label" if unlabelled else ""
    typer.echo(f"{rows:,} rows read{left_out}; {len(result.trained_on):,} trained on, {result.held_out:,} held out.")
    for why, number in (result.learned.refused if result.learned else {}).items():
        typer.echo(f"Left out: {number:,} ({why}).")
    if result.challenger is None:
        typer.echo(f"Nothing was trained. {' '.join(result.verdict.reasons)}")
        return
    better = "better" if result.verdict.promote else "not better"
    typer.echo(f"\n{result.challenger} is {better} than {result.champion}:")
    for row in result.verdict.rows:
        typer.echo(f"  {'met' if row.met else 'NOT MET':<9}{row.rule:<13}{row.reason}")
    _show_limits(result)
    typer.echo((KEPT if result.verdict.promote else FAILED).format(version=result.challenger, models=models))
    typer.echo(f"Report: {taught.page}")


def _show_limits(result: RunResult) -> None:
    for limits in result.limits.values():
        typer.echo(f"\nIts limits: {', '.join(f'{name} {limit:.3f}' for name, limit in limits.items())}.\n")


@contextmanager
def _stages() -> Iterator[Callable[[str, int, int], None]]:
    """A `stage` that draws a bar for what has none of its own: the trainer draws the training, two would overlap."""
    with ExitStack() as stack:
        ticks: list[Callable[[str, int, int], None]] = []

        def stage(name: str, done: int, every: int) -> None:
            if name == "comparing":
                ticks[:] = ticks or [stack.enter_context(progress())]
                ticks[0](name, done, every)

        yield stage
