"""Stands in for the process of a training run: `python -m tests.e2e.stub_run FOLDER CHAMPION`.

It reads its order and speaks as the real one does, and trains nothing: its model is the champion with limits that flag
nothing. While the file `hold` lies beside the runs it waits in the middle of its work, after writing down its number.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import sys
from pathlib import Path

from moderation_model import registry
from moderation_model.learning import GateRow, GateVerdict, Learned, RunResult
from moderation_model.run_files import MODEL, ORDER, RESULT, WORK, write_whole
from moderation_model.run_order import read_order

HOLD, PID = "hold", "pid"
BETTER = "better-1"
LIMIT = 0.97
"""What the guild's limit for insults is with the new model."""


def main(folder: Path, champion: Path) -> None:
    """Makes the model and writes the result."""
    with (folder / ORDER).open("rb") as handle:
        order = read_order(handle)
    say(stage="training", done=1, every=2)
    (folder / PID).write_text(str(os.getpid()))
    while (folder.parent / HOLD).exists():
        if select.select([0], [], [], 0.05)[0] and not os.read(0, 1):
            sys.exit(3)
    model = folder / WORK / MODEL
    shutil.rmtree(folder / WORK, ignore_errors=True)
    shutil.copytree(champion, model)
    manifest = registry.read_manifest(model)
    limits = {name: {"value": 0.99} for name in manifest["thresholds"]}
    parent = str(manifest["version"])
    registry.write_manifest(model, {**manifest, "version": BETTER, "thresholds": limits})
    say(say=f"looked at {len(order.examples)} labels")
    result = RunResult(
        champion=parent,
        challenger=BETTER,
        verdict=GateVerdict(promote=True, rows=(GateRow("cost", True, "Fewer wrong flags."),)),
        learned=Learned({"sandbox": len(order.examples)}, {}, 0.25),
        limits={guild: {"insult": LIMIT} for guild in {example.guild for example in order.examples}},
        trained_on=tuple(example.example_id for example in order.examples),
        device="cpu",
    )
    write_whole(folder / RESULT, json.dumps(result.to_dict()))


def say(**message: object) -> None:
    """One line for the server."""
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
