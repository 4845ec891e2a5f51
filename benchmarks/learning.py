"""Would Candor learn from your chat? The loop on any labelled file: verdicts in, challenger, gate, held-out figures.

    python -m benchmarks.learning --data chat.csv --text message --label toxic --labels 300 --json

`--label` holds 1 or 0 (or a share: from 0.5 on a line breaks the rules). Rows are cut into two halves that share no
near-duplicate. In the first, moderators are simulated: they judge every line that the champion flags, six of ten lines
that it misses (members report them) and one of twenty others; the first N of those verdicts are learned from. The
second half only measures. Nothing is promoted and nothing is kept.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measuring
from moderation_model import registry
from moderation_model.backends import BACKENDS
from moderation_model.errors import ModelError
from moderation_model.learning import MODES
from moderation_model.training.rehearsal import rehearse, verdicts, version_of
from moderation_model.training.splits import halves

ROWS = 8000
"""So many rows of a larger file are drawn, since near-duplicates are looked for among all of them."""
JUDGES = 4


def read_rows(path: Path, *, text: str, label: str) -> list[tuple[str, bool]]:
    """Texts and whether they break the rules; rows without either are left out. Raises ValueError with one sentence."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = {text, label} - set(reader.fieldnames or ())
            if missing:
                raise ValueError(
                    f"{path} has no column {sorted(missing)[0]!r}; it has {', '.join(reader.fieldnames or ())}."
                )
            rows = [(row[text] or "", row[label] or "") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a CSV file in UTF-8 ({type(error).__name__}).") from None
    return [(words, _breaks(value, path)) for words, value in rows if words.strip() and value.strip()]


def _breaks(value: str, path: Path) -> bool:
    try:
        return float({"true": "1", "false": "0"}.get(value.strip().lower(), value)) >= 0.5
    except ValueError:
        raise ValueError(f"{path}: a label must be a number from 0 to 1, true or false.") from None


def run(rows: list[tuple[str, bool]], given: argparse.Namespace) -> dict[str, Any]:
    """The loop on the rows, as it is printed. Raises ModelError, and ValueError with one sentence."""
    chance = random.Random(given.seed)
    rows = sorted(set(rows))
    chance.shuffle(rows)
    rows = rows[: given.rows]
    first = halves([words for words, _ in rows], range(len(rows)))
    past = [row for row, early in zip(rows, first, strict=True) if early]
    later = [row for row, early in zip(rows, first, strict=True) if not early]
    truth = np.array([breaks for _, breaks in later], dtype=bool)
    if len(set(truth.tolist())) < 2:
        raise ValueError("The file needs lines that break the rules and lines that do not.")
    champion = registry.default_folder()
    seen = verdicts(
        [words for words, _ in past],
        np.array([breaks for _, breaks in past], dtype=bool),
        classifier=BACKENDS["torch"](champion),
        judges=JUDGES,
        seed=given.seed,
        wanted=given.labels,
    )
    with tempfile.TemporaryDirectory() as folder:
        found = rehearse(
            seen,
            [words for words, _ in later],
            truth,
            champion=champion,
            work=Path(folder),
            seed=given.seed,
            mode=given.mode,
            say=lambda line: print(line, file=sys.stderr),
        )
    return {
        "machine": measuring.machine(),
        "weights": version_of(champion),
        "verdicts": len(seen),
        "held_out": len(later),
        "held_out_harmful": int(truth.sum()),
        **found.to_dict(),
    }


def show(told: dict[str, Any]) -> None:
    """The same for people."""
    print(f"{told['verdicts']} verdicts, {told['held_out']} held-out lines, {told['held_out_harmful']} of them harmful")
    for name, shares in (("champion", told["champion"]), ("challenger", told["challenger"])):
        if shares is not None:
            print(f"{name:<11}" + "  ".join(f"{each} {value}" for each, value in shares.items()))
    for name, gain in told["gains"].items():
        print(f"gain in {name.replace('_', ' ')}: {gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})")
    for row in told["gate"]:
        print(f"{'met' if row['met'] else 'NOT MET'}  {row['rule']}: {row['reason']}")
    print(f"{'would be promoted' if told['promoted'] else 'not promoted'} after {told['minutes']} minutes")


def main() -> None:
    """Prints the figures, or with `--json` one object; ends well whatever the gate says."""
    arguments = measuring.arguments(__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--text", required=True, help="column of the texts")
    arguments.add_argument("--label", required=True, help="column that says what breaks the rules")
    arguments.add_argument("--labels", type=int, default=300, help="verdicts to learn from")
    arguments.add_argument("--rows", type=int, default=ROWS, help="rows drawn of the file")
    arguments.add_argument("--mode", choices=MODES, default="lora")
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    try:
        told = run(read_rows(given.data, text=given.text, label=given.label), given)
    except (ModelError, ValueError) as error:
        sys.exit(str(error))
    if given.json:
        print(json.dumps(told))
    else:
        show(told)


if __name__ == "__main__":
    main()
