"""Public files to rows: labels known or masked, parts kept apart by group and near-duplicate, texts as served."""

from __future__ import annotations

import csv
import hashlib
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from moderation_model.checks.templates import generate, replay_folder
from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES
from moderation_model.prepare import prepare
from moderation_model.records import BIGGEST_CELL
from moderation_model.training.recipe import Recipe, SourceSet
from moderation_model.training.splits import halves, near_key, share_of

TRAIN, TUNE, REPORT = "train", "tune", "report"
"""Parts: `tune` is for calibration and thresholds, `report` for figures only."""
REPLAY = "replay"
REPLAY_TUNE_SHARE = 0.12
Translate = Callable[[Sequence[str]], Sequence[str]]
"""Texts to the same texts in other words, for example through French and back."""


@dataclass(frozen=True, slots=True)
class Row:
    """One text. `labels`: the known ones only (0 or 1). `stars`: five shares, or None. `extra`: other columns."""

    text: str
    labels: Mapping[str, float]
    stars: tuple[float, ...] | None
    weight: float
    source: str
    group: str
    part: str
    extra: Mapping[str, str]


def read_rows(recipe: Recipe, folder: Path, *, prepared: bool = True) -> list[Row]:
    """All rows of the recipe with their part. A training text that also stands in a measured part is left out."""
    rows = _cut([row for spec in recipe.sets for row in read_set(spec, folder)])
    rows.extend(replay_rows(recipe))
    if prepared:
        rows = [replace(row, text=prepare(row.text)) for row in rows]
    measured = {near_key(row.text) for row in rows if row.part != TRAIN}
    seen: set[str] = set()
    kept: list[Row] = []
    for row in rows:
        if not row.text.strip():
            continue
        if row.part == TRAIN:
            key = f"{near_key(row.text)}|{row.stars is None}"
            if near_key(row.text) in measured or key in seen:
                continue
            seen.add(key)
        kept.append(row)
    return kept


def training_rows(rows: Sequence[Row], recipe: Recipe, *, translate: Translate | None = None) -> list[Row]:
    """What one epoch shows: the part `train`, each set as often as its `repeat` says, and its variants (`augment.py`).

    A fraction of `repeat` is drawn by the seed, so that the same recipe and files always give the same rows.
    """
    from moderation_model.training.augment import augmented, joined

    often = {spec.name: spec.repeat for spec in recipe.sets}
    chance = random.Random(recipe.train.seed)
    found = [row for row in rows if row.part == TRAIN]
    made = augmented(found, share=recipe.train.augment_share, seed=recipe.train.seed, translate=translate)
    made += joined(found, share=recipe.train.join_share, seed=recipe.train.seed)
    for row in [row for row in found if often.get(row.source, 1.0) != 1.0]:
        more = often[row.source] - 1.0
        found.extend([row] * (int(more) + (chance.random() < more - int(more))))
    return found + made


def _cut(rows: list[Row]) -> list[Row]:
    """Gives every measured row its part: `tune` or `report`, whole clusters at a time, over all sets together.

    Unlabelled chat, there for false alarms, is cut by its exact words: lines such as "ok thanks" are no leak.
    """
    measured = [number for number, row in enumerate(rows) if row.part != TRAIN]
    labelled = [number for number in measured if rows[number].labels or rows[number].stars]
    sides = halves([rows[number].text for number in labelled], [rows[number].group for number in labelled])
    side_of = dict(zip(labelled, sides, strict=True))
    for number in measured:
        tune = side_of[number] if number in side_of else share_of(near_key(rows[number].text)) < 0.5
        rows[number] = replace(rows[number], part=TUNE if tune else REPORT)
    return rows


def read_set(spec: SourceSet, folder: Path) -> list[Row]:
    """The rows of one file, in file order, at most `spec.limit` of its training rows."""
    rows = list(_rows(spec, folder / spec.file))
    training = [row for row in rows if row.part == TRAIN]
    if spec.limit and len(training) > spec.limit:
        chosen = set(sorted((_hash(row.text + row.group), index) for index, row in enumerate(training))[: spec.limit])
        kept = {index for _, index in chosen}
        training = [row for index, row in enumerate(training) if index in kept]
        rows = training + [row for row in rows if row.part != TRAIN]
    return rows


def replay_rows(recipe: Recipe) -> list[Row]:
    """Our own sentences; one template in eight is held out of training, whole, for `tune`."""
    made = generate(replay_folder(), per_template=recipe.train.replay_per_template, seed=recipe.train.seed)
    return [
        Row(
            text=sentence.text,
            labels=sentence.labels,
            stars=None,
            weight=recipe.train.replay_weight,
            source=REPLAY,
            group=sentence.template,
            part=TUNE if share_of(sentence.template) < REPLAY_TUNE_SHARE else TRAIN,
            extra={},
        )
        for sentence in made
    ]


def detokenise(text: str) -> str:
    """Undoes treebank tokens: "ca n't , it 's" becomes "can't, it's"."""
    text = text.replace("-lrb-", "(").replace("-rrb-", ")").replace("``", '"').replace("''", '"')
    text = re.sub(r" (n't|'s|'re|'ve|'ll|'d|'m)\b", r"\1", text)
    text = re.sub(r" ([.,;:!?%)\]])", r"\1", text)
    return re.sub(r"([(\[$#]) ", r"\1", text).strip()


def _rows(spec: SourceSet, path: Path) -> Iterator[Row]:
    for number, record in enumerate(_records(path)):
        if not _holds(spec.only, record):
            continue
        try:
            text = record[spec.text]
            group = f"{spec.file}:{record[spec.group] if spec.group else number}"
            labels, stars = _known(spec, record)
            part = record.get(spec.part, spec.part)
        except (KeyError, ValueError) as error:
            raise BadRequest(f"{path.name}, row {number + 1}, does not fit the recipe: {error}.") from error
        if spec.detokenise:
            text = detokenise(text)
        yield Row(text, labels, stars, spec.weight, spec.name, group, part, _extra(record))


def _records(path: Path) -> Iterator[Mapping[str, str]]:
    """Rows as plain strings: chat lines such as "NA" are text."""
    csv.field_size_limit(BIGGEST_CELL)
    try:
        with path.open(newline="", encoding="utf-8") as handle:
            reader = csv.reader(handle)
            header = next(reader, [])
            for cells in reader:
                if cells and len(cells) != len(header):
                    raise BadRequest(
                        f"{path.name}, line {reader.line_num}, has {len(cells)} cells and the header {len(header)}: get"
                        " the file again; the recipe says where it comes from."
                    )
                if cells:
                    yield dict(zip(header, cells, strict=True))
    except FileNotFoundError:
        raise BadRequest(f"The data folder lacks {path.name}; the recipe says where it comes from.") from None
    except UnicodeDecodeError:
        raise BadRequest(f"{path.name} is not written in UTF-8: save it as UTF-8.") from None
    except OSError as error:
        raise BadRequest(f"{path.name} cannot be read: {error.strerror}.") from error
    except csv.Error as error:
        raise BadRequest(f"{path.name} is no CSV: {error}.") from error


def _known(spec: SourceSet, record: Mapping[str, str]) -> tuple[dict[str, float], tuple[float, ...] | None]:
    labels = {name: float(record[name]) for name in LABEL_NAMES} if spec.columns else {}
    stars: tuple[float, ...] | None = None
    for rule in spec.rules:
        if _holds(rule.where, record):
            labels.update(rule.labels)
            if isinstance(rule.stars, str):
                stars = tuple(float(star == int(record[rule.stars])) for star in range(1, 6))
            elif rule.stars is not None:
                stars = rule.stars
    return labels, stars


_TESTS: tuple[tuple[str, Callable[[str, str], bool]], ...] = (
    ("!=", lambda value, limit: value != limit),
    (">=", lambda value, limit: float(value) >= float(limit)),
    ("<=", lambda value, limit: float(value) <= float(limit)),
    ("=", lambda value, limit: value == limit),
)


def _holds(where: Mapping[str, str], record: Mapping[str, str]) -> bool:
    """True if every column passes its test, for example `{"offensiveYN": ">=0.7"}`."""
    for column, condition in where.items():
        sign, test = next((sign, test) for sign, test in _TESTS if condition.startswith(sign))
        if not test(record[column], condition[len(sign) :]):
            return False
    return True


def _extra(record: Mapping[str, str]) -> dict[str, str]:
    return {name: record[name] for name in ("speaker",) if name in record}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
