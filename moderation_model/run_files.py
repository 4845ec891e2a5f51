"""The files of a run's folder: the order as it arrives, the state, and their names."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import AsyncIterator, Collection
from pathlib import Path

from moderation_model.errors import BadRequest
from moderation_model.learning import RunState
from moderation_model.run_order import read_order

ORDER, STATE, RESULT, WORK, MODEL = "order.jsonl", "state.json", "result.json", "work", "model"
FORGOTTEN = "forgotten.json"
"""Names in a run's folder; `WORK/MODEL` is the model that it made."""
KEPT_RUNS = 50
MAX_ORDER_BYTES = 256 * 1024 * 1024
_ORDERS = threading.Lock()
"""Held while an order is replaced or removed, so that none comes back once its run has ended."""
_STRIKES = threading.Lock()
"""Held while examples are struck, so that of two who strike at once neither brings back what the other struck."""


async def receive(body: AsyncIterator[bytes], path: Path) -> None:
    """The body into a file that only we can read. Raises BadRequest where it is too large."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    size = 0
    with os.fdopen(descriptor, "wb") as handle:
        async for chunk in body:
            size += len(chunk)
            if size > MAX_ORDER_BYTES:
                raise BadRequest(f"The order of a run may hold at most {MAX_ORDER_BYTES // 2**20} MiB.")
            handle.write(chunk)


def run_id_of(path: Path) -> str:
    """The id in the order, which is read whole: what is wrong with it is said now. Raises BadRequest."""
    with path.open("rb") as handle:
        return read_order(handle).run_id


def strike(folder: Path, example_ids: Collection[int]) -> None:
    """The order holds these examples no longer, and `forgotten` gives their ids. A run that ended has no order."""
    if gone := set(example_ids):
        with _STRIKES:
            _strike(folder, gone)


def _strike(folder: Path, gone: set[int]) -> None:
    path = folder / ORDER
    try:
        head, *lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return
    kept = [line for line in lines if json.loads(line)["example_id"] not in gone]
    if len(kept) == len(lines):
        return
    struck = {int(json.loads(line)["example_id"]) for line in lines} & gone
    write_whole(folder / FORGOTTEN, json.dumps(sorted(struck | set(forgotten(folder)))))
    fresh = folder / f".{ORDER}"
    fresh.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.writelines([head, *kept])
        with _ORDERS:
            if path.exists() and fresh.exists():
                os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def clear(folder: Path) -> None:
    """Removes whatever in a run's folder may hold a text: orders, also half-written ones, and checkpoints."""
    with _ORDERS:
        for path in (*folder.glob(ORDER), *folder.glob(f".{ORDER}*")):
            path.unlink(missing_ok=True)
    shutil.rmtree(folder / WORK, ignore_errors=True)


def folders(root: Path) -> list[Path]:
    """The folders of runs."""
    return [path for path in root.glob("*") if path.is_dir()] if root.is_dir() else []


def prune(root: Path) -> None:
    """Only the newest runs stay known."""
    for folder in sorted(folders(root), key=lambda folder: folder.stat().st_mtime)[:-KEPT_RUNS]:
        shutil.rmtree(folder, ignore_errors=True)


def forgotten(folder: Path) -> list[int]:
    """The examples that were struck from the order while the run went on."""
    path = folder / FORGOTTEN
    return json.loads(path.read_text("utf-8")) if path.is_file() else []


def write_state(folder: Path, state: RunState, attempts: int) -> None:
    """Replaced in one step: a reader and a crash find the old state or the new one."""
    write_whole(folder / STATE, json.dumps({"attempts": attempts, "state": state.to_dict()}))


def write_whole(path: Path, text: str) -> None:
    """The file with `text` in it, or the old one after a crash, never a part."""
    fresh = path.with_name(f".{path.name}")
    with fresh.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(fresh, path)


def read_state(folder: Path) -> tuple[RunState, int] | None:
    """The state and the attempts so far, None where there is nothing readable."""
    try:
        data = json.loads((folder / STATE).read_text("utf-8"))
        return RunState.from_dict(data["state"]), int(data["attempts"])
    except (OSError, KeyError, TypeError, ValueError):
        return None
