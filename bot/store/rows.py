"""Between rows and the frozen values of `bot.core.cases`: the only place that knows both shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import structlog

from bot.core.actions import Ban, Kick, ResetNickname
from bot.core.appeals import Appeal
from bot.core.cases import ActionRecord, CardRef, Case, NewCase, Note, OtherText, Report, Vote
from bot.core.policy import Action, Delete, Reason, Timeout, Warn
from bot.errors import UndecryptableText
from bot.store.crypto import TextKey
from moderation_model.contract import Explanation, Sentiment

log = structlog.get_logger(__name__)

Row = Mapping[Any, Any]


def case_values(new: NewCase, key: TextKey) -> dict[str, Any]:
    """The row of a new case; text and name are encrypted together."""
    return {
        "guild_id": new.guild_id,
        "channel_id": new.channel_id,
        "message_id": new.message_id,
        "revision": new.revision,
        "author_id": new.author_id,
        "author_joined_at": new.author_joined_at,
        "opened_why": new.opened_why,
        "state": "open",
        "payload": sealed(key, _payload(new)),
        "text_hash": key.fingerprint(new.text),
        "text_expires_at": new.text_expires_at,
        "jump_url": new.jump_url,
        "posted_at": new.posted_at,
        "opened_at": new.opened_at,
        "reasons": [asdict(reason) | {"found": None} for reason in new.reasons],
        "scores": dict(new.scores) if new.scores is not None else None,
        "sentiment": list(new.sentiment.stars) if new.sentiment is not None else None,
        "reading": new.reading,
        "model_version": new.model_version,
        "forwarded": new.forwarded,
        "withheld": [action_values(action) for action in new.withheld],
        "withheld_why": new.withheld_why,
        "ping": new.ping,
        "inclusion_probability": new.inclusion_probability,
        "lead_id": new.lead_id,
        "subject": new.subject,
    }


def _payload(new: NewCase) -> dict[str, Any]:
    if new.unkept:
        return {"unkept": True}
    payload: dict[str, Any] = {"text": new.text, "author_name": new.author_name}
    found = next((reason.found for reason in new.reasons if reason.found), None)
    if found is not None:
        # Words of the member: they go with the text.
        payload["found"] = found
    if new.reply_to is not None:
        payload["reply_to"] = list(new.reply_to)
    return payload


def sealed(key: TextKey, payload: Mapping[str, Any]) -> bytes:
    """What may not be read from the database file."""
    return key.encrypt(json.dumps(payload))


def opened(key: TextKey, payload: bytes | None) -> dict[str, Any]:
    """The inverse of `sealed`; empty once the payload was dropped. Raises UndecryptableText."""
    return json.loads(key.decrypt(payload)) if payload is not None else {}


@dataclass(frozen=True, slots=True)
class Beside:
    """The cases that share a card (rows, oldest first), the newest of their different texts, and how many more."""

    followers: Sequence[Row] = ()
    texts: tuple[OtherText, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Attached:
    """What hangs on a case: its actions and those of its followers (rows), what stands beside it, what people said."""

    actions: Sequence[Row]
    follower_actions: Sequence[Row]
    beside: Beside
    votes: Sequence[Vote]
    notes: Sequence[Note]
    reports: Sequence[Report]
    appeal: Appeal | None


def _with_found(reasons: Sequence[dict[str, Any]], found: str | None) -> list[dict[str, Any]]:
    """The reasons with what the keyword found, which is kept with the text."""
    return [{**reason, "found": found} if reason["rule"] == "keyword" else reason for reason in reasons]


def case(row: Row, key: TextKey, attached: Attached) -> Case:
    """A stored case with what hangs on it. One that another key wrote comes without its text: the bot must start."""
    payload = _opened_or_empty(row, key)
    explanation, sentiment = payload.get("explanation"), row["sentiment"]
    unkept = payload.get("unkept", False)
    return Case(
        case_id=row["id"],
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        message_id=row["message_id"],
        revision=row["revision"],
        author_id=row["author_id"],
        author_name=payload.get("author_name"),
        opened_why=row["opened_why"],
        state=row["state"],
        text="" if unkept else payload.get("text"),
        reply_to=tuple(payload["reply_to"]) if payload.get("reply_to") else None,
        jump_url=row["jump_url"],
        posted_at=row["posted_at"],
        opened_at=row["opened_at"],
        author_joined_at=row["author_joined_at"],
        reasons=tuple(Reason(**reason) for reason in _with_found(row["reasons"], payload.get("found"))),
        scores=row["scores"],
        sentiment=Sentiment(cast("Any", tuple(sentiment))) if sentiment else None,
        reading=row["reading"],
        model_version=row["model_version"],
        forwarded=row["forwarded"],
        withheld=tuple(action(values) for values in row["withheld"]),
        withheld_why=row["withheld_why"],
        ping=row["ping"],
        explanation=Explanation.from_dict(explanation) if explanation else None,
        card=CardRef(row["card_channel_id"], row["card_message_id"]) if row["card_message_id"] else None,
        lead_id=row["lead_id"],
        pinged=row["pinged"],
        closed_at=row["closed_at"],
        second_opinion_by=row["second_opinion_by"],
        admitted_at=row["admitted_at"],
        queued_at=row["queued_at"],
        gone_at=row["gone_at"],
        subject=row["subject"],
        flagged_only_by=row["flagged_only_by"],
        card_number=row["card_number"],
        forgotten_at=row["forgotten_at"],
        unkept=unkept,
        **_attached_values(row["author_id"], attached),
    )


def _attached_values(author_id: int, attached: Attached) -> dict[str, Any]:
    followers = attached.beside.followers
    return {
        "followers": len(followers),
        "other_author_ids": frozenset(each["author_id"] for each in followers) - {author_id},
        "gone_follower_ids": frozenset(each["id"] for each in followers if each["gone_at"]),
        "follower_actions": tuple(action_record(each) for each in attached.follower_actions),
        "other_texts": attached.beside.texts,
        "more_texts": attached.beside.more,
        "reports": len(attached.reports),
        "report_reasons": tuple(each.reason for each in attached.reports if each.reason),
        "actions": tuple(action_record(each) for each in attached.actions),
        "votes": tuple(attached.votes),
        "notes": tuple(attached.notes),
        "appeal": attached.appeal,
    }


def _opened_or_empty(row: Row, key: TextKey) -> dict[str, Any]:
    try:
        return opened(key, row["payload"])
    except UndecryptableText:
        log.error("text_of_another_key", case_id=row["id"])
        return {}


def action_values(action: Action) -> dict[str, Any]:
    """The columns that say which action it is."""
    return {"kind": action.kind, "seconds": action.seconds if isinstance(action, Timeout) else None}


def action(row: Row) -> Action:
    """The inverse of `action_values`."""
    match row["kind"]:
        case "warn":
            return Warn()
        case "timeout":
            return Timeout(row["seconds"], since=row.get("planned_at"))
        case "delete":
            return Delete()
        case "ban":
            return Ban()
        case "kick":
            return Kick()
        case "reset_nickname":
            return ResetNickname()
        case other:
            raise ValueError(f"the database holds an action of unknown kind {other!r}; is this version older than it?")


def action_record(row: Row) -> ActionRecord:
    """A stored action."""
    return ActionRecord(
        row["id"], row["case_id"], action(row), row["state"], row["done_by"], row["detail"], row["planned_at"]
    )
