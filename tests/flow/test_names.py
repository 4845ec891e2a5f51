"""Names open one case each, keep no score of a member, and wait while the model is away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.events import IncomingMessage, TextPart
from bot.errors import StoreUnavailable
from bot.store.crypto import TextKey, new_key
from bot.store.rotating import rotate
from moderation_model.errors import ModelUnavailable
from tests.builders import GUILD, NOON, message, person
from tests.flow.conftest import House


def nickname(text: str = "Insult King", *, user_id: int = 1, guild_id: int = GUILD) -> IncomingMessage:
    written = message(message_id=user_id, author=person(user_id), guild_id=guild_id)
    return replace(written, subject="nickname", parts=(TextPart("nickname", text),))


async def reading(house: House) -> None:
    await house.guilds.save(replace(await house.rules(), read_nicknames=True), by=1, at=NOON)


async def test_a_name_is_one_case_also_after_a_restart(house: House):
    await reading(house)
    case = await house.names.look(nickname())
    assert case is not None
    assert (case.subject, case.text, case.opened_why) == ("nickname", "Insult King", "flagged")
    house.names.forget(guild_id=GUILD, named_id=1)
    assert await house.names.look(nickname()) is None
    assert await house.names.look(nickname("Another Insult")) is not None


@pytest.mark.parametrize("keep_text", [True, False])
async def test_a_name_is_one_case_also_while_the_key_is_changed(house: House, keep_text: bool):
    rules = replace(await house.rules(), read_nicknames=True, keep_text=keep_text)
    await house.guilds.save(rules, by=1, at=NOON)
    old, new = new_key(), new_key()
    house.db.key = TextKey(old)
    case = await house.names.look(nickname())
    assert case is not None
    house.db.key = TextKey(f"{new},{old}")
    for _ in range(2):  # before the texts are written anew, and after
        house.names.forget(guild_id=GUILD, named_id=1)
        assert await house.names.look(nickname()) is None
        assert house.names.is_of(await house.case(case.case_id), "Insult King")
        assert not house.names.is_of(await house.case(case.case_id), "Another Insult")
        await rotate(house.db)
    house.names.forget(guild_id=GUILD, named_id=1)
    assert await house.names.look(nickname("Another Insult")) is not None


async def test_two_members_under_one_name_are_two_cases_and_no_card_stands_for_both(house: House):
    await reading(house)
    first, second = await house.names.look(nickname()), await house.names.look(nickname(user_id=2))
    await house.post_cards()
    assert first is not None
    assert second is not None
    assert first.revision == second.revision
    assert len(house.board.cards) == 2


async def test_a_members_messages_do_not_join_the_card_of_the_name(house: House):
    await reading(house)
    await house.names.look(nickname())
    passed = await house.moderate.handle(message("Insult King"))
    assert passed.case is not None
    assert passed.case.lead_id is None


async def test_no_score_of_a_member_is_kept(house: House):
    await reading(house)
    await house.names.look(nickname("Kai the Kind"))
    await house.names.look(nickname())
    assert await house.predictions.scores_of(message_id=1) is None


async def test_while_the_model_is_away_a_name_waits_until_it_is_seen_again(house: House):
    await reading(house)
    house.model.down = ModelUnavailable()
    assert await house.names.look(nickname()) is None
    house.model.down = None
    assert await house.names.look(nickname()) is not None


async def test_while_the_database_is_away_a_name_waits_until_it_is_seen_again(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    await reading(house)

    async def away(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(house.cases, "open", away)
    with pytest.raises(StoreUnavailable):
        await house.names.look(nickname())
    monkeypatch.undo()
    assert await house.names.look(nickname()) is not None


async def test_a_name_that_was_found_fine_is_not_asked_about_again(house: House):
    await reading(house)
    case = await house.names.look(nickname())
    assert case is not None
    await house.review.vote(guild_id=GUILD, case_id=case.case_id, moderator=person(7), verdict="fine")
    house.names.forget(guild_id=GUILD, named_id=1)
    assert await house.names.look(nickname()) is None
    assert (await house.case(case.case_id)).state == "closed"


async def test_a_threat_in_a_name_calls_people(house: House):
    await reading(house)
    assert await house.names.look(nickname("Threat King")) is not None
    await house.post_cards()
    assert len(house.board.pings) == 1
