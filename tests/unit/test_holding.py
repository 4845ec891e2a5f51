"""What holds a text although somebody wants it gone, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.actions import Ban
from bot.core.appeals import Appeal
from bot.core.cases import ActionRecord, Case, Vote
from bot.core.holding import FOR_NOW, HELD, held_until, is_on_record
from bot.core.policy import Action, Delete, Timeout
from tests.builders import MODEL, NOON, SOME_CASE

CLOSED_AT = NOON + timedelta(hours=2)
LATER, EARLIER = CLOSED_AT + timedelta(days=1), CLOSED_AT - timedelta(hours=1)
CASE = replace(SOME_CASE, state="closed", closed_at=CLOSED_AT)


def done(action: Action) -> Case:
    return replace(CASE, actions=(ActionRecord(1, 1, action, "done", at=NOON),))


def test_nothing_holds_a_closed_case_without_a_sanction():
    assert held_until(CASE, asked_at=LATER) is None
    assert not is_on_record(CASE)


def test_an_open_case_and_an_open_appeal_hold_for_now():
    assert held_until(replace(CASE, state="open", closed_at=None), asked_at=NOON) == FOR_NOW
    appeal = Appeal(1, 1, "a joke", "open", NOON)
    assert held_until(replace(CASE, appeal=appeal), asked_at=LATER) == FOR_NOW


def test_what_was_asked_while_the_case_was_open_is_held_for_thirty_days_after_it_closed():
    assert held_until(CASE, asked_at=EARLIER) == CLOSED_AT + HELD


@pytest.mark.parametrize(
    ("action", "end"),
    [(Delete(), NOON + HELD), (Timeout(86400), NOON + timedelta(days=1) + HELD), (Ban(), FOR_NOW)],
)
def test_a_sanction_holds_until_it_is_over_and_thirty_days_more(action: Action, end: object):
    assert held_until(done(action), asked_at=LATER) == end
    assert held_until(done(action), asked_at=None) == end
    assert is_on_record(done(action))


def test_what_was_taken_back_holds_nothing():
    undone = replace(CASE, actions=(ActionRecord(1, 1, Delete(), "undone", at=NOON),))
    assert held_until(undone, asked_at=LATER) is None
    assert not is_on_record(undone)


def test_a_decided_appeal_holds_thirty_days_after_its_answer():
    appeal = Appeal(1, 1, "a joke", "upheld", NOON, decided_by=2, decided_at=LATER)
    assert held_until(replace(CASE, appeal=appeal), asked_at=LATER) == LATER + HELD


def test_a_confirmed_case_is_on_record_and_holds_against_a_deletion_but_not_against_an_opt_out():
    confirmed = replace(CASE, votes=(Vote(1, 7, "breaks_rules", {}, MODEL, CLOSED_AT),))
    assert is_on_record(confirmed)
    assert held_until(confirmed, asked_at=LATER) == CLOSED_AT + HELD
    assert held_until(confirmed, asked_at=None) is None
