"""The wheel works outside the repository: it carries the model, the migrations, the page and the recipe."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from moderation_model.labels import LABEL_NAMES

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "moderation_model" / "weights" / "default"
PARTS = ("bot", "moderation_model", "migrations", "pyproject.toml", "README.md", "LICENSE")

pytestmark = pytest.mark.skipif(
    not (WEIGHTS / "model.safetensors").exists(), reason="the weights in the box are not in this checkout"
)


def run(*command: str | Path, folder: Path, text: str = "", **environment: str) -> str:
    """What `command` writes to standard output, run in `folder` with nothing of this checkout on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CANDOR_", "PYTHON"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={**kept, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no build folder is left in the checkout."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, source)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source, folder=source)
    (built,) = out.glob("candor-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of console scripts of a fresh environment with the wheel; its dependencies are those of this one."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    python = folder / "venv" / "bin" / "python"
    install = ("install", "--quiet", "--no-deps", "--no-index", wheel)
    run(sys.executable, "-m", "pip", "--python", python, *install, folder=folder)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "venv" / "lib" / version / "site-packages"
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def test_the_wheel_carries_what_is_no_python(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "moderation_model/weights/default/model.safetensors",
        "moderation_model/weights/default/manifest.json",
        "moderation_model/training/recipe.toml",
        "migrations/script.py.mako",
        "bot/sandbox/page/index.html",
    ):
        assert wanted in names
    here = {path.name for path in WEIGHTS.iterdir() if path.is_file()}
    assert here == {Path(name).name for name in names if name.startswith("moderation_model/weights/default/")}
    revisions = {path.name for path in (ROOT / "migrations" / "versions").glob("*.py")}
    assert revisions == {Path(name).name for name in names if name.startswith("migrations/versions/")}
    pages = {path.name for path in (ROOT / "bot" / "sandbox" / "page").iterdir() if path.is_file()}
    assert pages == {Path(name).name for name in names if name.startswith("bot/sandbox/page/")}


def test_the_wheel_holds_nothing_but_the_three_packages(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"bot", "moderation_model", "migrations"}


def test_the_installed_bot_makes_its_database(installed: Path, tmp_path: Path) -> None:
    run(installed / "candor", "migrate", folder=tmp_path, CANDOR_DATA_DIR=str(tmp_path / "data"))
    assert (tmp_path / "data" / "candor.db").exists()
    where = run(installed / "python", "-c", "import bot; print(bot.__file__)", folder=tmp_path)
    assert where.startswith(str(installed.parent))


def test_the_installed_model_scores_lines_in_their_order(installed: Path, tmp_path: Path) -> None:
    texts = ["have a nice day", "you pathetic waste of space"]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    kind, unkind = map(
        json.loads, run(installed / "candor-model", "score", "--jsonl", folder=tmp_path, text=lines).splitlines()
    )
    assert set(kind["scores"]) == set(LABEL_NAMES)
    assert len(kind["sentiment"]) == 5
    assert kind["scores"]["insult"] < unkind["scores"]["insult"]
