"""Which cards close by themselves once their messages are gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.actions import Delete, Timeout
from bot.core.appeals import Appeal
from bot.core.cases import ActionRecord, Vote
from bot.core.gone import over_by_itself
from tests.builders import NOON
from tests.chat.card_case import CASE, reason

GONE = replace(CASE, gone_at=NOON)


def test_a_flagged_card_whose_messages_are_all_gone_is_over():
    assert over_by_itself([GONE])
    assert over_by_itself([GONE, GONE])
    refused = ActionRecord(1, 1042, Delete(), "refused", detail="the message was already gone")
    assert over_by_itself([replace(GONE, actions=(refused,))])


def test_a_card_with_one_message_that_still_stands_is_not():
    assert not over_by_itself([GONE, CASE])


@pytest.mark.parametrize(
    "asks",
    [
        {"reasons": (reason("threat", 0.9),)},
        {"ping": True},
        {"opened_why": "care"},
        {"opened_why": "reported"},
        {"reports": 1},
        {"appeal": Appeal(1042, 4, "why?", "open", NOON)},
        {"votes": (Vote(1042, 9, "skip", {}, None, NOON),)},
        {"actions": (ActionRecord(1, 1042, Timeout(600), "done"),)},
        {"actions": (ActionRecord(1, 1042, Timeout(600), "undone"),)},
    ],
)
def test_what_asks_for_a_person_stays_open(asks: dict[str, object]):
    assert not over_by_itself([GONE, replace(GONE, **asks)])  # pyright: ignore[reportArgumentType]
