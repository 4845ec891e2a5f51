"""What members ask about themselves, and what that changes: their texts go, the bare fact of a sanction stays."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.core.appeals import Appeal
from bot.core.cases import Case
from bot.core.guild_rules import LabelRule
from bot.core.policy import Delete
from bot.errors import NotAllowed
from tests.builders import GUILD, message, person
from tests.fake_runs import OLD
from tests.flow.conftest import House
from tests.flow.test_audit import card, draw_all, lines
from tests.flow.test_audit import write as write_lines

KAI, LENA = person(40), person(7, "Lena")


async def flagged(house: House, message_id: int = 1000, *, text: str = "what an insult", **rule: float) -> Case:
    """A flagged message of Kai's with its card; acted on as `rule` says."""
    await house.rules(insult=LabelRule(mode="act", **rule))  # pyright: ignore[reportArgumentType]
    case = (await house.moderate.handle(message(text, message_id=message_id, author=KAI))).case
    assert case is not None
    await house.post_cards()
    return await house.case(case.case_id)


async def judged(house: House, case: Case, verdict: Any) -> Case:
    await house.review.vote(guild_id=GUILD, case_id=case.case_id, moderator=LENA, verdict=verdict)
    house.clock.move(seconds=1)
    return await house.case(case.case_id)


async def forget(house: House) -> str:
    return await house.privacy.forget(guild_id=GUILD, member_id=KAI.user_id)


async def mine(house: House, member_id: int = KAI.user_id) -> dict[str, Any]:
    found = await house.privacy.mine(guild_id=GUILD, member_id=member_id)
    assert found.data is not None, found.sentence
    return json.loads(found.data)


async def test_forget_drops_the_text_and_keeps_the_bare_fact_of_a_sanction(house: House):
    case = await judged(house, await flagged(house, delete_at=0.5), "breaks_rules")
    house.clock.move(days=31)

    said = await forget(house)

    after = await house.case(case.case_id)
    assert (after.text, after.author_name, after.explanation, after.scores, after.sentiment) == (None,) * 5
    assert (after.author_id, after.opened_at, after.reasons) == (KAI.user_id, case.opened_at, case.reasons)
    assert [(record.action, record.state) for record in after.actions] == [(Delete(), "done")]
    assert "1 text is dropped. Of 1 case only the bare fact stays" in said
    assert case.card is not None
    assert house.board.scrubbed == [case.card.message_id]


async def test_forget_leaves_nothing_of_the_member_where_nothing_was_done(house: House):
    case = await judged(house, await flagged(house), "fine")
    said = await forget(house)
    after = await house.case(case.case_id)
    assert (after.author_id, after.text, after.message_id) == (0, None, -case.case_id)
    assert said.startswith("Done. 1 text is dropped. No case on record is yours.")
    assert (await house.privacy.mine(guild_id=GUILD, member_id=KAI.user_id)).data is None


async def test_evidence_of_an_open_case_is_held_until_it_closes_and_thirty_days_more(house: House):
    case = await flagged(house)
    said = await forget(house)
    assert f"I still hold the text of case {case.case_id} (open: until it is closed and 30 days more)" in said
    assert (await house.case(case.case_id)).text == "what an insult"

    await judged(house, case, "fine")
    closed_at = house.clock.now() - timedelta(seconds=1)
    house.clock.move(days=29)
    await house.dropping.run()
    assert (await house.case(case.case_id)).text == "what an insult"
    assert f"(until <t:{(closed_at + timedelta(days=30)).timestamp():.0f}:D>)" in await forget(house)
    house.clock.move(days=1)
    await house.dropping.run()
    after = await house.case(case.case_id)
    assert (after.text, after.author_id) == (None, 0)


async def test_evidence_of_a_sanction_is_held_for_thirty_days_after_it_ended(house: House):
    case = await judged(house, await flagged(house, timeout_at=0.5, timeout_seconds=86400), "breaks_rules")
    house.clock.move(days=20)
    await forget(house)
    assert (await house.case(case.case_id)).text == "what an insult"
    house.clock.move(days=9)
    await house.dropping.run()
    assert (await house.case(case.case_id)).text is not None
    house.clock.move(days=2)
    await house.dropping.run()
    assert (await house.case(case.case_id)).text is None


async def test_evidence_of_an_appeal_is_held_until_it_is_answered_and_thirty_days_more(house: House):
    case = await judged(house, await flagged(house, delete_at=0.5), "breaks_rules")
    await house.stores.appeals.open(case, text="it was a joke", at=house.clock.now())
    house.clock.move(days=40)
    assert "open: until it is closed" in await forget(house)
    await judged(house, case, "breaks_rules")
    house.clock.move(days=29)
    await house.dropping.run()
    after = await house.case(case.case_id)
    assert isinstance(after.appeal, Appeal)
    assert (after.text, after.appeal.text) == ("what an insult", "it was a joke")
    house.clock.move(days=2)
    await house.dropping.run()
    after = await house.case(case.case_id)
    assert isinstance(after.appeal, Appeal)
    assert (after.text, after.appeal.text, after.appeal.state) == (None, None, "upheld")


async def test_examples_from_forgotten_messages_are_withdrawn_and_the_versions_marked(house: House):
    case = await judged(house, await flagged(house), "breaks_rules")
    said = await forget(house)
    assert "1 example that could teach the model is withdrawn" in said
    assert house.model.stale == [case.case_id]
    page = await house.stores.learning.teaching.examples(now=house.clock.now(), without={})
    assert page.examples == ()
    again = House(house.db, model=house.model)
    await again.lessons.tell_forgotten()
    assert house.model.stale == [case.case_id] * 2
    assert house.model.serving == OLD


async def test_what_a_member_wrote_to_teach_is_withdrawn_with_its_text(house: House):
    await house.lessons.write(guild_id=GUILD, by=KAI.user_id, text="you old walnut", labels=("fine",))
    assert [row["text"] for row in (await mine(house))["examples_you_wrote"]["rows"]] == ["you old walnut"]
    await forget(house)
    assert await house.stores.learning.lessons.examples() == []
    house.clock.move(minutes=5)
    assert (await house.privacy.mine(guild_id=GUILD, member_id=KAI.user_id)).data is None


async def test_forget_of_one_member_changes_nothing_of_another(house: House):
    await house.rules()
    other = (await house.moderate.handle(message("an insult", message_id=5, author=person(2, "Priya")))).case
    assert other is not None
    await judged(house, other, "fine")
    await forget(house)
    assert (await house.case(other.case_id)).text == "an insult"
    assert [row["text"] for row in (await mine(house, 2))["cases"]["rows"]] == ["an insult"]


async def test_mine_shows_everything_with_its_text_and_nobody_else(house: House):
    case = await flagged(house, delete_at=0.5)
    await house.reports.add(case_id=case.case_id, reporter_id=99, reason="he is rude", at=house.clock.now())
    await judged(house, case, "breaks_rules")
    await house.deciding.note(guild_id=GUILD, case_id=case.case_id, moderator=LENA, text="third time")

    found = await mine(house)

    (row,) = found["cases"]["rows"]
    assert (row["text"], row["author_name"], row["case"]) == ("what an insult", "Kai", case.case_id)
    assert row["reasons"][0]["label"] == "insult"
    assert [done["what"] for done in found["done_to_you"]["rows"]] == ["delete"]
    assert [each["verdict"] for each in found["verdicts_on_your_cases"]["rows"]] == ["breaks_rules"]
    whole = json.dumps(found)
    assert not [word for word in ("he is rude", "third time", "99", "Lena") if word in whole]


async def test_mine_shows_what_a_member_reported_and_what_a_moderator_did(house: House):
    case = await flagged(house)
    await house.reports.add(case_id=case.case_id, reporter_id=7, reason="rude", at=house.clock.now())
    await judged(house, case, "breaks_rules")
    found = await mine(house, 7)
    assert [row["reason"] for row in found["reports_you_wrote"]["rows"]] == ["rude"]
    assert [row["verdict"] for row in found["verdicts_you_gave"]["rows"]] == ["breaks_rules"]
    assert "cases" not in found
    assert "what an insult" not in json.dumps(found)


async def test_mine_shows_lines_that_wait_to_be_checked_and_only_ones_own(house: House):
    await draw_all(house)
    await write_lines(house, 1)
    await house.moderate.handle(message("hello", message_id=50, author=KAI))
    assert [row["text"] for row in (await mine(house))["lines_to_check"]["rows"]] == ["hello"]


async def test_mine_comes_once_in_five_minutes(house: House):
    await flagged(house)
    await mine(house)
    with pytest.raises(NotAllowed, match="a moment ago"):
        await mine(house)
    house.clock.move(minutes=5)
    await mine(house)


async def test_an_opt_out_keeps_nothing_beyond_the_decision_and_moderates_all_the_same(house: House):
    await house.privacy.opt_out(guild_id=GUILD, member_id=KAI.user_id)
    case = await flagged(house)
    assert (case.text, case.state) == ("what an insult", "open")
    await judged(house, case, "breaks_rules")
    await house.dropping.run()
    assert (await house.case(case.case_id)).text is None
    assert (await house.stores.learning.teaching.examples(now=house.clock.now(), without={})).examples == ()

    acted = await flagged(house, 1001, delete_at=0.5)
    assert [record.state for record in acted.actions] == ["done"]
    await judged(house, acted, "breaks_rules")
    await house.dropping.run()
    assert (await house.case(acted.case_id)).text == "what an insult"
    assert (await house.stores.learning.teaching.examples(now=house.clock.now(), without={})).examples == ()
    house.clock.move(days=31)
    await house.dropping.run()
    assert (await house.case(acted.case_id)).text is None


async def test_nothing_of_who_opted_out_is_drawn_for_checks_and_what_was_drawn_goes(house: House):
    await draw_all(house)
    await write_lines(house, 1)
    await house.privacy.opt_out(guild_id=GUILD, member_id=1)
    await write_lines(house, 1, first=2)
    assert await house.audit.batch(GUILD) == 0
    await house.privacy.opt_in(guild_id=GUILD, member_id=1)
    await write_lines(house, 1, first=3)
    await house.audit.batch(GUILD)
    assert lines(card(house)) == ["line 3"]


async def test_choices_are_said_to_hold_already(house: House):
    ids = {"guild_id": GUILD, "member_id": KAI.user_id}
    assert "have not opted out" in await house.privacy.opt_in(**ids)
    assert "moderated like everybody else" in await house.privacy.opt_out(**ids)
    assert "chosen that before" in await house.privacy.opt_out(**ids)
    assert "Taken back" in await house.privacy.opt_in(**ids)
