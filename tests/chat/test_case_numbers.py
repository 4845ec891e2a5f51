"""Commands that take a case's number: the choices while it is typed, `/case undo` and `/case note`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import discord
import pytest
import simcord

from bot.chat.case_choices import choice_line, fitting
from bot.errors import StoreUnavailable
from tests.builders import NOON
from tests.chat.card_case import CASE
from tests.chat.conftest import Stage, buttons_of, flagged, private, said, text_of


async def choices(
    stage: Stage, typed: str = "", *, command: str = "case show", who: simcord.MemberActor | None = None
) -> list[str]:
    found = await (who or stage.lena).autocomplete(stage.general, command, "case_id", typed)
    return [each["name"] for each in found]


async def run(stage: Stage, name: str, *, who: simcord.MemberActor | None = None, **options: object) -> str:
    result = await (who or stage.lena).slash(stage.general, name, **options)
    assert result.ephemeral
    return said(result)


@pytest.mark.parametrize("command", ["case show", "case why", "case note"])
async def test_a_number_is_chosen_by_what_whose_and_when_and_no_text_is_shown(stage: Stage, command: str) -> None:
    await stage.say("what an insult")
    await stage.say("a threat", who=stage.priya)

    assert await choices(stage, command=command) == ["2 · threat · Priya · just now", "1 · insult · Kai · just now"]
    assert await choices(stage, "1", command=command) == ["1 · insult · Kai · just now"]
    assert await choices(stage, "pri", command=command) == ["2 · threat · Priya · just now"]
    assert await choices(stage, "nobody", command=command) == []


async def test_the_chosen_case_is_shown(stage: Stage) -> None:
    await stage.say("what an insult")
    (found,) = await stage.lena.autocomplete(stage.general, "case show", "case_id", "insult")

    assert "case 1" in await run(stage, "case show", case_id=found["value"])


async def test_cases_of_other_servers_are_not_offered(stage: Stage) -> None:
    await stage.say("what an insult")
    other = stage.env.create_guild("Elsewhere")
    role = other.create_role("Moderators", permissions=discord.Permissions(moderate_members=True))
    channel = other.create_text_channel("general")
    robin = other.add_member(stage.env.create_user("Robin"), roles=[role])
    await stage.env.settle()

    assert await robin.autocomplete(channel, "case show", "case_id", "") == []


async def test_only_cases_with_something_to_undo_are_offered_for_undo(stage: Stage) -> None:
    await stage.say("what an insult")
    await stage.act_on_insults(timeout_at=0.5)
    await stage.say("one insult more", who=stage.priya)

    assert await choices(stage, command="case undo") == ["2 · insult · Priya · just now"]


async def test_a_database_that_does_not_answer_offers_nothing(stage: Stage) -> None:
    async def fails(**_: object) -> list[object]:
        raise StoreUnavailable("The database does not answer.")

    stage.house.queue.newest = fails  # type: ignore[method-assign]

    assert await choices(stage) == []
    assert stage.bot.failures == 0


def test_a_choice_is_one_short_plain_line() -> None:
    later = NOON + timedelta(hours=2, minutes=30)
    assert choice_line(CASE, now=later) == "1042 · insult · Kai · 2 h ago"
    assert choice_line(CASE, now=NOON + timedelta(days=3)) == "1042 · insult · Kai · 3 d ago"
    assert choice_line(replace(CASE, author_name=None), now=NOON).endswith("· name no longer kept · just now")
    odd = replace(CASE, author_name="Kai\n\u202e" + "x" * 200)
    line = choice_line(odd, now=later)
    assert len(line) <= 100
    assert "\n" not in line
    assert "\u202e" not in line


def test_at_most_25_choices_are_offered() -> None:
    many = [replace(CASE, case_id=number) for number in range(60)]
    assert [each.value for each in fitting(many, "", now=NOON)] == list(range(25))
    assert [each.value for each in fitting(many, "5", now=NOON)] == [5, *range(50, 60)]


async def test_undo_lifts_what_the_case_did_and_opens_it_again(stage: Stage) -> None:
    await flagged(stage, timeout_at=0.5)
    await stage.lena.click(stage.card, label="Breaks rules")

    answer = await run(stage, "case undo", case_id=1)

    assert answer.startswith("The timeout is lifted. The case is open again.")
    assert stage.timed_out_until(stage.kai) is None
    case = await stage.only_case()
    assert (case.state, case.votes) == ("open", ())
    assert "Breaks rules" in buttons_of(stage.card)


async def test_undo_offers_to_put_a_deleted_text_back(stage: Stage) -> None:
    await flagged(stage, delete_at=0.5)

    result = await stage.lena.slash(stage.general, "case undo", case_id=1)

    assert "it stays deleted" in said(result)
    (row,) = private(result).components
    assert isinstance(row, discord.ActionRow)
    assert [button.label for button in row.children if isinstance(button, discord.Button)] == ["Put text back"]


async def test_undo_needs_what_the_action_needed(stage: Stage) -> None:
    await flagged(stage, delete_at=0.5)
    stage.env.backend.edit_role(
        stage.guild.id, stage.mods.id, {"permissions": discord.Permissions(moderate_members=True).value}
    )

    assert await run(stage, "case undo", case_id=1) == (
        "This would undo a deletion, and for that you need the permission Manage Messages."
    )


async def test_undo_refuses_with_one_sentence(stage: Stage) -> None:
    assert await run(stage, "case undo", case_id=7) == "There is no case 7 on this server."
    await flagged(stage)
    assert (await run(stage, "case undo", case_id=1)).startswith("There is nothing to undo")
    await stage.say("what an insult", who=stage.priya)
    assert (await run(stage, "case undo", case_id=2)).startswith("Case 2 shares the card of case 1")
    assert len(stage.review.history()) == 1


async def test_nobody_undoes_what_was_done_to_himself(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    await stage.say("what an insult")
    stage.env.backend.add_member_role(stage.guild.id, stage.kai.id, stage.mods.id)
    await stage.env.settle()

    assert (await run(stage, "case undo", case_id=1, who=stage.kai)).startswith("Nobody decides a case about")
    assert (await stage.only_case()).actions[0].state == "done"


async def test_a_note_stands_on_the_card_of_the_case(stage: Stage) -> None:
    await flagged(stage)
    await stage.say("what an insult", who=stage.priya)

    assert await run(stage, "case note", case_id=2, text="third **time**") == "The note is on the card."
    assert await run(stage, "case note", case_id=1, text="third **time**") == "That note is on the card already."
    assert rf"📝 <@{stage.lena.id}>: third \*\*time\*\*" in text_of(stage.card)
    assert len(stage.review.history()) == 1


async def test_a_note_on_no_case_or_without_words_is_refused(stage: Stage) -> None:
    assert await run(stage, "case note", case_id=7, text="x") == "There is no case 7 on this server."
    await flagged(stage)
    assert await run(stage, "case note", case_id=1, text="   ") == "The note is empty."
    assert (await stage.only_case()).notes == ()
