"""README is checked against the code. `python -m tests.test_docs` writes its tree anew from the modules' docstrings."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from bot.config import Settings
from bot.core.settings import SETTINGS, show_value
from bot.store.privacy import PRIVACY
from bot.store.privacy_kinds import SLOT_DAYS, how_long, in_the_file, on_request
from tests import figure_tables

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SETTINGS_PAGE = ROOT / "docs" / "settings.md"
OF_PROMETHEUS = {"job", "instance"}
"""Which target was asked: a label of ours with such a name would be renamed."""
SECURITY_PAGE = ROOT / "docs" / "security.md"
PRIVACY_PAGE = ROOT / "docs" / "privacy.md"
TREE = re.compile(r"(<!-- tree -->\n```text\n)(.*?)(```\n<!-- /tree -->)", re.DOTALL)
PACKAGES = ("moderation_model", "bot", "migrations")
OTHERS = {
    "moderation_model/weights/default/": "The model that ships: weights, tokenizer, manifest with digests, model card",
    "moderation_model/checks/replay/": "Templates of sentences that may be trained on",
    "bot/sandbox/page/": "The chat page: one HTML, one CSS and one JS file, no build step",
    "tests/": "unit, flow, store (both databases), model, chat (simulated Discord), e2e (sandbox, browser)",
    "docs/": "Operating, figures to watch, security, privacy, settings, experiments, pictures",
    "Makefile, .ci/run": "`make help` lists the targets; .ci/run is `make check` and `make test`",
}
NAME_WIDTH = 32
LINE_WIDTH = 150


def first_sentence(path: Path) -> str:
    """The first sentence of a module's docstring, without its full stop; empty if it has none."""
    text = " ".join((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n\n")[0].split())
    return re.split(r"\.(?= |$)", text)[0]


def tree() -> str:
    """Every module with its first sentence, folder by folder."""
    lines: list[str] = []
    for package in PACKAGES:
        folders = sorted({path.parent for path in (ROOT / package).rglob("*.py")})
        for folder in folders:
            start = folder / "__init__.py"
            lines.append(_line(f"{folder.relative_to(ROOT)}/", first_sentence(start) if start.exists() else ""))
            for path in sorted(folder.glob("*.py")):
                if path.name != "__init__.py":
                    lines.append(_line(f"  {path.name}", first_sentence(path)))
    lines += [_line(name, meaning) for name, meaning in OTHERS.items()]
    return "\n".join(lines) + "\n"


def _line(name: str, meaning: str) -> str:
    line = f"{name:<{NAME_WIDTH}} {meaning}".rstrip()
    return line if len(line) <= LINE_WIDTH else line[: LINE_WIDTH - 4].rsplit(" ", 1)[0] + " ..."


def settings_page() -> str:
    """docs/settings.md: every plain setting of a guild."""
    rows = [f"| `{row.name}` | {row.takes} | {show_value(row, row.default)} | {row.means} |" for row in SETTINGS]
    return "\n".join(
        [
            "# Settings of a server",
            "",
            "`/candor rules set` changes one, `/candor rules show` lists them; every change is kept with who made it.",
            "This page is written from `bot/core/settings.py` by `python -m tests.test_docs`.",
            "",
            "| setting | takes | at first | what it means |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def privacy_page() -> str:
    """docs/privacy.md: every column that holds personal data."""
    lines = [
        "# What is stored on people",
        "",
        "Every column of every table, written from `bot/store/privacy.py` by `python -m tests.test_docs`; a column",
        "that is missing there fails a test. `candor privacy-policy` says the same with the settings of your own.",
        "The days are those of a fresh installation. Nothing is shown of other members or of who moderates.",
        "",
    ]
    days = {name: Settings.model_fields[name].default for name in ("text_days", "prediction_days", "case_days")}
    for row in PRIVACY:
        lines += [f"## {row.group} (`{row.name}`)", "", row.means, ""]
        if not row.personal:
            lines += ["No personal data.", ""]
            continue
        lines += [
            "| column | holds | in `/privacy mine` | at `/privacy forget` | goes by itself |",
            "|---|---|---|---|---|",
        ]
        for name, column in row.personal.items():
            gone = how_long(row, column).format(**days, slot_days=SLOT_DAYS)
            told = in_the_file(row, name), on_request(row, name, column), gone
            lines.append(f"| `{name}` | {column.holds} | {' | '.join(told)} |")
        lines += ["", f"Without personal data: {', '.join(f'`{name}`' for name in row.nothing.split())}.", ""]
    return "\n".join(lines)


def test_the_page_of_privacy_is_what_the_statement_says():
    assert PRIVACY_PAGE.read_text("utf-8") == privacy_page(), "run: python -m tests.test_docs"


def test_the_page_of_figures_has_the_tables_that_the_processes_show():
    page = figure_tables.PAGE.read_text("utf-8")
    assert page == figure_tables.written(page), "run: python -m tests.test_docs"


def test_every_alert_looks_at_figures_and_labels_that_there_are():
    blocks = re.findall(r"```yaml\n(.*?)```", figure_tables.PAGE.read_text("utf-8"), re.DOTALL)
    (groups,) = [parsed["groups"] for block in blocks if "groups" in (parsed := yaml.safe_load(block))]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    known = {figure.name: figure.labels for figures in figure_tables.PARTS.values() for figure in figures}
    known |= {f"{name}_bucket": (*labels, "le") for name, labels in known.items()}
    wrong = []
    for rule in rules:
        names = figure_tables.NAME.findall(rule["expr"])
        matched = re.findall(r"(candor_\w+)\{(\w+)", rule["expr"])
        if names:
            shown = {label for name in names for label in known.get(name, ())} | OF_PROMETHEUS
            told = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
            wrong += [f"{rule['alert']} tells {label}" for label in told if label not in shown]
        wrong += [f"{rule['alert']}: {name}" for name in names if name not in known]
        wrong += [f"{rule['alert']}: {name} {label}" for name, label in matched if label not in known.get(name, ())]
        assert names or "up{" in rule["expr"]
        assert rule["annotations"]["summary"].endswith((".", "). "))
    assert wrong == []


def test_no_label_of_a_figure_is_one_that_prometheus_writes_itself():
    labels = {label for figures in figure_tables.PARTS.values() for figure in figures for label in figure.labels}
    assert not labels & OF_PROMETHEUS


def test_no_label_of_a_figure_could_name_a_person_or_a_place():
    labels = {label for figures in figure_tables.PARTS.values() for figure in figures for label in figure.labels}
    assert not labels & {"guild", "guild_id", "server", "channel", "channel_id", "user", "author", "name", "text", "id"}


def test_the_page_of_settings_is_what_the_table_says():
    assert SETTINGS_PAGE.read_text("utf-8") == settings_page(), "run: python -m tests.test_docs"


def test_the_tree_in_the_readme_is_the_tree():
    found = TREE.search(README.read_text("utf-8"))
    assert found is not None
    assert found[2] == tree(), "run: python -m tests.test_docs"


@pytest.mark.parametrize("page", [README, SECURITY_PAGE], ids=lambda page: page.name)
def test_what_a_page_promises_is_played_by_tests_of_that_name(page: Path):
    promised = set(re.findall(r"`(test_\w+)`", page.read_text("utf-8")))
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE)
    }
    assert promised
    assert promised - defined == set()


def test_every_path_that_the_readme_names_exists():
    named = re.findall(r"`((?:bot|moderation_model|migrations|tests|docs)/[\w/.]+)[:`]", README.read_text("utf-8"))
    linked = re.findall(r"\]\(((?!https?:)[^)#]+)\)", README.read_text("utf-8"))
    assert named
    assert [path for path in {*named, *linked} if not (ROOT / path).exists()] == []


def test_every_make_target_that_the_readme_names_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b(?= |`|$)", README.read_text("utf-8"))) - {"sure", "it", "a"} <= targets


@pytest.mark.parametrize("name", ["README.md", ".env.example", "docs/security.md"])
def test_every_variable_that_is_named_is_a_setting(name: str):
    named = set(re.findall(r"\bCANDOR_([A-Z_]+)\b", (ROOT / name).read_text("utf-8")))
    assert named
    assert {each.lower() for each in named} <= set(Settings.model_fields)


if __name__ == "__main__":
    README.write_text(TREE.sub(lambda found: found[1] + tree() + found[3], README.read_text("utf-8")), "utf-8")
    SETTINGS_PAGE.write_text(settings_page(), "utf-8")
    PRIVACY_PAGE.write_text(privacy_page(), "utf-8")
    figure_tables.PAGE.write_text(figure_tables.written(figure_tables.PAGE.read_text("utf-8")), "utf-8")
