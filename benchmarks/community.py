"""Does learning work, and is it safe? A made-up community teaches the model its slang; held-out chat shows the rest.

    python -m benchmarks.community --verdicts 300 --seeds 1 2 3 --json
    python -m benchmarks.community --verdicts 300 --seeds 1 2 3 4 5 --inverted --json

Each seed is one whole run: verdicts (what is flagged, most of what is missed, a few draws) are cut into parts, a
challenger is trained, gets its limits and is judged by the gate. The figures are of 2,000 lines of the same community,
made of sentences that no verdict was about. With `--inverted` one of five moderators gives the opposite of every
answer. Such a run is stopped if the bot holds that moderator's verdicts (so that they never reach a run), if the gate
refuses what was trained on them nevertheless, or if the cap on one moderator leaves nothing of them: the challenger is
not worse than the champion, by the intervals of false flags and recall. Seconds are CPU seconds of this process.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measuring
from bot.core.influence import Judgement, contradictions
from moderation_model import registry
from moderation_model.backends import BACKENDS
from moderation_model.bulk import ACCUSING, Scored, accused, score_texts
from moderation_model.checks.community import HARMFUL, HARMLESS, community, reviewed
from moderation_model.errors import ModelError
from moderation_model.learning import MODES, Example, Mode
from moderation_model.training.rehearsal import Rehearsed, rehearse, version_of

PAST, HELD_OUT, MODERATORS = 6, 2000, 5
"""Lines of the past, by verdict that is wanted; lines that only measure; people who take turns in judging."""
FALSE_FLAGS_LEFT, CHECKS_LOST = 0.5, -0.02


@dataclass(frozen=True, slots=True)
class Trial:
    """One whole run. `held`: the bot would have held the moderator who inverts; None where nobody does."""

    seed: int
    verdicts: int
    held: bool | None
    run: Rehearsed

    @property
    def stopped(self) -> bool:
        """Whether what the inverting moderator said did no harm."""
        refused = not self.run.result.verdict.promote
        harmed = any(self.run.gains[name].high < 0 for name in ("left_alone", "recall") if name in self.run.gains)
        return bool(self.held) or refused or not harmed

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        found: dict[str, Any] = {"seed": self.seed, "verdicts": self.verdicts, **self.run.to_dict()}
        return found if self.held is None else {**found, "held": self.held, "stopped": self.stopped}


def trial(
    champion: Path, work: Path, *, verdicts: int, seed: int, mode: Mode, inverted: bool, say: Callable[[str], None]
) -> Trial:
    """One run on the community of `seed` in the folder `work`. Raises ModelError."""
    classifier = BACKENDS["torch"](champion)
    past = community(verdicts * PAST, seed=seed, cores="known")
    later = community(HELD_OUT, seed=seed + 100_000, cores="new")
    scored = score_texts([line.text for line in past], classifier)
    flags = accused(scored, classifier.info.labels)
    seen = [_turn(example, seed) for example in reviewed(past, flags.tolist(), seed=seed)[:verdicts]]
    if inverted:
        seen = [_inverted(example) if example.judges == ("0",) else example for example in seen]
    found = contradictions(_judgements(seen, scored, classifier.info.labels)) if inverted else []
    run = rehearse(
        seen,
        [line.text for line in later],
        np.array([line.harmful for line in later]),
        champion=champion,
        work=work,
        seed=seed,
        mode=mode,
        say=say,
    )
    return Trial(seed, len(seen), any(each.moderator_id == 0 for each in found) if inverted else None, run)


def _turn(example: Example, seed: int) -> Example:
    return replace(example, judges=(str((example.example_id * 7 + seed) % MODERATORS),))


def _inverted(example: Example) -> Example:
    return replace(example, labels=HARMLESS if any(example.labels.values()) else HARMFUL)


def _judgements(seen: Sequence[Example], scored: Scored, labels: Sequence[str]) -> list[Judgement]:
    """What the bot compares: answers about labels that were flagged."""
    found: list[Judgement] = []
    for example in seen:
        row = example.example_id - 1
        for column, name in enumerate(labels):
            if name in ACCUSING and name in example.labels and scored.flagged[row, column]:
                score = float(scored.scores[row, column])
                found.append(Judgement(int(example.judges[0]), name, score, example.labels[name] == 1.0))
    return found


def report(trials: Sequence[Trial], version: str) -> dict[str, Any]:
    """Everything that is printed with `--json`; each goal holds its worst trial."""
    found: dict[str, Any] = {
        "machine": measuring.machine(),
        "weights": version,
        "promoted": sum(each.run.result.verdict.promote for each in trials),
        "minutes_at_most": round(max(each.run.result.minutes for each in trials), 2),
        "trials": [each.to_dict() for each in trials],
    }
    if all(each.held is not None for each in trials):
        return {**found, "held": sum(bool(each.held) for each in trials), "stopped": sum(t.stopped for t in trials)}
    runs = [each.run for each in trials if each.run.after is not None]
    left = max((each.after.false_flags / each.before.false_flags for each in runs if each.after), default=1.0)
    recall = min((each.gains["recall"].low for each in runs), default=0.0)
    lost = [_lost(each, name) for each in runs for name in ("checks", "anchors")]
    goals = [
        measuring.at_most("false_flags_left", left, FALSE_FLAGS_LEFT),
        measuring.at_least("recall_gained_at_least", recall, 0.0),
        measuring.at_least("checks_and_anchors_gained", min(lost, default=0.0), CHECKS_LOST),
    ]
    return {**found, "goals": [asdict(goal) for goal in goals]}


def _lost(run: Rehearsed, name: str) -> float:
    return next(each.challenger - each.champion for each in run.result.differences if each.name == name)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> None:
    """Prints one line a trial, or with `--json` one object; ends well whether or not the goals are met."""
    arguments = measuring.arguments(__doc__)
    arguments.add_argument("--verdicts", type=int, default=300)
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1])
    arguments.add_argument("--mode", choices=MODES, default="lora")
    arguments.add_argument("--inverted", action="store_true", help="one of five moderators answers the opposite")
    given = arguments.parse_args()
    champion = registry.default_folder()
    trials: list[Trial] = []
    options: dict[str, Any] = {"verdicts": given.verdicts, "mode": given.mode, "inverted": given.inverted}
    try:
        for seed in given.seeds:
            with tempfile.TemporaryDirectory() as folder:
                trials.append(trial(champion, Path(folder), seed=seed, say=_say, **options))
            print(json.dumps(trials[-1].to_dict()), file=sys.stderr if given.json else sys.stdout)
    except ModelError as error:
        sys.exit(str(error))
    if given.json:
        print(json.dumps(report(trials, version_of(champion))))


if __name__ == "__main__":
    main()
