"""The behavioural checks: large enough, read strictly, judged rightly, and printed by `candor-model check`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from moderation_model.__main__ import build_app
from moderation_model.checks.suite import SLOW_TO_ACCUSE, Check, read_suite, run_suite
from moderation_model.contract import Prediction, Sentiment
from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES

EVASIONS = {
    "zero_width",
    "combining_marks",
    "homoglyphs",
    "mathematical_letters",
    "full_width",
    "leet",
    "censoring_stars",
    "spaced",
    "dotted",
    "stretched",
    "spoiler_split",
    "markdown_split",
    "backslash_split",
    "newline_split",
}
CATEGORIES = {
    *SLOW_TO_ACCUSE,
    *("positive_identity", "banter", "self_deprecation", "hyperbole", "negated", "questions", "names_and_places"),
    *("code_and_logs", "emoji", "criticism", "everyday", "survives_folding", "direct_insults", "implied_insults"),
    *("threats", "identity_hate", "obscene_abuse", "game_abuse", "chat_slang", "evasions"),
}

SUITE = read_suite()


def test_the_suite_is_large_and_each_category_is_there() -> None:
    assert len(SUITE) >= 60
    assert sum(len(check.cases) for check in SUITE) >= 600
    assert {check.category for check in SUITE} == CATEGORIES
    assert all(len(check.cases) >= 8 and check.minimum >= 0.5 for check in SUITE)


def test_both_directions_weigh_about_the_same() -> None:
    cases = Counter(check.flagged for check in SUITE for _ in check.cases)
    assert 0.3 <= cases[True] / cases.total() <= 0.6


def test_every_kind_of_evasion_has_its_test() -> None:
    assert {check.name for check in SUITE if check.category == "evasions"} >= EVASIONS


def test_the_suite_reads_the_same_every_time() -> None:
    assert read_suite() == SUITE


GOOD = {
    "name": "says_hello",
    "why": "A greeting is harmless.",
    "expect": "harmless",
    "minimum": 0.8,
    "cases": [f"hello number {number}" for number in range(8)],
}


def write(folder: Path, *tests: object, category: object = "greetings", name: str = "greetings.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(yaml.safe_dump({"category": category, "tests": list(tests)}), "utf-8")
    return folder


def test_templates_are_filled_in_every_way(tmp_path: Path) -> None:
    slots = {"day": ["monday", "friday"], "who": ["tom", "ana", "raj", "liz"]}
    test = GOOD | {"cases": [], "templates": ["{who} comes on {day}"], "slots": slots}
    [check] = read_suite(write(tmp_path, test))
    assert set(check.cases) == {f"{who} comes on {day}" for who in slots["who"] for day in slots["day"]}


def test_a_stated_number_of_fillings_is_drawn_the_same_every_time(tmp_path: Path) -> None:
    slots = {"first": [f"a{n}" for n in range(10)], "second": [f"b{n}" for n in range(10)]}
    test = GOOD | {"cases": [], "templates": ["{first} and {second}"], "slots": slots, "per_template": 9}
    write(tmp_path, test)
    [first], [second] = read_suite(tmp_path), read_suite(tmp_path)
    assert len(set(first.cases)) == 9
    assert first == second


def test_an_unquoted_yes_is_named_as_no_text(tmp_path: Path) -> None:
    write(tmp_path, GOOD | {"cases": [*GOOD["cases"], True]})
    with pytest.raises(BadRequest, match=r"greetings\.yaml, test says_hello: number 9 of `cases` is no text"):
        read_suite(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "Says Hello"}, "needs a `name`"),
        ({"why": ""}, "`why` must be a sentence"),
        ({"expect": "nice"}, "`expect` must be"),
        ({"expect": {"flagged": "obscene"}}, "`expect` must be"),
        ({"expect": {"flagged": ["threat"]}}, "`expect` must be"),
        ({"minimum": 80}, "`minimum` must be"),
        ({"minimum": True}, "`minimum` must be"),
        ({"cases": ["hello"]}, "there are 1 cases"),
        ({"cases": "hello"}, "`cases` must be a list"),
        ({"case": []}, "`case` is no key"),
        ({"templates": ["hello {who}"]}, "the slot `who` needs values"),
        ({"slots": {"who": ["tom"]}}, "the slot `who` needs values"),
        ({"templates": ["hello {who}"], "slots": {"who": []}}, "the slot `who` needs values"),
        ({"slots": ["tom"]}, "`slots` must be"),
        ({"per_template": 0}, "`per_template` must be"),
    ],
)
def test_a_mistake_in_a_test_is_told_in_one_sentence(tmp_path: Path, change: dict[str, object], told: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_suite(write(tmp_path, GOOD | change))
    sentence = str(caught.value)
    assert told in sentence
    assert sentence.startswith("greetings.yaml, test says_hello: ") or "name" in change
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("missing", ["why", "expect", "minimum"])
def test_a_missing_key_is_named(tmp_path: Path, missing: str) -> None:
    test = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(BadRequest, match=f"says_hello: `{missing}` is missing"):
        read_suite(write(tmp_path, test))


@pytest.mark.parametrize("text", ["- [", "hello", "", "category: a\n", "category: a\ntests: []\n", "\xff\xfe\x00"])
def test_a_file_of_another_form_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.yaml").write_text(text, "latin-1")
    with pytest.raises(BadRequest, match=r"^odd\.yaml[^\n]+\.$"):
        read_suite(tmp_path)


def test_a_folder_without_checks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no checks"):
        read_suite(tmp_path / "nowhere")


def test_no_case_may_stand_twice(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD | {"name": "again"}, category="later", name="later.yaml")
    with pytest.raises(BadRequest, match="later/again has a case that greetings/says_hello has already"):
        read_suite(tmp_path)


def answer(*flagged: str) -> Prediction:
    scores = {name: 0.9 if name in flagged else 0.1 for name in LABEL_NAMES}
    stars = Sentiment((0.2, 0.2, 0.2, 0.2, 0.2))
    return Prediction(scores, flagged, stars, "as_written", "fake-1", dict.fromkeys(LABEL_NAMES, 0.5))


def fake(answers: dict[str, tuple[str, ...]]) -> Callable[[Sequence[str]], list[Prediction]]:
    """Flags the texts that are named, nothing else."""
    return lambda texts: [answer(*answers.get(text, ())) for text in texts]


def one_check(expect: object, *cases: str, minimum: float = 0.5, category: str = "quoting") -> Check:
    flagged, label = expect != "harmless", expect["flagged"] if isinstance(expect, dict) else ""
    return Check(category, "a_test", "Because.", flagged, label, minimum, cases)


@pytest.mark.parametrize(
    ("expect", "flagged", "passes"),
    [
        ("harmless", (), True),
        ("harmless", ("obscene",), True),
        ("harmless", ("obscene", "insult"), False),
        ("harmless", ("severe_toxic",), False),
        ("flagged", ("identity_hate",), True),
        ("flagged", ("obscene",), False),
        ("flagged", (), False),
        ({"flagged": "threat"}, ("toxic", "threat"), True),
        ({"flagged": "threat"}, ("toxic",), False),
    ],
)
def test_profanity_accuses_nobody_and_a_named_label_is_needed(
    expect: object, flagged: tuple[str, ...], passes: bool
) -> None:
    report = run_suite([one_check(expect, "hello")], fake({"hello": flagged}))
    assert report.results[0].passed == int(passes)


def test_a_check_passes_at_its_minimum_and_fails_below() -> None:
    cases = [f"text {number}" for number in range(10)]
    check = one_check("flagged", *cases, minimum=0.8)
    for caught, ok in ((8, True), (7, False)):
        report = run_suite([check], fake(dict.fromkeys(cases[:caught], ("toxic",))))
        assert (report.results[0].ok, bool(report.below)) == (ok, not ok)
        assert [failure.text for failure in report.results[0].failures] == cases[caught:]


def test_the_worst_category_is_one_in_which_harmless_lines_look_like_abuse() -> None:
    checks = [
        one_check("harmless", "a", "b", category="quoting"),
        one_check("harmless", "c", "d", category="reclaimed"),
        one_check("flagged", "e", "f", category="threats"),
    ]
    report = run_suite(checks, fake({"c": ("insult",)}))
    assert report.worst is not None
    assert (report.worst[0], report.worst[1].value) == ("reclaimed", 0.5)
    assert report.overall is not None
    assert report.overall.value == pytest.approx(3 / 6)
    assert report.overall.low == pytest.approx(0.188, abs=0.001)
    assert report.overall.high == pytest.approx(0.812, abs=0.001)
    assert {name: figure.value for name, figure in report.categories.items()} == {
        "quoting": 1.0,
        "reclaimed": 0.5,
        "threats": 0.0,
    }


def test_the_json_form_holds_the_failing_cases() -> None:
    report = run_suite([one_check("harmless", "a", "b", minimum=0.9)], fake({"b": ("toxic",)}))
    told = json.loads(json.dumps(report.to_dict()))
    assert told["ok"] is False
    assert told["below"] == ["quoting/a_test"]
    [failure] = told["tests"][0]["failures"]
    assert (failure["text"], failure["flagged"], failure["scores"]["toxic"]) == ("b", ["toxic"], 0.9)


def check_verb(model: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build_app(), ["check", "--model", str(model), *arguments])
    return result.exit_code, result.stdout, result.stderr


def quiet_model(folder: Path) -> Path:
    """A tiny model that flags nothing."""
    from tests.model.conftest import write_tiny_model

    return write_tiny_model(folder, threshold=0.999)


def test_the_verb_prints_a_table_that_fits_and_succeeds(tmp_path: Path) -> None:
    folder = write(tmp_path / "checks", GOOD, category="quoting")
    code, out, _ = check_verb(quiet_model(tmp_path / "model"), "--gate", str(folder))
    assert code == 0
    assert "says_hello" in out
    assert "8/8" in out
    assert "goal at least 90 %: reached" in out
    assert max(len(line) for line in out.splitlines()) <= 100


def test_the_verb_fails_below_the_minimum_and_says_which(tmp_path: Path) -> None:
    folder = write(tmp_path / "checks", GOOD, GOOD | {"name": "rude", "expect": "flagged", "cases": list("abcdefgh")})
    model = quiet_model(tmp_path / "model")
    code, out, err = check_verb(model, "--gate", str(folder), "--failures")
    assert code == 1
    assert "1 of 2 tests are below their minimum: greetings/rude." in err
    assert "flagged: nothing" in out
    code, out, _ = check_verb(model, "--gate", str(folder), "--json")
    assert code == 1
    assert json.loads(out)["below"] == ["greetings/rude"]


def test_the_verb_refuses_bad_input_with_a_sentence(tmp_path: Path, tiny_model_dir: Path) -> None:
    code, _, err = check_verb(tiny_model_dir, "--gate", str(tmp_path))
    assert (code, "no checks" in err) == (2, True)
    code, _, err = check_verb(tmp_path)
    assert (code, err.count("\n")) == (2, 1)
