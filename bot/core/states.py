"""How the bot stands, one word a part: /healthz and /metrics show it, the log tells it once, `doctor` explains it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.findings import Finding

WORDS: Mapping[str, tuple[str, ...]] = {
    "discord": ("ready", "connecting", "away", "closing"),
    "model": ("ready", "remote", "starting", "restarting", "away", "failed", "stopped"),
    "model_version": ("ok", "unhealthy"),
    "database": ("ready", "away", "full"),
    "spool": ("empty", "filled", "full", "failing", "closed"),
    "clock": ("steady", "jumped"),
    "event_loop": ("ok", "blocked"),
}
"""Every word of every part. `remote`: a model server of somebody else's, which answers; `closing`: the bot ends."""

AT_START = frozenset({("discord", "connecting"), ("model", "starting")})
"""What every start goes through: worth a warning only where it lasts."""

WRONG: Mapping[tuple[str, str], tuple[str, str]] = {
    ("discord", "connecting"): (
        "The bot is not connected to Discord yet.",
        "Look at the log if it stays so.",
    ),
    ("discord", "away"): (
        "The connection to Discord is lost. It is tried again by itself.",
        "Check the network and https://discordstatus.com.",
    ),
    ("model", "starting"): ("The model server is starting.", "Messages are stored as unscored and scored then."),
    ("model", "restarting"): (
        "The model server died and is started again.",
        "Messages are stored as unscored and scored then. The log has its last words.",
    ),
    ("model", "away"): (
        "The model server does not answer. Messages are stored as unscored and scored once it is back.",
        "Look at its log, its address (CANDOR_MODEL_URL) and its token.",
    ),
    ("model", "failed"): (
        "The model server dies again and again. Messages are stored as unscored.",
        "The log has its last words: mend that, or start the bot with another CANDOR_MODEL_PATH.",
    ),
    ("model_version", "unhealthy"): (
        "A model version gave no numbers and was taken out of service; an earlier one decides.",
        "`candor-model models` names it. Train again or roll back.",
    ),
    ("database", "away"): (
        "The database does not answer. Nothing is done by itself, and what is written is kept in the spool.",
        "Start it, or mend CANDOR_DATABASE_URL. Nothing else is needed: the spool is gone through then.",
    ),
    ("database", "full"): (
        "The database has no room on its disk. Nothing is done by itself, and what is written is kept in the spool.",
        "Make room there. Nothing else is needed: the spool is gone through then.",
    ),
    ("spool", "filled"): ("Messages wait in the spool for the database.", "It is emptied by itself once that is back."),
    ("spool", "full"): (
        "The spool is full: what is written now is not kept, and only found again in Discord's history.",
        "Make room on the disk of the data folder, or bring the database back.",
    ),
    ("spool", "failing"): (
        "The spool cannot be written: while the database is away nothing is kept.",
        "Give the bot's user write access to its data folder (CANDOR_DATA_DIR).",
    ),
    ("spool", "closed"): (
        "There is no spool: while the database is away nothing is kept.",
        "Give the bot's user write access to its data folder (CANDOR_DATA_DIR).",
    ),
    ("clock", "jumped"): (
        "The machine's clock jumped. Until it has been steady for an hour nothing is dropped for its age, no report is "
        "posted and no training begins.",
        "Check the date, and let a time service (NTP) keep it.",
    ),
    ("event_loop", "blocked"): (
        "The bot stood still for a moment within the last minute.",
        "Give it more of a processor; the log says how long (event_loop_blocked).",
    ),
}
"""Part and word -> what it means and how to mend it. A word that is not here is fine."""


def findings(states: Mapping[str, object]) -> list[Finding]:
    """What is wrong of `states`, in the order of `WRONG`. Parts that are no words are left out."""
    return [
        Finding(part.replace("_", " "), False, sentence, fix)
        for (part, word), (sentence, fix) in WRONG.items()
        if states.get(part) == word
    ]


def handles_messages(states: Mapping[str, object]) -> bool:
    """Whether messages arrive, and what becomes of them is kept, in the database or in the spool.

    Without the model they are: keywords decide, and the rest is scored once it is back.
    """
    kept = states.get("database") == "ready" or states.get("spool") in ("empty", "filled")
    return states.get("discord") == "ready" and kept
