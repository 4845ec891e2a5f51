"""Rows of the recipe: masked labels, parts that do not leak, our own sentences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from moderation_model.checks.templates import generate, replay_folder
from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES
from moderation_model.training.dataset import REPORT, TRAIN, TUNE, detokenise, read_rows, training_rows
from moderation_model.training.recipe import default_recipe, read_recipe
from moderation_model.training.splits import clusters_of, halves

DEMO_LINES = (
    "gg you absolute donkey, I nearly had you 😂",
    "kill their healer first, then burn the tower",
    "this damn boss is total garbage, died nine times",
    "nobody likes you, you pathetic waste of space",
    "he called me a 'pathetic waste of space', can a mod look?",
    "don't call people pathetic, not okay here",
    "I know which bus you take. See you at your stop tomorrow.",
    "I'm going to destroy you at eight",
    "y0u are p 4 t h\u200b e t i c",
    "nice run!",
    "quit, you worthless clown",
    "no one wants you here, loser",
    "love you ❤️ now shut up forever you worthless clown",
    "gay, Muslim, from Scunthorpe, love RPGs",
    "aww, did someone help you type that?",
    "I don't think anyone would notice if I was gone",
)


def test_a_row_that_also_stands_in_a_measured_part_is_not_trained_on(data: Path) -> None:
    rows = read_rows(read_recipe(data / "recipe.toml"), data)
    assert not [row for row in rows if row.text == "You are NICE 70!"]


def test_a_thread_never_stands_in_two_parts(data: Path) -> None:
    rows = [row for row in read_rows(read_recipe(data / "recipe.toml"), data) if row.source == "chat"]
    parts = {group: {row.part for row in rows if row.group == group} for group in {row.group for row in rows}}
    assert {row.part for row in rows} == {TRAIN, TUNE, REPORT}
    assert all(len(found - {TRAIN}) <= 1 for found in parts.values())


def test_unknown_labels_are_left_open_and_text_such_as_na_is_text(data: Path) -> None:
    rows = {row.text: row for row in read_rows(read_recipe(data / "recipe.toml"), data)}
    assert rows["NA"].labels == dict.fromkeys(LABEL_NAMES, 0.0)
    assert rows["you are pathetic 1"].labels == {"toxic": 1.0}
    assert rows["you are pathetic 1"].stars == (1.0, 0.0, 0.0, 0.0, 0.0)


def test_a_missing_file_and_a_missing_column_are_named(data: Path) -> None:
    recipe = read_recipe(data / "recipe.toml")
    (data / "chat.csv").write_text("text,thread\nhello,1\n")
    with pytest.raises(BadRequest, match=r"chat\.csv, row 1"):
        read_rows(recipe, data)
    (data / "chat.csv").unlink()
    with pytest.raises(BadRequest, match=r"lacks chat\.csv"):
        read_rows(recipe, data)


def test_treebank_tokens_are_joined_again() -> None:
    assert detokenise("it 's good , is n't it ? -lrb- yes -rrb-") == "it's good, isn't it? (yes)"


def test_pairs_threads_and_near_duplicates_stay_on_one_side() -> None:
    texts = ["You are a total clown, mate", "you are a total clown mate!!", "what a lovely day it is today", "yes"]
    clusters = clusters_of([*texts, "you are a total clown today mate"], ["a", "b", "c", "c", "d"])
    assert clusters[0] == clusters[1] == clusters[4]
    assert clusters[2] == clusters[3] != clusters[0]
    many = [f"sentence {number} about {number * 7} and {number * 13}" for number in range(400)]
    sides = halves(many, list(range(400)))
    assert 0.4 < sum(sides) / 400 < 0.6
    assert halves(many[::-1], list(range(400)))[::-1] == sides


def test_a_set_that_repeats_comes_so_often_in_an_epoch(data: Path) -> None:
    text = (data / "recipe.toml").read_text().replace('part = "split"', 'part = "split"\nrepeat = 2.5')
    (data / "recipe.toml").write_text(text)
    recipe = read_recipe(data / "recipe.toml")
    rows = read_rows(recipe, data)
    once = sum(row.part == TRAIN and row.source == "chat" for row in rows)
    shown = sum(row.source == "chat" for row in training_rows(rows, recipe))
    assert 2.2 * once < shown < 2.8 * once


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9']+", text.lower()))


def test_no_line_of_the_demo_is_among_the_sentences_that_we_train_on() -> None:
    settings = read_recipe(default_recipe()).train
    made = generate(replay_folder(), per_template=settings.replay_per_template, seed=settings.seed)
    seen = [words(sentence.text) for sentence in made]
    for line in DEMO_LINES:
        wanted = words(line)
        assert max(len(wanted & found) / len(wanted | found) for found in seen) <= 0.8, line


def test_the_recipe_in_the_box_names_an_origin_and_a_licence_for_every_file() -> None:
    recipe = read_recipe(default_recipe())
    assert len(recipe.sets) > 10
    assert all(spec.origin and spec.licence for spec in recipe.sets)


def test_the_same_seed_makes_the_same_sentences_and_every_template_makes_one() -> None:
    first, second = (generate(replay_folder(), per_template=3, seed=1) for _ in range(2))
    assert first == second
    assert all("{" not in sentence.text for sentence in first)
