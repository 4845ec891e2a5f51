"""A deletion on Discord deletes the text here, unless it is evidence."""

from __future__ import annotations

from tests.builders import GUILD
from tests.flow.conftest import House
from tests.flow.test_audit import card, draw_all, lines
from tests.flow.test_audit import write as write_lines
from tests.flow.test_privacy import flagged, judged


async def test_a_deletion_on_discord_deletes_the_text_here(house: House):
    case = await judged(house, await flagged(house), "fine")
    await house.gone.deleted(guild_id=GUILD, message_ids=[case.message_id])
    assert (await house.case(case.case_id)).text is None
    assert case.card is not None
    assert house.board.scrubbed == [case.card.message_id]


async def test_a_deletion_leaves_the_evidence_of_what_was_confirmed_for_thirty_days(house: House):
    case = await judged(house, await flagged(house), "breaks_rules")
    await house.gone.deleted(guild_id=GUILD, message_ids=[case.message_id])
    assert (await house.case(case.case_id)).text == "what an insult"
    house.clock.move(days=31)
    await house.dropping.run()
    assert (await house.case(case.case_id)).text is None


async def test_a_deleted_message_leaves_the_card_with_lines_to_check_at_once(house: House):
    await draw_all(house)
    await write_lines(house, 3)
    await house.audit.batch(GUILD)
    await house.gone.deleted(guild_id=GUILD, message_ids=[2])
    assert lines(card(house)) == ["line 1", "line 3"]
    await house.gone.deleted(guild_id=GUILD, message_ids=[1, 3])
    assert (card(house).state, lines(card(house))) == ("expired", [])


async def test_a_line_on_a_card_that_was_out_of_reach_is_taken_off_with_the_next_run(house: House):
    await draw_all(house)
    await write_lines(house, 2)
    await house.audit.batch(GUILD)
    house.board.broken = True
    await house.gone.deleted(guild_id=GUILD, message_ids=[1])
    house.board.broken = False
    assert lines(card(house)) == ["line 1", "line 2"]
    await house.audit.run()
    assert lines(card(house)) == ["line 2"]
