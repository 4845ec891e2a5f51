"""The log holds ids and sentences; text and secrets cannot get in, whichever library writes."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from bot.config import Settings
from bot.errors import StoreUnavailable
from bot.log import configure

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA.GabcdE.abcdefghijklmnopqrstuvwxyz0123"
TEXT = "what a member wrote"

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def set_up(stream: io.StringIO, **settings: object) -> None:
    configure(Settings(_env_file=None, **settings), stream=stream)  # pyright: ignore[reportCallIssue, reportArgumentType]


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    set_up(stream, discord_token=TOKEN)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_its_ids(lines: Lines) -> None:
    structlog.get_logger("bot.flow.moderate").info("action", case_id=7, state="done")
    (line,) = lines()
    assert line["event"] == "action"
    assert line["case_id"] == 7
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("name", ["text", "content", "token", "key", "Text", "password"])
def test_private_fields_are_dropped_at_any_depth(lines: Lines, name: str) -> None:
    structlog.get_logger("bot").warning("odd", message_id=3, **{name: TEXT}, inner={name: TEXT, "id": 4})
    (line,) = lines()
    assert TEXT not in str(line)
    assert line["message_id"] == 3
    assert line["inner"] == {"id": 4}


def test_objects_are_named_and_not_printed(lines: Lines) -> None:
    class Message:
        def __repr__(self) -> str:
            return TEXT

    structlog.get_logger("bot").warning("odd", message=Message())
    assert lines()[0]["message"] == "<Message>"


def test_the_token_is_hidden_wherever_it_stands(lines: Lines) -> None:
    structlog.get_logger("bot").warning(f"sent {TOKEN}", header=f"Bot {TOKEN}", inner=[TOKEN])
    assert TOKEN not in str(lines())


def test_the_password_of_the_database_is_hidden(stream: io.StringIO) -> None:
    set_up(stream, database_url="postgresql+asyncpg://candor:hunter2secret@db/candor")
    structlog.get_logger("bot").warning("refused", why="no login with hunter2secret")
    assert "hunter2secret" not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_holds_places_and_neither_local_values_nor_the_token(stream: io.StringIO, form: str) -> None:
    set_up(stream, discord_token=TOKEN, log_format=form)

    def fails(message: str, token: str) -> None:
        raise ValueError(f"cannot use {message} with {token}")

    try:
        fails(TEXT, TOKEN)
    except ValueError:
        structlog.get_logger("bot").exception("pass_failed", message_id=5)
    written = stream.getvalue()
    assert "ValueError" in written
    assert "test_log.py" in written
    assert "fails" in written
    assert TEXT not in written
    assert TOKEN not in written


def test_the_sentence_of_an_own_error_stays_and_its_cause_is_named(lines: Lines) -> None:
    try:
        try:
            raise KeyError(TEXT)
        except KeyError as error:
            raise StoreUnavailable("The database does not answer.") from error
    except StoreUnavailable:
        structlog.get_logger("bot").exception("job_failed", job="retention")
    said = lines()[0]["exception"]
    assert "StoreUnavailable: The database does not answer." in said
    assert "KeyError" in said
    assert TEXT not in said


def test_a_librarys_line_keeps_its_template_and_numbers_but_no_string(lines: Lines) -> None:
    logging.getLogger("discord.client").warning("Ignoring %s in shard %d after %.2f s", TEXT, 3, 1.5)
    (line,) = lines()
    assert line["event"] == "Ignoring … in shard 3 after 1.5 s"
    assert line["logger"] == "discord.client"


def test_a_librarys_exception_is_told_without_its_message(lines: Lines) -> None:
    try:
        raise RuntimeError(TEXT)
    except RuntimeError:
        logging.getLogger("sqlalchemy.pool").exception("Exception during reset: %r", TEXT)
    (line,) = lines()
    assert "RuntimeError" in line["exception"]
    assert TEXT not in str(line)


@pytest.mark.parametrize(
    "message",
    [
        f"Task exception was never retrieved\nfuture: <Task exception=ValueError('{TEXT}')>",
        f"Exception in callback handle('{TEXT}')",
        f"Executing <Handle handle('{TEXT}')> took 1.2 seconds",
    ],
)
def test_the_event_loops_finished_lines_are_cut_before_their_values(lines: Lines, message: str) -> None:
    logging.getLogger("asyncio").error(message)
    (line,) = lines()
    assert TEXT not in str(line)
    assert line["event"] in message


def test_payloads_that_libraries_log_at_debug_never_appear(stream: io.StringIO) -> None:
    set_up(stream, log_level="debug")
    for name in ("discord.gateway", "discord.http", "httpx", "httpcore", "aiohttp.access", "sqlalchemy.engine"):
        logging.getLogger(name).debug("payload %s", TEXT)
    for name in ("httpx", "aiohttp.access", "sqlalchemy.engine", "uvicorn.access"):
        logging.getLogger(name).info("request")
    structlog.get_logger("bot").debug("job_done", job="rescore")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["job_done"]


def test_the_names_of_migrations_can_be_read(lines: Lines) -> None:
    logging.getLogger("alembic.runtime.migration").info("Running upgrade %s -> %s, %s", "", "0001", "create the pass")
    assert lines()[0]["event"] == "Running upgrade  -> 0001, create the pass"


def test_interaction_tokens_in_addresses_are_hidden(lines: Lines) -> None:
    structlog.get_logger("bot").warning(
        "slow", url="https://discord.com/api/v10/interactions/12/aW50ZXJhY3Rpb24/callback"
    )
    assert lines()[0]["url"].endswith("/interactions/12/***/callback")


def test_less_than_the_wanted_level_is_left_out(stream: io.StringIO) -> None:
    set_up(stream, log_level="error")
    structlog.get_logger("bot").warning("unscored", message_id=1)
    assert stream.getvalue() == ""
