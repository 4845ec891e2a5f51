"""An export is a file that spreadsheets open, holds no member's words or name, and says where it was cut."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from bot.core.guild_rules import LabelRule
from bot.core.keywords import KeywordRule
from bot.errors import BotError
from bot.flow.exporting import PAGE, Exported, What
from tests.builders import GUILD, message, person
from tests.flow.conftest import House

SNOWFLAKE = 1_200_000_000_000_000_000
KAI = person(SNOWFLAKE + 1, "Kai the =Formula")
LENA = person(SNOWFLAKE + 9, "Lena")


async def asked(house: House, what: What = "cases", *, days: int = 30) -> Exported:
    return await house.exporting.of(guild_id=GUILD, what=what, days=days, by=LENA.user_id)


def rows(found: Exported) -> list[dict[str, str]]:
    assert found.data is not None
    return list(csv.DictReader(io.StringIO(found.data.decode("utf-8-sig"), newline="")))


async def flag(house: House, number: int = 0, *, text: str = "insult") -> None:
    said = message(
        f"{text} {chr(97 + number) * 3}", message_id=SNOWFLAKE + 100 + number, author=KAI, at=house.clock.now()
    )
    await house.moderate.handle(said)


async def test_a_case_is_one_row_with_whole_ids_scores_and_what_became_of_it(house: House) -> None:
    await house.rules(insult=LabelRule(delete_at=0.5, mode="act"))
    await flag(house)
    await house.review.vote(guild_id=GUILD, case_id=1, moderator=LENA, verdict="breaks_rules")

    found = await asked(house)

    (row,) = rows(found)
    assert found.filename == "candor-cases-2026-03-01.csv"
    assert (row["case_id"], row["message_id"], row["author_id"]) == ("1", f"'{SNOWFLAKE + 100}", f"'{SNOWFLAKE + 1}")
    assert (row["opened_at_utc"], row["state"], row["score_insult"]) == ("2026-03-01 12:00:00", "closed", "0.9")
    assert row["reasons"] == "insult 0.900 from 0.500 (model)"
    assert row["actions"] == "delete done by the bot"
    assert row["verdicts"] == f"breaks_rules by {LENA.user_id}"
    assert (row["stars"], row["model_version"]) == ("3", "test-1")
    assert "1 row: the cases of the last 30 days." in found.sentence
    assert "no message text and no names" in found.sentence


async def test_no_word_and_no_name_of_a_member_is_in_any_file(house: House) -> None:
    rules = await house.rules()
    await house.guilds.save(replace(rules, keywords=(KeywordRule("cheap*"),)), by=1, at=house.clock.now())
    await flag(house, text="insult cheaply unmistakable")
    await house.review.vote(guild_id=GUILD, case_id=1, moderator=LENA, verdict="fine")
    whats: tuple[What, ...] = ("cases", "verdicts", "settings")
    for what in whats:
        data = (await asked(house, what)).data or b""
        for word in (b"unmistakable", b"cheaply", b"Kai", b"Lena"):
            assert word not in data


async def test_a_verdict_has_a_row_for_each_label_of_which_it_says_something(house: House) -> None:
    await house.rules()
    await flag(house, text="insult, so toxic")
    await house.review.vote(guild_id=GUILD, case_id=1, moderator=LENA, verdict="fine")
    found = rows(await asked(house, "verdicts"))
    assert [(row["verdict"], row["label"], row["answer"], row["score"]) for row in found] == [
        ("fine", "insult", "wrong", "0.9"),
        ("fine", "toxic", "wrong", "0.9"),
    ]


async def test_settings_are_what_is_set_now_and_every_change(house: House) -> None:
    rules = await house.rules()
    named = replace(rules, labels={**rules.labels, "insult": LabelRule(rule_name="=rule 2")}, cards_a_day=12)
    await house.guilds.save(named, by=LENA.user_id, at=house.clock.now())
    found = rows(await asked(house, "settings"))
    now = {row["setting"]: row["value"] for row in found if row["record"] == "now"}
    assert (now["cards_a_day"], now["shadow"]) == ("12", "false")
    assert '"rule_name": "=rule 2"' in now["labels.insult"]
    changed = {row["setting"]: row for row in found if row["record"] == "change"}
    assert (changed["cards_a_day"]["before"], changed["cards_a_day"]["value"]) == ("30", "12")
    assert changed["cards_a_day"]["changed_by"] == f"'{LENA.user_id}"


async def test_nothing_to_export_is_said_and_there_is_no_file(house: House) -> None:
    found = await asked(house)
    assert found == Exported("There are no cases in the last 30 days, so there is nothing to export.")
    assert (await asked(house, "settings")).data is not None


async def test_a_full_file_holds_the_newest_and_says_from_when_on_it_is_cut(house: House) -> None:
    await house.rules()
    for number in range(5):
        await flag(house, number)
        house.clock.move(hours=1)
    for small in (replace(house.exporting, most_rows=3), replace(house.exporting, most_bytes=1400)):
        found = await small.of(guild_id=GUILD, what="cases", days=30, by=1)
        kept = [row["case_id"] for row in rows(found)]
        assert kept in (["5", "4", "3"], ["5", "4", "3", "2"])
        assert "The file is full" in found.sentence
        assert "is left out. Ask for fewer days" in found.sentence
    whole = await replace(house.exporting, most_rows=5).of(guild_id=GUILD, what="cases", days=30, by=1)
    assert len(rows(whole)) == 5
    assert "full" not in whole.sentence


@pytest.mark.parametrize("days", [0, 366])
async def test_what_lies_too_far_back_is_refused(house: House, days: int) -> None:
    with pytest.raises(BotError, match="1 to 365 days"):
        await asked(house, days=days)


async def test_an_export_goes_beyond_one_page(house: House) -> None:
    for number in range(PAGE + 1):
        rules = replace(await house.guilds.get(GUILD), cards_a_day=number % 2 + 1)
        await house.guilds.save(rules, by=1, at=house.clock.now())
    found = rows(await asked(house, "settings"))
    assert sum(row["record"] == "change" for row in found) == PAGE + 1
