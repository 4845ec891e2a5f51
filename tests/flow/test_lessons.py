"""Examples in own words, the permission to train on messages, and an administrator's word on a moderator."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.errors import BotError, NotAllowed
from moderation_model.errors import BadRequest, ModelUnavailable
from tests.builders import GUILD
from tests.fake_runs import BETTER, OLD
from tests.flow.conftest import House
from tests.flow.test_learn import teach
from tests.judging import judge

LENA = 50


async def write(house: House, text: str = "you old walnut, come here", *labels: str) -> str:
    return await house.lessons.write(guild_id=GUILD, by=LENA, text=text, labels=labels or ("fine",))


async def test_what_is_fine_here_has_none_of_the_labels_but_may_be_profane(house: House):
    assert "example 1" in await write(house)
    (example,) = await house.stores.learning.lessons.examples()
    assert set(example.labels.values()) == {0.0}
    assert "obscene" not in example.labels
    assert (example.source, example.may_train) == ("moderator_written", True)


async def test_what_breaks_rules_has_the_labels_that_were_chosen_and_no_others(house: House):
    await write(house, "go away, you fool", "insult", "toxic")
    (example,) = await house.stores.learning.lessons.examples()
    assert example.labels == {"insult": 1.0, "toxic": 1.0}


@pytest.mark.parametrize("labels", [("fine", "insult"), ()])
async def test_a_line_is_fine_or_breaks_rules_but_not_both(house: House, labels: tuple[str, ...]):
    with pytest.raises(BotError, match="not both"):
        await house.lessons.write(guild_id=GUILD, by=LENA, text="a line", labels=labels)


async def test_a_near_copy_of_what_was_said_is_refused(house: House):
    await judge(house.db, "what a dreadful old walnut", 1, {LENA: "fine"})
    with pytest.raises(NotAllowed, match="words of your own"):
        await write(house, "What a dreadful, old walnut!")
    assert await house.stores.learning.lessons.examples() == []


async def test_the_same_example_is_kept_once_and_an_empty_one_never(house: House):
    await write(house)
    with pytest.raises(BotError, match="there already"):
        await write(house)
    for text in ("  ", "x" * 1001):
        with pytest.raises(BotError, match="at least one and at most 1000"):
            await write(house, text)


async def test_a_withdrawn_example_marks_the_versions_that_learned_from_it(house: House):
    await write(house)
    (example,) = await house.stores.learning.lessons.examples()
    said = await house.lessons.withdraw(guild_id=GUILD, number=1)
    assert said.startswith("Example 1 is withdrawn")
    assert "One model version learned from it" in said
    assert house.model.stale == [example.example_id]
    with pytest.raises(BotError, match="no example 1"):
        await house.lessons.withdraw(guild_id=GUILD, number=1)


async def test_what_the_server_did_not_hear_it_is_told_later_and_after_a_restart(house: House):
    await write(house)
    (example,) = await house.stores.learning.lessons.examples()
    house.model.away = ModelUnavailable("away")
    await house.lessons.withdraw(guild_id=GUILD, number=1)
    await house.lessons.forgotten([77])
    assert house.model.stale == []
    again = House(house.db, model=house.model)
    house.model.away = None
    await house.lessons.tell_forgotten()
    assert house.model.stale == [77, example.example_id]
    await again.lessons.tell_forgotten()
    assert house.model.stale == [77, example.example_id, example.example_id]
    await again.lessons.tell_forgotten()
    assert len(house.model.stale) == 3


async def test_more_examples_than_the_server_takes_at_a_time_are_told_in_parts(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    mark = house.model.mark_stale

    async def narrow(example_ids: Sequence[int]) -> list[str]:
        if len(example_ids) > 100_000 or len(json.dumps(list(example_ids))) > 2**20:
            raise BadRequest("too many")
        return await mark(example_ids)

    monkeypatch.setattr(house.model, "mark_stale", narrow)
    gone = range(10**12, 10**12 + 100_001)
    assert await house.lessons.forgotten(gone) == [OLD]
    assert house.model.stale == [*gone]


async def test_a_message_that_was_deleted_on_discord_teaches_no_more_and_marks_what_learned(house: House):
    await house.rules()
    case_id = await judge(house.db, "a line of the chat", 4, {LENA: "fine"})
    await house.lessons.tell_forgotten()
    assert house.model.stale == []
    await house.gone.deleted(guild_id=GUILD, message_ids=[4])
    await house.lessons.tell_forgotten()
    assert house.model.stale == [case_id]
    page = await house.stores.learning.teaching.examples(now=house.clock.now(), without={})
    assert page.examples == ()


async def test_a_permission_names_its_reference_and_scope(house: House):
    assert await house.lessons.permission(GUILD) is None
    await house.lessons.permit(guild_id=GUILD, reference=" ticket  12 ", scope="all channels", by=LENA)
    permit = await house.lessons.permission(GUILD)
    assert permit is not None
    assert (permit.reference, permit.scope, permit.recorded_by) == ("ticket 12", "all channels", LENA)
    await house.lessons.revoke(guild_id=GUILD, by=LENA)
    for reference, scope in (("", "all"), ("ticket", "  "), ("x" * 301, "all")):
        with pytest.raises(BotError, match="reference and the scope"):
            await house.lessons.permit(guild_id=GUILD, reference=reference, scope=scope, by=LENA)
    with pytest.raises(BotError, match="No permission"):
        await house.lessons.revoke(guild_id=GUILD, by=LENA)


async def test_nobody_decides_about_his_own_verdicts(house: House):
    with pytest.raises(NotAllowed, match="Another administrator"):
        await house.lessons.decide_judge(guild_id=GUILD, moderator_id=LENA, decision="allow", by=LENA)
    said = await house.lessons.decide_judge(guild_id=GUILD, moderator_id=LENA, decision="drop", by=9)
    assert "teach no more" in said


async def test_what_was_withdrawn_while_a_model_learned_from_it_marks_that_model_and_the_report_says_so(house: House):
    await house.rules()
    await teach(house)
    first, second, *_ = [example.example_id for example in await house.stores.learning.lessons.examples()]
    run = await house.learn.start(guild_id=GUILD, by=LENA)
    await house.lessons.withdraw(guild_id=GUILD, number=2)
    assert house.model.stale == [second]  # of the versions that are there; the new one is not yet
    house.model.ends(replace(BETTER, trained_on=(first, second)))
    await house.learn.watch()
    assert house.model.stale == [second, second]
    assert house.board.reports[-1].run.run_id == run.run_id
    assert house.board.reports[-1].run.facts["forgotten"] == 1


async def test_a_new_model_is_marked_later_where_the_server_is_away_when_it_is_done(house: House):
    await house.rules()
    await teach(house)
    first, *_ = [example.example_id for example in await house.stores.learning.lessons.examples()]
    await house.learn.start(guild_id=GUILD, by=LENA)
    await house.lessons.withdraw(guild_id=GUILD, number=1)
    house.model.ends(replace(BETTER, trained_on=(first,)))
    house.model.stale.clear()
    house.board.broken = True
    house.model.unheard = ModelUnavailable("away")
    await house.learn.watch()
    assert house.model.stale == []
    house.board.broken, house.model.unheard = False, None
    house.clock.move(minutes=6)
    await house.learn.watch()
    assert house.model.stale == [first]
