"""Changes to a model store, each done by a process of its own that is killed just before its n-th step.

Arguments: store folder and folder of the model in the box. Reads lines such as `3 promote v1` (kill before step 3) and
answers each with `killed` or, where the change ended before, `done`. It forks: it has no threads.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from moderation_model import atomic
from moderation_model.models import ModelStore
from tests.model.model_folders import finished

CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir")


def change(store: ModelStore, what: str, *rest: str) -> None:
    """`promote VERSION`, `rollback`, `adopt FOLDER VERSION` or `stale ID`, unharmed."""
    if what == "promote":
        store.promote(rest[0])
    elif what == "rollback":
        store.rollback()
    elif what == "adopt":
        store.adopt(Path(rest[0]), finished(rest[1]))
    else:
        store.mark_stale([int(rest[0])])


def kill_before(step: int) -> None:
    """Kills this process before so many lines of the code that writes, and changes to the file system, are done."""
    left = step

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != atomic.__file__ or frame.f_code.co_name == "_sync":
            return None  # forcing a file to disk changes nothing that another process sees
        if event == "line":
            count()
        return trace

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES or (event == "open" and arguments[1] in ("w", "wb")):
            count()

    sys.settrace(trace)
    sys.addaudithook(watch)


def main() -> None:
    folder, shipped = (Path(argument) for argument in sys.argv[1:])
    for order in sys.stdin:
        step, *what = order.split()
        child = os.fork()
        if not child:
            try:
                kill_before(int(step))
                change(ModelStore(folder, shipped=shipped), *what)
            except BaseException as error:
                sys.settrace(None)
                print(repr(error), flush=True)
                os._exit(1)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print({0: "done", -signal.SIGKILL: "killed"}.get(code, code), flush=True)


if __name__ == "__main__":
    main()
