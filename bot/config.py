"""Settings: read from `CANDOR_...` variables and `.env`, validated once, passed on. Secrets never show in `repr`, and
neither do addresses, which may hold a password.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import BadSettings
from bot.shards import Shard, shard_of


class Settings(BaseSettings):
    """What the operator decides. Each field is the variable `CANDOR_<FIELD>`, described in `.env.example`."""

    model_config = SettingsConfigDict(
        env_prefix="CANDOR_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    discord_token: SecretStr | None = Field(None, description="Bot token from the Discord developer portal.")
    discord_proxy: str | None = Field(
        None, repr=False, description="HTTP proxy for Discord, such as http://proxy:3128."
    )
    shard: str = Field(
        "0/1",
        description="Which part of the servers this process looks after, such as 0/2 and 1/2 for two processes.",
    )
    data_dir: Path = Field(Path("var"), description="Folder for the SQLite file, the key file and spools.")
    database_url: str | None = Field(
        None,
        repr=False,
        description="SQLAlchemy URL; postgresql+asyncpg://user:pass@host/db. Default: SQLite in the data folder.",
    )
    encryption_key: SecretStr | None = Field(
        None, description="Fernet key for stored texts. Default: generated into <data folder>/candor.key (mode 0600)."
    )
    model_url: str | None = Field(
        None, repr=False, description="Address of a model server. Default: one is started beside the bot on loopback."
    )
    model_token: SecretStr | None = Field(
        None,
        description="Bearer token of the model server; without it the bot's own server gets a random one.",
    )
    model_plain_http: bool = Field(
        False, description="Whether messages may go to a model server elsewhere without TLS."
    )
    model_ca: Path | None = Field(
        None, description="PEM file with who vouches for that server's certificate. Default: the usual authorities."
    )
    model_path: str | None = Field(
        None,
        description="Folder or hub id of the model that the bot's own server loads. Default: what was promoted.",
    )
    models_dir: Path | None = Field(
        None,
        description="Folder of the model versions that were learned here. Default: models in the data folder.",
    )
    model_device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where the bot's own model server runs.")
    text_days: int = Field(30, ge=1, le=365, description="Days after which the texts of cases are dropped.")
    prediction_days: int = Field(30, ge=1, le=365, description="Days after which stored scores are dropped.")
    catch_up_hours: float = Field(
        24.0,
        ge=0,
        le=168,
        description="How far back what was written while the bot was away is looked at. 0: not at all.",
    )
    case_days: int = Field(
        365, ge=30, le=3650, description="Days after which a closed case names nobody any more; its numbers stay."
    )
    keep_text: bool = Field(
        True, description="Whether texts of flagged messages are kept for a time. false: scores alone, on all servers."
    )
    guild_grace_days: int = Field(
        7, ge=0, le=365, description="Days after the bot's removal from a server until all that is stored of it goes."
    )
    train_on_messages: bool = Field(
        False,
        description="Discord has expressly permitted to train on messages: all servers' verdicts may teach. Else each "
        "server records its own permission.",
    )
    train_mode: Literal["lora", "full", "head"] = Field(
        "lora", description="What a training run changes: a small adapter, everything, or the heads alone."
    )
    promotion: Literal["ask", "auto"] = Field(
        "ask", description="Whether people decide about a better model in its report, or it serves by itself."
    )
    challenger_messages: int = Field(
        500, ge=0, description="Live messages on which a better model is checked beside the old one first. 0: on none."
    )
    challenger_hours: float = Field(
        24.0, ge=0, description="Hours after which that check ends, however few messages there were. 0: no check."
    )
    health_port: int | None = Field(None, ge=0, le=65535, description="Loopback port for /healthz and /metrics.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged, ids only.")
    log_format: Literal["json", "console"] = Field("json", description="How it is logged.")

    @field_validator("shard")
    @classmethod
    def _shard_is_one(cls, value: str) -> str:
        return str(shard_of(value))

    @property
    def part(self) -> Shard:
        """The part of the servers that this process looks after."""
        return shard_of(self.shard)

    @property
    def sql_url(self) -> str:
        """The database's URL, the default filled in."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'candor.db'}"

    @property
    def models_folder(self) -> Path:
        """The folder of the model versions, the default filled in."""
        return self.models_dir or self.data_dir / "models"


def load_settings(**overrides: object) -> Settings:
    """The settings of this process. Raises BadSettings with one sentence a bad value."""
    try:
        return Settings(**overrides)  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        sentences = [
            f"CANDOR_{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg'].lower()}."
            for problem in error.errors(include_input=False, include_url=False)
        ]
        raise BadSettings(" ".join(sentences)) from None
