"""`candor doctor` names what is missing in a sentence each, with the fix, and changes nothing."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from rich.console import Console
from typer.testing import CliRunner

from bot import child as child_module
from bot.__main__ import MISCONFIGURED, build_cli
from bot.config import Settings
from bot.core.findings import Finding
from bot.core.spooled import Deletion
from bot.doctor import examine, show
from bot.doctor_state import examine_running
from bot.health import HealthServer, Metrics
from bot.store.crypto import TextKey, key_path
from bot.store.database import Database
from bot.store.set_aside import UNREADABLE
from bot.store.spool import Spool
from moderation_model.contract import ModelInfo
from moderation_model.labels import LABEL_NAMES
from moderation_model.learning import VersionInfo

NOWHERE = "http://127.0.0.1:9"


def settings_for(folder: Path, **chosen: Any) -> Settings:
    return Settings(_env_file=None, **{"data_dir": folder, "model_url": NOWHERE, "discord_token": None, **chosen})  # pyright: ignore[reportCallIssue]


async def finding(settings: Settings, about: str) -> Finding:
    return next(found for found in await examine(settings) if found.about == about)


async def migrated(settings: Settings, revision: str = "head") -> None:
    db = Database(settings.sql_url, key=TextKey.from_settings(settings))
    await db.migrate(revision)
    await db.close()


@pytest.fixture
async def model_server() -> AsyncIterator[str]:
    """A model server that only says what it is, and which versions it has."""
    info = ModelInfo("v7", LABEL_NAMES[:-1], LABEL_NAMES[-1:], {}, True, "torch", "cpu", "bfloat16", 128)

    async def model(request: web.Request) -> web.Response:
        return web.json_response(info.to_dict())

    async def models(request: web.Request) -> web.Response:
        sick = VersionInfo("v8", "kept", unhealthy="Its scores were no numbers on 2026-11-21.")
        return web.json_response({"models": [asdict(sick), asdict(VersionInfo("v7", "champion"))], "shadow": None})

    app = web.Application()
    app.router.add_get("/v1/model", model)
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_look_before_the_first_start_makes_nothing(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "var")
    found = await examine(settings)
    assert [one.about for one in found if not one.ok] == ["model", "token"]
    assert not (tmp_path / "var").exists()


async def test_no_token_says_where_to_get_one(tmp_path: Path) -> None:
    found = await finding(settings_for(tmp_path), "token")
    assert not found.ok
    assert "https://discord.com/developers/applications" in (found.fix or "")
    assert "CANDOR_DISCORD_TOKEN" in (found.fix or "")


async def test_a_data_folder_that_others_can_look_into_is_named_with_its_fix(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir(mode=0o755)
    found = await finding(settings_for(folder), "data folder")
    assert not found.ok
    assert found.fix == f"Run: chmod 700 {folder}"


async def test_a_database_that_is_up_to_date_is_in_order(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    await migrated(settings)
    found = await finding(settings, "database")
    assert found.ok
    assert "up to date" in found.sentence


async def test_a_database_that_is_behind_says_candor_migrate(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    await migrated(settings)
    db = Database(settings.sql_url, key=TextKey.from_settings(settings))
    async with db.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    await db.close()
    found = await finding(settings, "database")
    assert not found.ok
    assert "candor migrate" in (found.fix or "")


async def test_a_database_that_does_not_answer_is_a_sentence_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("asyncpg", reason="the extra postgres is not installed")
    settings = settings_for(tmp_path, database_url="postgresql+asyncpg://candor:hunter2@127.0.0.1:9/candor")
    found = await finding(settings, "database")
    assert not found.ok
    assert "hunter2" not in found.sentence + (found.fix or "")


async def test_a_database_address_that_makes_no_sense_is_a_sentence(tmp_path: Path) -> None:
    found = await finding(settings_for(tmp_path, database_url="no address"), "database")
    assert not found.ok
    assert "CANDOR_DATABASE_URL" in found.sentence


async def test_a_key_file_that_others_can_read_is_named_with_its_fix(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    TextKey.from_settings(settings)
    assert (await finding(settings, "key")).ok
    key_path(settings).chmod(0o644)
    found = await finding(settings, "key")
    assert not found.ok
    assert found.fix == f"Run: chmod 600 {key_path(settings)}"


async def test_a_key_that_is_none_is_a_finding_and_not_shown(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, encryption_key="no-key-at-all")
    found = await finding(settings, "key")
    assert not found.ok
    assert "no-key-at-all" not in found.sentence


async def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    found = await finding(settings_for(tmp_path / "var" / "inner"), "data folder")
    assert not found.ok
    assert "CANDOR_DATA_DIR" in (found.fix or "")


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    tmp_path.chmod(0o500)
    return tmp_path


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_data_folder_without_permission_is_named(locked: Path) -> None:
    found = await finding(settings_for(locked / "var"), "data folder")
    assert not found.ok


async def test_a_model_server_that_does_not_answer_names_the_setting(tmp_path: Path) -> None:
    found = await finding(settings_for(tmp_path), "model")
    assert not found.ok
    assert "CANDOR_MODEL_URL" in (found.fix or "")


async def test_a_model_server_that_answers_is_named_with_what_it_lacks(tmp_path: Path, model_server: str) -> None:
    found = await finding(settings_for(tmp_path, model_url=model_server), "model")
    assert found.ok
    assert "v7 answers on cpu (bfloat16)" in found.sentence
    assert f"does not know {LABEL_NAMES[-1]}" in found.sentence
    assert "Version v8 was taken out of service: Its scores were no numbers on 2026-11-21." in found.sentence


async def test_without_the_model_extra_the_fix_is_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "NEEDED", ("a_package_that_is_not_installed",))
    found = await finding(settings_for(tmp_path, model_url=None), "model")
    assert not found.ok
    assert "pip install 'candor[model]'" in found.sentence


def test_the_table_shows_each_fix_and_counts_what_is_wrong() -> None:
    out = io.StringIO()
    show([Finding("key", True, "Fine."), Finding("model", False, "Not there.", "Start it.")], Console(file=out))
    assert "Start it." in out.getvalue()
    assert "1 of 2 checks want attention." in out.getvalue()


@pytest.fixture
def command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line in an empty folder, with the model server nowhere and nothing else set."""
    for name in [name for name in os.environ if name.startswith("CANDOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CANDOR_MODEL_URL", NOWHERE)
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def test_doctor_ends_with_1_where_something_is_wrong(command_line: CliRunner) -> None:
    result = command_line.invoke(build_cli(), ["doctor"])
    assert result.exit_code == 1
    assert "There is no Discord token." in result.stdout


def test_run_without_a_token_is_one_sentence(command_line: CliRunner) -> None:
    result = command_line.invoke(build_cli(), ["run"])
    assert result.exit_code == MISCONFIGURED
    assert "CANDOR_DISCORD_TOKEN" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_bad_setting_is_one_sentence(command_line: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOR_TEXT_DAYS", "never")
    result = command_line.invoke(build_cli(), ["run"])
    assert result.exit_code == MISCONFIGURED
    assert result.stderr.startswith("CANDOR_TEXT_DAYS: ")


def test_migrate_makes_the_database_and_does_it_twice(command_line: CliRunner, tmp_path: Path) -> None:
    for _ in range(2):
        result = command_line.invoke(build_cli(), ["migrate"])
        assert result.exit_code == 0, result.stderr
        assert "up to date" in result.stdout
    assert (tmp_path / "var" / "candor.db").exists()
    assert (tmp_path / "var" / "candor.key").stat().st_mode & 0o777 == 0o600


def test_migrate_goes_back_only_once_somebody_has_read_what_is_lost(command_line: CliRunner) -> None:
    command_line.invoke(build_cli(), ["migrate"])
    asked = command_line.invoke(build_cli(), ["migrate", "--to", "0008"])
    assert asked.exit_code == 1
    assert "0009: Drop the tables; what was written for learning and the history of runs are lost." in asked.stderr
    done = command_line.invoke(build_cli(), ["migrate", "--to", "0008", "--yes"])
    assert (done.exit_code, "at revision 0008" in done.stdout) == (0, True)
    wrong = command_line.invoke(build_cli(), ["migrate", "--to", "12"])
    assert (wrong.exit_code, "no revision 12" in wrong.stderr) == (1, True)
    assert "up to date" in command_line.invoke(build_cli(), ["migrate"]).stdout


def test_the_demo_without_its_extra_says_what_to_install(
    command_line: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.__main__.DEMO_NEEDS", ("a_package_that_is_not_installed",))
    result = command_line.invoke(build_cli(), ["demo"])
    assert result.exit_code == 1
    assert "pip install 'candor[model,demo]'" in result.stderr


async def test_what_waits_in_the_spool_is_a_finding(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    assert (await finding(settings, "spool")).ok
    spool = Spool(tmp_path, key=TextKey.from_settings(settings))
    spool.open()
    spool.append_now([Deletion(1, (2,)), Deletion(1, (3,))])
    spool.close()
    found = await finding(settings, "spool")
    assert found.sentence == "2 messages wait in the spool for the database."


async def test_what_nobody_can_read_of_the_spool_is_a_finding_with_its_way_back_and_its_end(tmp_path: Path) -> None:
    (tmp_path / UNREADABLE).write_bytes(b"of another key\ndamaged\n")
    found = await finding(settings_for(tmp_path, text_days=14), "spool")
    assert found.sentence.startswith("2 entries of the spool could not be read")
    assert str(tmp_path / UNREADABLE) in found.sentence
    assert f"behind the one in {tmp_path / 'candor.key'}, with a comma between" in (found.fix or "")
    assert "Without it they go 14 days after" in (found.fix or "")


async def test_the_states_of_the_running_bot_are_findings_with_their_fix(tmp_path: Path) -> None:
    states = {"discord": "ready", "model": "remote", "database": "away", "spool": "filled"}
    server = HealthServer(Metrics(), port=0, state=lambda: states)
    await server.start()
    try:
        found = await examine_running(settings_for(tmp_path, health_port=server.port))
    finally:
        await server.stop()
    wrong = [one for one in found if not one.ok]
    assert [one.about for one in wrong] == ["database", "spool"]
    assert all(one.fix for one in wrong)
    assert (await examine_running(settings_for(tmp_path, health_port=server.port)))[-1].sentence == (
        "The bot does not run here now."
    )
