"""The database goes away for a while: no message is lost, nobody is punished meanwhile, and everything is told once."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.core.actions import Delete
from bot.core.cases import MessageKey
from bot.core.guild_rules import LabelRule
from bot.core.spooled import Deletion, key_of
from bot.errors import StoreUnavailable
from bot.store.database import Database
from moderation_model.errors import ModelUnavailable
from tests.builders import CHANNEL, GUILD, message, person
from tests.flow.conftest import House
from tests.unreachable import away, full

DELETES = LabelRule(delete_at=0.5)


@pytest.fixture
def spooling_house(house: House) -> House:
    house.stores.spool.open()
    return house


async def waiting(house: House) -> list[object]:
    return [each.entry for each in await house.stores.spool.first(999)]


async def test_a_database_that_goes_away_costs_no_message(spooling_house: House) -> None:
    house = spooling_house
    await house.rules(insult=DELETES)
    for number in (1, 2, 3):
        house.messages.standing[number] = message(f"an insult {number}", message_id=number)
    with away(house.db):
        for number in (1, 2):
            assert (await house.spooling.handle(house.messages.standing[number])).outcome == "spooled"
        assert house.enforcer.performed == []
        assert house.board.cards == {}
    await house.spooling.bring_back()
    assert (await house.spooling.handle(house.messages.standing[3])).outcome == "decided"
    assert sorted(house.enforcer.performed, key=lambda done: done[0]) == [(1, Delete()), (2, Delete()), (3, Delete())]
    assert house.stores.spool.state == "empty"


async def test_the_least_that_is_needed_is_kept(spooling_house: House) -> None:
    house = spooling_house
    await house.rules(insult=DELETES)
    with away(house.db):
        await house.spooling.handle(message("good morning", message_id=1))
        await house.spooling.handle(message("what an insult", message_id=2, author=person(5, "Kai")))
        await house.spooling.deleted(Deletion(GUILD, (2,)))
        flagged = message("what an insult", message_id=2, author=person(5, "Kai"))
        kept = await waiting(house)
    assert kept == [MessageKey(GUILD, CHANNEL, 1, 0, "database away"), flagged, Deletion(GUILD, (2,))]


async def test_a_server_that_keeps_no_text_has_none_in_the_spool(spooling_house: House) -> None:
    house = spooling_house
    rules = await house.rules(insult=DELETES)
    await house.guilds.save(replace(rules, keep_text=False), by=1, at=house.clock.now())
    with away(house.db):
        await house.spooling.handle(message("what an insult", message_id=2))
        assert await waiting(house) == [MessageKey(GUILD, CHANNEL, 2, 0, "database away")]


async def test_what_is_flagged_meanwhile_is_shown_to_moderators_and_nothing_is_done(spooling_house: House) -> None:
    house = spooling_house
    await house.rules(insult=DELETES)
    with away(house.db):
        for number in range(1, 41):
            await house.spooling.handle(message(f"an insult {number}", message_id=number))
        await house.spooling.handle(message("an insult 1", message_id=1))
        await house.spooling.handle(message("a threat", message_id=50))
    lines = [(alert.about, alert.label, silent) for alert, _, silent in house.board.alerts]
    assert lines == [("unrecorded", "insult", True)] * 10 + [("unrecorded", "threat", False)]
    assert house.enforcer.performed == []


async def test_a_server_whose_rules_were_never_read_is_flagged_nothing(spooling_house: House) -> None:
    house = spooling_house
    with away(house.db):
        assert (await house.spooling.handle(message("what an insult"))).outcome == "spooled"
        assert await waiting(house) == [MessageKey(GUILD, CHANNEL, 1000, 0, "database away")]
    assert house.board.alerts == []
    house.messages.standing[1000] = message("what an insult")
    await house.spooling.bring_back()
    assert await house.rescoring.rescore() == 1
    assert await house.cases.of_message(guild_id=GUILD, message_id=1000) is not None


async def test_the_spool_is_replayed_in_order_and_once(spooling_house: House) -> None:
    house = spooling_house
    await house.rules(insult=LabelRule(timeout_at=0.5))
    with away(house.db):
        await house.spooling.handle(message("first insult", message_id=1))
        await house.spooling.deleted(Deletion(GUILD, (1,)))
        await house.spooling.handle(message("second insult", message_id=2))
    file = house.folder / "candor.spool"
    before = file.read_bytes()
    await house.spooling.bring_back()
    cases = [await house.case(number) for number in (1, 2)]
    assert [case.message_id for case in cases] == [1, 2]
    assert cases[0].gone_at is not None
    done = list(house.enforcer.performed)

    # A crash before the file was emptied: all of it comes up again.
    house.stores.spool.close()
    file.write_bytes(before)
    house.stores.spool.open()
    await house.spooling.bring_back()
    assert house.enforcer.performed == done
    assert [case.case_id for case in await house.cases._find()] == [1, 2]


async def test_a_flagged_message_that_its_author_deletes_meanwhile_still_becomes_a_case(spooling_house: House) -> None:
    house = spooling_house
    await house.rules(insult=LabelRule())
    with away(house.db):
        await house.spooling.handle(message("what an insult"))
    house.messages.standing.clear()
    await house.spooling.bring_back()
    case = await house.cases.of_message(guild_id=GUILD, message_id=1000)
    assert case is not None
    assert case.text == "what an insult"


async def test_what_the_process_ends_in_the_middle_of_is_found_by_the_next_start(
    spooling_house: House, tmp_path: Path
) -> None:
    house = spooling_house
    await house.shadow()
    house.spooling.left([key_of(message("what an insult"))])
    house.stores.spool.close()
    url = house.db.url.render_as_string(hide_password=False)
    later = House(Database(url, key=house.db.key), folder=tmp_path)
    later.stores.spool.open()
    later.messages.standing[1000] = message("what an insult")
    await later.spooling.bring_back()
    assert await later.rescoring.rescore() == 1
    assert await later.cases.of_message(guild_id=GUILD, message_id=1000) is not None
    await later.db.close()


def told(lines: list[MutableMapping[str, Any]]) -> list[str]:
    """What the log says of the database, in turn."""
    return [line["event"] for line in lines if line["event"] in ("database_away", "database_back", "not_kept")]


async def test_a_full_disk_stops_no_decision_and_loses_no_message(spooling_house: House) -> None:
    house = spooling_house
    await house.rules(insult=DELETES)
    with full(house.db):
        long = message("what an insult " * 40_000)  # more than the pages that are there could take
        assert (await house.spooling.handle(long)).outcome == "spooled"
        assert house.spooling.full
    await house.spooling.bring_back()
    assert house.enforcer.performed == [(1000, Delete())]
    assert not house.spooling.full


async def test_a_full_disk_without_a_spool_is_one_state_until_something_can_be_written(house: House) -> None:
    await house.rules(insult=DELETES)
    long = "what an insult " * 40_000
    with capture_logs() as lines:
        with full(house.db):
            for number in range(5):
                with pytest.raises(StoreUnavailable):
                    await house.spooling.handle(message(long, message_id=number))
                await house.spooling.bring_back()
                assert house.spooling.full
        await house.spooling.bring_back()
        assert (await house.spooling.handle(message(long, message_id=9))).outcome == "decided"
    assert not house.spooling.full
    assert house.spooling.away_since is None
    assert told(lines) == ["database_away", "not_kept", "database_back"]


async def test_on_a_full_disk_what_writes_nothing_is_no_sign_of_room(house: House) -> None:
    """Deletions of messages without a case, messages without text, and what was passed before are answered by it."""
    await house.rules(insult=DELETES)
    await house.spooling.handle(message("hello", message_id=50))
    long, began = "what an insult " * 40_000, house.clock.now()
    with capture_logs() as lines:
        with full(house.db):
            for number in range(1, 8):
                with pytest.raises(StoreUnavailable):
                    await house.spooling.handle(message(long, message_id=number))
                house.clock.move(seconds=20)
                await house.spooling.deleted(Deletion(GUILD, (100 + number,)))
                assert (await house.spooling.handle(message("", message_id=200 + number))).outcome == "empty"
                assert (await house.spooling.handle(message("hello", message_id=50))).outcome == "replayed"
                assert house.spooling.away_since == began
                await house.trouble.check()
        assert (await house.spooling.handle(message(long, message_id=9))).outcome == "decided"
    assert house.spooling.away_since is None
    assert told(lines) == ["database_away", "not_kept", "database_back"]
    assert [alert.about for alert, _, _ in house.board.alerts if alert.about != "unrecorded"] == ["database_away"]


async def test_on_a_full_disk_what_waits_and_writes_nothing_is_no_sign_of_room(spooling_house: House) -> None:
    house = spooling_house
    await house.rules(insult=DELETES)
    await house.spooling.handle(message("hello", message_id=50))
    with full(house.db):
        await house.spooling.handle(message("what an insult " * 40_000))
        (first,) = await house.stores.spool.first(9)
        await house.stores.spool.done(first.end, 1)
        for entry in (Deletion(GUILD, (7,)), key_of(message("hello", message_id=50))):
            await house.stores.spool.append(entry)
        await house.spooling.bring_back()
        assert house.stores.spool.state == "empty"
        assert house.spooling.full
    await house.spooling.handle(message("an insult", message_id=8))
    assert not house.spooling.full


async def test_a_message_that_can_be_kept_nowhere_is_an_error_and_not_silence(house: House) -> None:
    await house.rules(insult=DELETES)
    with away(house.db), pytest.raises(StoreUnavailable):
        await house.spooling.handle(message("what an insult"))


async def test_a_database_that_stays_away_is_told_once_and_once_when_it_is_over(spooling_house: House) -> None:
    house = spooling_house
    await house.rules()
    began = house.clock.now()
    with capture_logs() as lines:
        with away(house.db):
            for number in range(60):
                await house.spooling.handle(message("hello", message_id=number))
                await house.trouble.check()
                house.clock.move(seconds=10)
        await house.spooling.bring_back()
        house.clock.move(minutes=2)
        await house.trouble.check()
        await house.trouble.check()
    assert [(alert.about, alert.since) for alert, _, _ in house.board.alerts] == [
        ("database_away", began),
        ("database_back", began),
    ]
    assert [line["event"] for line in lines if line["event"].startswith("database_")] == [
        "database_away",
        "database_back",
    ]


async def test_with_model_and_database_away_keywords_still_find_and_the_message_waits(spooling_house: House) -> None:
    house = spooling_house
    await house.rules()
    await house.setup.keyword(guild_id=GUILD, pattern="grapes", kind="words", action="delete", remove=False, by=1)
    house.model.down = ModelUnavailable("away")
    with away(house.db):
        await house.spooling.handle(message("green grapes"))
    assert [alert.label for alert, _, _ in house.board.alerts] == ["keyword"]
    await house.spooling.bring_back()
    assert house.enforcer.performed == [(1000, Delete())]
