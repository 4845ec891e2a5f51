"""Files that are whole or not there, whatever is killed when: write beside, force to disk, rename; and a lock."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moderation_model.errors import BadRequest, ModelUnavailable

LOCK_SECONDS = 30.0
"""How long another writer is waited for: moving a model in takes seconds."""
BUSY = "Another process is changing the models. Try again in a minute."
PART = ".part-"
"""What unfinished things are called at first; whoever holds the lock may remove them."""


def check_writable(folder: Path) -> None:
    """Makes the folder. Raises BadRequest where nothing can be written into it: now, not after hours of work."""
    probe = folder / f"{PART}probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise BadRequest(f"Nothing can be written to {folder}: {error.strerror}. Choose another folder.") from error


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replaces `path` at once: a reader sees the old or the new content, also after a loss of power. Raises OSError."""
    part = path.with_name(f"{PART}{path.name}")
    with part.open("w", encoding="utf-8") as handle:
        handle.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(part, path)
    _sync(path.parent)


def move_folder(source: Path, target: Path) -> None:
    """Moves a folder so that `target` is whole or not there; it must not exist. Raises OSError.

    From another disk it is copied beside the target first.
    """
    for path in (*source.rglob("*"), source):
        _sync(path)
    try:
        os.rename(source, target)
    except OSError:
        part = target.with_name(f"{PART}{target.name}")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(source, part)
        for path in (*part.rglob("*"), part):
            _sync(path)
        os.rename(part, target)
        shutil.rmtree(source)
    _sync(target.parent)


def remove_folder(folder: Path) -> None:
    """Removes a folder so that nobody ever sees half of it. Raises OSError."""
    part = folder.with_name(f"{PART}{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    os.rename(folder, part)
    shutil.rmtree(part)


def remove_parts(folder: Path) -> None:
    """Removes what a killed process left unfinished in `folder`. Only for the holder of the lock."""
    for path in folder.glob(f"{PART}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, *, seconds: float | None = None, busy: str = BUSY) -> Iterator[None]:
    """Holds the lock file `path`; the system lets go of it when the holder dies.

    Raises ModelUnavailable with the sentence `busy` when another process holds it for `seconds` (LOCK_SECONDS if not
    given), OSError when the file cannot be written.
    """
    import fcntl  # not on Windows, where the model can be served but not replaced

    give_up = time.monotonic() + (LOCK_SECONDS if seconds is None else seconds)
    with path.open("wb") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up:
                    raise ModelUnavailable(busy) from None
                time.sleep(0.05)
        yield


def _sync(path: Path) -> None:
    """Forces a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
