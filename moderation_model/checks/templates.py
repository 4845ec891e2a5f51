"""Turns template files into labelled sentences: slots are filled by a seeded draw, the same every time."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from moderation_model.labels import LABEL_NAMES

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader in C where PyYAML has it: ten times as fast on some thousand templates."""
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """`labels` holds only the labels that are known; `template` is `file:number` and names where it came from."""

    text: str
    labels: Mapping[str, float]
    template: str


def replay_folder() -> Path:
    """The templates that may be trained on."""
    return Path(__file__).parent / "replay"


def generate(folder: Path, *, per_template: int, seed: int) -> list[Sentence]:
    """Up to `per_template` different sentences of every template in `folder`, in a fixed order."""
    found: list[Sentence] = []
    for path in sorted(folder.glob("*.yaml")):
        spec = yaml.load(path.read_text("utf-8"), Loader=_LOADER)
        for number, entry in enumerate(spec["templates"]):
            item = entry if isinstance(entry, dict) else {"text": entry}
            labels = _labels(spec["labels"]) | _labels(item.get("labels", {}))
            known = {name: value for name, value in labels.items() if value is not None}
            chance = random.Random(f"{seed}:{path.stem}:{number}")
            for text in _fill(item["text"], spec.get("slots", {}), per_template, chance):
                found.append(Sentence(text, known, f"{path.stem}:{number}"))
    return found


def _labels(given: Mapping[str, Any]) -> dict[str, float | None]:
    labels: dict[str, float | None] = {}
    for name, value in given.items():
        for each in LABEL_NAMES if name == "all" else (name,):
            labels[each] = None if value is None else float(value)
    return labels


def _fill(template: str, slots: Mapping[str, list[str]], count: int, chance: random.Random) -> list[str]:
    """Different fillings of one template; a template without slots gives its one sentence."""
    found: dict[str, None] = {}
    for _ in range(count * 3):
        found[re.sub(r" +", " ", _SLOT.sub(lambda slot: str(chance.choice(slots[slot[1]])), template)).strip()] = None
        if len(found) == count:
            break
    return list(found)
