"""Cores that a process may use: affinity and a container's quota."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation_model.backends import cores
from moderation_model.backends.cores import usable_cores


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def at(folder: Path, own: str = "0::/\n", **files: str) -> int:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("cpu_max", "cpu.max").replace("cfs", "cpu.cfs")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "own").write_text(own)
    return usable_cores(cgroups=folder, own=folder / "own")


def test_without_a_quota_every_core_counts(tmp_path: Path) -> None:
    assert at(tmp_path) == 8
    assert at(tmp_path, cpu_max="max 100000\n") == 8


@pytest.mark.parametrize(("quota", "expected"), [("200000", 2), ("250000", 2), ("50000", 1), ("3200000", 8)])
def test_a_quota_limits_the_cores(tmp_path: Path, quota: str, expected: int) -> None:
    assert at(tmp_path, cpu_max=f"{quota} 100000\n") == expected
    assert at(tmp_path / "1", cpu__cfs_quota_us=quota, cpu__cfs_period_us="100000") == expected


def test_the_tightest_group_above_the_process_counts(tmp_path: Path) -> None:
    assert at(tmp_path, own="0::/a/b\n", a__cpu_max="300000 100000", a__b__cpu_max="max 100000") == 3


@pytest.mark.parametrize("text", ["", "nonsense", "1 2 3", "-1 100000", "5 0"])
def test_a_file_that_says_nothing_limits_nothing(tmp_path: Path, text: str) -> None:
    assert at(tmp_path, cpu_max=text) == 8
