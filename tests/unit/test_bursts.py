"""A raid and a fault of the model are told apart by who wrote what, and how fast."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.core.bursts import FAULT_MEMBERS, RAID_MEMBERS, RAID_OVER, Raid, Sighting, faulty_label, raid_after
from bot.core.grouping import sketch_of
from tests.builders import NOON

DAY = 24 * 3600.0
LINE = "come all to my free prize stream tonight"


def sighting(
    author_id: int,
    text: str = LINE,
    *,
    after: float = 0.0,
    joined: float | None = 100 * DAY,
    channel_id: int = 200,
    acting: Sequence[str] = ("insult",),
) -> Sighting:
    """Written `after` seconds past noon by somebody who joined so many seconds before."""
    at = NOON + timedelta(seconds=after)
    joined_at = None if joined is None else at - timedelta(seconds=joined)
    return Sighting(at, author_id, channel_id, sketch_of(text), joined_at, frozenset(acting))


def own_words(number: int) -> str:
    """A text that is like no other number's."""
    return " ".join(f"{chr(97 + (number * 7 + place) % 26) * 3}{number}" for place in range(5))


def after_all(sightings: Sequence[Sighting], before: Raid | None = None) -> Raid | None:
    raid = before
    for number, newest in enumerate(sightings, start=1):
        raid = raid_after(raid, sightings[:number], newest)
    return raid


def fault_after(sightings: Sequence[Sighting]) -> str | None:
    return faulty_label(sightings, sightings[-1])


def test_the_same_words_of_many_members_within_a_minute_are_a_raid() -> None:
    varied = [sighting(number, f"{LINE}{'!' * number}", after=number) for number in range(RAID_MEMBERS)]
    raid = after_all(varied)
    assert raid is not None
    assert (raid.kind, raid.members, raid.channel_id) == ("copies", RAID_MEMBERS, 200)
    assert after_all(varied[:-1]) is None


def test_many_newcomers_at_once_are_a_raid_whatever_they_write() -> None:
    joined = [sighting(number, own_words(number), joined=600) for number in range(RAID_MEMBERS)]
    raid = after_all(joined)
    assert raid is not None
    assert (raid.kind, raid.newcomers) == ("newcomers", True)
    of_long_ago = [sighting(number, own_words(number)) for number in range(RAID_MEMBERS)]
    assert after_all(of_long_ago) is None
    assert after_all([sighting(number, own_words(number), joined=None) for number in range(RAID_MEMBERS)]) is None


def test_one_member_who_repeats_a_line_is_no_raid() -> None:
    assert after_all([sighting(1, joined=600, after=number) for number in range(50)]) is None


def test_what_comes_slowly_is_no_raid() -> None:
    assert after_all([sighting(number, joined=600, after=number * 15) for number in range(20)]) is None


def test_the_channel_of_a_raid_is_where_most_of_it_is() -> None:
    places = [1, 2, 2, 3, 2, 2, 1, 2]
    raid = after_all([sighting(number, channel_id=place) for number, place in enumerate(places)])
    assert raid is not None
    assert raid.channel_id == 2


def test_a_raid_covers_its_copies_and_nobody_else() -> None:
    raid = after_all([sighting(number) for number in range(RAID_MEMBERS)])
    assert raid is not None
    assert raid.covers(sighting(99, LINE.upper()))
    assert not raid.covers(sighting(99, own_words(3)))
    assert not raid.covers(sighting(99, own_words(3), joined=600))


def test_a_raid_goes_on_while_it_goes_on_and_the_next_one_is_another() -> None:
    first = after_all([sighting(number) for number in range(RAID_MEMBERS)])
    assert first is not None
    more = sighting(50, after=500)
    going_on = raid_after(first, [more], more)
    assert going_on is not None
    assert (going_on.began_at, going_on.last_at) == (first.began_at, more.at)

    later = RAID_OVER.total_seconds() + 501
    alone = sighting(51, after=later)
    assert raid_after(going_on, [alone], alone) is None
    second = after_all([sighting(number, after=later) for number in range(RAID_MEMBERS)], going_on)
    assert second is not None
    assert second.began_at != first.began_at


def test_a_raid_that_changes_its_words_is_still_one() -> None:
    first = after_all([sighting(number) for number in range(RAID_MEMBERS)])
    assert first is not None
    other = after_all([sighting(number, own_words(1), after=30) for number in range(RAID_MEMBERS)], first)
    assert other is not None
    assert other.began_at == first.began_at
    assert other.covers(sighting(99, own_words(1)))
    assert other.covers(sighting(99))


def test_a_label_that_hits_many_members_of_long_standing_is_at_fault() -> None:
    hit = [sighting(number, own_words(number), after=number * 30) for number in range(FAULT_MEMBERS)]
    assert fault_after(hit) == "insult"
    assert fault_after(hit[:-1]) is None


@pytest.mark.parametrize(
    "change",
    [
        {"joined": 600.0},
        {"joined": None},
        {"text": LINE},
        {"acting": ()},
    ],
    ids=["newcomers", "unknown", "one text", "no action"],
)
def test_other_bursts_are_no_fault_of_the_model(change: dict[str, object]) -> None:
    usual = {"joined": 100 * DAY, "acting": ("insult",)}
    hit = [
        sighting(number, **{"text": own_words(number), "after": number, **usual, **change})  # pyright: ignore[reportArgumentType]
        for number in range(FAULT_MEMBERS + 5)
    ]
    assert fault_after(hit) is None


def test_hits_that_are_spread_over_an_hour_are_no_fault() -> None:
    assert fault_after([sighting(number, own_words(number), after=number * 180) for number in range(20)]) is None


def test_one_member_with_many_texts_is_no_fault() -> None:
    assert fault_after([sighting(1, own_words(number), after=number) for number in range(30)]) is None
