"""Which card a case joins: text, member, quarrel; and what must never hide behind another card."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.events import IncomingMessage
from bot.core.grouping import Standing, alike, lead_of, same_text, sketch_of
from bot.core.guild_rules import GuildRules
from bot.core.policy import Decision, decide
from tests.builders import CHANNEL, GUILD, message, person, prediction

RULES = GuildRules(GUILD)
TEXT = "nobody here wants you, leave this server now"


def flagged(written: IncomingMessage, **scores: float) -> Decision:
    return decide(written, [prediction(scores or {"insult": 0.9})], RULES)


def card(written: IncomingMessage, case_id: int = 5, **scores: float) -> Standing:
    decision = flagged(written, **scores)
    authors = frozenset({written.author.user_id})
    return Standing(
        case_id, written.channel_id, authors, written.author.name, written.text, decision.reasons, decision.ping
    )


KAI = card(message(TEXT))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (TEXT, True),
        (TEXT.upper() + "!!!", True),
        ("n.o.b.o.d.y here wants you, leave this server now", True),
        ("nobody here wants you, leave this server now 123", True),
        ("nobody here wants to leave, you know", False),
        ("no u", False),
        ("", False),
    ],
)
def test_texts_are_the_same_in_nearly_the_same_letters(text: str, same: bool) -> None:
    assert same_text(TEXT, text) is same


LONG = " ".join(f"word{number} and then {number * 37 % 91}" for number in range(60))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TEXT, TEXT.upper() + "!!!"),
        (TEXT, TEXT + " 123"),
        (TEXT, "nobody here wants to leave, you know"),
        ("no u", "No u!"),
        ("no u", "no us"),
        ("🔥🔥", "🔥🔥🔥"),
        (LONG, LONG + " and one more"),
        (LONG, LONG[: len(LONG) // 3] + TEXT * 20),
    ],
)
def test_sketches_say_of_two_texts_what_the_texts_say(one: str, other: str) -> None:
    assert alike(sketch_of(one), sketch_of(other)) is same_text(one, other)
    assert alike(sketch_of(other), sketch_of(one)) is same_text(one, other)


def test_short_texts_must_be_equal() -> None:
    assert same_text("no u", "No u!")
    assert not same_text("no u", "no us")


def test_the_same_text_of_another_member_joins_the_card() -> None:
    other = message(TEXT + " 77", author=person(2, "Dex"), channel_id=999)
    assert lead_of(other, flagged(other), [KAI]) == 5


def test_another_text_of_the_member_joins_the_card() -> None:
    more = message("and you are ugly, too", channel_id=999)
    assert lead_of(more, flagged(more), [KAI]) == 5


def test_an_answer_to_somebody_on_the_card_in_the_channel_is_a_quarrel() -> None:
    dex = person(2, "Dex")
    answer = replace(message("look who is talking", author=dex), reply_to=("Kai", TEXT))
    mention = message("look who is talking <@1>", author=dex)
    assert lead_of(answer, flagged(answer), [KAI]) == lead_of(mention, flagged(mention), [KAI]) == 5
    elsewhere = replace(answer, channel_id=CHANNEL + 1)
    assert lead_of(elsewhere, flagged(elsewhere), [KAI]) is None
    apart = message("something else entirely", author=dex)
    assert lead_of(apart, flagged(apart), [KAI]) is None


def test_a_threat_never_hides_behind_a_card_that_called_nobody() -> None:
    threat = message("i know where you sleep")
    assert lead_of(threat, flagged(threat, threat=0.9), [KAI]) is None
    called = card(message("first threat"), threat=0.9)
    assert lead_of(threat, flagged(threat, threat=0.9), [called]) == 5


def test_what_is_worse_than_the_card_gets_its_own() -> None:
    worse = message("something hateful")
    assert lead_of(worse, flagged(worse, identity_hate=0.9), [KAI]) is None


def test_who_may_need_help_always_has_a_card_of_their_own() -> None:
    need = message(TEXT)
    decision = decide(need, [prediction()], RULES, asks_for_care=True)
    assert lead_of(need, decision, [KAI]) is None


def test_a_webhook_is_no_member_whose_messages_belong_together() -> None:
    bridged = message("and you are ugly, too", by_webhook=True)
    assert lead_of(bridged, flagged(bridged), [KAI]) is None


def test_a_cry_for_help_gets_a_card_of_its_own() -> None:
    sad = message(TEXT)
    decision = decide(sad, [prediction({"insult": 0.9})], RULES, asks_for_care=True)
    assert lead_of(sad, decision, [KAI]) is None
    assert lead_of(sad, flagged(sad), [KAI]) == KAI.case_id
