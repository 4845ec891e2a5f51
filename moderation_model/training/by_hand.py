"""A learning run by hand: a file of labels in, a version beside the others out. The champion stays what it is.

Texts are read from the file again each time and never copied: what a killed run leaves is its checkpoints and a digest.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from moderation_model import atomic, registry
from moderation_model.errors import BadRequest
from moderation_model.label_rows import read_label_rows
from moderation_model.learning import Example, Mode, RunOrder, RunResult
from moderation_model.models import ModelStore
from moderation_model.run_files import MODEL, WORK
from moderation_model.training.learn_run import Say, Stage, learn

FOLDER, REPORTS = "by-hand", "reports"
"""Beside the versions: what a run needs while it goes on, and its pages."""
NICENESS = 10
GUILD = ""
BUSY = "Another training by hand goes on with these models. Wait for it, or name another folder with --models."


@dataclass(frozen=True, slots=True)
class Taught:
    """What came out. `page`: the report as HTML, None where nothing was trained. `read`: rows of the file, and those of
    them without a label.
    """

    result: RunResult
    page: Path | None
    read: tuple[int, int]


def learn_by_hand(
    labels: Path, *, store: ModelStore, mode: Mode, page: Path | None = None, say: Say, stage: Stage
) -> Taught:
    """Trains the champion of `store` on the file and judges what came out, which is kept as a version there.

    It decides nothing until it is promoted. A run that was killed goes on when it is asked for again with the same
    file, champion and mode. `page`: where the report goes instead of `reports/VERSION.html`. Raises a `ModelError`.
    """
    rows = read_label_rows(labels)
    unlabelled = sum(not row.labels for row in rows)
    if unlabelled == len(rows):
        raise BadRequest(f"No row of {labels.name} has a label: write 1 or 0 into a column of one.")
    folder = store.root / FOLDER
    atomic.check_writable(folder)
    if page is not None and page.is_dir():
        raise BadRequest(f"{page} is a folder: name a file for the report, such as {page / 'report.html'}.")
    atomic.check_writable(page.parent if page else store.root / REPORTS)
    with atomic.locked(folder / "lock", seconds=0.0, busy=BUSY):
        champion = store.current()
        if champion.warning:
            say(champion.warning)
        work = folder / WORK
        work.mkdir(mode=0o700, exist_ok=True)
        examples = tuple(
            Example(row.number, row.text, row.labels, "imported", True, 0.0, guild=GUILD) for row in rows if row.labels
        )
        order = RunOrder(FOLDER, examples, mode=mode)
        result = learn(order, champion=champion.folder, work=work, out=work / MODEL, say=say, stage=stage)
        if result.challenger is not None:
            _own_limits(work / MODEL, result)
            # Row numbers of a file are no ids of examples: nobody can withdraw them.
            store.adopt(work / MODEL, replace(result, trained_on=()))
        shutil.rmtree(work)
    return Taught(result, _write_page(result, page, store.root / REPORTS), (len(rows), unlabelled))


def stand_back() -> None:
    """Whatever else runs on this machine, a bot's server above all, goes first."""
    os.nice(max(0, NICENESS - os.nice(0)))


def _own_limits(folder: Path, result: RunResult) -> None:
    """The limits that the gate judged the version at become those that it brings along."""
    manifest = registry.read_manifest(folder)
    limits = dict(manifest["thresholds"])
    for name, limit in result.limits.get(GUILD, {}).items():
        if limit != limits[name]["value"]:
            limits[name] = {"value": limit, "chosen_by": "labels of this installation"}
    atomic.write_json(folder / registry.MANIFEST, {**manifest, "thresholds": limits})


def _write_page(result: RunResult, page: Path | None, folder: Path) -> Path | None:
    if result.challenger is None:
        return None
    from moderation_model.reports.learning_page import learning_page

    path = page or folder / f"{result.challenger}.html"
    try:
        path.write_text(learning_page(result), "utf-8")
    except OSError as error:
        raise BadRequest(
            f"{result.challenger} is kept, but its report cannot be written to {path}: {error.strerror}."
        ) from error
    return path
