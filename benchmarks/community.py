"""Does learning work? A made-up community teaches the model its slang; held-out chat shows what that brought.

    python benchmarks/community.py --verdicts 300 --seeds 1 2 3 --json

Three hundred verdicts (what is flagged, most of what is missed, a few draws) are cut into parts as in a real run. The
figures are of 2,000 lines of the same community, made of sentences that no verdict was about, at the limits that the
model comes with. Seconds are CPU seconds of this process, which other programs on the machine do not lengthen.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from moderation_model import registry
from moderation_model.backends import BACKENDS, Classifier
from moderation_model.bulk import accused, score_texts
from moderation_model.checks.community import Line, community, reviewed
from moderation_model.checks.suite import read_suite, run_suite
from moderation_model.errors import ModelError
from moderation_model.learning import MODES, Mode
from moderation_model.scoring import predict

PAST, HELD_OUT = 6, 2000
"""Lines of the past, by verdict that is wanted, and lines that only measure."""


@dataclass(frozen=True, slots=True)
class Held:
    """Shares on held-out lines: harmless ones that are flagged, harmful ones that are, and the checks passed."""

    false_flags: float
    recall: float
    checks: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of the loop's model side. `trained`: examples that changed weights."""

    seed: int
    verdicts: int
    trained: int
    before: Held
    after: Held
    cpu_seconds: float


def trial(
    champion: Path, out: Path, *, verdicts: int, seed: int, mode: Mode = "lora", say: Callable[[str], None]
) -> Trial:
    """Adapts `champion` to the community of `seed` in the folder `out`, and measures both. Raises ModelError."""
    from moderation_model.training.adapt import adapt
    from moderation_model.training.dataset import TUNE
    from moderation_model.training.examples import parts_of, rows_of

    classifier = BACKENDS["torch"](champion)
    past = community(verdicts * PAST, seed=seed, cores="known")
    held_out = community(HELD_OUT, seed=seed + 100_000, cores="new")
    seen = reviewed(past, flags(classifier, past).tolist(), seed=seed)[:verdicts]
    before = held(classifier, held_out)
    start = time.process_time()
    parts = parts_of(seen, judge_share=0.3)
    train, tune = rows_of(parts.train), rows_of(parts.tune, TUNE)
    folder = adapt(champion, train, tune, mode=mode, seed=seed, out=out, say=say)
    seconds = time.process_time() - start
    after = held(BACKENDS["torch"](folder), held_out)
    return Trial(seed, len(seen), len(train), before, after, round(seconds, 1))


def flags(classifier: Classifier, lines: Sequence[Line]) -> np.ndarray:
    """(lines,): whether a label that accuses reaches its limit."""
    return accused(score_texts([line.text for line in lines], classifier), classifier.info.labels)


def held(classifier: Classifier, lines: Sequence[Line]) -> Held:
    """The shares of one model."""
    fired = flags(classifier, lines)
    harmful = np.array([line.harmful for line in lines])
    checks = run_suite(read_suite(), lambda texts: predict(texts, classifier)).overall
    return Held(
        false_flags=round(float(fired[~harmful].mean()), 4),
        recall=round(float(fired[harmful].mean()), 4),
        checks=round(checks.value, 4) if checks else 0.0,
    )


def report(trials: Sequence[Trial], version: str) -> dict[str, Any]:
    """Everything that is printed with `--json`; each goal holds its worst trial."""
    kept = max(each.after.false_flags / max(each.before.false_flags, 1e-9) for each in trials)
    recall = min(each.after.recall - each.before.recall for each in trials)
    checks = min(each.after.checks - each.before.checks for each in trials)
    goals = [
        ("false_flags_left", kept, 0.5, kept <= 0.5),
        ("recall_gained", recall, 0.0, recall >= 0.0),
        ("checks_gained", checks, -0.02, checks >= -0.02),
    ]
    return {
        "machine": f"{platform.processor() or platform.machine()}, {platform.platform()}",
        "weights": version,
        "figures": {
            **{name: round(value, 4) for name, value, _, _ in goals},
            "cpu_seconds": max(each.cpu_seconds for each in trials),
        },
        "goals": [
            {"name": name, "value": round(value, 4), "goal": goal, "met": bool(met)} for name, value, goal, met in goals
        ],
        "trials": [asdict(each) for each in trials],
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> None:
    """Prints one line a trial, or with `--json` one object; ends well whether or not the goals are met."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--verdicts", type=int, default=300)
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1])
    arguments.add_argument("--mode", choices=MODES, default="lora")
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    champion = registry.default_folder()
    trials: list[Trial] = []
    try:
        for seed in given.seeds:
            with tempfile.TemporaryDirectory() as folder:
                done = trial(champion, Path(folder), verdicts=given.verdicts, seed=seed, mode=given.mode, say=_say)
            trials.append(done)
            if not given.json:
                print(done)
    except ModelError as error:
        sys.exit(str(error))
    if given.json:
        print(json.dumps(report(trials, registry.read_manifest(champion)["version"])))


if __name__ == "__main__":
    main()
