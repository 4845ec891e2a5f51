"""The process of one training run: `python -m moderation_model.run_process FOLDER CHAMPION`, started by `runs.py`.

Says what it does as lines of JSON on standard output: {"stage", "done", "every"}, {"say": line}, {"error": sentence}.
Writes `result.json` last. Ends when standard input closes, so that it does not outlive the server.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from moderation_model.errors import ModelError
from moderation_model.run_files import MODEL, ORDER, RESULT, WORK, write_whole
from moderation_model.run_order import read_order

NICENESS = 10
"""Messages are scored first; nice counts between processes of one session, and this one shares the server's."""


def main(folder: Path, champion: Path) -> int:
    """Does the run; 0, or 1 after saying why not."""
    os.nice(NICENESS)
    threading.Thread(target=_leave_with_parent, daemon=True, name="stdin").start()
    try:
        with (folder / ORDER).open("rb") as handle:
            order = read_order(handle)
        from moderation_model.training.learn_run import learn

        work = folder / WORK
        work.mkdir(mode=0o700, exist_ok=True)
        result = learn(order, champion=champion, work=work, out=work / MODEL, say=_say, stage=_stage)
    except ModelError as error:
        _tell({"error": str(error)})
        return 1
    except Exception as error:
        # The message may quote a text, so only its kind and place are told.
        trace, place = error.__traceback__, ""
        while trace is not None:
            place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
            trace = trace.tb_next
        _tell({"error": f"The run failed with {type(error).__name__} at {place}."})
        return 1
    write_whole(folder / RESULT, json.dumps(result.to_dict()))
    return 0


def _say(line: str) -> None:
    _tell({"say": line})


def _stage(name: str, done: int, every: int) -> None:
    _tell({"stage": name, "done": done, "every": every})


def _tell(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _leave_with_parent() -> None:
    """Reads the descriptor itself: a blocked reader object hinders the exit."""
    try:
        while os.read(0, 4096):
            pass
    except OSError:  # closed from the start: nobody holds the other end
        pass
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
