"""Examples to the parts of a run: what may train, what only measures, nothing that leaks from one to the other.

`test` is the newest part, `train` and `tune` are older, and no two of the three share an author, a thread or a
near-duplicate (`apart.py`). A row on the wrong side of a cut is left out, not moved: moving older rows into `test`
would fill it with the past, moving newer ones into `train` would show the future. Rows that may not be trained on
(`may_train` False: messages from Discord without a recorded permission) only measure: in `test`, and in `limits`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from moderation_model.learning import Example, Learned
from moderation_model.prepare import prepare
from moderation_model.training.apart import apart_from, cut_apart, cut_by_time
from moderation_model.training.dataset import TRAIN, Row
from moderation_model.training.splits import near_key

TEST_SHARE, FEWEST_TEST = 0.15, 60
"""Of all rows, and the least that the gate needs; of few rows never more than `MOST_TEST`."""
MOST_TEST = 0.35
TUNE_SHARE = 0.15
"""Of the rows that may be trained on and are not measured."""
NOT_PERMITTED = "messages from Discord, no permission recorded"
TRAINING_OFF = "not for training"
NO_LABEL = "no known label"
EMPTY = "no text"
CONTRADICTED = "same text, other labels"
_HALVINGS = 60
TOO_NEAR = "author, thread or text also in the measured part"


@dataclass(frozen=True, slots=True)
class Parts:
    """`train` and `tune` may change weights; `limits` (`tune` and the older rows that only measure) chooses limits;
    `test` measures. `learned`: counts for the report. `digest` and `trained_on`: of the rows in `train` and `tune`.

    The weights of `train` and of `test` hold the cap on a single judge's influence; in `test` each row counts once
    before it. `one_judge`: the share of the rows in `test` that the busiest judge answered; 0 where none is named, and
    where all examples together have one judge, who then is the whole team.
    """

    train: tuple[Example, ...]
    tune: tuple[Example, ...]
    limits: tuple[Example, ...]
    test: tuple[Example, ...]
    learned: Learned
    digest: str
    trained_on: tuple[int, ...]
    one_judge: float = 0.0


def parts_of(examples: Iterable[Example], *, judge_share: float) -> Parts:
    """Every example in its part or counted with the reason why it is in none. The same examples in any order give the
    same parts.
    """
    refused: Counter[str] = Counter()
    usable = _usable(sorted(examples, key=lambda example: (example.at, example.example_id)), refused)
    cut = cut_by_time(usable, _test_size(len(usable)))
    older, test = [usable[row] for row in cut.older], [replace(usable[row], weight=1.0) for row in cut.newer]
    refused[TOO_NEAR] += sum(usable[row].may_train for row in cut.aside)
    for example in usable:
        if not example.may_train:
            refused[NOT_PERMITTED if example.source == "discord_message" else TRAINING_OFF] += 1
    agreed = _without_contradictions([example for example in older if example.may_train], refused)
    inner = cut_apart(agreed, round(len(agreed) * TUNE_SHARE))
    refused[TOO_NEAR] += len(inner.aside)
    train, largest = capped([agreed[row] for row in inner.older], judge_share)
    tune = tuple(agreed[row] for row in inner.newer)
    measuring = tuple(example for example in older if not example.may_train)
    trained = (*train, *tune)
    learned = Learned(
        by_source=dict(sorted(Counter(example.source for example in trained).items())),
        refused={reason: count for reason, count in sorted(refused.items()) if count},
        largest_share=round(largest, 4),
    )
    return Parts(
        train=train,
        tune=tune,
        limits=(*tune, *apart_from(measuring, train)),
        test=capped(test, judge_share)[0],
        learned=learned,
        digest=digest_of(trained),
        trained_on=tuple(sorted(example.example_id for example in trained)),
        one_judge=_busiest(test) if len(shares_of(usable)) > 1 else 0.0,
    )


def rows_of(examples: Sequence[Example], part: str = TRAIN) -> list[Row]:
    """Rows for the trainer: texts as the model is shown them, known labels, stars unknown."""
    return [
        Row(
            text=prepare(example.text),
            labels=dict(example.labels),
            stars=None,
            weight=example.weight,
            source=example.source,
            group=example.thread,
            part=part,
            extra={},
        )
        for example in examples
    ]


def digest_of(examples: Iterable[Example]) -> str:
    """SHA-256, in hex, over what is trained on: ids, texts, labels and weights, in the order of the ids."""
    rows = sorted((each.example_id, each.text, sorted(each.labels.items()), round(each.weight, 6)) for each in examples)
    return hashlib.sha256(json.dumps(rows, ensure_ascii=True).encode()).hexdigest()


def shares_of(examples: Iterable[Example]) -> dict[str, float]:
    """By judge the weight of the rows that he judged; where several judged one row, each has an equal part of it."""
    found: dict[str, float] = defaultdict(float)
    for example in examples:
        for judge in example.judges:
            found[judge] += example.weight / len(example.judges)
    return dict(found)


def capped(examples: Sequence[Example], most: float) -> tuple[tuple[Example, ...], float]:
    """The examples with the weights of busy judges scaled down, and the largest share that one judge then has.

    Every judge may weigh so much (the same for all) that nobody has more than `most` of the whole; who weighs more has
    all his rows scaled by one factor, of a row judged by several only his part. Where there are too few judges for the
    cap (three for 0.3), each may have an equal share; a single judge is the whole team and is not scaled.
    """
    weights = shares_of(examples)
    if not weights:
        return tuple(examples), 0.0
    most = max(most, 1 / len(weights))
    others = sum(example.weight for example in examples if not example.judges)
    low, high = 0.0, max(weights.values())
    if high > most * (others + sum(weights.values())):
        for _ in range(_HALVINGS):
            # allowed / whole(allowed) rises with `allowed`, so the largest one that keeps the cap is found by halving.
            allowed = (low + high) / 2
            whole = others + sum(min(weight, allowed) for weight in weights.values())
            low, high = (allowed, high) if allowed <= most * whole else (low, allowed)
        high = low
    factors = {judge: min(1.0, high / weight) if weight else 1.0 for judge, weight in weights.items()}
    scaled = tuple(_scaled(example, factors) for example in examples)
    total = sum(example.weight for example in scaled)
    return scaled, max(min(weight, high) for weight in weights.values()) / total if total else 0.0


def _busiest(examples: Sequence[Example]) -> float:
    return max(shares_of(examples).values(), default=0.0) / max(1.0, sum(example.weight for example in examples))


def _scaled(example: Example, factors: Mapping[str, float]) -> Example:
    if not example.judges:
        return example
    factor = sum(factors[judge] for judge in example.judges) / len(example.judges)
    return replace(example, weight=example.weight * factor)


def _test_size(count: int) -> int:
    return min(max(round(count * TEST_SHARE), FEWEST_TEST), int(count * MOST_TEST))


def _usable(examples: Sequence[Example], refused: Counter[str]) -> list[Example]:
    """Those with a text and a known label."""
    found: list[Example] = []
    for example in examples:
        if not prepare(example.text).strip():
            refused[EMPTY] += 1
        elif not example.labels:
            refused[NO_LABEL] += 1
        else:
            found.append(example)
    return found


def _without_contradictions(examples: Sequence[Example], refused: Counter[str]) -> list[Example]:
    """Where the same text (`near_key`) was judged both ways, the majority's answer stays and the others go.

    Label by label; where both are as many, all go. A row that keeps no label is left out and counted.
    """
    votes: dict[tuple[str, str], Counter[float]] = defaultdict(Counter)
    for example in examples:
        for name, value in example.labels.items():
            votes[near_key(example.text), name][value] += 1
    found: list[Example] = []
    for example in examples:
        key = near_key(example.text)
        kept = {name: value for name, value in example.labels.items() if _outvotes(votes[key, name], value)}
        if kept:
            found.append(replace(example, labels=kept))
        else:
            refused[CONTRADICTED] += 1
    return found


def _outvotes(votes: Mapping[float, int], value: float) -> bool:
    return votes[value] * 2 > sum(votes.values())
