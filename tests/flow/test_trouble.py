"""The bot's own trouble is told once when it lasts and once when it is over."""

from __future__ import annotations

from dataclasses import replace

from bot.core.guild_rules import LabelRule
from moderation_model.errors import BadRequest, ModelOverloaded, ModelUnavailable
from tests.builders import GUILD, message
from tests.flow.conftest import REVIEW_CHANNEL, House

AWAY = ModelUnavailable("The model server does not answer.")
ROLE, ADMINS, LOG = 77, 901, 902


async def set_up(house: House, **changes: object) -> None:
    rules = await house.rules(insult=LabelRule())
    changed = replace(rules, ping_role_id=ROLE, **changes)  # pyright: ignore[reportArgumentType]
    await house.guilds.save(changed, by=1, at=house.clock.now())


async def write(house: House, number: int, text: str = "hello") -> None:
    await house.moderate.handle(message(text, message_id=number))


def told(house: House) -> list[tuple[str, int | None, bool]]:
    return [(alert.about, role, silent) for alert, role, silent in house.board.alerts]


async def away_for(house: House, seconds: float, *, first: int = 0, step: float = 10) -> None:
    """The model is away while messages come, and the clock looks at it in between."""
    house.model.down = AWAY
    for number in range(int(seconds / step) + 1):
        await write(house, first + number)
        await house.trouble.check()
        house.clock.move(seconds=step)


async def test_a_model_that_stays_away_is_told_once_for_all_messages(house: House) -> None:
    await set_up(house)
    began = house.clock.now()
    await away_for(house, 600)
    assert told(house) == [("model_away", ROLE, False)]
    assert house.board.alerts[0][0].since == began


async def test_a_model_that_is_back_within_a_minute_is_not_worth_a_line(house: House) -> None:
    await set_up(house)
    await away_for(house, 40)
    house.model.down = None
    await write(house, 100)
    house.clock.move(minutes=5)
    assert await house.trouble.check() == 0
    assert told(house) == []


async def test_that_the_model_is_back_is_told_without_a_call(house: House) -> None:
    await set_up(house)
    await away_for(house, 120)
    house.model.down = None
    await write(house, 100)
    assert await house.trouble.check() == 0
    house.clock.move(seconds=61)
    assert await house.trouble.check() == 1
    assert told(house)[1:] == [("model_back", None, True)]
    house.clock.move(hours=1)
    assert await house.trouble.check() == 0


async def test_a_model_that_comes_and_goes_is_one_trouble(house: House) -> None:
    await set_up(house)
    await away_for(house, 120)
    for number in range(5):
        house.model.down = None
        await write(house, 200 + number)
        await house.trouble.check()
        house.clock.move(seconds=20)
        await away_for(house, 90, first=300 + number * 20)
    assert told(house) == [("model_away", ROLE, False)]


async def test_the_next_trouble_is_told_again(house: House) -> None:
    await set_up(house)
    for round_number in range(2):
        await away_for(house, 120, first=100 * round_number)
        house.model.down = None
        await write(house, 100 * round_number + 90)
        house.clock.move(minutes=2)
        await house.trouble.check()
    assert [about for about, _, _ in told(house)] == ["model_away", "model_back"] * 2


async def test_overload_counts_as_away_and_a_text_that_is_refused_does_not(house: House) -> None:
    await set_up(house)
    house.model.down = BadRequest("too long")
    for number in range(20):
        await write(house, number)
        house.clock.move(seconds=10)
        await house.trouble.check()
    assert told(house) == []
    house.model.down = ModelOverloaded("busy", retry_after=1.0)
    for number in range(100, 110):
        await write(house, number)
        house.clock.move(seconds=10)
        await house.trouble.check()
    assert [about for about, _, _ in told(house)] == ["model_away"]


async def test_in_quiet_hours_trouble_is_a_silent_line(house: House) -> None:
    await set_up(house, quiet_from=8, quiet_to=20)
    await away_for(house, 120)
    assert told(house) == [("model_away", None, True)]


async def test_a_server_without_unscored_messages_is_told_nothing(house: House) -> None:
    await set_up(house)
    other = replace(await house.guilds.get(GUILD), guild_id=GUILD + 1)
    await house.guilds.save(other, by=1, at=house.clock.now())
    await away_for(house, 120)
    assert [alert.guild_id for alert, _, _ in house.board.alerts] == [GUILD]


async def test_trouble_that_cannot_be_told_is_told_once_it_can(house: House) -> None:
    await set_up(house)
    house.board.ping_broken = True
    await away_for(house, 120)
    house.board.ping_broken = False
    assert await house.trouble.check() == 1
    assert await house.trouble.check() == 0


async def fail_cards(house: House, seconds: float) -> None:
    """A case whose card cannot be posted for so long."""
    house.board.broken = True
    await write(house, 1, "what an insult")
    for _ in range(int(seconds / 30) + 1):
        await house.desk.catch_up()
        await house.post_cards()
        await house.trouble.check()
        house.clock.move(seconds=30)


async def test_cards_that_fail_for_long_are_told_in_the_next_channel_of_the_team(house: House) -> None:
    await set_up(house, admin_channel_id=ADMINS, log_channel_id=LOG)
    house.board.closed_channels = {REVIEW_CHANNEL, ADMINS}
    await fail_cards(house, 300)
    assert told(house) == [("cards_failing", ROLE, False)]
    assert house.board.alert_channels == [LOG]

    house.board.broken, house.board.closed_channels = False, set()
    await house.desk.catch_up()
    await house.post_cards()
    house.clock.move(minutes=2)
    await house.trouble.check()
    assert told(house)[1:] == [("cards_back", None, True)]
    assert house.board.alert_channels == [LOG, REVIEW_CHANNEL]


async def test_a_card_that_is_late_by_seconds_is_not_told(house: House) -> None:
    await set_up(house)
    await fail_cards(house, 30)
    house.board.broken = False
    await house.desk.catch_up()
    await house.post_cards()
    house.clock.move(minutes=5)
    await house.trouble.check()
    assert told(house) == []


async def test_where_no_channel_works_nothing_breaks_and_nothing_is_told(house: House) -> None:
    await set_up(house, admin_channel_id=ADMINS)
    house.board.closed_channels = {REVIEW_CHANNEL, ADMINS}
    await fail_cards(house, 300)
    assert told(house) == []
