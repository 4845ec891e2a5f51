"""What is measured was never trained on: `gate/` and `identity.yaml` share no template and no text with `replay/`.

Templates are compared with their slots blanked, and every measured text with whatever a template of `replay/` can give.
A pair that this test names is mended in `replay/`: what measures stays as it is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.sparse import csr_matrix

from moderation_model.checks.identity import identity_cases, identity_file
from moderation_model.checks.suite import gate_folder, read_suite
from moderation_model.checks.templates import generate, replay_folder
from moderation_model.training.recipe import default_recipe, read_recipe

SLOT = re.compile(r"\{(\w+)\}")
SIGNS = re.compile(r"[\s!-/:-@\[-`{-~‘’“”…–—]+")
WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
BLANK = "\0"
FEWEST_WORDS = 5
"""Shorter templates are compared for equality only: of four words, three are often shared by chance."""
SAME_GRAMS, SAME_WORDS = 0.6, 0.75
"""Jaccard index of the runs of four words, and of the words in any order, from which two templates are one."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Template:
    """`text` as written in `file`, with the values of its slots."""

    file: str
    text: str
    slots: dict[str, list[str]]

    @property
    def words(self) -> tuple[str, ...]:
        """The words that are not in slots."""
        return words(SLOT.sub(" ", self.text))

    def __str__(self) -> str:
        return f"{self.file}: {self.text!a}"


def bare(text: str) -> str:
    """Letters, digits and emoji alone."""
    return SIGNS.sub("", text.casefold())


def words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("’", "'") for word in WORDS.findall(text.casefold()))


def grams(of: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(of[start : start + 4]) for start in range(len(of) - 3)}


def read(path: Path) -> dict:
    return yaml.load(path.read_text("utf-8"), Loader=LOADER)


def measured_in(folder: Path) -> Iterator[Template]:
    for path in sorted(folder.glob("*.yaml")):
        for test in read(path)["tests"]:
            for text in (*test.get("cases", ()), *test.get("templates", ())):
                yield Template(f"gate/{path.name}", text, test.get("slots", {}))


def trained_in(folder: Path) -> Iterator[Template]:
    for path in sorted(folder.glob("*.yaml")):
        spec = read(path)
        for entry in spec["templates"]:
            text = entry["text"] if isinstance(entry, dict) else entry
            yield Template(f"replay/{path.name}", text, spec.get("slots", {}))


@functools.cache
def measured() -> list[Template]:
    spec = read(identity_file())
    kinds = [*(spec[kind] for kind in ("neutral", "positive", "abusive")), *spec["background"].values()]
    identity = [Template("identity.yaml", text, {}) for texts in kinds for text in texts]
    return [*measured_in(gate_folder()), *identity]


@functools.cache
def trained() -> list[Template]:
    return list(trained_in(replay_folder()))


def texts() -> list[str]:
    """Everything that is measured, filled in."""
    return [text for check in read_suite() for text in check.cases] + [case.text for case in identity_cases()]


def told(pairs: Iterable[tuple[object, object]]) -> str:
    lines = dict.fromkeys(f"{one}\n    is measured in {other}" for one, other in pairs)
    return f"{len(lines)} templates of replay/ stand too near to what is measured:\n" + "\n".join(lines)


def same_templates(train: Sequence[Template], measure: Sequence[Template]) -> list[tuple[Template, Template]]:
    """Pairs that differ in signs and in what fills the slots at most."""
    blanked = {bare(SLOT.sub(BLANK, template.text)): template for template in measure if template.words}
    keys = ((template, bare(SLOT.sub(BLANK, template.text))) for template in train)
    return [(template, blanked[key]) for template, key in keys if key in blanked]


def near_templates(train: Sequence[Template], measure: Sequence[Template]) -> list[tuple[Template, Template]]:
    """Pairs of longer templates with nearly the same words, or with nearly the same runs of words."""
    train, measure = ([each for each in part if len(each.words) >= FEWEST_WORDS] for part in (train, measure))
    ours, theirs = ([each.words for each in part] for part in (train, measure))
    pairs = alike([set(each) for each in ours], [set(each) for each in theirs], SAME_WORDS)
    pairs += alike([grams(each) for each in ours], [grams(each) for each in theirs], SAME_GRAMS)
    return [(train[one], measure[other]) for one, other in pairs]


def alike(one: Sequence[set[Any]], other: Sequence[set[Any]], limit: float) -> list[tuple[int, int]]:
    """Numbers of the sets, one of each side, whose Jaccard index reaches `limit`."""
    numbers: dict[Any, int] = {}
    left, right = incidence(one, numbers), incidence(other, numbers)
    left.resize(len(one), len(numbers))
    shared = (left @ right.T).tocoo()
    sizes = [np.array([len(each) for each in part]) for part in (one, other)]
    every = sizes[0][shared.row] + sizes[1][shared.col] - shared.data
    near = shared.data >= limit * every
    return [(int(row), int(column)) for row, column in zip(shared.row[near], shared.col[near], strict=True)]


def incidence(sets: Sequence[set[Any]], numbers: dict[Any, int]) -> Any:
    """One row a set, one column an element, numbered on the way; 1 where the set holds the element."""
    columns = [numbers.setdefault(element, len(numbers)) for each in sets for element in each]
    rows = np.repeat(np.arange(len(sets)), [len(each) for each in sets])
    return csr_matrix((np.ones(len(columns), dtype=int), (rows, columns)), shape=(len(sets), len(numbers)))


def same_texts(train: Sequence[Template], measure: Sequence[str]) -> list[tuple[Template, str]]:
    """Measured texts that some filling of a template gives, signs aside."""
    wanted = [(bare(text), ascii(text)) for text in measure if bare(text)]
    together = "\n".join(key for key, _ in wanted)
    found: list[tuple[Template, str]] = []
    for template in train:
        literals = [bare(piece) for piece in SLOT.split(template.text)[::2]]
        longest = max(literals, key=len)
        if longest not in together:
            continue
        pattern = filled(template)
        found += [(template, text) for key, text in wanted if longest in key and pattern.fullmatch(key)]
    return found


def filled(template: Template) -> re.Pattern[str]:
    """Matches every filling."""
    parts = SLOT.split(template.text)
    for place, part in enumerate(parts):
        values = [bare(str(value)) for value in template.slots[part]] if place % 2 else [bare(part)]
        parts[place] = f"(?:{'|'.join(map(re.escape, values))})"
    return re.compile("".join(parts))


def near_texts(train: Sequence[tuple[str, str]], measure: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of filled texts with nearly the same runs of four words; `train` gives files and texts."""
    pairs = alike([grams(words(text)) for _, text in train], [grams(words(text)) for text in measure], SAME_GRAMS)
    return [(f"{train[one][0]}: {train[one][1]!a}", ascii(measure[other])) for one, other in pairs]


def test_no_template_is_measured_and_trained_on() -> None:
    pairs = same_templates(trained(), measured())
    assert not pairs, told(pairs)


def test_no_template_that_is_trained_on_is_nearly_one_that_measures() -> None:
    pairs = near_templates(trained(), measured())
    assert not pairs, told(pairs)


def test_no_measured_text_can_be_trained_on() -> None:
    pairs = same_texts(trained(), texts())
    assert not pairs, told(pairs)


def test_no_sentence_drawn_for_training_is_nearly_a_measured_text() -> None:
    recipe = read_recipe(default_recipe()).train
    drawn = generate(replay_folder(), per_template=recipe.replay_per_template, seed=recipe.seed)
    pairs = near_texts([(f"replay/{each.template}", each.text) for each in drawn], texts())
    assert not pairs, told(pairs)


def template(text: str, **slots: list[str]) -> Template:
    return Template("a.yaml", text, slots)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("You are a {thing}!", "you are a {insult}", True),
        ("you are a {thing}", "you are a hero", False),
        ("{a} {b}", "{c} {d}", False),
    ],
)
def test_the_same_template_is_found_whatever_its_slots_are_called(one: str, other: str, same: bool) -> None:
    assert bool(same_templates([template(one)], [template(other)])) is same


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        (
            "my neighbour says that {group} ruin every single street",
            "{group} ruin every single street my neighbour says",
            True,
        ),
        ("i hope that all of you lose the final tonight", "i hope that all of you lose the final", True),
        ("get out of my house", "get out of my way now", False),
        ("i will bring the cake on sunday", "will you bring a cake or the salad on sunday", False),
    ],
)
def test_nearly_the_same_template_is_found(one: str, other: str, near: bool) -> None:
    assert bool(near_templates([template(one)], [template(other)])) is near


def test_a_text_that_a_template_can_give_is_found() -> None:
    made = template("{who} is {very} late", who=["tom", "the bus"], very=["", "so"])
    assert same_texts([made], ["The bus is late!", "tom is so late...", "the train is late"]) == [
        (made, "'The bus is late!'"),
        (made, "'tom is so late...'"),
    ]


def test_a_long_text_with_one_word_changed_is_found() -> None:
    text = "please bring the big tent and the small stove on friday evening"
    assert near_texts([("a", text.replace("friday", "monday"))], [text])
    assert not near_texts([("a", "please bring the big tent or we sleep in the car")], [text])
