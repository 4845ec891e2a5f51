"""What people see of a database that is away: one sentence, and a doctor that still answers."""

from __future__ import annotations

from bot.chat import texts
from bot.core.findings import Finding
from bot.core.states import findings
from tests.chat.conftest import Stage, flagged, said
from tests.unreachable import away


async def test_a_button_that_is_pressed_while_the_database_is_away_says_so_and_works_later(stage: Stage) -> None:
    card = await flagged(stage)
    with away(stage.house.db):
        assert said(await stage.lena.click(card, label="Breaks rules")) == texts.DATABASE_AWAY
    assert (await stage.only_case()).state == "open"
    assert said(await stage.lena.click(card, label="Breaks rules")) == "Recorded: it breaks the rules."


async def test_a_command_that_is_given_while_the_database_is_away_says_so(stage: Stage) -> None:
    with away(stage.house.db):
        assert said(await stage.admin.slash(stage.general, "candor pause")) == texts.DATABASE_AWAY


async def test_the_doctor_still_says_what_is_wrong(stage: Stage) -> None:
    def own() -> list[Finding]:
        return findings({"database": "away"})

    stage.bot.own_findings = own
    with away(stage.house.db):
        answer = said(await stage.admin.slash(stage.general, "candor doctor"))
    assert "The database does not answer." in answer


async def test_a_message_that_comes_while_the_database_is_away_is_kept_and_decided_later(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    stage.house.stores.spool.open()
    with away(stage.house.db):
        await stage.kai.send(stage.general, "what an insult")
    assert stage.house.passed[-1].outcome == "spooled"
    assert stage.bot.failures == 0
    await stage.bot.flows.spooling.bring_back()
    assert stage.house.passed[-1].outcome == "decided"
    assert (await stage.only_case()).actions[0].state == "done"
