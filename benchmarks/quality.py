"""How good the model in the box is: every goal with its value and 95 % interval.

    python -m benchmarks.quality --data FOLDER --json

FOLDER holds the public files that the recipe names; only rows that the model was neither trained nor tuned on are
measured. Without it the goals that need no data are measured: behavioural checks, identity templates, and evasion of
our own abusive sentences in place of messages of the data.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks import measuring
from moderation_model import registry
from moderation_model.backends import BACKENDS, Classifier
from moderation_model.bulk import accused, score_texts
from moderation_model.checks.identity import identity_cases
from moderation_model.contract import Figures
from moderation_model.errors import ModelError
from moderation_model.evaluate import evaluate, recipe_rows
from moderation_model.evaluate_verb import progress
from moderation_model.goals import HEADLINES, goals
from moderation_model.probes import evadable, probe
from moderation_model.training.recipe import Recipe, default_recipe, read_recipe

NO_DATA = (
    "There is no --data FOLDER, so only what needs none is measured: checks, identities, and evasion of our own abusive"
    " sentences."
)


def measure(classifier: Classifier, data: Path | None) -> Figures:
    """The headline figures that can be measured. Raises BadRequest if a file is missing."""
    with progress() as tick:
        if data is not None:
            return evaluate(classifier, recipe_rows(_recipe(), data), data=data.name, tick=tick).figures
        abuse = [case.text for case in identity_cases() if case.abusive and evadable(case.text)]
        caught = accused(score_texts(abuse, classifier), classifier.info.labels)
        return probe(classifier, [text for text, flagged in zip(abuse, caught, strict=True) if flagged], tick).headlines


def report(figures: Figures, version: str, data: Path | None) -> dict[str, Any]:
    """Everything that is printed with `--json`; `goals` holds all goals, `value` and `met` None where not measured."""
    folder = registry.default_folder()
    return {
        "date": date.today().isoformat(),
        "machine": measuring.machine(),
        "weights": version,
        "weights_sha256": registry.file_digest(folder / "model.safetensors"),
        "data_sha256": _digests(_recipe(), data) if data else {},
        "figures": {name: round(figure.value, 4) for name, figure in figures.items()},
        "intervals": {name: [round(figure.low, 4), round(figure.high, 4)] for name, figure in figures.items()},
        "goals": [{name: _rounded(value) for name, value in asdict(goal).items()} for goal in goals(figures)],
        "note": None if data else NO_DATA,
    }


def show(told: Mapping[str, Any]) -> None:
    """The same as a table, with the weights and the data that it holds for."""
    print(f"{told['weights']} (model.safetensors {told['weights_sha256'][:16]}), {told['date']}, {told['machine']}")
    for name, digest in told["data_sha256"].items():
        print(f"  {name} {digest[:16]}")
    print(f"\n{'goal':<28}{'value':>10}  {'95 % interval':<20}{'wanted':<16}")
    for goal in told["goals"]:
        headline = HEADLINES[goal["name"]]
        if goal["value"] is None:
            print(f"{goal['name']:<28}{'-':>10}  {'not measured':<20}{headline.wanted:<16}")
            continue
        interval = f"{headline.number(goal['low'])} to {headline.number(goal['high'])}"
        met = "met" if goal["met"] else "missed"
        print(f"{goal['name']:<28}{headline.show(goal['value']):>10}  {interval:<20}{headline.wanted:<16}{met}")


def _recipe() -> Recipe:
    return read_recipe(default_recipe())


def _digests(recipe: Recipe, data: Path) -> dict[str, str]:
    """Of the files that hold measured rows."""
    names = sorted({spec.file for spec in recipe.sets if spec.part != "train"})
    return {name: registry.file_digest(data / name) for name in names}


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    """Prints the goals as a table, or with `--json` as one object; ends well whether or not they are met."""
    arguments = measuring.arguments(__doc__)
    arguments.add_argument("--data", type=Path, help="folder with the files that the recipe names")
    given = arguments.parse_args()
    try:
        classifier = BACKENDS["torch"](registry.default_folder())
        if given.data is None:
            print(NO_DATA, file=sys.stderr)
        told = report(measure(classifier, given.data), classifier.info.version, given.data)
    except ModelError as error:
        sys.exit(str(error))
    if given.json:
        print(json.dumps(told))
    else:
        show(told)


if __name__ == "__main__":
    main()
