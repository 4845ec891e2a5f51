"""Every dependency is pinned, and installed as it is pinned: python -m tests.pins

`--advisories PIP_AUDIT` asks pip-audit which pins have known holes. It needs a network: pip-audit has no way to work
without one, so `make check` looks at the pins alone and `make audit` asks.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError
from itertools import chain
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CONSTRAINTS, PROJECT = ROOT / "constraints.txt", ROOT / "pyproject.toml"


def read_pins(lines: Iterable[str]) -> dict[str, str]:
    """Versions by canonical name. Raises ValueError, with a sentence, for a line that is no `name==version`."""
    pins: dict[str, str] = {}
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        wanted = Requirement(line)
        (pin,) = wanted.specifier if len(wanted.specifier) == 1 else (None,)
        name = canonicalize_name(wanted.name)
        if wanted.url or pin is None or pin.operator != "==" or "*" in pin.version or name in pins:
            raise ValueError(f"constraints.txt: {line.strip()!r} must be one name==version, and stand there once.")
        pins[name] = pin.version
    return pins


def problems(
    asked: Iterable[str], pins: Mapping[str, str], find: Callable[[str], Distribution] = importlib.metadata.distribution
) -> list[str]:
    """A sentence for each package that `asked` brings here, however deep, and that is not installed as it is pinned.

    What a pinned package itself wants in one version alone, such as torch its CUDA libraries, needs no pin of ours.
    """
    found: list[str] = []
    todo, seen = [Requirement(each) for each in asked], set[tuple[str, frozenset[str]]]()
    while todo:
        wanted = todo.pop()
        name = canonicalize_name(wanted.name)
        if (name, frozenset(wanted.extras)) in seen or not _holds(wanted, {""}):
            continue
        seen.add((name, frozenset(wanted.extras)))
        if name not in pins and [each.operator for each in wanted.specifier] == ["=="]:
            continue
        if wanted.url:
            found.append(f"{name} comes from an address of its own, {wanted.url}: take it from the index.")
        try:
            package = find(name)
        except PackageNotFoundError:
            found.append(f"{name} is not installed: run make test, or pip install -c constraints.txt.")
            continue
        if name not in pins:
            found.append(f"{name} is not pinned: add {name}=={package.version} to constraints.txt.")
        elif package.version.partition("+")[0] != pins[name]:
            found.append(f"{name} is installed as {package.version} and pinned as {pins[name]}.")
        own = [Requirement(each) for each in package.requires or ()]
        for each in own:
            if _holds(each, {"", *wanted.extras}):
                each.marker = None
                todo.append(each)
    return sorted(found)


def _holds(wanted: Requirement, extras: Iterable[str]) -> bool:
    return wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in extras)


def all_asked(project: Mapping[str, Any]) -> list[str]:
    """What pyproject.toml asks for, with every extra."""
    extras = project["project"]["optional-dependencies"].values()
    return [*project["build-system"]["requires"], *project["project"]["dependencies"], *chain.from_iterable(extras)]


def advisories(pip_audit: Path, pins: Path = CONSTRAINTS) -> list[str]:
    """A sentence for each pin with a known hole, and one where not all of them could be looked up."""
    command = [pip_audit, "--disable-pip", "--no-deps", "--progress-spinner", "off", "--format", "json", "-r", pins]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        looked_at = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return ["Nothing was looked up: pip-audit cannot reach its database. Run make audit where there is a network."]
    holes = [
        f"{each['name']} {each['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version'}."
        for each in looked_at
        for hole in each.get("vulns", ())
    ]
    unknown = [each["name"] for each in looked_at if "skip_reason" in each]
    if unknown:
        names = f"{', '.join(unknown[:5])}{' ...' if len(unknown) > 5 else ''}"
        holes.append(
            f"{len(unknown)} of {len(looked_at)} pins could not be looked up ({names}): the package index that answers "
            "here does not tell advisories. Run make audit where pypi.org can be reached."
        )
    return holes


def main() -> int:
    """Exit status: 0 where nothing is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advisories", type=Path, metavar="PIP_AUDIT", help="look every pin up with this pip-audit")
    given = parser.parse_args()
    if given.advisories is None:
        pins = read_pins(CONSTRAINTS.read_text("utf-8").splitlines())
        wrong = problems(all_asked(tomllib.loads(PROJECT.read_text("utf-8"))), pins)
        fine = f"All {len(pins)} dependencies are pinned, and installed as pinned."
    else:
        wrong, fine = advisories(given.advisories), "No pin has a known hole."
    print("\n".join(wrong) or fine)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
