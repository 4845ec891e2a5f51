"""What a team reads after an absence, and what the doctor says while the bot catches up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat.away_lines import away_text, progress_finding
from bot.core.away import AwayReport, Progress, Urgent, id_at, late, made_at
from tests.builders import GUILD, NOON
from tests.chat.conftest import Stage, said

REPORT = AwayReport(GUILD, NOON, NOON + timedelta(minutes=21), checked=1412, cases=3)


def test_the_digest_says_how_long_how_many_and_how_many_cases() -> None:
    assert away_text(REPORT) == "Away <t:1772366400:t> to <t:1772367660:t>: 1,412 messages checked, 3 cases."


def test_over_midnight_the_digest_names_the_days() -> None:
    assert "<t:1772366400:f>" in away_text(replace(REPORT, until=NOON + timedelta(hours=20)))


def test_the_digest_names_who_might_have_needed_somebody() -> None:
    urgent = (Urgent(12, "threat", "https://d/12"), Urgent(14, "care", "https://d/14"))
    line = away_text(replace(REPORT, urgent=urgent, urgent_number=7)).splitlines()[1]
    assert "case 12 (possible threat) [look ↗](https://d/12), case 14 (may need help)" in line
    assert line.endswith("and 5 more")


def test_the_digest_says_what_could_not_be_checked() -> None:
    text = away_text(replace(REPORT, unread=(1, 2, 3, 4, 5), not_before=NOON))
    assert "Not checked: <#1>, <#2>, <#3>, <#4> and 1 more. Grant me Read Message History there." in text
    assert "What was written before <t:1772366400:f> was not looked at" in text


def test_all_of_it_fits_one_message() -> None:
    urgent = tuple(Urgent(10**7 + number, "threat", f"https://discord.com/{'9' * 70}") for number in range(4))
    report = replace(REPORT, urgent=urgent, urgent_number=999, unread=tuple(range(10**18, 10**18 + 99)))
    assert len(away_text(replace(report, not_before=NOON))) < 2000


@pytest.mark.parametrize(
    ("progress", "ok", "sentence"),
    [
        (Progress(50, 12, 1204, None, 24.0), True, "Catching up: 12 of 50 channels, 1,204 messages checked."),
        (Progress(50, 50, 1204, None, 24.0), True, "I have only just come back; what was missed is being found out."),
        (Progress(0, 0, 0, NOON, 24.0), True, "Nothing missed since <t:1772366400:f>."),
        (Progress(0, 0, 0, NOON, 0), False, "What is written while I am away is not looked at."),
    ],
)
def test_the_doctor_says_how_far_the_catching_up_is(progress: Progress, ok: bool, sentence: str) -> None:
    finding = progress_finding(progress)
    assert (finding.ok, finding.sentence) == (ok, sentence)


async def test_the_doctor_command_says_since_when_nothing_was_missed(stage: Stage) -> None:
    await stage.house.catch_up.catch_up()
    assert "Nothing missed since" in said(await stage.admin.slash(stage.general, "candor doctor"))


def test_an_id_says_when_it_was_made_and_a_time_which_ids_come_after_it() -> None:
    assert made_at(id_at(NOON)) == NOON
    assert id_at(NOON - timedelta(days=10_000)) == 0


def test_what_is_found_too_late_depends_on_the_guilds_minutes() -> None:
    found = NOON + timedelta(minutes=30)
    assert not late(found=found, written=NOON, minutes=30)
    assert late(found=found, written=NOON, minutes=29)
