"""Where no texts are kept: what is stored, what cards show, and what works all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.guild_rules import LabelRule
from bot.errors import NotAllowed
from bot.flow.stores import Stores
from tests.builders import GUILD, message, new_case, person
from tests.flow.conftest import House
from tests.flow.test_audit import draw_all
from tests.flow.test_privacy import LENA, judged
from tests.sealed_texts import every_text


async def test_score_only_mode_stores_no_text(house: House):
    await draw_all(house, keep_text=False)
    rules = await house.guilds.get(GUILD)
    acting = {**rules.labels, "insult": LabelRule(mode="act", delete_at=0.5)}
    await house.guilds.save(replace(rules, labels=acting), by=1, at=house.clock.now())
    for number, text in enumerate(["what an insult", "what an insult", "hello there"]):
        await house.moderate.handle(message(text, message_id=number + 1, author=person(number + 1)))
    await house.post_cards()
    case = await house.case(1)
    await house.reports.add(case_id=1, reporter_id=99, reason="he said an insult", at=house.clock.now())

    assert await house.audit.batch(GUILD) == 0
    assert (case.text, case.unkept, case.author_name, case.explanation) == ("", True, None, None)
    assert [len(each.other_texts) for each in house.board.cards.values()] == [0]
    assert (case.followers, [record.state for record in case.actions]) == (1, ["done"])
    assert await every_text(house.db) == {'{"unkept": true}'}


async def test_score_only_mode_judges_and_undoes_as_ever_and_puts_nothing_back(house: House):
    await house.rules()
    rules = await house.guilds.get(GUILD)
    acting = {**rules.labels, "insult": LabelRule(mode="act", delete_at=0.5)}
    await house.guilds.save(replace(rules, keep_text=False, labels=acting), by=1, at=house.clock.now())
    case = (await house.moderate.handle(message("what an insult"))).case
    assert case is not None
    await house.post_cards()
    await judged(house, case, "breaks_rules")
    after = await judged(house, case, "fine")
    assert after.votes[-1].verdict == "fine"
    with pytest.raises(NotAllowed, match="no longer kept"):
        await house.putting_back.put_back(guild_id=GUILD, case_id=case.case_id, moderator=LENA)
    assert house.messenger.quotes == []


async def test_the_operator_can_keep_no_texts_on_any_server(house: House):
    case, _ = await Stores(house.db, keep_text=False).cases.open(new_case(), [])
    assert (case.text, case.unkept) == ("", True)
