"""`/queue`, `/case list`, `/case member` and the daily digest, as moderators use them."""

from __future__ import annotations

from dataclasses import replace

import discord
import pytest
import simcord
from simcord.backend.errors import SetupError

from bot.chat.queue_lines import digest_text
from bot.core.digest import SHOWN, Digest, Waiting
from bot.core.events import IncomingMessage
from moderation_model.labels import LABEL_NAMES
from tests.builders import NOON, message, person
from tests.chat.conftest import Stage, buttons_of, said, text_of


async def run(stage: Stage, name: str, *, who: simcord.MemberActor | None = None, **options: object) -> str:
    """What a moderator is told privately after a command."""
    result = await (who or stage.lena).slash(stage.general, name, **options)
    assert result.ephemeral
    return said(result)


def shown(result: simcord.InteractionResult) -> discord.Message:
    """The message that only the moderator sees."""
    message = [each for each in [result.response, *result.followups] if each is not None][-1]
    assert message.ephemeral
    return message.message


async def flag_three(stage: Stage) -> None:
    """An insult and a toxic line of Kai's and an insult of Priya's; the budget has a place for the first alone."""
    await stage.rules(cards_a_day=1)
    await stage.say("what an insult")
    await stage.say("you insult everybody here", who=stage.priya)
    await stage.say("that was toxic", who=stage.admin)


async def test_queue_next_shows_the_oldest_open_case_with_buttons_that_work(stage: Stage) -> None:
    await flag_three(stage)

    first = shown(await stage.lena.slash(stage.general, "queue next"))
    assert "case 1" in text_of(first)
    second = shown(await stage.lena.click(first, label="Next ▸"))
    assert "case 2" in text_of(second)
    assert "Recorded: it breaks the rules." in said(await stage.lena.click(second, label="Breaks rules"))
    assert (await stage.case(2)).state == "closed"
    assert len(stage.review.history()) == 1


async def test_queue_next_filters_and_says_where_nothing_fits(stage: Stage) -> None:
    await flag_three(stage)
    assert "case 3" in await run(stage, "queue next", label="toxic")
    assert "Nothing waits that fits" in await run(stage, "queue next", why="appeal")
    last = shown(await stage.lena.slash(stage.general, "queue next", label="toxic"))
    assert said(await stage.lena.click(last, label="Next ▸")) == "That was the last one."


async def test_queue_stats_counts_what_is_open(stage: Stage) -> None:
    assert await run(stage, "queue stats") == "Nothing waits."
    await flag_three(stage)
    told = await run(stage, "queue stats")
    assert "3 open cases" in told
    assert "By label: 2 insult, 1 toxic" in told
    assert "Without a card: 2. The card budget is 1 a day." in told


async def test_the_digest_is_one_silent_message_that_names_what_waits(stage: Stage) -> None:
    await flag_three(stage)
    assert await stage.house.queue.digest() == 1
    first, *named = stage.card.content.splitlines()
    assert first == "2 more wait in the queue: 1 insult, 1 toxic; `/queue next`"
    assert [line.split(" · ")[0] for line in named] == ["`2` insult 90 %", "`3` toxic 90 %"]
    assert all(f"<#{stage.general.id}>" in line and "[look ↗](https://" in line for line in named)
    assert stage.card.flags.suppress_notifications
    assert (stage.card.mentions, stage.card.role_mentions, stage.card.mention_everyone) == ([], [], False)


async def test_the_digest_names_what_waits_too_long_and_never_its_text(stage: Stage) -> None:
    await stage.rules(remind_after_hours=1)
    await stage.say("what an insult")
    await stage.env.advance_time(2 * 3600)
    await stage.house.queue.digest()
    assert "1 case has waited for over 1 h, the oldest since" in stage.card.content
    assert "`1` insult 90 %" in stage.card.content
    assert "what an" not in stage.card.content


def test_the_digest_names_the_command_where_far_too_many_or_too_few_cards_come() -> None:
    over = Digest(1, {"insult": 2}, 0, 24, trend="over", a_day=95, budget=30)
    assert "about 95 cards a day came up, and your team reads 30: `/candor rules propose`" in digest_text(over)
    under = replace(over, trend="under", a_day=2)
    assert "only about 2 cards a day came up" in digest_text(under)
    assert "/candor" not in digest_text(replace(over, trend=None))


def test_a_full_digest_fits_one_message() -> None:
    line = Waiting(
        10**9, "identity_hate", 0.99, 2**63, "https://discord.com/channels/" + "/".join([str(2**63)] * 3), NOON
    )
    labels = dict.fromkeys(LABEL_NAMES, 10**4)
    digest = Digest(1, labels, 999, 168, (line,) * SHOWN, (line,) * SHOWN, "under", 999, 500)
    assert len(digest_text(digest)) <= 2000


async def test_setup_says_which_of_the_waiting_cards_come_and_which_do_not(stage: Stage) -> None:
    await stage.rules(review_channel_id=None, cards_a_day=1)
    await stage.say("what an insult")
    await stage.say("you insult everybody here", who=stage.priya)

    told = await run(stage, "candor setup", who=stage.admin, review_channel=stage.review)
    await stage.post_cards()

    assert "1 waiting card is being posted, the highest scores first; 1 more waits in the queue" in told
    assert len(stage.review.history()) == 1


async def test_case_list_is_paged_and_filtered(stage: Stage) -> None:
    await stage.rules(window_minutes=1)
    for number in range(10):
        await stage.house.moderate.handle(_line(stage, number))
    page = shown(await stage.lena.slash(stage.general, "case list", state="open"))
    assert "10 cases** (open) · page 1 of 2" in page.content
    assert "`10`" in page.content
    assert list(buttons_of(page)) == ["Older ▸"]

    await stage.lena.click(page, label="Older ▸")
    turned = stage.env.backend.get_message(page.channel.id, page.id).content
    assert "page 2 of 2" in turned
    assert "`1`" in turned
    assert await run(stage, "case list", state="closed") == "There is no such case."


def _line(stage: Stage, number: int) -> IncomingMessage:
    return message(
        f"insult {chr(97 + number) * 8}",
        message_id=9000 + number,
        author=person(500 + number, f"M{number}"),
        guild_id=stage.guild.id,
        channel_id=8000 + number,
        at=stage.env.now(),
    )


async def test_case_member_counts_cases_and_shows_no_scores(stage: Stage) -> None:
    await stage.say("what an insult")
    await stage.lena.click(stage.card, label="Breaks rules")
    told = await run(stage, "case member", member=stage.kai)
    assert "1 case, 0 open, 1 confirmed" in told
    assert "✅ Broke rules" in told
    assert "%" not in told
    assert "There is no case on" in await run(stage, "case member", member=stage.priya)


@pytest.mark.parametrize("name", ["queue next", "queue stats", "case list"])
async def test_members_do_not_get_at_the_queue(stage: Stage, name: str) -> None:
    with pytest.raises(SetupError):
        await stage.kai.slash(stage.general, name)


async def test_who_lost_the_role_cannot_turn_to_the_next_case(stage: Stage) -> None:
    await flag_three(stage)
    card = shown(await stage.lena.slash(stage.general, "queue next"))
    stage.env.backend.remove_member_role(stage.guild.id, stage.lena.id, stage.mods.id)
    assert "You need the permission" in said(await stage.lena.click(card, label="Next ▸"))
