"""The page of an evaluation: what it shows, that it is safe to open, and that it holds no message."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from moderation_model.__main__ import build_app
from moderation_model.contract import EvalReport, Figure, Slice
from moderation_model.evaluate import manifest_parts
from moderation_model.measures import macro, measure_label, measure_stars
from moderation_model.reports.page import page

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
NASTY = '<script>alert("x")</script> $x_1$ & `y`'


def figure(value: float) -> Figure:
    return Figure(value, value - 0.05, value + 0.03, 120)


def report() -> EvalReport:
    """Two labels, one of them without a positive, and something in every other part."""
    chance = np.random.default_rng(1)
    truth = np.repeat([0.0, 1.0], 60)
    scores = np.clip(truth * 0.5 + chance.random(120) * 0.6, 0, 1)
    labels = tuple(
        measure_label(name, answers, scores, scores > 0.5, threshold=0.5, harmless=scores[:60])
        for name, answers in (("toxic", truth), ("threat", truth * 0))
    )
    sentiment, stars = measure_stars(chance.integers(1, 6, 90), chance.integers(1, 6, 90))
    areas = {"subgroup": figure(0.9), "bpsn": figure(0.8), "bnsp": figure(0.95)}
    return EvalReport(
        model_version="candor-test",
        data="made for this test",
        texts=120,
        figures={"paradetox_roc_auc": figure(0.95), "irc_flagged_share": Figure(0.001, 0.0005, 0.002, 9000)},
        labels=labels,
        mean=macro(labels),
        sentiment=sentiment,
        stars=stars,
        slices=(Slice("source", "game chat", 70, {"flagged": figure(0.4), "roc_auc": figure(0.9)}),),
        identity={f"term {number}": areas for number in range(20)},
        evasion={"leet": figure(0.6), "full_width": figure(0.9)},
        checks={"game_talk": figure(0.7), "threats": figure(0.9)},
        notes=("Three labels were rounded.",),
    )


def drawn(of: EvalReport) -> str:
    return page(of, manifest_parts(of), when=date(2026, 1, 2))


def words(html: str) -> str:
    """What a reader sees."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            found.append(data)

    Reader().feed(re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))
    return " ".join(" ".join(found).split())


def test_the_page_says_how_many_goals_are_reached_and_shows_every_part() -> None:
    told = words(drawn(report()))
    assert "1 of 2 goals reached (11 not measured here)" in told
    assert "0.950" in told
    assert "✗ missed" in told
    assert "0.10 %" in told
    for part in ("Three labels were rounded.", "game chat", "term 19", "5 more terms", "full width", "game talk"):
        assert part in told
    assert told.index("leet") < told.index("full width")
    assert "`" not in told


def test_what_it_cannot_do_follows_from_its_figures() -> None:
    told = words(drawn(report()))
    assert "Goal not reached: ParaDetox" in told
    assert "leet 60 %" in told
    assert "game talk 70 %" in told
    better = replace(report(), figures={}, evasion={"leet": figure(0.9)}, checks={})
    assert "Goal not reached" not in words(drawn(better))
    assert "leet 60 %" not in words(drawn(better))


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    html = drawn(report())
    assert not re.findall(r"https?:|//[a-z]|@import|<script|<link|<img|<iframe|\bsrc=|\bon\w+=", html)
    assert {match[0] for match in re.findall(r"url\((.)", html)} == {"#"}
    assert "default-src 'none'" in html


def test_every_clip_path_and_marker_of_every_plot_is_its_own() -> None:
    html = drawn(report())
    ids = Counter(re.findall(r' id="([^"]+)"', html))
    assert [name for name, count in ids.items() if count > 1] == []
    assert set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", html)) <= set(ids)


def test_plots_take_their_colours_from_the_page() -> None:
    plots = re.findall(r"<svg.*?</svg>", drawn(report()), flags=re.DOTALL)
    assert len(plots) == 5
    assert not [plot for plot in plots if re.search(r"#[0-9a-f]{6}\b", plot)]
    assert all("var(--ink)" in plot and 'role="img"' in plot for plot in plots)


def test_names_out_of_a_file_are_escaped() -> None:
    nasty = replace(
        report(),
        model_version=NASTY,
        data=NASTY,
        labels=tuple(replace(label, name=NASTY) for label in report().labels),
        slices=(Slice("source", NASTY, 3, {}),),
        named={NASTY: {"subgroup": figure(0.9), "bpsn": figure(0.8), "bnsp": figure(0.95)}},
        evasion={NASTY: figure(0.1)},
        checks={NASTY: figure(0.1)},
        notes=(NASTY,),
    )
    html = drawn(nasty)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 8


def test_a_report_of_next_to_nothing_is_a_page_too() -> None:
    html = drawn(EvalReport("candor-test", "one.csv", 1, {}))
    assert "1 texts of one.csv" in words(html)
    assert "<svg" not in html


def test_the_verb_writes_the_page_without_any_message(tiny_model_dir: Path, tmp_path: Path) -> None:
    lines = [f"you blithering clown {number},{number % 2},forum" for number in range(8)]
    (tmp_path / "chat.csv").write_text("\n".join(["text,toxic,source", *lines]) + "\n", "utf-8")
    arguments = ["--data", str(tmp_path / "chat.csv"), "--model", str(tiny_model_dir), "--no-probes"]
    result = CliRunner().invoke(build_app(), ["evaluate", *arguments, "--report", str(tmp_path / "a" / "b")])
    assert result.exit_code == 0, result.output
    html = (tmp_path / "a" / "b" / "index.html").read_text("utf-8")
    assert "forum" in html
    assert "blithering" not in html + result.output
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(build_app(), ["evaluate", *arguments, "--report", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert "cannot be written" in result.output


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_shows_the_page_without_sideways_scrolling(scheme: str, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
    path = os.environ.get("CANDOR_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium, or set CANDOR_CHROMIUM to its path")
    (tmp_path / "index.html").write_text(drawn(report()), "utf-8")
    asked: list[str] = []
    async with playwright.async_playwright() as driver:
        flags = ["--headless", "--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = await driver.chromium.launch(executable_path=path, args=flags)
        shown = await browser.new_page(viewport={"width": 390, "height": 800}, color_scheme=scheme)
        shown.on("request", lambda request: asked.append(request.url))
        await shown.goto((tmp_path / "index.html").as_uri())
        assert await shown.evaluate("document.documentElement.scrollWidth") <= 390
        ink = await shown.evaluate("getComputedStyle(document.querySelector('svg text')).fill")
        paper = await shown.evaluate("getComputedStyle(document.body).backgroundColor")
        await browser.close()
    light = [sum(map(int, re.findall(r"\d+", colour)[:3])) > 380 for colour in (ink, paper)]
    assert light == ([False, True] if scheme == "light" else [True, False])
    assert len(asked) == 1
