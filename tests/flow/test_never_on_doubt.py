"""Nobody is punished where people must decide: threats, cries for help, a pause, old messages, staff, shared cards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.core.actions import Delete, Timeout
from bot.core.cases import NewCase
from bot.core.guild_rules import LabelRule
from bot.core.keywords import KeywordHit, KeywordRule, asks_for_care, keyword_problem
from bot.core.policy import CARE_WHY, THREAT_WHY, decide
from bot.store.tables import cases
from moderation_model.errors import ModelUnavailable
from tests.builders import EXPIRES, GUILD, NOON, message, person, prediction
from tests.flow.conftest import House
from tests.unit.test_policy import ACTIVE, with_rules

LENA = person(7, "Lena")


async def with_keywords(house: House, *keywords: KeywordRule, **labels: LabelRule) -> None:
    rules = await house.rules(**labels)
    await house.guilds.save(replace(rules, keywords=keywords), by=1, at=house.clock.now())


def revision(minutes: int) -> int:
    return round((NOON + timedelta(minutes=minutes)).timestamp() * 1000)


@pytest.mark.parametrize("hits", [(), (KeywordHit(KeywordRule("kill*", action="delete"), "kill"),)])
def test_a_threat_stays_whatever_else_asks_for_its_deletion(hits: tuple[KeywordHit, ...]):
    rules = with_rules(ACTIVE, insult=LabelRule(delete_at=0.5, mode="act"))
    decision = decide(message(), [prediction({"threat": 0.95, "insult": 0.9})], rules, keywords=hits)
    assert (decision.actions, decision.withheld_why, decision.ping) == ((), THREAT_WHY, True)


def test_a_label_that_may_only_delete_does_not_climb_the_ladder():
    rules = replace(with_rules(ACTIVE, insult=LabelRule(delete_at=0.5, mode="delete")), escalation=True)
    assert decide(message(), [prediction({"insult": 0.9})], rules, confirmed=3).actions == (Delete(),)
    acting = replace(with_rules(ACTIVE, insult=LabelRule(delete_at=0.5, mode="act")), escalation=True)
    assert Timeout(24 * 3600) in decide(message(), [prediction({"insult": 0.9})], acting, confirmed=3).actions


def test_nothing_is_done_about_staff_by_itself():
    rules = with_rules(ACTIVE, insult=LabelRule(delete_at=0.5, mode="act"))
    decision = decide(replace(message(), by_staff=True), [prediction({"insult": 0.9})], rules)
    assert (decision.opens, decision.actions) == ("flagged", ())


async def test_a_cry_for_help_is_left_alone_while_the_model_is_away(house: House):
    await with_keywords(house, KeywordRule("kill", action="delete"), KeywordRule("myself", action="timeout"))
    house.model.down = ModelUnavailable("away")
    passed = await house.moderate.handle(message("I am going to kill myself"))
    assert house.enforcer.performed == []
    assert passed.decision.withheld_why == CARE_WHY


async def test_a_cry_for_help_opens_its_card_without_the_model(house: House):
    await house.rules()
    house.model.down = ModelUnavailable("away")
    passed = await house.moderate.handle(message("I am going to kill myself"))
    assert passed.decision.opens == "care"


async def test_pause_holds_for_a_message_that_is_being_scored(house: House):
    await house.rules(insult=LabelRule(delete_at=0.5, mode="act"))
    classify = house.model.classify

    async def paused_meanwhile(*args: object, **options: object) -> object:
        await house.setup.pause(guild_id=GUILD, by=5)
        return await classify(*args, **options)  # pyright: ignore[reportArgumentType]

    house.model.classify = paused_meanwhile  # pyright: ignore[reportAttributeAccessIssue]
    await house.moderate.handle(message("what an insult"))
    assert house.enforcer.performed == []


async def test_what_a_crash_left_is_not_done_on_a_paused_server(house: House):
    rules = await house.rules(insult=LabelRule(delete_at=0.5, mode="act"))
    predictions = [prediction({"insult": 0.9})]
    decision = decide(message(), predictions, rules)
    new = NewCase.of(message(), predictions, decision, opened_at=house.clock.now(), text_expires_at=EXPIRES)
    case, _ = await house.cases.open(new, decision.actions)
    await house.setup.pause(guild_id=GUILD, by=5)
    house.clock.move(minutes=5)
    await house.moderate.settle()
    assert house.enforcer.performed == []
    (record,) = (await house.cases.get(guild_id=GUILD, case_id=case.case_id)).actions
    assert (record.state, record.detail) == ("refused", "the server was paused before it was done")


async def test_a_threat_that_a_keyword_found_first_calls_people_once_it_is_scored(house: House):
    await with_keywords(house, KeywordRule("cheap", action="flag"))
    house.model.down = ModelUnavailable("away")
    first = await house.moderate.handle(message("cheap threat"))
    house.model.down = None
    second = await house.moderate.handle(message("cheap threat"))
    assert first.case is not None
    case = await house.cases.get(guild_id=GUILD, case_id=first.case.case_id)
    assert second.outcome == "decided"
    assert case.ping
    assert "threat" in {reason.label for reason in case.reasons}


async def test_what_is_over_an_hour_old_opens_a_case_and_no_more(house: House):
    await house.rules(insult=LabelRule(delete_at=0.5, mode="act"))
    passed = await house.moderate.handle(message("what an insult", at=house.clock.now() - timedelta(hours=2)))
    assert passed.decision.withheld_why == "over an hour old: nothing done"
    assert house.enforcer.performed == []


async def test_what_is_over_an_hour_old_is_not_acted_on_for_a_keyword_either(house: House):
    await with_keywords(house, KeywordRule("cheap", action="delete"))
    house.model.down = ModelUnavailable("away")
    passed = await house.moderate.handle(message("cheap", at=house.clock.now() - timedelta(hours=2)))
    assert passed.case is not None
    assert house.enforcer.performed == []


async def test_a_raid_of_over_an_hour_ago_calls_nobody(house: House):
    await house.rules()
    written = house.clock.now() - timedelta(hours=2)
    for number in range(12):
        raider = person(50 + number)
        await house.moderate.handle(message("what an insult", message_id=number, author=raider, at=written))
    assert house.board.raids == []


async def test_what_was_called_fine_is_not_flagged_again_for_a_changed_letter(house: House):
    await house.rules(insult=LabelRule(delete_at=0.99, mode="act"))
    first = await house.moderate.handle(message("what an insult, my dear old friend"))
    assert first.case is not None
    await house.review.vote(guild_id=GUILD, case_id=first.case.case_id, moderator=LENA, verdict="fine")
    edited = await house.moderate.handle(message("what an insult, my dear old friend!", revision=revision(1)))
    assert edited.decision.opens is None
    worse = await house.moderate.handle(message("an insult of quite another kind", revision=revision(2)))
    assert worse.decision.opens == "flagged"


async def test_an_edit_does_not_warn_again(house: House):
    await house.rules(insult=LabelRule(warn_at=0.5, mode="act"))
    await house.moderate.handle(message("what an insult"))
    edited = await house.moderate.handle(message("what an insult to all", revision=revision(1)))
    assert edited.decision.opens == "flagged"
    assert [action.kind for _, action in house.enforcer.performed] == ["warn"]


async def test_one_press_on_a_shared_card_is_one_confirmed_case(house: House):
    await house.rules()
    for number in range(4):
        await house.moderate.handle(message("what an insult", message_id=number + 1))
    await house.review.vote(guild_id=GUILD, case_id=1, moderator=LENA, verdict="breaks_rules")
    since = house.clock.now() - timedelta(days=1)
    assert await house.cases.confirmed(guild_id=GUILD, author_id=person().user_id, since=since) == 1
    assert (await house.labels.evidence(GUILD, "insult", limit=0.5)).verdicts == 1


async def test_what_a_keyword_found_goes_with_the_text(house: House):
    await with_keywords(house, KeywordRule("my secret.*", kind="regex"))
    await house.moderate.handle(message("my secret address is 5 Elm Street"))
    case = await house.cases.get(guild_id=GUILD, case_id=1)
    assert case.reasons[0].found == "my secret address is 5 Elm Street"
    async with house.db.read() as connection:
        assert "Elm" not in str((await connection.execute(sa.select(cases.c.reasons))).all())


async def test_letting_one_label_out_wakes_no_other_and_says_which_keywords_it_wakes(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.flow.guild_setup.VERDICTS_NEEDED", 0)
    labels = {"insult": LabelRule(delete_at=0.5, mode="shadow"), "toxic": LabelRule(timeout_at=0.5, mode="act")}
    await with_keywords(house, KeywordRule("spoon", action="timeout"), **labels)
    await house.setup.mode(guild_id=GUILD, label=None, mode="shadow", by=1)
    said = await house.setup.mode(guild_id=GUILD, label="insult", mode="delete", by=1)
    assert "its 1 keywords that act" in said
    rules = await house.guilds.get(GUILD)
    assert (rules.rule("insult").mode, rules.rule("toxic").mode, rules.shadow) == ("delete", "shadow", False)


@pytest.mark.parametrize("pattern", [".", r"\w", "[a-z]+"])
def test_a_keyword_that_finds_ordinary_messages_is_refused(pattern: str):
    assert "ordinary messages" in (keyword_problem(pattern, "regex") or "")


@pytest.mark.parametrize(
    "text",
    [
        "im going to kill myself",
        "I will kill myself",
        "i'll hurt myself",
        "i want to end my life",
        "I am cutting myself",
    ],
)
def test_a_cry_for_help_is_known_in_its_common_spellings(text: str):
    assert asks_for_care(text)


@pytest.mark.parametrize("text", ["I will kill the boss myself", "I cut the cake", "this level is killing me"])
def test_a_game_is_no_cry_for_help(text: str):
    assert not asks_for_care(text)
