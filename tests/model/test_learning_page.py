"""The page of a run: what was decided and why, old against new, and never a text."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cache

from moderation_model.compare import compare
from moderation_model.gate import judge
from moderation_model.learning import Learned, LimitChange, RunResult
from moderation_model.reports.learning_page import learning_page
from tests.model.test_compare import rows, sides

TEST = rows(["you clown haha", "hello there"] * 30, ["you pathetic thing"] * 20)


def result(**changes: object) -> RunResult:
    return replace(compared(), **changes)  # pyright: ignore[reportArgumentType]


@cache
def compared() -> RunResult:
    """Thousands of sentences are scored for it, so once for all tests."""
    found = compare(*sides(), TEST, labels=200)
    return RunResult(
        champion="old-1",
        challenger="new-1",
        verdict=judge(found.evidence),
        differences=found.differences,
        flips=found.flips,
        learned=Learned({"moderator_written": 80}, {"no permission": 7}, 0.25, 0.61),
        limits={"123": {"insult": 0.91}},
        changes=(LimitChange("123", "insult", 0.85, 0.91, 20, 30, 19, 2),),
        before=found.before,
        after=found.after,
        held_out=len(TEST),
        minutes=2.5,
        device="cpu",
    )


def test_the_page_says_why_the_gate_said_no_before_what_it_liked() -> None:
    page = learning_page(result())
    assert "Not better." in page
    assert page.index("✗ not met") < page.index("✓ met")
    assert "left out: no permission" in page
    assert "Harmless lines left alone" in page


def test_the_page_holds_no_text_and_asks_for_nothing() -> None:
    page = learning_page(result())
    assert "pathetic" not in page
    assert "clown" not in page
    assert "<script" not in page
    assert "src=" not in page
    assert 'href="http' not in page


def test_the_page_says_what_the_new_limits_change() -> None:
    page = learning_page(result())
    for part in ("0.850", "0.910", "20 right, 30 wrong", "19 right, 2 wrong"):
        assert part in page


def test_both_models_are_named_in_every_figure_by_label() -> None:
    page = learning_page(result())
    for title in ("old", "new"):
        assert f"insult<small>{title}</small>" in page
        assert f'aria-label="Reliability of insult, {title}"' in page
    assert "PR-AUC" in page
    assert "<th>wrongly flagged</th>" in page


def test_what_the_bot_knows_of_the_run_stands_on_the_page() -> None:
    page = learning_page(result(), [("drift", "scores <moved> much"), ("agreement", "0.71 over 9 cases")])
    assert "scores &lt;moved&gt; much" in page
    assert "0.71 over 9 cases" in page
    assert "On the server" not in learning_page(result())


def test_a_result_that_came_over_json_gives_the_same_page() -> None:
    sent = RunResult.from_dict(result().to_dict())
    assert learning_page(sent) == learning_page(result())
    assert asdict(sent)["held_out"] == len(TEST)


def test_a_run_that_trained_nothing_says_so() -> None:
    page = learning_page(result(challenger=None, differences=(), flips=(), before=(), after=(), limits={}))
    assert "Nothing was trained." in page


def test_names_are_escaped() -> None:
    page = learning_page(result(challenger="<b>x</b>"))
    assert "<b>x</b> against" not in page
