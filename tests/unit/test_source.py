"""What must not stand in the source: loading of anything that can run code, and secrets or texts in the log."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = [path for folder in ("bot", "moderation_model", "migrations") for path in sorted((ROOT / folder).rglob("*.py"))]
UNSAFE_MODULES = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"})
"""What they load runs code."""
UNSAFE_CALLS = frozenset({"eval", "exec", "compile", "__import__"})
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
NEVER_LOGGED = frozenset({
    "text", "content", "message", "name", "word", "words", "pattern", "reason", "token", "secret", "password", "key",
    "url", "body", "payload", "query", "note", "title", "nick", "nickname", "author", "reading", "raw", "sentence",
})  # fmt: skip
"""A field of a log line with one of these in its name would hold what people wrote, are called, or keep secret."""
LOGGED = frozenset({"message_id", "event_name", "unknown_words"})
"""Fields with such a word in their name that hold an id, a number, or what discord.py calls its events."""


def calls(path: Path) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))


def name_of(function: ast.expr) -> str:
    return ast.unparse(function)


def option(call: ast.Call, name: str) -> str | None:
    return next((ast.unparse(each.value) for each in call.keywords if each.arg == name), None)


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def test_nothing_is_imported_that_loads_code_from_a_file() -> None:
    wrong: list[str] = []
    for path in OURS:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            wrong += [f"{place(path, node)} {name}" for name in names if name.split(".")[0] in UNSAFE_MODULES]
    assert wrong == []


def test_weights_are_loaded_from_safetensors_or_as_weights_alone() -> None:
    wrong = [
        place(path, call)
        for path in OURS
        for call in calls(path)
        if (name_of(call.func) == "torch.load" and option(call, "weights_only") != "True")
        or (name_of(call.func) in ("np.load", "numpy.load") and option(call, "allow_pickle") not in (None, "False"))
        or option(call, "trust_remote_code") not in (None, "False")
        or option(call, "use_safetensors") == "False"
    ]
    assert wrong == []


def test_yaml_is_read_without_its_own_types_and_no_text_is_run() -> None:
    wrong = [
        f"{place(path, call)} {name_of(call.func)}"
        for path in OURS
        for call in calls(path)
        if (name_of(call.func) in ("yaml.load", "yaml.load_all") and option(call, "Loader") != "_LOADER")
        or name_of(call.func) in UNSAFE_CALLS | {"yaml.unsafe_load", "yaml.full_load", "os.system", "os.popen"}
        or option(call, "shell") not in (None, "False")
    ]
    assert wrong == []
    assert "CSafeLoader" in (ROOT / "moderation_model/checks/templates.py").read_text("utf-8")


def log_calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in OURS:
        for call in calls(path):
            if isinstance(call.func, ast.Attribute) and call.func.attr in LEVELS:
                holder = name_of(call.func.value)
                if holder in ("log", "logger", "logging") or holder.endswith((".log", ".logger")):
                    yield path, call


def test_no_line_of_the_bots_log_has_a_field_that_could_hold_what_people_wrote() -> None:
    lines = [(path, call) for path, call in log_calls() if path.is_relative_to(ROOT / "bot")]
    assert len(lines) > 80, "the calls are no longer found"
    wrong = [
        f"{place(path, call)} {field.arg}"
        for path, call in lines
        for field in call.keywords
        if field.arg is not None and field.arg not in LOGGED and NEVER_LOGGED & set(field.arg.lower().split("_"))
    ]
    assert wrong == []


def test_every_line_of_the_bots_log_is_a_fixed_event_with_fields() -> None:
    wrong = [
        place(path, call)
        for path, call in log_calls()
        if path.is_relative_to(ROOT / "bot")
        and not path.is_relative_to(ROOT / "bot" / "sandbox")
        and not (len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and " " not in str(call.args[0].value))
    ]
    assert wrong == []


IN_THE_SERVERS_LOG = frozenset({
    "folder", "error", "len(rows)", "process.returncode", "error.strerror", "version", "left.state.run_id", "code",
    "run.state.run_id", "sentence", "ended.run_id", "problem.strerror", "_path(request)", "type(error).__name__",
    "place", "_name(unwell)", "_name(earlier)", "why", "current.warning",
})  # fmt: skip
"""What fills the lines of the model server's log: versions, numbers of runs, places in the code, sentences of ours."""


def test_no_line_of_the_model_servers_log_is_filled_with_a_text() -> None:
    lines = [(path, call) for path, call in log_calls() if path.is_relative_to(ROOT / "moderation_model")]
    assert len(lines) > 8, "the calls are no longer found"
    wrong = [
        f"{place(path, call)} {ast.unparse(argument)}"
        for path, call in lines
        for argument in call.args
        if not isinstance(argument, ast.Constant) and ast.unparse(argument) not in IN_THE_SERVERS_LOG
    ]
    assert wrong == []
