"""The house plan, checked on the source: who may import whom, how long things may be, and that imports do nothing."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "moderation_model", "migrations")

LAYERS = (
    ("bot.__main__",),
    ("bot.demo",),
    ("bot.stage",),
    ("bot.stage_day", "bot.stage_learn"),
    ("bot.stage_crowd",),
    ("bot.stage_hands",),
    ("bot.stage_watch",),
    ("bot.running",),
    ("bot.app", "bot.doctor"),
    ("bot.standing",),
    ("bot.scheduled", "bot.model_watch", "bot.doctor_state"),
    ("bot.jobs", "bot.chat", "bot.health", "bot.child", "bot.steady"),
    ("bot.metrics",),
    ("bot.flow",),
    ("bot.store",),
    ("bot.core",),
    ("bot.log",),
    ("bot.config",),
    ("bot.errors", "bot.memory", "bot.shards"),
)
"""Each may import what stands below it, never what stands beside or above."""

ONLY_IN = {
    "discord": ("bot.chat",),
    "sqlalchemy": ("bot.store", "migrations"),
    "alembic": ("bot.store", "migrations"),
    "apscheduler": ("bot.jobs",),
    "torch": ("moderation_model.backends", "moderation_model.training"),
    "transformers": ("moderation_model.backends", "moderation_model.training"),
    "peft": ("moderation_model.backends", "moderation_model.training"),
    "shap": ("moderation_model.explain",),
    "matplotlib": ("moderation_model.reports",),
    "bot.sandbox": (
        "bot.sandbox",
        "bot.demo",
        "bot.stage",
        "bot.stage_day",
        "bot.stage_learn",
        "bot.stage_crowd",
        "bot.stage_hands",
    ),
    "migrations": ("migrations", "bot.store"),
}
"""Package -> where alone it may be imported."""

FROM_THE_MODEL_SIDE = {
    "moderation_model.contract": ("bot",),
    "moderation_model.labels": ("bot",),
    "moderation_model.errors": ("bot",),
    "moderation_model.learning": ("bot",),
    "moderation_model.label_rows": ("bot.flow",),
    "moderation_model.pictures": ("bot",),
    "moderation_model.figures": ("bot.metrics", "bot.standing"),
    "moderation_model.client": ("bot.app", "bot.doctor"),
    "moderation_model.coalescing": ("bot.app",),
    "moderation_model.checks": ("bot.stage_learn", "bot.stage_crowd"),
}

LONG_FILE, LONG_FUNCTION = 300, 50
FILE_DEFENCE, FUNCTION_DEFENCE = "Over 300 lines because", "Over 50 lines because"

BASE_MODULES = tuple(
    f"moderation_model.{name}" for name in ("contract", "labels", "errors", "learning", "label_rows", "pictures")
)


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def imports(path: Path) -> Iterator[str]:
    """Every module that the file imports, also inside functions; for `from a import b` both a and a.b."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


IMPORTS = [(name_of(path), imported) for path in sources(*PACKAGES) for imported in imports(path)]


def layer(module: str) -> int | None:
    return next((n for n, row in enumerate(LAYERS) for package in row if within(module, package)), None)


def test_imports_of_the_bot_run_one_way() -> None:
    wrong = []
    for importer, imported in IMPORTS:
        above, below = layer(importer), layer(imported)
        if above is None or below is None:
            continue
        beside = above == below and importer.split(".")[1] != imported.split(".")[1]
        if below < above or beside:
            wrong.append(f"{importer} -> {imported}")
    assert not wrong


def test_every_module_of_the_bot_has_its_layer() -> None:
    modules = [name_of(path) for path in sources("bot")]
    assert not [name for name in modules if name != "bot" and layer(name) is None and not within(name, "bot.sandbox")]


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_package_is_imported_only_where_it_belongs(package: str) -> None:
    wrong = [
        f"{importer} -> {imported}"
        for importer, imported in IMPORTS
        if within(imported, package) and not any(within(importer, home) for home in ONLY_IN[package])
    ]
    assert not wrong


def test_the_bot_takes_only_values_errors_and_the_client_from_the_model_side() -> None:
    wrong = [
        f"{importer} -> {imported}"
        for importer, imported in IMPORTS
        if within(importer, "bot") and within(imported, "moderation_model") and not _allowed(importer, imported)
    ]
    assert not wrong


def _allowed(importer: str, imported: str) -> bool:
    homes = [homes for module, homes in FROM_THE_MODEL_SIDE.items() if within(imported, module)]
    packages = {module.rpartition(".")[0] for module in FROM_THE_MODEL_SIDE}
    return imported in packages or any(within(importer, home) for found in homes for home in found)


def test_the_model_side_and_the_sandbox_know_nothing_of_the_bot() -> None:
    wrong = [
        f"{importer} -> {imported}"
        for importer, imported in IMPORTS
        if (within(importer, "moderation_model") and within(imported, "bot"))
        or (within(importer, "bot.sandbox") and within(imported, "bot") and not within(imported, "bot.sandbox"))
    ]
    assert not [line for line in wrong if not line.endswith("-> bot")]


def defended(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef, words: str) -> bool:
    return words in " ".join((ast.get_docstring(node) or "").split())


def test_long_files_are_split_or_defended() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {count} lines"
        for path in sources(*PACKAGES, "tests", "benchmarks")
        if (count := len(path.read_text("utf-8").splitlines())) > LONG_FILE
        and not defended(ast.parse(path.read_text("utf-8")), FILE_DEFENCE)
    ]
    assert not long


def test_long_functions_are_split_or_defended() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {count} lines"
        for path in sources(*PACKAGES, "tests", "benchmarks")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (count := (node.end_lineno or node.lineno) - node.lineno + 1) > LONG_FUNCTION
        and not defended(node, FUNCTION_DEFENCE)
    ]
    assert not long


def python(code: str, folder: Path, **environment: str) -> str:
    """What `code` prints in a fresh interpreter, in an empty folder."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


IMPORT_ALL = """
import importlib, logging, os, sys, threading
from pathlib import Path
import sqlalchemy.ext.asyncio

def no_engine(*arguments, **options):
    raise RuntimeError("an engine was made")

def watch(event, arguments):
    if event in ("socket.bind", "socket.connect", "subprocess.Popen", "sqlite3.connect"):
        raise RuntimeError(event)

sqlalchemy.ext.asyncio.create_async_engine = no_engine
sys.addaudithook(watch)
handlers, environment = list(logging.getLogger().handlers), dict(os.environ)
for name in {names}:
    importlib.import_module(name)
assert logging.getLogger().handlers == handlers, "logging was set up"
assert dict(os.environ) == environment, "the environment was changed"
assert threading.active_count() == 1, "a thread was started"
assert not list(Path().iterdir()), "a file was written"
print("nothing happened")
"""


def test_importing_the_bot_does_nothing(tmp_path: Path) -> None:
    names = [name_of(path) for path in sources("bot")] + [*BASE_MODULES, "moderation_model.client"]
    unusable = {f"CANDOR_{name}": "no value" for name in ("TEXT_DAYS", "HEALTH_PORT", "LOG_LEVEL", "DATABASE_URL")}
    assert python(IMPORT_ALL.format(names=names), tmp_path, **unusable) == "nothing happened"


def test_the_bot_needs_no_tensors(tmp_path: Path) -> None:
    heavy = ("torch", "transformers", "shap", "sklearn", "matplotlib", "numpy", "fastapi")
    code = f"import sys, bot.app, bot.doctor; print([name for name in {heavy} if name in sys.modules])"
    assert python(code, tmp_path) == "[]"
