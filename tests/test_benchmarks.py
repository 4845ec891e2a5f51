"""What benchmarks share: the texts they measure with, and how they are started."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measuring import texts

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "lines.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerows([["text"], ["hello"], ["NA"], ["hello"], [" "], ["good game, all"]])
    return path


@pytest.mark.parametrize("count", [1, 3, 2_000])
def test_there_are_as_many_different_texts_as_a_benchmark_asks_for_however_few_the_file_holds(
    count: int, source: Path
) -> None:
    found = texts(count, source=source)
    assert len(set(found)) == len(found) == count
    assert len(set(found) & {"hello", "NA", "good game, all"}) == min(count, 3)
    assert found == texts(count, source=source)


def test_without_the_file_all_texts_are_generated(tmp_path: Path) -> None:
    found = texts(500, source=tmp_path / "nowhere.csv")
    assert len(set(found)) == 500


@pytest.mark.parametrize("script", ["offline", "startup"])
def test_a_script_can_be_run_by_its_path_as_well_as_by_its_name(script: str, tmp_path: Path) -> None:
    without = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, str(FOLDER / f"{script}.py"), "--help"]
    found = subprocess.run(command, cwd=tmp_path, env=without, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stderr
    assert "--json" in found.stdout
