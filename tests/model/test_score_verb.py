"""`candor-model score`: what scripts read line by line, and what a person sees."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from moderation_model import score_verb
from moderation_model.__main__ import build_app
from moderation_model.labels import LABEL_NAMES
from tests.model.serving_fakes import Sick


def score(folder: Path, *lines: str | bytes) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and the answers to these lines."""
    data = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n"
    result = CliRunner().invoke(build_app(), ["score", "--jsonl", "--model", str(folder)], input=data)
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def test_each_line_is_answered_in_order(tiny_model_dir: Path) -> None:
    texts = [f"hello number {number}" for number in range(150)]
    code, answers = score(tiny_model_dir, *(json.dumps({"text": text}) for text in texts))
    _, [alone] = score(tiny_model_dir, json.dumps({"text": texts[149]}))
    assert code == 0
    assert len(answers) == 150
    assert answers[149]["scores"]["toxic"] == pytest.approx(alone["scores"]["toxic"], abs=0.02)


def test_an_answer_has_exactly_these_fields(tiny_model_dir: Path) -> None:
    _, [answer] = score(tiny_model_dir, '{"text": "hello", "id": 5}')
    assert list(answer) == ["scores", "sentiment", "flagged", "reading", "model_version", "readable", "language"]
    assert tuple(answer["scores"]) == LABEL_NAMES
    assert all(0 <= value <= 1 for value in answer["scores"].values())
    assert sum(answer["sentiment"]) == pytest.approx(1.0)
    assert (answer["reading"], answer["model_version"]) == ("as_written", "tiny-1")
    assert (answer["readable"], answer["language"]) == (True, None)


def test_a_line_in_another_language_is_not_judged_and_the_language_is_named(tiny_model_dir: Path) -> None:
    text = "alguien quiere jugar una partida conmigo esta noche después de cenar"
    _, [answer] = score(tiny_model_dir, json.dumps({"text": text}))
    assert (answer["readable"], answer["language"], answer["flagged"]) == (False, "es", [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("alguien quiere jugar una partida conmigo esta noche después de cenar", "another language (es)"),
        ("привет как дела", "of a script"),
    ],
)
def test_a_person_is_told_why_a_text_is_not_judged(tiny_model_dir: Path, text: str, why: str) -> None:
    result = CliRunner().invoke(build_app(), ["score", text, "--model", str(tiny_model_dir)])
    assert why in " ".join(result.stdout.split())
    assert "nothing is flagged" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    "bad", ["no json", "", "[]", "5", "null", '{"text": 5}', '{"txt": "hi"}', b'{"text": "\xff\xfe"}', "[" * 100_000]
)
def test_a_bad_line_is_answered_in_its_place_and_no_other_is_lost(tiny_model_dir: Path, bad: str | bytes) -> None:
    code, answers = score(tiny_model_dir, '{"text": "one"}', bad, '{"text": "two"}')
    assert code == 1
    assert ["error" in answer for answer in answers] == [False, True, False]


@pytest.mark.parametrize(
    "text",
    ["", "  ", "\x00", "\ud800", "a" * 4000, "\u202eabc", "a" + "\u0301" * 10_000, "😂❤️", "https://x.yz", "```x=1```"],
)
def test_odd_text_is_scored(tiny_model_dir: Path, text: str) -> None:
    code, [answer] = score(tiny_model_dir, json.dumps({"text": text}))
    assert code == 0
    assert set(answer["scores"]) == set(LABEL_NAMES)


def test_no_input_gives_no_output(tiny_model_dir: Path) -> None:
    result = CliRunner().invoke(build_app(), ["score", "--jsonl", "--model", str(tiny_model_dir)], input=b"")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_last_line_without_a_line_end_is_answered(tiny_model_dir: Path) -> None:
    arguments = ["score", "--jsonl", "--model", str(tiny_model_dir)]
    result = CliRunner().invoke(build_app(), arguments, input=b'{"text": "one"}\n{"text": "two"}')
    assert len(result.stdout.splitlines()) == 2


def test_a_person_gets_a_table(tiny_model_dir: Path) -> None:
    result = CliRunner().invoke(build_app(), ["score", "hello there", "--model", str(tiny_model_dir)])
    assert result.exit_code == 0
    assert all(name in result.stdout for name in LABEL_NAMES)


@pytest.mark.parametrize("arguments", [["score"], ["score", "hello", "--jsonl"]])
def test_text_and_jsonl_exclude_each_other(arguments: list[str]) -> None:
    assert CliRunner().invoke(build_app(), arguments).exit_code == 2


def test_a_folder_that_is_no_model_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    result = CliRunner().invoke(build_app(), ["score", "hello", "--model", str(tmp_path)])
    assert result.exit_code == 2
    assert "manifest" in result.stderr


def test_a_line_whose_scores_are_no_numbers_is_an_error_and_no_other_is_lost() -> None:
    source = io.BytesIO(b"".join(json.dumps({"text": text}).encode() + b"\n" for text in ("hi", "poison", "you clown")))
    target = io.StringIO()
    assert not score_verb.score_lines(source, target, Sick())
    calm, poison, rude = map(json.loads, target.getvalue().splitlines())
    assert list(poison) == ["error"]
    assert "not numbers" in poison["error"]
    assert "insult" not in calm["flagged"]
    assert "insult" in rude["flagged"]


def test_a_person_is_told_that_scores_are_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_verb, "open_model", lambda *_: Sick())
    result = CliRunner().invoke(build_app(), ["score", "poison"])
    assert result.exit_code == 1
    assert "not numbers" in result.stderr
    assert "poison" not in result.stderr
