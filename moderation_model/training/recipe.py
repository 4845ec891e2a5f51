"""The recipe: which files, which columns mean what, how to train. Read from TOML, checked once, frozen."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES


@dataclass(frozen=True, slots=True)
class Rule:
    """If all `where` conditions hold, the row gets `labels` and `stars` (five shares, or the name of a column)."""

    where: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, float] = field(default_factory=dict)
    stars: tuple[float, ...] | str | None = None


@dataclass(frozen=True, slots=True)
class SourceSet:
    """One public file and what its columns mean."""

    name: str
    file: str
    text: str
    part: str
    origin: str
    licence: str
    rules: tuple[Rule, ...] = ()
    columns: bool = False
    group: str = ""
    only: Mapping[str, str] = field(default_factory=dict)
    weight: float = 1.0
    limit: int = 0
    repeat: float = 1.0
    chat: bool = False
    detokenise: bool = False


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """Numbers of the training itself; lengths in tokens.

    `warmup` is a share of all steps, `augment_share` and `join_share` are shares of the training rows.
    `positive_weights` multiplies the loss of a label's positives. `soft_stars` is the share of a rating that goes to
    its neighbours. `looks` is how often an epoch the model is measured on `tune`; after `patience` looks without a
    better one the training ends.
    """

    seed: int
    epochs: float
    batch: int
    learning_rate: float
    warmup: float
    weight_decay: float
    max_tokens: int
    sentiment_weight: float
    replay_per_template: int
    replay_weight: float
    dropout: float = 0.1
    augment_share: float = 0.0
    join_share: float = 0.0
    soft_stars: float = 0.0
    positive_weights: Mapping[str, float] = field(default_factory=dict)
    looks: int = 2
    patience: int = 4


@dataclass(frozen=True, slots=True)
class ThresholdGoal:
    """Precision to reach at the stated base rate; labels with fewer positives than `min_positives` take `floor`.

    `own_harmless` is the largest share of our own held-out harmless sentences that one label may flag.
    """

    base_rate: float
    precision: float
    floor: float
    min_positives: int
    own_harmless: float = 1.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """The whole file; `raw` is what the manifest keeps of it."""

    checkpoint: Mapping[str, str]
    train: TrainSettings
    max_tokens: int
    overlap: int
    thresholds: ThresholdGoal
    sets: tuple[SourceSet, ...]


def default_recipe() -> Path:
    """The recipe of the model that ships."""
    return Path(__file__).parent / "recipe.toml"


def read_recipe(path: Path) -> Recipe:
    """Reads and checks a recipe; BadRequest with a sentence if it cannot be used."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        return Recipe(
            checkpoint={name: str(data["checkpoint"][name]) for name in ("name", "sha256", "licence", "get")},
            train=TrainSettings(**data["train"]),
            max_tokens=int(data["model"]["max_tokens"]),
            overlap=int(data["model"]["overlap"]),
            thresholds=ThresholdGoal(**data["thresholds"]),
            sets=tuple(_set(item) for item in data["set"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"The recipe {path} cannot be used: {error}.") from error


def _set(item: dict[str, Any]) -> SourceSet:
    rules = tuple(_rule(rule) for rule in item.pop("rules", []))
    return SourceSet(rules=rules, **item)


def _rule(item: dict[str, Any]) -> Rule:
    labels: dict[str, float] = {}
    for name, value in item.get("labels", {}).items():
        names = LABEL_NAMES if name == "all" else (name,)
        if not set(names) <= set(LABEL_NAMES):
            raise ValueError(f"unknown label {name}")
        labels.update(dict.fromkeys(names, float(value)))
    stars = item.get("stars")
    shares = tuple(float(share) for share in stars) if isinstance(stars, list) else stars
    return Rule(where=dict(item.get("where", {})), labels=labels, stars=shares)
