"""`/learn`, the progress of a run and its report, as administrators use them."""

from __future__ import annotations

import json
from typing import Any

import discord
import pytest
import simcord
from simcord.backend.errors import SetupError

from bot.chat.client import create_bot
from bot.core.lessons import NewLesson
from bot.core.retraining import OVERTAKEN
from moderation_model.errors import ModelUnavailable
from moderation_model.learning import RunResult
from tests.chat.conftest import House, Stage, buttons_of, said, settings_in, text_of
from tests.fake_runs import BETTER, COMPARED, NEW, OLD, WORSE
from tests.judging import judge


async def teach(stage: Stage, number: int = 200) -> None:
    rows = [
        NewLesson(stage.guild.id, "moderator_written", f"line {each}", {"insult": float(each % 2)}, 9, stage.env.now())
        for each in range(number)
    ]
    await stage.house.stores.learning.lessons.add(rows)


async def run(stage: Stage, name: str, *, who: simcord.MemberActor | None = None, **options: object) -> str:
    """What an administrator is told privately after a command."""
    return said(await (who or stage.admin).slash(stage.general, name, **options))


async def trained(stage: Stage, result: RunResult = BETTER) -> discord.Message:
    """A run that was asked for and ended with that result; its report."""
    await learned(stage, result)
    return stage.card


async def learned(stage: Stage, result: RunResult) -> None:
    """A run that was asked for and ended with that result."""
    await teach(stage)
    await run(stage, "learn run")
    await stage.house.learn.look()
    stage.house.model.ends(result)
    await stage.env.advance_time(60)
    await stage.house.learn.look()


async def test_a_run_is_asked_for_and_its_progress_stands_in_the_channel_with_cancel(stage: Stage) -> None:
    await teach(stage)
    assert await run(stage, "learn run") == (
        f"The run has begun, with 200 labels. I show in <#{stage.review.id}> how far it is."
    )
    stage.house.model.goes("training", 5, 10)
    await stage.house.learn.look()
    assert "▰▰▰▰▱▱▱▱▱▱ 45 % · training" in stage.card_text
    assert f"200 labels, asked for by <@{stage.admin.id}>" in stage.card_text
    assert stage.card.flags.suppress_notifications

    await stage.env.advance_time(10)
    stage.house.model.goes("comparing", 1, 2)
    await stage.house.learn.look()
    assert "92 % · comparing" in stage.card_text
    assert len(stage.review.history()) == 1

    assert "Nothing has changed" in said(await stage.admin.click(stage.card, label="Cancel"))
    assert "⏹️ Cancelled" in stage.card_text
    assert buttons_of(stage.card) == {}


async def test_too_few_labels_are_said_to_who_asked(stage: Stage) -> None:
    assert "There are 0 labels to learn from; about 180 more are needed." in await run(stage, "learn run")


async def test_the_report_of_a_better_model_offers_it_and_using_it_offers_the_way_back(stage: Stage) -> None:
    report = await trained(stage)
    assert "**Better for you.** Nothing changes until you press." in stage.card_text
    assert list(buttons_of(report)) == ["Use new", "Keep old", "Details"]
    assert report.flags.suppress_notifications

    assert NEW in said(await stage.admin.click(report, label="Use new"))
    assert stage.house.model.serving == NEW
    assert "**Better for you, and in use** since <t:" in stage.card_text
    assert f"decided by <@{stage.admin.id}>" in stage.card_text
    assert list(buttons_of(stage.card)) == ["Back to old", "Details"]

    assert f"Version {OLD} serves again." in said(await stage.admin.click(stage.card, label="Back to old"))
    assert stage.house.model.serving == OLD
    assert "**The old model serves again**" in stage.card_text


async def test_keeping_the_old_one_leaves_details_alone(stage: Stage) -> None:
    report = await trained(stage)
    assert "The old model stays" in said(await stage.admin.click(report, label="Keep old"))
    assert f"<@{stage.admin.id}> kept the old model" in stage.card_text
    assert list(buttons_of(stage.card)) == ["Details"]
    assert stage.house.model.serving == OLD


async def test_a_model_that_is_not_better_says_why_and_offers_nothing(stage: Stage) -> None:
    report = await trained(stage, WORSE)
    assert "**Not better.** Nothing changes." in stage.card_text
    assert "🔴 **Mistakes on your server:** Not enough labels yet, about 40 more." in stage.card_text
    assert list(buttons_of(report)) == ["Details"]


async def test_details_are_a_page_and_a_file_of_numbers(stage: Stage) -> None:
    report = await trained(stage)
    shown = await stage.admin.click(report, label="Details")
    page, file = shown.followups[-1].message.attachments
    assert (page.filename.partition(".")[2], file.filename.partition(".")[2]) == ("html", "json")
    assert b"<title>" in await page.read()
    data = json.loads(await file.read())
    assert data["result"]["challenger"] == NEW


async def test_where_the_server_has_no_page_the_numbers_come_alone_and_say_so(stage: Stage) -> None:
    report = await trained(stage)
    stage.house.model.states.clear()
    shown = await stage.admin.click(report, label="Details")
    (file,) = shown.followups[-1].message.attachments
    assert file.filename.endswith(".json")
    assert "The page is missing" in said(shown)


def picture_of(message: discord.Message) -> str | None:
    """What the picture on the card shows, where there is one and it was sent along."""
    children = [each for container in message.components for each in getattr(container, "children", [])]
    galleries = [each for each in children if isinstance(each, discord.MediaGalleryComponent)]
    assert [each.filename for each in message.attachments] == ["old-and-new.png"] * len(galleries)
    return galleries[0].items[0].description if galleries else None


async def test_the_report_carries_a_described_picture_of_old_against_new_and_keeps_it(stage: Stage) -> None:
    report = await trained(stage, COMPARED)
    assert report.flags.suppress_notifications
    assert "Insult: old 18 of 31 (29 to 100 %), new 20 of 22" in (picture_of(report) or "")
    await stage.admin.click(report, label="Keep old")
    assert "kept the old model" in stage.card_text
    assert "Insult: old 18 of 31" in (picture_of(stage.card) or "")


async def test_the_picture_stays_where_the_server_is_away_at_the_press(stage: Stage) -> None:
    report = await trained(stage, COMPARED)
    stage.house.model.down = ModelUnavailable("away")
    await stage.admin.click(report, label="Keep old")
    assert "kept the old model" in stage.card_text
    assert "Insult: old 18 of 31" in (picture_of(stage.card) or "")


async def test_where_nobody_draws_the_report_comes_without_a_picture(stage: Stage) -> None:
    await teach(stage)
    await run(stage, "learn run")
    stage.house.model.ends(COMPARED)
    stage.house.model.down = ModelUnavailable("away")
    await stage.house.learn.look()
    assert "**Better for you.**" in stage.card_text
    assert picture_of(stage.card) is None


async def test_where_the_bot_may_not_attach_files_the_report_comes_without_a_picture(stage: Stage) -> None:
    quiet = discord.PermissionOverwrite(attach_files=False)
    reports = stage.guild.create_text_channel("reports", overwrites={stage.guild.default_role: quiet})
    await stage.rules(reports_channel_id=reports.id)
    await learned(stage, COMPARED)
    assert reports.last_message is not None
    assert "**Better for you.**" in text_of(reports.last_message)
    assert picture_of(reports.last_message) is None


@pytest.mark.parametrize("label", ["Use new", "Keep old", "Details"])
async def test_moderators_without_manage_server_decide_nothing(stage: Stage, label: str) -> None:
    report = await trained(stage)
    assert said(await stage.lena.click(report, label=label)) == "You need the permission Manage Server for that."
    assert stage.house.model.serving == OLD


async def test_the_reports_buttons_work_after_a_restart(stage: Stage, house: House, tmp_path: Any) -> None:
    report = await trained(stage)
    again = create_bot(settings_in(tmp_path))
    house.attach(again)
    await stage.env.restart_bot(again)
    await stage.admin.click(report, label="Use new")
    assert stage.house.model.serving == NEW


async def test_the_report_is_shown_again_and_the_previous_model_comes_back_by_command(stage: Stage) -> None:
    assert "No training run has found a result yet" in await run(stage, "learn report")
    await trained(stage)
    again = await stage.admin.slash(stage.general, "learn report")
    assert "**Better for you.**" in said(again)
    await stage.admin.click(stage.card, label="Use new")
    assert await run(stage, "learn rollback") == f"Version {OLD} serves again."
    assert "There is no previous version." in await run(stage, "learn rollback")


async def test_runs_are_listed_with_their_end_and_the_last_line_of_their_log(stage: Stage) -> None:
    assert await run(stage, "learn runs") == "There was no training run yet. `/learn run` starts one."
    await teach(stage)
    await run(stage, "learn run")
    stage.house.model.goes("training", 1, 10, "first line", "epoch 1 of 3")
    await stage.house.learn.look()
    told = await run(stage, "learn runs")
    assert "🏃 running" in told
    assert told.endswith("-# epoch 1 of 3")
    stage.house.model.ends(WORSE)
    await stage.house.learn.look()
    assert "✅ done" in await run(stage, "learn runs")
    assert "not better" in await run(stage, "learn runs")


async def test_of_better_runs_only_the_last_one_waits_in_the_list(stage: Stage) -> None:
    await learned(stage, BETTER)
    assert "better, waits for a decision" in await run(stage, "learn runs")
    await learned(stage, WORSE)
    newer, older = [line for line in (await run(stage, "learn runs")).splitlines() if "done" in line]
    assert "not better" in newer
    assert "better, not used" in older


async def test_a_better_run_that_was_overtaken_waits_for_nobody(stage: Stage) -> None:
    await learned(stage, BETTER)
    (found,) = await stage.house.learn.newest()
    await stage.house.stores.learning.runs.add_facts(found.run_id, {OVERTAKEN: 1})
    assert "better, not used" in await run(stage, "learn runs")


async def test_a_permission_is_recorded_shown_and_taken_back(stage: Stage) -> None:
    assert "No permission is recorded" in await run(stage, "learn permit")
    assert "needs a reference and a scope" in await run(stage, "learn permit", reference="ticket 12")
    assert "Recorded." in await run(stage, "learn permit", reference="ticket *12*", scope="all channels")
    shown = await run(stage, "learn permit")
    assert rf"<@{stage.admin.id}>" in shown
    assert r"ticket \*12\* · all channels" in shown
    assert "taken back" in await run(stage, "learn permit", revoke=True)


async def written(stage: Stage, text: str, *labels: str) -> str:
    form = await stage.admin.slash(stage.general, "learn example")
    return said(await stage.admin.submit_modal(form, {"text": text, "labels": list(labels)}))


async def test_a_moderator_writes_an_example_and_takes_it_back(stage: Stage) -> None:
    assert "It is example 1" in await written(stage, "you old walnut, come here", "fine")
    (example,) = await stage.house.stores.learning.lessons.examples()
    assert (example.text, example.labels["insult"]) == ("you old walnut, come here", 0.0)
    assert "Choose labels, or that it is fine" in await written(stage, "something else", "fine", "insult")
    assert "is withdrawn" in await run(stage, "learn withdraw", number=1)
    assert await stage.house.stores.learning.lessons.examples() == []


async def test_a_copy_of_a_message_is_refused(stage: Stage) -> None:
    await stage.say("what an insult that is")
    assert "in words of your own" in await written(stage, "What an insult that is!!", "insult")


async def test_held_moderators_are_allowed_or_dropped_by_an_administrator(stage: Stage) -> None:
    assert "Nobody's verdicts are held" in await run(stage, "learn moderators")
    for number in range(1, 61):
        broken = bool(number % 3)
        who = stage.lena.id if number > 30 else 70 + number % 2
        verdict = "breaks_rules" if broken == (number <= 30) else "fine"
        await judge(stage.house.db, f"line {number}", number, {who: verdict}, guild_id=stage.guild.id)
    listed = await stage.admin.slash(stage.general, "learn moderators")
    assert f"<@{stage.lena.id}>" in said(listed)
    message = [each for each in [listed.response, *listed.followups] if each is not None][-1].message
    labels = list(buttons_of(message))
    assert [label.split()[0] for label in labels] == ["Allow", "Drop"]

    assert "teach no more" in said(await stage.admin.click(message, label=labels[1]))
    assert await stage.house.stores.learning.lessons.judges(stage.guild.id) == {stage.lena.id: "drop"}
    admins = next(role for role in stage.guild.roles.values() if role.name == "Admins")
    stage.env.backend.edit_role(stage.guild.id, admins.id, {"permissions": 0})
    assert "You need the permission" in said(await stage.admin.click(message, label=labels[0]))


@pytest.mark.parametrize("name", ["run", "runs", "report", "rollback", "permit", "example", "moderators"])
async def test_members_and_moderators_do_not_see_the_commands(stage: Stage, name: str) -> None:
    for who in (stage.kai, stage.lena):
        with pytest.raises(SetupError):
            await who.slash(stage.general, f"learn {name}")
