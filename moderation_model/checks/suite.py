"""Behavioural checks of a model: what must be flagged and what must not, in files that anybody can add to.

In the spirit of CheckList (Ribeiro et al., 2020): each check tests one behaviour with several cases, and has a minimum
pass rate. The cases in `gate/` are measured only; what is trained on stands in `replay/` and shares no template.

A file holds a `category` and a list of `tests`. Each test has a `name`, a `why` (one sentence), what to `expect`
(`harmless`, `flagged`, or `{flagged: threat}` for one label), a `minimum` (0.8: four of five must pass) and `cases`,
plain sentences. `templates` add sentences with `{slots}`, filled from `slots` in every way, or in `per_template` ways.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from moderation_model.bulk import ACCUSING
from moderation_model.contract import Figure, Figures, Prediction
from moderation_model.errors import BadRequest
from moderation_model.measures import proportion

SLOW_TO_ACCUSE = ("counter_speech", "quoting", "reclaimed", "targetless_profanity", "neutral_identity", "game_talk")
"""Categories of harmless lines that look like abuse; the worst of them is a headline figure."""
FEWEST_CASES = 8
_FILE_KEYS = {"category", "tests"}
_NEEDED = {"name", "why", "expect", "minimum"}
_OPTIONAL = {"cases", "templates", "slots", "per_template"}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Check:
    """One behaviour. `flagged`: whether the cases must be flagged; `label`: by which label, "" for any that accuses."""

    category: str
    name: str
    why: str
    flagged: bool
    label: str
    minimum: float
    cases: tuple[str, ...]

    @property
    def expects(self) -> str:
        """`harmless`, `flagged` or `flagged: threat`, as a person reads it."""
        if not self.flagged:
            return "harmless"
        return f"flagged: {self.label}" if self.label else "flagged"

    def passes(self, flagged: Sequence[str]) -> bool:
        """True if a case with these labels at or over their limits came out as expected."""
        if self.label:
            return self.label in flagged
        return any(name in ACCUSING for name in flagged) == self.flagged


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that came out otherwise than expected. `scores`: of the labels that accuse, 0 to 1."""

    text: str
    flagged: tuple[str, ...]
    scores: Mapping[str, float]
    reading: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON; scores rounded to three places."""
        scores = {name: round(score, 3) for name, score in self.scores.items()}
        return {"text": self.text, "flagged": list(self.flagged), "scores": scores, "reading": self.reading}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check came out."""

    check: Check
    failures: tuple[Failure, ...]

    @property
    def total(self) -> int:
        """Cases."""
        return len(self.check.cases)

    @property
    def passed(self) -> int:
        """Cases that came out as expected."""
        return self.total - len(self.failures)

    @property
    def rate(self) -> float:
        """Share passed, 0 to 1."""
        return self.passed / self.total

    @property
    def ok(self) -> bool:
        """True if the share passed reaches the check's minimum."""
        return self.rate >= self.check.minimum

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        check = self.check
        named = {"category": check.category, "name": check.name, "why": check.why, "expect": check.expects}
        counts = {"passed": self.passed, "total": self.total, "rate": round(self.rate, 4), "minimum": check.minimum}
        return {**named, **counts, "ok": self.ok, "failures": [failure.to_dict() for failure in self.failures]}


@dataclass(frozen=True, slots=True)
class SuiteReport:
    """How all checks came out, in their order."""

    results: tuple[CheckResult, ...]

    @property
    def overall(self) -> Figure | None:
        """Share of all cases passed, with its 95 % interval (Wilson); None without checks."""
        return _share(self.results)

    @property
    def categories(self) -> Figures:
        """Share of cases passed by category."""
        names = dict.fromkeys(result.check.category for result in self.results)
        parts = {name: _share([at for at in self.results if at.check.category == name]) for name in names}
        return {name: figure for name, figure in parts.items() if figure}

    @property
    def worst(self) -> tuple[str, Figure] | None:
        """The category of `SLOW_TO_ACCUSE` with the lowest share passed; None if none of them was run."""
        parts = [(name, figure) for name, figure in self.categories.items() if name in SLOW_TO_ACCUSE]
        return min(parts, key=lambda part: part[1].value, default=None)

    @property
    def below(self) -> tuple[CheckResult, ...]:
        """The checks below their minimum."""
        return tuple(result for result in self.results if not result.ok)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of `candor-model check --json`."""
        worst = self.worst
        return {
            "ok": not self.below,
            "tests": [result.to_dict() for result in self.results],
            "categories": {name: figure.to_dict() for name, figure in self.categories.items()},
            "overall": self.overall.to_dict() if self.overall else None,
            "worst": {"category": worst[0], **worst[1].to_dict()} if worst else None,
            "below": [f"{result.check.category}/{result.check.name}" for result in self.below],
        }


def run_suite(checks: Sequence[Check], predict: Callable[[Sequence[str]], Sequence[Prediction]]) -> SuiteReport:
    """Asks `predict` for every case, check by check, and judges the answers. Nothing is kept of cases that pass."""
    results: list[CheckResult] = []
    for check in checks:
        answers = zip(check.cases, predict(check.cases), strict=True)
        failed = [_failure(text, answer) for text, answer in answers if not check.passes(answer.flagged)]
        results.append(CheckResult(check, tuple(failed)))
    return SuiteReport(tuple(results))


def _share(results: Sequence[CheckResult]) -> Figure | None:
    return proportion(sum(result.passed for result in results), sum(result.total for result in results))


def _failure(text: str, answer: Prediction) -> Failure:
    scores = {name: score for name, score in answer.scores.items() if name in ACCUSING}
    return Failure(text, answer.flagged, scores, answer.reading)


def gate_folder() -> Path:
    """The checks that ship."""
    return Path(__file__).parent / "gate"


def read_suite(folder: Path | None = None) -> tuple[Check, ...]:
    """Every check in the YAML files of `folder` (default: `gate_folder()`), by file name, then as written.

    Raises BadRequest with one sentence that names the file and the test if anything is wrong or stands twice.
    """
    folder = folder or gate_folder()
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise BadRequest(f"There are no checks (*.yaml) in {folder}.")
    found = [check for path in paths for check in _read_file(path)]
    _nothing_twice(found)
    return tuple(found)


def _read_file(path: Path) -> list[Check]:
    try:
        spec = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BadRequest(f"{path.name} cannot be read as YAML: {_reason(error)}.") from error
    if not isinstance(spec, dict) or set(spec) != _FILE_KEYS:
        raise BadRequest(f"{path.name} must hold `category` and `tests` and nothing else.")
    if not _is_name(spec["category"]):
        raise BadRequest(f"{path.name}: `category` must be a name in small letters, such as counter_speech.")
    if not isinstance(spec["tests"], list) or not spec["tests"]:
        raise BadRequest(f"{path.name}: `tests` must be a list of tests.")
    return [_read_test(path.name, spec["category"], number, test) for number, test in enumerate(spec["tests"], 1)]


def _read_test(file: str, category: str, number: int, test: Any) -> Check:
    if not isinstance(test, dict) or not _is_name(test.get("name")):
        raise BadRequest(f"{file}: test {number} needs a `name` in small letters, such as names_the_insult.")
    where = f"{file}, test {test['name']}"
    if missing := _NEEDED - set(test):
        raise BadRequest(f"{where}: `{min(missing)}` is missing.")
    if unknown := set(test) - _NEEDED - _OPTIONAL:
        raise BadRequest(f"{where}: `{min(map(str, unknown))}` is no key of a test.")
    if not isinstance(test["why"], str) or not test["why"].strip():
        raise BadRequest(f"{where}: `why` must be a sentence.")
    flagged, label = _expectation(where, test["expect"])
    minimum = test["minimum"]
    if isinstance(minimum, bool) or not isinstance(minimum, int | float) or not 0 < minimum <= 1:
        raise BadRequest(f"{where}: `minimum` must be a share above 0 and at most 1, such as 0.8.")
    cases = (*_texts(where, test, "cases"), *_expanded(where, test))
    if len(cases) < FEWEST_CASES:
        raise BadRequest(f"{where}: there are {len(cases)} cases; a test needs at least {FEWEST_CASES}.")
    return Check(category, test["name"], test["why"].strip(), flagged, label, float(minimum), cases)


def _expectation(where: str, expect: Any) -> tuple[bool, str]:
    if expect in ("harmless", "flagged"):
        return expect == "flagged", ""
    if isinstance(expect, dict) and list(expect) == ["flagged"] and expect["flagged"] in ACCUSING:
        return True, str(expect["flagged"])
    labels = ", ".join(ACCUSING)
    raise BadRequest(
        f"{where}: `expect` must be harmless, flagged, or {{flagged: LABEL}} with one of these labels: {labels}."
    )


def _texts(where: str, test: Mapping[str, Any], key: str) -> list[str]:
    texts = test.get(key, [])
    if not isinstance(texts, list):
        raise BadRequest(f"{where}: `{key}` must be a list of texts.")
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str) or not text.strip():
            raise BadRequest(f"{where}: number {number} of `{key}` is no text; put it in quotes.")
    return texts


def _expanded(where: str, test: Mapping[str, Any]) -> Iterator[str]:
    """Every template filled in every way, or in `per_template` ways drawn the same every time."""
    templates, slots, most = _texts(where, test, "templates"), test.get("slots", {}), test.get("per_template")
    if not isinstance(slots, dict):
        raise BadRequest(f"{where}: `slots` must be lists of texts by name.")
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
        raise BadRequest(f"{where}: `per_template` must be a whole number from 1.")
    values = {str(name): _texts(where, slots, name) for name in slots}
    used = {name for template in templates for name in _SLOT.findall(template)}
    if wrong := sorted(name for name in used | set(values) if name not in used or not values.get(name)):
        raise BadRequest(f"{where}: the slot `{wrong[0]}` needs values in `slots` and a place in a template.")
    for template in templates:
        names = list(dict.fromkeys(_SLOT.findall(template)))
        ways = math.prod(len(values[name]) for name in names)
        chosen = set(range(ways))
        if most is not None and most < ways:
            chosen = set(random.Random(template).sample(range(ways), most))
        for number, filling in enumerate(itertools.product(*(values[name] for name in names))):
            if number in chosen:
                by_name = dict(zip(names, filling, strict=True))
                yield _SLOT.sub(lambda slot, by_name=by_name: by_name[slot[1]], template)


def _nothing_twice(checks: Sequence[Check]) -> None:
    names: set[tuple[str, str]] = set()
    texts: dict[str, str] = {}
    for check in checks:
        where = f"{check.category}/{check.name}"
        if (check.category, check.name) in names:
            raise BadRequest(f"There are two tests {where}; give each its own name.")
        names.add((check.category, check.name))
        for text in check.cases:
            if text in texts:
                raise BadRequest(f"{where} has a case that {texts[text]} has already: {text!a}.")
            texts[text] = where


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _reason(error: Exception) -> str:
    """What is wrong with the file, on one line, with the place where YAML gave up."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"{error.problem} in line {error.problem_mark.line + 1}"
    return str(error).splitlines()[0].rstrip(".")
