"""Every button, menu, form and command, one by one: who lacks the permission, and who has it on another server only, is
refused, and nothing has changed. What is new and not in the tables here fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from discord import app_commands

from bot.chat import permissions, registered, texts
from bot.chat.board import DiscordBoard
from bot.chat.permissions import NEEDS, Feature
from bot.core.alerts import Alert
from bot.core.appeals import LogEntry
from bot.core.policy import Delete
from bot.errors import BoardUnavailable
from bot.store.learning_tables import metadata
from tests.fuzz import ids, payloads
from tests.fuzz.house import House, house
from tests.fuzz.presses import ADMINISTRATOR, BUTTON, MODERATOR, NOBODY, commands_in, component, interaction, resolved

EVERYBODY: Feature = "report"
"""Any member may; what it is about is their own, or a message that they report."""

BUTTONS: dict[str, Feature] = {
    "CaseButton": "review",
    "MoreButton": "review",
    "LabelSelect": "review",
    "AuditSelect": "review",
    "AuditNone": "review",
    "AppealButton": EVERYBODY,
    "AppealAnswer": "review",
    "AppealPageButton": "administer",
    "PutBackButton": "delete",
    "ApplyButton": "administer",
    "SetupButton": "administer",
    "SetupMenu": "administer",
    "SampleButton": "administer",
    "NextButton": "review",
    "PageButton": "why",
    "RaidButton": EVERYBODY,  # each of its steps asks for its own
    "TakeLimitsButton": "administer",
    "LabelMessage": "review",
    "WrongWordsButton": "review",
    "FineHereButton": "review",
    "RunButton": "learn",
    "JudgeButton": "learn",
    "ForgetButton": EVERYBODY,
}
FORMS: dict[str, Feature] = {
    "form_note": "review",
    "form_fine_word": "review",
    "form_rule": "administer",
    "form_appeal": EVERYBODY,
    "form_report": EVERYBODY,
    "form_example": "teach",
}
COMMANDS: dict[str, Feature] = {
    **dict.fromkeys(("candor setup", "candor doctor", "candor resume", "candor scope", "candor stats"), "administer"),
    **dict.fromkeys(("candor preview", "candor export", "candor appeals"), "administer"),
    "candor pause": "pause",
    **dict.fromkeys(
        ("candor rules show", "candor rules limit", "candor rules mode", "candor rules name"), "administer"
    ),
    **dict.fromkeys(("candor rules keyword", "candor rules fine", "candor rules set"), "administer"),
    "candor rules propose": "administer",
    **dict.fromkeys(("case show", "case why", "case list", "case member"), "why"),
    **dict.fromkeys(("case undo", "case note", "queue next", "queue stats"), "review"),
    "case check": "check",
    **dict.fromkeys(("learn run", "learn runs", "learn report", "learn rollback", "learn permit"), "learn"),
    **dict.fromkeys(("learn moderators", "learn schedule"), "learn"),
    **dict.fromkeys(("learn example", "learn withdraw"), "teach"),
    **dict.fromkeys(("privacy mine", "privacy forget", "privacy optout", "privacy optin"), EVERYBODY),
    "Why?": "why",
    "Label message": "review",
    "Report to moderators": EVERYBODY,
}

SECRET = "zanzibar"
"""Stands in every text of the server's; nobody elsewhere may read it."""
PRIYA, LENA, EVE = (payloads.PRIYA, NOBODY), (payloads.LENA, MODERATOR), (payloads.EVE, ADMINISTRATOR)
HERE, THERE = payloads.GUILD, payloads.OTHER_GUILD
Row = tuple[str, Feature, dict[str, Any]]


@pytest.fixture
async def inside() -> AsyncIterator[House]:
    """Two servers; on one there are cases with cards."""
    async with house(1) as found:
        found.rest.refuses = 0.0
        await found.receive(("GUILD_CREATE", payloads.other_guild()))
        for number in range(4):
            said = payloads.message(payloads.snowflake(100 + number), f"insult {SECRET} {number}", author=payloads.KAI)
            await found.receive(("MESSAGE_CREATE", said))
        await found.flows.desk.drain()
        await found.flows.telling.drain()
        yield found


def buttons(presser: tuple[int, int], guild: int | None) -> Iterator[Row]:
    """Every button and menu, each of its ids, by the class that answers it."""
    for custom_id, kind in [*((each, BUTTON) for each in ids.BUTTONS), *ids.SELECTS]:
        for item in registered.BUTTONS:
            if item.__discord_ui_compiled_template__.fullmatch(custom_id):
                values = ["insult"] if kind == 3 else [str(payloads.GENERAL)]
                pressed = component(presser, custom_id, kind, values, guild=guild)
                yield f"{item.__name__} {custom_id}", BUTTONS[item.__name__], pressed


def forms(presser: tuple[int, int], guild: int | None) -> Iterator[Row]:
    """Every form, filled in."""
    for custom_id in ids.FORMS:
        fields = [
            {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": "text", "value": "a word"}},
            {"type": 18, "id": 3, "component": {"type": 3, "id": 4, "custom_id": "labels", "values": ["insult"]}},
        ]
        sent = interaction(presser, 5, {"custom_id": custom_id, "components": fields}, guild=guild)
        yield custom_id, FORMS[custom_id.split(":")[2]], sent


def commands(presser: tuple[int, int], guild: int | None) -> Iterator[Row]:
    """Every command with what it must be given, and every entry of a message's menu."""
    for path, command in commands_in(list(registered.commands())):
        name = " ".join(path)
        if isinstance(command, app_commands.ContextMenu):
            target = payloads.message(payloads.snowflake(100), f"insult {SECRET} 0")
            data: dict[str, Any] = {"id": "1", "type": 3, "name": name, "target_id": target["id"]}
            data["resolved"] = {"messages": {target["id"]: target}}
        else:
            options: Any = [_option(each) for each in command.parameters if each.required]
            for step in reversed(path[1:]):
                options = [{"type": 1 if step == path[-1] else 2, "name": step, "options": options}]
            data = {"id": "1", "type": 1, "name": path[0], "options": options, "resolved": resolved()}
        yield name, COMMANDS[name], interaction(presser, 2, data, guild=guild)


def _option(parameter: app_commands.Parameter) -> dict[str, Any]:
    given = {4: 1, 5: True, 6: str(payloads.KAI)}.get(parameter.type.value, "cards_a_day")
    return {
        "type": parameter.type.value,
        "name": parameter.name,
        "value": parameter.choices[0].value if parameter.choices else given,
    }


def rows(presser: tuple[int, int], guild: int | None) -> list[Row]:
    """Everything that somebody can press, send or call."""
    return [*buttons(presser, guild), *forms(presser, guild), *commands(presser, guild)]


async def stored(inside: House, *, but: int | None = None) -> list[str]:
    """Every row of every table, without those of the server `but`."""
    found: list[str] = []
    async with inside.stores.cases._db.read() as connection:
        for table in metadata.sorted_tables:
            for row in (await connection.execute(sa.select(table))).mappings():
                if but is None or row.get("guild_id") != but:
                    found.append(f"{table.name} {dict(row)}")
    return sorted(found)


def said(inside: House) -> str:
    """All that was answered, as one text."""
    return " ".join(str(asked.body) for asked in inside.rest.asked)


def deeds(inside: House) -> list[str]:
    """What the bot asked Discord to do, answers left out."""
    answers = ("/interactions/", f"/webhooks/{payloads.ME}/")
    asked = [each for each in inside.rest.asked if each.method != "GET" and not each.path.startswith(answers)]
    return [f"{each.method} {each.path}" for each in asked]


def test_everything_that_answers_people_stands_in_the_tables() -> None:
    assert set(BUTTONS) == {item.__name__ for item in registered.BUTTONS}
    assert set(COMMANDS) == {" ".join(path) for path, _ in commands_in(list(registered.commands()))}
    assert set(FORMS) == {custom_id.split(":")[2] for custom_id in ids.FORMS}
    assert {name.split()[0] for name, _, _ in buttons(PRIYA, HERE)} == set(BUTTONS)


async def test_who_lacks_the_permission_is_told_so_and_nothing_changes(inside: House) -> None:
    before, wrong = await stored(inside), []
    for name, feature, asked in rows(PRIYA, HERE):
        if feature == EVERYBODY:
            continue
        await inside.receive(("INTERACTION_CREATE", asked))
        refusal = texts.YOU_NEED.format(permissions=permissions.titles(NEEDS[feature].person))
        if refusal not in said(inside) or deeds(inside):
            wrong.append(name)
    assert wrong == []
    assert await stored(inside) == before


async def test_what_everybody_may_press_does_nothing_about_others(inside: House) -> None:
    before, wrong = await stored(inside), []
    for name, feature, asked in rows(PRIYA, HERE):
        reports = "report" in name.lower()
        if feature != EVERYBODY or reports:
            continue
        await inside.receive(("INTERACTION_CREATE", asked))
        left = await stored(inside)
        new = [row for row in left if row not in before and str(payloads.PRIYA) not in row]
        if deeds(inside) or set(before) - set(left) or new or SECRET in said(inside):
            wrong.append(name)
    assert wrong == []


async def test_who_moderates_another_server_learns_and_changes_nothing_of_this_one(inside: House) -> None:
    before, wrong = await stored(inside, but=THERE), []
    for name, _, asked in rows(EVE, THERE):
        if name in {"Why?", "Label message", "Report to moderators"}:
            continue  # the message comes from Discord, which knows whose it is
        await inside.receive(("INTERACTION_CREATE", asked))
        elsewhere = [deed for deed in deeds(inside) if str(payloads.ELSEWHERE) not in deed and str(THERE) not in deed]
        if elsewhere or SECRET in said(inside) or await stored(inside, but=THERE) != before:
            wrong.append(name)
        await inside.flows.desk.drain()
    assert wrong == []


async def test_on_no_server_only_an_appeal_can_be_made(inside: House) -> None:
    before, wrong = await stored(inside), []
    for name, feature, asked in rows(LENA, None):
        if NEEDS[feature].outside or "appeal" in name.lower():
            continue
        await inside.receive(("INTERACTION_CREATE", asked))
        if deeds(inside) or SECRET in said(inside) or await stored(inside) != before:
            wrong.append(name)
    assert wrong == []


async def test_who_may_is_heard(inside: House) -> None:
    before = await stored(inside)
    await inside.receive(("INTERACTION_CREATE", component(LENA, "candor:v1:breaks:1", BUTTON, [])))
    assert await stored(inside) != before


@pytest.mark.parametrize(("presser", "guild"), [(PRIYA, HERE), (EVE, THERE)], ids=["no permission", "another server"])
async def test_who_may_not_read_cases_is_offered_none_while_typing(
    inside: House, presser: tuple[int, int], guild: int
) -> None:
    typed = {"type": 4, "name": "case_id", "value": "", "focused": True}
    options = [{"type": 1, "name": "show", "options": [typed]}]
    asked = interaction(presser, 4, {"id": "1", "type": 1, "name": "case", "options": options}, guild=guild)
    await inside.receive(("INTERACTION_CREATE", asked))
    (answer,) = inside.rest.asked
    assert answer.body["data"]["choices"] == []


async def test_nothing_is_posted_in_a_channel_of_another_server(inside: House) -> None:
    board = DiscordBoard(inside.bot)
    inside.rest.asked.clear()
    with pytest.raises(BoardUnavailable):
        await board.log(LogEntry(1, (Delete(),)), guild_id=THERE, channel_id=payloads.LOG)
    with pytest.raises(BoardUnavailable):
        await board.ping(Alert(THERE, "threat", case_id=1), channel_id=payloads.LOG, role_id=None)
    assert inside.rest.asked == []


async def test_a_channel_of_another_server_cannot_be_chosen_for_what_the_bot_posts(inside: House) -> None:
    for setting in ("log_channel_id", "reports_channel_id", "admin_channel_id"):
        pairs = (("setting", setting), ("value", str(payloads.LOG)))
        given = [{"type": 3, "name": name, "value": value} for name, value in pairs]
        options = [{"type": 2, "name": "rules", "options": [{"type": 1, "name": "set", "options": given}]}]
        asked = interaction(EVE, 2, {"id": "1", "type": 1, "name": "candor", "options": options}, guild=THERE)
        await inside.receive(("INTERACTION_CREATE", asked))
        assert "not on this server" in said(inside)
