from __future__ import annotations

from typing import Any

import pytest

from bot.core.guild_rules import LabelRule
from bot.core.policy import Timeout
from bot.errors import BotError, CaseNotFound, NotAllowed, StoreUnavailable
from bot.flow.ports import Outcome
from tests.builders import GUILD, MODEL, message, person
from tests.flow.conftest import House

LENA = person(50, "Lena")
PRIYA = person(51, "Priya")


async def flagged(house: House, text: str = "what an insult", **options: int) -> int:
    passed = await house.moderate.handle(message(text, **options))  # pyright: ignore[reportArgumentType]
    assert passed.case is not None
    await house.post_cards()
    return passed.case.case_id


async def test_a_verdict_is_kept_by_label_with_the_version_that_predicted(house: House):
    await house.shadow()
    case_id = await flagged(house)
    reply = await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="breaks_rules")
    assert reply.sentence == "Recorded: it breaks the rules."
    case = await house.case(case_id)
    assert case.state == "closed"
    (vote,) = case.votes
    assert (vote.moderator_id, vote.verdict, vote.model_version) == (50, "breaks_rules", MODEL)
    assert vote.labels["insult"] == "right"


async def test_the_card_shows_the_verdict(house: House):
    await house.shadow()
    case_id = await flagged(house)
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="fine")
    (card,) = house.board.cards.values()
    assert card.votes[0].verdict == "fine"


async def test_its_fine_undoes_what_was_done(house: House):
    await house.rules(insult=LabelRule(timeout_at=0.5, delete_at=0.5, timeout_seconds=60))
    case_id = await flagged(house)
    reply = await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="fine")
    assert house.enforcer.undone == [(1000, Timeout(60))]
    assert "The timeout is lifted." in reply.sentence
    assert "cannot be put back" in reply.sentence
    case = await house.case(case_id)
    assert {record.action.kind: record.state for record in case.actions} == {"timeout": "undone", "delete": "done"}


async def test_a_second_verdict_of_one_moderator_replaces_the_first(house: House):
    await house.shadow()
    case_id = await flagged(house)
    for verdict in ("breaks_rules", "fine"):
        await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict=verdict)
    assert [vote.verdict for vote in (await house.case(case_id)).votes] == ["fine"]


async def test_undo_opens_the_case_again_and_takes_the_verdict_back(house: House):
    await house.rules(insult=LabelRule(timeout_at=0.5))
    case_id = await flagged(house)
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="breaks_rules")
    reply = await house.review.undo(guild_id=GUILD, case_id=case_id, moderator=LENA)
    case = await house.case(case_id)
    assert (case.state, case.votes) == ("open", ())
    assert case.actions[0].state == "undone"
    assert "open again" in reply.sentence


async def test_one_verdict_decides_all_cases_of_the_card(house: House):
    await house.shadow()
    first = await flagged(house, message_id=1)
    await house.moderate.handle(message("what an insult", message_id=2, author=person(77)))
    await house.review.vote(guild_id=GUILD, case_id=first, moderator=LENA, verdict="breaks_rules")
    second = await house.cases.of_message(guild_id=GUILD, message_id=2)
    assert second is not None
    assert (second.state, second.votes[0].verdict) == ("closed", "breaks_rules")


async def test_nobody_decides_a_case_about_himself(house: House):
    await house.shadow()
    case_id = await flagged(house)
    with pytest.raises(NotAllowed, match="own message"):
        await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=person(1), verdict="fine")
    assert (await house.case(case_id)).votes == ()


async def test_a_case_of_another_guild_is_not_found(house: House):
    await house.shadow()
    case_id = await flagged(house)
    with pytest.raises(CaseNotFound):
        await house.review.vote(guild_id=GUILD + 1, case_id=case_id, moderator=LENA, verdict="fine")


async def test_a_label_that_the_model_missed_is_recorded_as_missing(house: House):
    await house.shadow()
    await house.reporting.report(message=message("subtle"), reporter=PRIYA, reason=None)
    case = await house.review.of_message(guild_id=GUILD, message_id=1000)
    assert case is not None
    await house.review.vote(
        guild_id=GUILD, case_id=case.case_id, moderator=LENA, verdict="breaks_rules", chosen=["insult"]
    )
    assert (await house.case(case.case_id)).votes[0].labels["insult"] == "missing"


async def test_check_says_what_would_happen_and_records_nothing(house: House):
    await house.rules(insult=LabelRule(delete_at=0.5))
    checked = await house.review.check(guild_id=GUILD, text="what an insult")
    assert [action.kind for action in checked.decision.actions] == ["delete"]
    assert checked.explanation is not None
    assert house.seen == []
    assert not await house.predictions.seen(message_id=0, revision=0)


async def test_settings_are_refused_with_a_sentence(house: House):
    with pytest.raises(BotError, match="no label 'rude'"):
        await house.setup.limit(guild_id=GUILD, label="rude", action="delete", percent=50, by=1)
    with pytest.raises(BotError, match="1 to 100"):
        await house.setup.limit(guild_id=GUILD, label="insult", action="delete", percent=0, by=1)


async def test_a_limit_is_set_acted_on_and_written_down(house: House):
    await house.rules()
    assert await house.setup.limit(guild_id=GUILD, label="insult", action="delete", percent=80, by=7) == (
        "insult: delete from 80 % on."
    )
    await house.moderate.handle(message("what an insult"))
    assert [action.kind for _, action in house.enforcer.performed] == ["delete"]


async def test_cards_that_waited_for_a_review_channel_are_posted_by_setup(house: House):
    await house.moderate.handle(message("what an insult"))
    await house.post_cards()
    assert house.board.cards == {}
    sentence = await house.setup.setup(guild_id=GUILD, review_channel_id=900, ping_role_id=None, by=1)
    assert "1 waiting card is" in sentence
    await house.post_cards()
    assert len(house.board.cards) == 1


async def test_a_verdict_that_failed_half_way_can_be_given_again(house: House):
    await house.shadow()
    lead = await flagged(house, message_id=1)
    await house.moderate.handle(message("what an insult", message_id=2, author=person(77)))
    vote, votes = house.labels.vote, 0

    async def fails_once(*args: Any, **kwargs: Any) -> None:
        nonlocal votes
        votes += 1
        if votes == 2:
            raise StoreUnavailable("The database does not answer.")
        await vote(*args, **kwargs)

    house.labels.vote = fails_once  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        await house.review.vote(guild_id=GUILD, case_id=lead, moderator=LENA, verdict="fine")
    assert (await house.case(lead)).state == "open"
    await house.review.vote(guild_id=GUILD, case_id=lead, moderator=LENA, verdict="fine")
    for case in [await house.case(lead), *await house.cases.followers(case_id=lead)]:
        assert (case.state, [each.verdict for each in case.votes]) == ("closed", ["fine"])


async def test_undo_counts_what_was_done_to_others_with_the_same_text(house: House):
    await house.rules(insult=LabelRule(timeout_at=0.5, timeout_seconds=60))
    house.enforcer.answers["timeout"] = Outcome("refused", "The owner cannot be timed out.")
    lead = await flagged(house, message_id=1)
    house.enforcer.answers.clear()
    await house.moderate.handle(message("what an insult", message_id=2, author=person(77)))
    assert house.review.would_undo(await house.case(lead)) == (Timeout(60),)


async def test_the_author_of_any_message_on_the_card_may_not_undo_it(house: House):
    await house.shadow()
    lead = await flagged(house, message_id=1)
    await house.moderate.handle(message("what an insult", message_id=2, author=LENA))
    with pytest.raises(NotAllowed):
        await house.review.undo(guild_id=GUILD, case_id=lead, moderator=LENA)


async def test_a_limit_of_the_guilds_own_makes_profanity_a_case(house: House):
    await house.rules()
    await house.setup.limit(guild_id=GUILD, label="obscene", action="delete", percent=80, by=1)
    await house.moderate.handle(message("damn", message_id=1))
    assert [action.kind for _, action in house.enforcer.performed] == ["delete"]
    await house.setup.limit(guild_id=GUILD, label="obscene", action="delete", percent=None, by=1)
    assert (await house.moderate.handle(message("damn", message_id=2))).case is None


async def test_other_words_of_a_member_share_the_card_and_its_verdict_and_teach_the_model_nothing(house: House):
    await house.rules()
    for number, text in enumerate(
        ["what an insult to us all", "what an INSULT, to us all!", "one more insult of another kind"]
    ):
        await house.moderate.handle(message(text, message_id=number + 1))
    await house.post_cards()
    (card,) = house.board.cards.values()
    await house.review.vote(guild_id=GUILD, case_id=card.case_id, moderator=LENA, verdict="breaks_rules")
    votes = [
        (await house.review.of_message(guild_id=GUILD, message_id=number)).votes[0]  # pyright: ignore[reportOptionalMemberAccess]
        for number in (1, 2, 3)
    ]
    assert [vote.verdict for vote in votes] == ["breaks_rules"] * 3
    assert [vote.labels["insult"] for vote in votes] == ["right", "right", "unknown"]
