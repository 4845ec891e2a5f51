"""The model card: generated from the manifest, complete, and never staler than its numbers."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from moderation_model import registry
from moderation_model.goals import HEADLINES
from moderation_model.training.card import card


def figure(value: float, count: int = 100) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "count": count}


@pytest.fixture
def manifest() -> dict[str, Any]:
    """All that a fresh manifest may hold, every goal reached."""
    reached = {name: figure((at.goal or 0.5) + (0.001 if at.at_least else -0.001)) for name, at in HEADLINES.items()}
    label = {
        name: figure(0.9) for name in ("roc_auc", "average_precision", "precision", "recall", "f1", "ece", "brier")
    }
    return {
        "version": "candor-test",
        "architecture": "BERT",
        "checkpoint": {"name": "a checkpoint", "licence": "its licence"},
        "trained": {"date": "2026-01-02", "rows": 1000, "steps": 70, "seconds": 3600.0, "device": "cpu"},
        "versions": {"torch": "2", "transformers": "5"},
        "thresholds": {"toxic": {"value": 0.7, "chosen_by": "a goal", "positives": 80.0, "recall": 0.61}},
        "metrics": reached,
        "by_label": {"toxic": {**label, "caught": 70, "missed": 10, "alarms": 3, "passed": 500}},
        "evasion": {"leet": figure(0.81), "spaced": figure(0.97)},
        "identity": {"gay people": {name: figure(0.96) for name in ("bpsn", "bnsp", "subgroup")}},
        "checks": {"game_talk": figure(0.85)},
        "recipe": {"train": {"seed": 7, "positive_weights": {"threat": 4.0}}},
        "data": [
            {"set": "sst5", "file": "stars.csv", "origin": "a treebank", "licence": "research", "sha256": "ab" * 32},
        ],
    }


def test_the_card_shows_each_metric_with_its_interval_and_goal(manifest: dict[str, Any]) -> None:
    told = card(manifest)
    for name, at in manifest["metrics"].items():
        assert f"| {HEADLINES[name].title} | {at['value']:.4f} | {at['low']:.4f} to {at['high']:.4f} | 100 |" in told
    assert told.count("| met |") == sum(headline.goal is not None for headline in HEADLINES.values())


def test_the_card_shows_evasion_identities_checks_data_licences_recipe_and_cost(manifest: dict[str, Any]) -> None:
    told = card(manifest)
    wanted = (
        "leet | 81.0 %",
        "gay people | 0.960",
        "game talk | 85.0 %",
        "a treebank",
        "research",
        "`abababababababab…`",
    )
    for part in (
        *wanted,
        "60 minutes",
        "kWh",
        "threat 4.0",
        "its licence",
        "Treebank",
        "## What it must not be used for",
    ):
        assert part in told
    assert "**missed**" not in told


def test_known_failures_follow_the_numbers(manifest: dict[str, Any]) -> None:
    sound = card(manifest)
    assert "Goal not reached" not in sound
    assert "past it most often" not in sound
    worse = copy.deepcopy(manifest)
    worse["metrics"]["hatemoji_roc_auc"] = figure(0.6)
    worse["evasion"]["leet"] = figure(0.4)
    worse["checks"]["game_talk"] = figure(0.55)
    worse["identity"]["gay people"]["bpsn"] = figure(0.7)
    worse["by_label"]["toxic"] |= {"recall": figure(0.3), "caught": 3, "missed": 7}
    told = card(worse)
    assert "Goal not reached: HatemojiBuild" in told
    for part in (
        "leet 40 %",
        "game talk 55 %",
        "gay people (0.70)",
        "`toxic` catches 30 %",
        "on 10 positive texts only",
    ):
        assert part in told
        assert part not in sound


def test_a_manifest_of_an_older_version_gives_a_card_without_what_it_lacks(manifest: dict[str, Any]) -> None:
    for name in ("by_label", "evasion", "identity", "checks"):
        del manifest[name]
    manifest["metrics"] = {"sst5_exact": figure(0.6)}
    manifest["data"] = []
    told = card(manifest)
    assert "SST-5 validation, stars exactly right" in told
    assert "## Evasion" not in told
    assert "Treebank" not in told


def test_the_card_in_the_box_is_the_card_of_its_manifest() -> None:
    folder = registry.default_folder()
    manifest = registry.open_folder(folder)
    told = (folder / "README.md").read_text("utf-8")
    assert told == card(manifest)
    for name, at in manifest["metrics"].items():
        assert HEADLINES[name].title in told
        assert f"{at['value']:.4f}" in told
