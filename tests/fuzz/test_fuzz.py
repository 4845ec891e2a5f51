"""Hostile input is taken or refused in a sentence; `make fuzz` tries a million of what is tried here."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from moderation_model.normalise import readings
from tests.fuzz import payloads
from tests.fuzz.chunk import PARTS, Chunk, feed_chunk
from tests.fuzz.house import House, house
from tests.fuzz.ids import BUTTONS, FORMS, SELECTS
from tests.fuzz.inputs import chance_of, spoiled_value
from tests.fuzz.presses import PRESSERS, component, interaction

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_ten_thousand_hostile_inputs_are_taken_or_refused() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--inputs", "10000", "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=290, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^all +10,000 +0 ", done.stdout, re.MULTILINE), done.stdout


class Trips:
    """A program that trips over one word, and over another only when it is met together with a third."""

    together = 4

    def make(self, chance: random.Random) -> str:
        return "trips" if chance.random() < 0.01 else "fine"

    def strategy(self) -> SearchStrategy[str]:
        return st.text()

    async def feed(self, given: Sequence[str]) -> None:
        if "trips" in given or any(len(each) > 3 and each != "fine" for each in given):
            raise ValueError("tripped")


@asynccontextmanager
async def tripping(seed: int) -> AsyncIterator[Trips]:
    yield Trips()


def test_an_input_that_does_wrong_is_named_by_its_number_and_made_again_from_it() -> None:
    found = feed_chunk(Chunk("trips", seed=5, first=0, count=400), tripping)
    assert found.fed == 400
    assert found.faults
    assert {Trips().make(chance_of("trips", 5, number or 0)) for number, _ in found.faults} == {"trips"}
    assert all("tripped" in sentence for _, sentence in found.faults)


def test_an_input_of_hypothesis_that_does_wrong_is_told_as_the_smallest_one(capsys: pytest.CaptureFixture[str]) -> None:
    found = feed_chunk(Chunk("trips", seed=5, first=0, count=200, drawn=True), tripping)
    ((number, sentence),) = found.faults
    assert number is None
    assert "value='0000'" in sentence


@pytest.mark.parametrize("part", PARTS)
def test_the_same_number_is_the_same_input(part: str) -> None:
    def made(inside: Any) -> list[str]:
        return [repr(inside.make(chance_of(part, 3, number))) for number in range(50)]

    first, second = (feed_nothing(part, made) for _ in range(2))
    assert first == second


def feed_nothing(part: str, look: Any) -> list[str]:
    seen: list[str] = []

    class Looks:
        together = 1

        async def feed(self, given: Sequence[Any]) -> None:
            """Takes nothing."""

        def make(self, chance: random.Random) -> None:
            return None

    @asynccontextmanager
    async def opened(seed: int) -> AsyncIterator[Looks]:
        async with PARTS[part].opened(seed) as inside:
            seen.extend(look(inside))
            yield Looks()

    feed_chunk(Chunk(part, 3, 0, 1), opened)
    return seen


@pytest.fixture
async def inside() -> AsyncIterator[House]:
    async with house(1) as found:
        yield found


async def test_events_as_discord_sends_them_are_read(inside: House) -> None:
    chance = random.Random(4)
    for number in range(300):
        await inside.receive(payloads.event(chance, number))
    assert inside.bot.unreadable.count == 0


async def test_an_event_that_cannot_be_read_is_dropped_and_counted_and_the_next_one_is_looked_at(inside: House) -> None:
    broken = payloads.message(payloads.snowflake(1), "what an insult")
    del broken["author"]
    whole = payloads.message(payloads.snowflake(2), "what an insult")
    await inside.receive(("MESSAGE_CREATE", broken), ("MESSAGE_CREATE", whole))
    assert inside.bot.unreadable.count == 1
    case = await inside.stores.cases.of_message(guild_id=payloads.GUILD, message_id=payloads.snowflake(2))
    assert case is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("content", 5),
        ("id", str(2**64)),
        ("edited_timestamp", "0001-01-01T00:00:00+00:00"),
        ("webhook_id", []),
        ("mentions", 7),
    ],
)
async def test_a_message_with_a_field_of_another_type_is_dropped_and_counted(
    inside: House, field: str, value: Any
) -> None:
    await inside.receive(("MESSAGE_CREATE", payloads.message(payloads.snowflake(1), "what an insult") | {field: value}))
    assert (inside.bot.unreadable.count, inside.bot.failures) == (1, 0)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (5, {"custom_id": FORMS[0], "components": [{"type": 3, "custom_id": "choice", "values": values}]})
        for values in (True, 0.5, "abc", None)
    ]
    + [
        (kind, {"id": "1", "type": 1, "name": "learn", "options": options})
        for kind in (2, 4)
        for options in ([{"type": 3, "name": ["revoke"], "value": True, "focused": True}], ["revoke"], "revoke", [{}])
    ],
)
async def test_an_interaction_with_a_part_of_another_type_is_dropped_and_counted(
    inside: House, kind: int, data: dict[str, Any]
) -> None:
    await inside.receive(("INTERACTION_CREATE", interaction(PRESSERS[1], kind, data)))
    assert (inside.bot.unreadable.count, inside.bot.failures) == (1, 0)


@pytest.mark.parametrize("seed", range(40))
def test_lists_deep_in_lists_are_damaged_in_a_copy_like_all_else(seed: int) -> None:
    deep: Any = []
    for _ in range(800):
        deep = [deep]
    given = {"texts": deep, "text": "x"}
    assert spoiled_value(random.Random(seed), given, changes=1) is not given
    assert given["texts"] is deep


async def test_every_button_menu_and_form_has_an_id_that_is_damaged_here(inside: House) -> None:
    templates = inside.bot._connection._view_store._dynamic_items
    given = [*BUTTONS, *(custom_id for custom_id, _ in SELECTS)]
    missing = [item.__name__ for pattern, item in templates.items() if not any(map(pattern.fullmatch, given))]
    assert missing == []
    source = "".join(path.read_text("utf-8") for path in (ROOT / "bot" / "chat").glob("*.py"))
    kinds = set(re.findall(r"form_[a-z]+(?=[:\"])", source)) | {"form_note", "form_fine_word"}
    assert {each.split(":")[2] for each in FORMS} >= {kind for kind in kinds if kind != "form_"}


async def test_every_press_of_a_whole_id_is_answered(inside: House) -> None:
    for custom_id in BUTTONS:
        await inside.receive(("INTERACTION_CREATE", component(PRESSERS[1], custom_id, 2, [])))
        assert inside.rest.asked, custom_id
    assert inside.bot.unreadable.count == 0


@pytest.mark.parametrize("unit", [" !", "A1!", "\u20ac\u00a5", "- a\n", "|", "\U0001f170."])
def test_a_hundred_thousand_characters_are_read_in_time_that_grows_with_their_number(unit: str) -> None:
    # With the square of it this would take minutes, and run into the time limit of every test.
    assert readings((unit * 100_000)[:100_000])
