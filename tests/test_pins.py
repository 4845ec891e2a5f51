"""What is installed is what was looked at: every dependency has one pinned version, and known holes are named."""

from __future__ import annotations

import json
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.pins import CONSTRAINTS, PROJECT, advisories, all_asked, problems, read_pins

INSTALLED = {
    "web": ("2.0", ["base>=1", "speed; extra == 'fast'", "other; sys_platform == 'none'"]),
    "base": ("1.1+cpu", []),
    "speed": ("0.3", ["base"]),
}
PINS = {"web": "2.0", "base": "1.1"}


def installed(name: str) -> Any:
    if name not in INSTALLED:
        raise PackageNotFoundError(name)
    version, requires = INSTALLED[name]
    return SimpleNamespace(version=version, requires=requires)


def test_every_dependency_of_candor_is_pinned() -> None:
    pins = read_pins(CONSTRAINTS.read_text("utf-8").splitlines())
    asked = all_asked(tomllib.loads(PROJECT.read_text("utf-8")))
    about_pins = [each for each in problems(asked, pins) if "is not pinned" in each or "address" in each]
    assert about_pins == []
    assert len(pins) > 100


def test_what_is_pinned_and_installed_so_is_fine() -> None:
    assert problems(["web>=1", "other; sys_platform == 'none'"], PINS, installed) == []


def test_what_a_pinned_package_wants_in_one_version_alone_needs_no_pin() -> None:
    assert problems(["web", "cuda==12.1"], PINS, installed) == []


@pytest.mark.parametrize(
    ("asked", "pins", "says"),
    [
        (["web[fast]"], PINS, "speed is not pinned: add speed==0.3 to constraints.txt."),
        (["web"], PINS | {"web": "2.1"}, "web is installed as 2.0 and pinned as 2.1."),
        (["web", "new"], PINS, "new is not installed: run make test, or pip install -c constraints.txt."),
        (
            ["web @ https://example.org/web.whl"],
            PINS,
            "web comes from an address of its own, https://example.org/web.whl: take it from the index.",
        ),
    ],
)
def test_what_is_not_pinned_or_not_installed_so_is_told_with_its_fix(
    asked: list[str], pins: dict[str, str], says: str
) -> None:
    assert problems(asked, pins, installed) == [says]


@pytest.mark.parametrize("line", ["web>=2", "web==2.*", "web", "web==2,<3", "web @ https://example.org/web.whl"])
def test_a_line_that_pins_no_version_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="one name==version"):
        read_pins(["# why", "", "base==1.1", line])


def test_a_package_that_is_pinned_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="once"):
        read_pins(["a_b==1", "A.B==2"])


def stand_in(folder: Path, *lines: str) -> Path:
    """A pip-audit that prints these lines and ends with status 1."""
    script = folder / "pip-audit"
    script.write_text("\n".join(["#!/bin/sh", *lines, "exit 1"]))
    script.chmod(0o755)
    return script


def test_a_known_hole_is_named_with_what_mends_it(tmp_path: Path) -> None:
    hole = {"id": "PYSEC-1", "fix_versions": ["2.1"], "description": "..."}
    found = {"dependencies": [{"name": "web", "version": "2.0", "vulns": [hole]}, {"name": "base", "vulns": []}]}
    assert advisories(stand_in(tmp_path, f"echo '{json.dumps(found)}'")) == ["web 2.0: PYSEC-1, mended in 2.1."]


def test_without_a_network_it_says_that_nothing_was_looked_up(tmp_path: Path) -> None:
    (said,) = advisories(stand_in(tmp_path, "echo 'ERROR: Could not connect' >&2"))
    assert said.startswith("Nothing was looked up: pip-audit cannot reach its database.")


def test_what_an_index_without_advisories_does_not_know_is_not_called_safe(tmp_path: Path) -> None:
    found = {"dependencies": [{"name": "web", "skip_reason": "not found"}, {"name": "base", "vulns": []}]}
    (said,) = advisories(stand_in(tmp_path, f"echo '{json.dumps(found)}'"))
    assert said.startswith("1 of 2 pins could not be looked up (web)")
