"""What the report on a run says: its parts in their order, on one phone screen."""

from __future__ import annotations

from dataclasses import replace

from bot.chat.learn_report import report_card
from bot.core.lessons import Run
from bot.core.retraining import RunReport, ShownFlip
from moderation_model.contract import Figure
from moderation_model.learning import Difference, GateRow, GateVerdict, Learned
from tests.builders import NOON
from tests.chat.card_case import lines
from tests.fake_runs import BETTER


def full_report() -> RunReport:
    """Everything that a report can hold."""
    rows = tuple(
        GateRow(f"rule_{each}", False, "It got worse, " + "by more than chance explains " * 12) for each in range(7)
    )
    learned = Learned({"discord_message": 10**5, "moderator_written": 10**4, "imported": 10**4}, {}, 0.2987)
    fell = Difference("checks", 0.928, 0.924, Figure(-0.004, -0.01, 0.004, 1400))
    rose = Difference("anchors", 0.965, 0.968, Figure(0.003, -0.001, 0.006, 2400))
    result = replace(BETTER, verdict=GateVerdict(False, rows, 40), learned=learned, differences=(fell, rose))
    facts = {"refused": 3, "held_verdicts": 7, "agreement": 0.71, "judged_together": 9}
    facts |= {"cards_fewer": 9, "confirmed_lost": 0, "cards_new": 2}
    run = Run("run-20260301-120000", "done", NOON, guild_id=1, ended_at=NOON, result=result, facts=facts)
    url = "https://discord.com/channels/" + "/".join(["9" * 19] * 3)
    flips = tuple(ShownFlip(10**9 + each, url, right=each % 2 == 0) for each in range(10))
    return RunReport(run, result, newest=True, flips=flips)


def test_a_report_says_its_parts_in_their_order_on_one_phone_screen() -> None:
    report = full_report()
    card = report_card(report)
    shown = lines(card)
    order = ["Not better", "Last week with it: 9 cards fewer, 0 confirmed cases lost, about 2 new", "🔴"]
    order += ["🔴 and 3 more: Details", "🟠 A little worse, within what is allowed: test sentences right 92.8 → 92.4 %"]
    order += ["Only the new one is right", "Only the old one is right"]
    order += ["100,000 verdicts, 10,000 written, 10,000 imported · 3 refused by policy · 7 verdicts held"]
    order += ["One moderator's part is at most 30 % · moderators agree well (kappa 0.71, 9 cases judged by several)"]
    places = [next(number for number, line in enumerate(shown) if part in line) for part in order]
    assert places == sorted(places)
    assert len(shown) <= 18
    assert card.content_length() <= 4000
    assert card.total_children_count <= 40


def test_a_report_of_one_case_speaks_of_one() -> None:
    report = full_report()
    facts = {"cards_fewer": 1, "confirmed_lost": 1, "cards_new": 0}
    one = replace(report, run=replace(report.run, facts=facts))
    shown = "\n".join(lines(report_card(one)))
    assert "1 card fewer, 1 confirmed case lost, about 0 new" in shown
    assert "no case was judged by two moderators" in shown


def test_a_better_model_says_how_many_tests_it_passed_and_until_when_it_waits() -> None:
    report = full_report()
    better = replace(report, result=replace(report.result, verdict=BETTER.verdict))
    shown = "\n".join(lines(report_card(better)))
    assert "🟢 Passed all 2 tests that a new model must pass" in shown
    assert "-# If nobody presses within 7 days, the old one stays · run-20260301-120000" in shown
    assert "🔴" not in shown
