"""`candor doctor`: looks at everything that a start needs and says in a sentence what is missing and how to mend it.

It changes nothing: no database, key or folder is made here.
"""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.chat.doctor import inspect_login
from bot.child import ModelChild
from bot.config import Settings
from bot.core.findings import Finding
from bot.core.guild_rules import GuildRules
from bot.core.languages import unread_finding
from bot.doctor_state import examine_running
from bot.errors import BotError
from bot.flow.coverage import LOOKED_BACK
from bot.store.crypto import TextKey, key_path
from bot.store.database import Database
from bot.store.guilds import GuildStore
from bot.store.predictions import PredictionStore
from moderation_model.client import ModelClient
from moderation_model.contract import ModelInfo
from moderation_model.errors import BadRequest, BadServerAddress, ModelError
from moderation_model.learning import VersionInfo

if TYPE_CHECKING:
    import aiohttp


async def examine(settings: Settings, *, connector: aiohttp.BaseConnector | None = None) -> list[Finding]:
    """All findings, in the order of a start: folder and key, the bot that runs, database, model, Discord. Raises
    nothing of ours.

    Without a `model_url` the bot's own model server is started and stopped again, which takes some seconds.
    """
    findings = [_folder(settings), _key(settings), *await examine_running(settings)]
    try:
        db = Database(settings.sql_url, key=_reading_key(settings))
    except BotError as error:
        findings.append(Finding("database", False, str(error), "Mend CANDOR_DATABASE_URL or CANDOR_ENCRYPTION_KEY."))
        db = None
    current = False
    if db is not None:
        found, current = await _database(db)
        findings.append(found)
    found, info = await _model(settings)
    findings.append(found)
    readable = db if current else None
    rules_of = GuildStore(readable).get if readable is not None else _new_guild
    more_of = partial(_reading, PredictionStore(readable), info) if readable is not None and info is not None else None
    findings += await inspect_login(settings, connector=connector, rules_of=rules_of, more_of=more_of)
    if db is not None:
        await db.close()
    return findings


def show(findings: Sequence[Finding], console: Console) -> None:
    """Print them as a table, what is wrong with its fix."""
    table = Table("", "what", "finding", show_lines=False, box=None, pad_edge=False)
    for finding in findings:
        said = Text(finding.sentence)
        if not finding.ok and finding.fix:
            said.append(f"\n→ {finding.fix}", style="bold")
        mark = Text("ok", style="green") if finding.ok else Text("wrong", style="red")
        table.add_row(mark, finding.about, said)
    console.print(table)
    wrong = sum(not finding.ok for finding in findings)
    console.print(f"\n{wrong} of {len(findings)} checks want attention." if wrong else "\nEverything is in order.")


def _folder(settings: Settings) -> Finding:
    folder = settings.data_dir
    standing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        fix = f"Let this user write to {standing}, or set CANDOR_DATA_DIR to another folder."
        return Finding("data folder", False, f"The data folder {folder} cannot be written.", fix)
    if folder.exists() and _open_to_others(folder):
        return Finding(
            "data folder", False, f"Others can look into the data folder {folder}.", f"Run: chmod 700 {folder}"
        )
    made = "" if folder.exists() else " It is made at the first start."
    return Finding("data folder", True, f"The data folder is {folder}.{made}")


def _key(settings: Settings) -> Finding:
    about, path = "key", key_path(settings)
    if settings.encryption_key is None and not path.exists():
        return Finding(about, True, f"A key for stored texts is made at the first start: {path}.")
    try:
        changing = TextKey.from_settings(settings).changing
    except BotError as error:
        return Finding(about, False, str(error), "Mend CANDOR_ENCRYPTION_KEY or the key file.")
    if changing:
        fix = "Stop the bot and run: candor rotate-key"
        return Finding(about, False, "The key of the stored texts is being changed, and both are in use.", fix)
    if settings.encryption_key is not None:
        return Finding(about, True, "Stored texts are encrypted with CANDOR_ENCRYPTION_KEY.")
    if _open_to_others(path):
        return Finding(about, False, f"Others can read the key file {path}.", f"Run: chmod 600 {path}")
    return Finding(about, True, f"Stored texts are encrypted with {path}. Keep a copy of it elsewhere.")


def _open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _reading_key(settings: Settings) -> TextKey:
    """The key of this installation; where none was made yet, one for this look alone. Raises BadSettings."""
    if settings.encryption_key is None and not key_path(settings).exists():
        return TextKey(base64.urlsafe_b64encode(os.urandom(32)).decode())
    return TextKey.from_settings(settings)


async def _database(db: Database) -> tuple[Finding, bool]:
    """The finding, and whether the tables can be read."""
    about, where = "database", db.url.render_as_string(hide_password=True)
    try:
        state = await db.schema_state()
        if state == "missing":
            return Finding(about, True, f"{where} has no tables yet. They are made at the first start."), False
        await db.ping()
    except BotError as error:
        return Finding(about, False, str(error), f"Look after {where}."), False
    if state == "behind":
        fix = "Run: candor migrate (a start does the same)."
        return Finding(about, False, f"{where} has tables of another version of Candor.", fix), False
    return Finding(about, True, f"{where} answers and is up to date."), True


async def _model(settings: Settings) -> tuple[Finding, ModelInfo | None]:
    try:
        if settings.model_url is not None:
            token = settings.model_token.get_secret_value() if settings.model_token else None
            plain, ca = settings.model_plain_http, settings.model_ca
            info, retired = await _ask(ModelClient(settings.model_url, token=token, plain_http=plain, ca=ca))
            return _serves(info, settings.model_url, retired), info
        child = ModelChild(settings)
        try:
            await child.start()
            info, retired = await _ask(ModelClient(child.url, token=child.token))
            return _serves(info, "the bot's own server", retired), info
        finally:
            await child.stop()
    except BadServerAddress as error:
        return Finding("model", False, str(error), "Mend CANDOR_MODEL_URL or CANDOR_MODEL_CA."), None
    except ModelError as error:
        return Finding("model", False, str(error), _model_fix(settings)), None


def _model_fix(settings: Settings) -> str:
    if settings.model_url is not None:
        return "Start it there (candor-model serve), or mend CANDOR_MODEL_URL and CANDOR_MODEL_TOKEN."
    if settings.model_path is not None:
        return "Set CANDOR_MODEL_PATH to another folder or hub id, or leave it out for the weights in the box."
    return "Install Candor again with its model: pip install 'candor[model]'."


async def _ask(client: ModelClient) -> tuple[ModelInfo, list[VersionInfo]]:
    """What serves, and the versions that were taken out of service."""
    try:
        info = await client.info()
        try:
            return info, [each for each in await client.versions() if each.unhealthy]
        except BadRequest:  # it has no folder for models: it serves this one only
            return info, []
    finally:
        await client.aclose()


def _serves(info: ModelInfo, where: str, retired: Sequence[VersionInfo]) -> Finding:
    lacks = f" It does not know {', '.join(info.missing)}." if info.missing else ""
    gone = "".join(f" Version {each.version} was taken out of service: {each.unhealthy}" for each in retired)
    sentence = f"Model {info.version} answers on {info.device} ({info.dtype}), {where}.{lacks}{gone}"
    return Finding("model", True, sentence)


async def _reading(predictions: PredictionStore, info: ModelInfo, guild_id: int) -> list[Finding]:
    """How much of the server's chat of the last week the model did not judge."""
    since = datetime.now(UTC) - LOOKED_BACK
    return [unread_finding(info.languages, *await predictions.unread_share(guild_id, since))]


async def _new_guild(guild_id: int) -> GuildRules:
    return GuildRules(guild_id=guild_id)
