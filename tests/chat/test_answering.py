"""Every press and command is answered, also when Discord, the token or we fail, and when two press at once."""

from __future__ import annotations

from typing import Any

import pytest
import simcord
from simcord import interactions
from simcord.backend import serializers
from simcord.results import InteractionResult

from tests.chat.conftest import House, Stage, buttons_of, flagged, said


def prepared_press(stage: Stage, who: simcord.MemberActor, label: str) -> tuple[dict[str, Any], InteractionResult]:
    """A press on the card as it stands now, still to be delivered, and what will come of it."""
    backend, card = stage.env.backend, stage.card
    button = buttons_of(card)[label]
    data: dict[str, Any] = {"custom_id": button.custom_id, "component_type": 2}
    record, payload = interactions.base_payload(
        backend, type=3, channel_id=stage.review.id, guild_id=stage.guild.id, user_id=who.id, data=data
    )
    stored = backend.get_message(stage.review.id, card.id)
    payload["message"] = dict(serializers.message_payload(backend, stored))
    record.source_message_id = card.id
    return payload, InteractionResult(stage.env, record)


def press_without_waiting(stage: Stage, who: simcord.MemberActor, label: str) -> InteractionResult:
    """A press whose handling only starts: for two presses at once."""
    payload, result = prepared_press(stage, who, label)
    stage.env.backend.emit("INTERACTION_CREATE", payload)
    return result


async def test_a_press_whose_token_expired_changes_nothing_and_raises_nothing(stage: Stage) -> None:
    card = await flagged(stage)
    stage.env.inject_error("POST", "/interactions/*", status=404, code=10062)

    await stage.lena.click(card, label="Breaks rules")

    assert (await stage.only_case()).state == "open"
    assert (stage.env.errors, stage.bot.failures) == ([], 0)


async def test_a_verdict_stands_when_its_answer_cannot_be_delivered(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    card = await flagged(stage)
    stage.env.inject_error("POST", "/webhooks/*", status=404, code=10015)

    await stage.lena.click(card, label="Breaks rules")

    assert (await stage.only_case()).state == "closed"
    assert (stage.env.errors, stage.bot.failures) == ([], 0)
    assert "Ignoring exception" not in caplog.text


async def test_a_command_counts_when_its_answer_cannot_be_delivered(stage: Stage) -> None:
    stage.env.inject_error("POST", "/webhooks/*", status=404, code=10015)

    await stage.admin.slash(stage.general, "candor pause")

    assert (await stage.house.setup.rules(stage.guild.id)).paused
    assert (stage.env.errors, stage.bot.failures) == ([], 0)


async def test_a_command_that_breaks_before_it_can_answer_is_answered_and_counted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("bot.chat.candor_commands.answer", broken)
    result = await stage.admin.slash(stage.general, "candor pause")

    assert said(result).startswith("Something went wrong on my side")
    assert stage.bot.failures == 1
    assert len(stage.env.errors) == 1


async def test_an_unforeseen_error_is_answered_and_counted(
    stage: Stage, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await flagged(stage)

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(house.labels, "vote", broken)
        answer = said(await stage.lena.click(card, label="Breaks rules"))
    assert answer.startswith("Something went wrong on my side")
    assert stage.bot.failures == 1

    await stage.lena.click(card, label="Breaks rules")
    assert (await stage.only_case()).state == "closed"


async def test_a_verdict_stands_when_the_card_cannot_be_changed(stage: Stage) -> None:
    card = await flagged(stage)
    stage.env.inject_error("PATCH", "/channels/*/messages/*", status=500)

    answer = said(await stage.lena.click(card, label="Breaks rules"))

    assert answer == "Recorded: it breaks the rules. Discord did not take the review card; it is tried again later."
    assert (await stage.only_case()).state == "closed"


@pytest.mark.parametrize(
    ("label", "answer"),
    [
        ("Breaks rules", "Recorded: it breaks the rules."),
        ("Delete", "The message is deleted. Recorded: it breaks the rules."),
    ],
)
async def test_of_two_presses_at_once_one_counts(stage: Stage, label: str, answer: str) -> None:
    await flagged(stage)
    first = press_without_waiting(stage, stage.lena, label)
    second = press_without_waiting(stage, stage.admin, "It's fine")
    await stage.env.settle()

    answers = {said(first), said(second)}
    assert answer in answers
    assert "Somebody is deciding this case right now. Look again in a moment." in answers
    assert len((await stage.only_case()).votes) == 1


async def test_a_card_that_is_decided_on_another_screen_cannot_be_decided_again(stage: Stage) -> None:
    await flagged(stage)
    late = [prepared_press(stage, stage.admin, label) for label in ("It's fine", "Delete", "Timeout 10 min")]
    await stage.lena.click(stage.card, label="Breaks rules")
    for payload, result in late:
        stage.env.backend.emit("INTERACTION_CREATE", payload)
        await stage.env.settle()
        assert "already decided" in said(result)

    assert [vote.verdict for vote in (await stage.only_case()).votes] == ["breaks_rules"]
    assert stage.general.last_message is not None
    assert stage.timed_out_until(stage.kai) is None


async def test_a_command_whose_token_expired_raises_nothing(stage: Stage) -> None:
    stage.env.inject_error("POST", "/interactions/*", status=404, code=10062)

    await stage.admin.slash(stage.general, "candor pause")

    assert not (await stage.house.setup.rules(stage.guild.id)).paused
    assert (stage.env.errors, stage.bot.failures) == ([], 0)
