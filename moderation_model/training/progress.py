"""Progress of a run: a bar on a terminal, a line now and then elsewhere; loss, speed and the time that remains."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from transformers import TrainerCallback

Say = Callable[[str], None]


class ShowProgress(TrainerCallback):
    """Tells `say` in lines; draws a bar instead of the step lines if standard error is a terminal."""

    def __init__(self, say: Say, console: Console | None = None) -> None:
        self._say = say
        self._console = console or Console(stderr=True)
        self._bar: tuple[Progress, TaskID] | None = None
        self._start: tuple[float, int] | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called by the Trainer once, also when it goes on after a kill."""
        self._start = time.monotonic(), state.global_step
        if self._console.is_terminal and state.is_world_process_zero:
            columns = (TextColumn("training"), BarColumn(), TextColumn("{task.completed} of {task.total}"))
            bar = Progress(*columns, TextColumn("{task.fields[loss]}"), TimeRemainingColumn(), console=self._console)
            self._bar = bar, bar.add_task("", total=state.max_steps, completed=state.global_step, loss="loss ...")
            bar.start()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called by the Trainer after every step."""
        if self._bar:
            self._bar[0].update(self._bar[1], completed=state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Called by the Trainer every `logging_steps`."""
        if not logs or "loss" not in logs or not state.is_world_process_zero:
            return
        loss = f"loss {float(logs['loss']):.4f}"
        if self._bar:
            self._bar[0].update(self._bar[1], loss=loss)
        else:
            self._say(f"step {state.global_step} of {state.max_steps}, {loss}, {self._left(state)}")

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: dict[str, float] | None = None, **_: Any
    ) -> None:
        """Called by the Trainer after every look at `tune`."""
        if metrics and state.is_world_process_zero:
            parts = [
                f"{name.removeprefix('eval_')} {value:.4f}"
                for name, value in metrics.items()
                if name.startswith("eval_") and not name.endswith(("runtime", "per_second", "loss"))
            ]
            self._say(f"tune after step {state.global_step}: {', '.join(parts)}")

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called by the Trainer at the end."""
        if self._bar:
            self._bar[0].stop()

    def _left(self, state: Any) -> str:
        if self._start is None or state.global_step <= self._start[1]:
            return "..."
        begun, first = self._start
        seconds = (time.monotonic() - begun) / (state.global_step - first) * (state.max_steps - state.global_step)
        return f"{seconds / 60:.1f} min left"


class Clock(TrainerCallback):
    """Seconds that a run has taken, those before a kill included; they are written down with every checkpoint."""

    def __init__(self, run: Path) -> None:
        self._file = run / "seconds"
        self._before = float(self._file.read_text("ascii")) if self._file.is_file() else 0.0
        self._start = time.monotonic()

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called by the Trainer after every checkpoint."""
        if state.is_world_process_zero:
            self._file.write_text(f"{self.seconds:.1f}", "ascii")

    @property
    def seconds(self) -> float:
        """Seconds up to now."""
        return self._before + time.monotonic() - self._start
