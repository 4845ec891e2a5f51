"""More… and Change: what a moderator finds in the private menu, and what old menus may still do."""

from __future__ import annotations

import pytest

from moderation_model.errors import ModelUnavailable
from tests.chat.conftest import Stage, buttons_of, flagged, menu, menu_text, said


async def test_more_lets_a_moderator_choose_other_labels(stage: Stage) -> None:
    opened = await stage.lena.click(await flagged(stage), label="More…")
    menu = opened.followups[-1]
    assert menu.ephemeral
    options = menu.components[0]["components"][0]["options"]
    assert [option["value"] for option in options if option["default"]] == ["insult"]

    answer = said(await stage.lena.select(menu.message, ["threat", "identity_hate"]))

    labels = (await stage.only_case()).votes[0].labels
    assert answer == "Recorded: it breaks the rules."
    assert (labels["threat"], labels["identity_hate"], labels["insult"]) == ("missing", "missing", "wrong")


async def test_more_can_say_that_the_labels_were_beside_the_point(stage: Stage) -> None:
    opened = await stage.lena.click(await flagged(stage), label="More…")

    answer = said(await stage.lena.select(opened.followups[-1].message, ["other_reason"]))

    assert "another reason" in answer
    assert (await stage.only_case()).votes[0].verdict == "other_reason"


async def test_labels_and_another_reason_exclude_each_other(stage: Stage) -> None:
    opened = await stage.lena.click(await flagged(stage), label="More…")
    menu = opened.followups[-1].message

    refused = said(await stage.lena.select(menu, ["insult", "other_reason"]))
    assert "not both" in refused
    assert (await stage.only_case()).state == "open"

    await stage.lena.select(menu, ["insult"])
    assert (await stage.only_case()).state == "closed"


async def test_the_menu_offers_everything_that_the_card_has_no_room_for(stage: Stage) -> None:
    await flagged(stage)

    assert list(buttons_of(await menu(stage))) == [
        "Timeout 1 hour",
        "Timeout 1 day",
        "Kick…",
        "Ban…",
        "Second opinion",
        "“Fine here” word…",
        "Note…",
        "All scores",
        "Picture",
    ]


@pytest.mark.parametrize(("label", "hours"), [("Timeout 1 hour", 1), ("Timeout 1 day", 24)])
async def test_a_longer_timeout_counts_from_the_press_and_closes_the_case(stage: Stage, label: str, hours: int) -> None:
    await flagged(stage)
    await stage.env.advance_time(3 * 3600)
    shown = await menu(stage)

    await stage.lena.click(shown, label=label)

    until = stage.timed_out_until(stage.kai)
    assert until is not None
    assert (until - stage.env.now()).total_seconds() == pytest.approx(hours * 3600, abs=5)
    assert menu_text(stage, shown) == "The author is timed out. Recorded: it breaks the rules."
    assert "✅ Broke rules, timed out" in stage.card_text


async def test_a_longer_timeout_takes_the_place_of_the_shorter_one_and_undo_lifts_it(stage: Stage) -> None:
    await flagged(stage, timeout_at=0.5)
    await stage.env.advance_time(60)

    await stage.lena.click(await menu(stage), label="Timeout 1 day")
    assert "timed out 1 d" in stage.card_text
    await stage.lena.click(stage.card, label="Undo")

    assert stage.timed_out_until(stage.kai) is None


async def test_all_scores_leave_the_menu_as_it_is(stage: Stage) -> None:
    await flagged(stage)
    shown = await menu(stage)

    answer = said(await stage.lena.click(shown, label="All scores"))

    assert "Scores: toxic 1 % · severely toxic 1 %" in answer
    assert "Sentiment: ★★★☆☆ 3.0 of 5" in answer
    assert "Model test-1" in answer
    await stage.lena.click(shown, label="Timeout 1 hour")
    assert stage.timed_out_until(stage.kai) is not None


async def test_the_picture_of_the_words_comes_privately_hidden_and_described(stage: Stage) -> None:
    await flagged(stage)

    shown = await stage.lena.click(await menu(stage), label="Picture")

    answer = shown.followups[-1]
    (picture,) = answer.message.attachments
    assert answer.ephemeral
    assert (picture.filename, picture.is_spoiler()) == ("SPOILER_case-1.png", True)
    assert (await picture.read()).startswith(b"\x89PNG")
    (drawn,) = stage.house.model.drawn
    assert drawn.kind == "shap"


async def test_without_words_there_is_no_picture_to_choose(stage: Stage) -> None:
    stage.house.model.explainer_down = ModelUnavailable("away")
    await flagged(stage)

    assert "Picture" not in buttons_of(await menu(stage))


# What was decided since a menu was opened is not overruled by it.


async def test_a_menu_from_before_the_decision_changes_nothing(stage: Stage) -> None:
    await flagged(stage)
    shown = await menu(stage)
    await stage.admin.click(stage.card, label="It's fine")

    timeout = said(await stage.lena.click(shown, label="Timeout 1 hour"))
    labels = said(await stage.lena.select(shown, ["threat"]))

    assert timeout == labels
    assert timeout.startswith("This case is already decided.")
    assert stage.timed_out_until(stage.kai) is None
    assert [vote.verdict for vote in (await stage.only_case()).votes] == ["fine"]


async def test_change_answers_otherwise(stage: Stage) -> None:
    await flagged(stage)
    await stage.lena.click(stage.card, label="Breaks rules")

    shown = await menu(stage, "Change")
    assert list(buttons_of(shown))[:3] == ["Breaks rules", "It's fine", "Skip"]
    await stage.lena.click(shown, label="It's fine")

    assert [vote.verdict for vote in (await stage.only_case()).votes] == ["fine"]
    assert "👌 It's fine · " in stage.card_text


async def test_change_to_fine_takes_back_what_was_done(stage: Stage) -> None:
    await flagged(stage)
    await stage.lena.click(stage.card, label="Timeout 10 min")

    await stage.lena.click(await menu(stage, "Change"), label="It's fine")

    assert stage.timed_out_until(stage.kai) is None


async def test_labels_chosen_by_hand_outlive_a_timeout_that_follows(stage: Stage) -> None:
    await flagged(stage)
    await stage.lena.select(await menu(stage), ["threat"])

    await stage.lena.click(await menu(stage, "Change"), label="Timeout 1 hour")

    assert (await stage.only_case()).votes[0].labels["threat"] == "missing"
    assert stage.timed_out_until(stage.kai) is not None


# Second opinions.


async def test_a_second_opinion_keeps_the_answer_and_leaves_the_case_open(stage: Stage) -> None:
    await flagged(stage)
    shown = await menu(stage)
    await stage.lena.click(shown, label="Second opinion")
    await stage.lena.click(shown, label="I think it breaks rules")

    case = await stage.only_case()
    assert (case.state, [vote.verdict for vote in case.votes]) == ("open", ["breaks_rules"])
    assert f"🤝 <@{stage.lena.id}> has answered and asks for a second opinion" in stage.card_text
    assert "Breaks rules" not in stage.card_text

    await stage.admin.click(stage.card, label="It's fine")
    assert {vote.moderator_id: vote.verdict for vote in (await stage.only_case()).votes} == {
        stage.lena.id: "breaks_rules",
        stage.admin.id: "fine",
    }
    assert "🤝" not in stage.card_text


async def test_who_asked_for_a_second_opinion_and_decides_after_all_is_counted_once(stage: Stage) -> None:
    await flagged(stage)
    shown = await menu(stage)
    await stage.lena.click(shown, label="Second opinion")
    await stage.lena.click(shown, label="I'm not sure")

    await stage.lena.click(stage.card, label="Breaks rules")

    assert [vote.verdict for vote in (await stage.only_case()).votes] == ["breaks_rules"]
    assert (await stage.house.labels.counts(stage.guild.id))["insult"] == {"right": 1}
