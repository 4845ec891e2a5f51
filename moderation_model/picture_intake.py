"""Requests for pictures, from bytes to a checked value; whatever cannot be drawn is refused in one sentence (400)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from moderation_model import intake
from moderation_model.card_days import CardDay
from moderation_model.cleaning import clean
from moderation_model.errors import BadRequest
from moderation_model.pictures import (
    MAX_BARS,
    MAX_CLAUSE,
    Bars,
    CardsPicture,
    Hits,
    Judged,
    Picture,
    PreviewPicture,
    RunPicture,
    ShapPicture,
    StatsPicture,
    Week,
    short,
)
from moderation_model.run_picture import OldNew, Part

T = TypeVar("T")
Fields = Mapping[str, Any]

MOST = 1_000_000_000
"""No number may be larger: no count is, and larger ones would not fit into their column."""


def read_picture(body: bytes) -> Picture:
    """The inverse of `pictures.to_dict`, with long names cut. Raises BadRequest, and never quotes what was sent."""
    data = intake.read_json(body)
    if not isinstance(data, dict):
        raise BadRequest("The body must be a JSON object.")
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in _READERS:
        raise BadRequest(f"`kind` must be one of {', '.join(_READERS)}.")
    return _READERS[kind](data)


def _stats(data: Fields) -> StatsPicture:
    flags = None if data.get("flags") is None else _bars(data["flags"], "flags", least=0)
    decided = None if data.get("decided") is None else _bars(data["decided"], "decided", least=0)
    response, done, missed = (
        None if data.get(name) is None else _words(data, name, most=MAX_CLAUSE)
        for name in ("response", "done", "missed")
    )
    judged, weeks = _rows(data, "judged", _judged), _rows(data, "weeks", _week)
    if len({(week.channel, week.monday) for week in weeks}) < len(weeks):
        raise BadRequest("`weeks` holds one channel's week twice. Send each once.")
    return StatsPicture(_words(data, "period"), flags, judged, response, weeks, decided, done, missed)


def _preview(data: Fields) -> PreviewPicture:
    return PreviewPicture(
        label=_words(data, "label"),
        limit=_number(data, "limit", most=1),
        action=_words(data, "action"),
        days=_count(data, "days"),
        channels=_rows(data, "channels", _hits),
    )


def _shap(data: Fields) -> ShapPicture:
    return ShapPicture(
        _words(data, "label"), _number(data, "score", most=1), _bars(data.get("words"), "words", least=-MOST)
    )


def _cards(data: Fields) -> CardsPicture:
    return CardsPicture(_words(data, "period"), _rows(data, "days", _card_day))


def _run(data: Fields) -> RunPicture:
    return RunPicture(_count(data, "held_out"), _rows(data, "right", _old_new), _rows(data, "found", _old_new))


_READERS: dict[str, Callable[[Fields], Picture]] = {
    "stats": _stats,
    "preview": _preview,
    "shap": _shap,
    "cards": _cards,
    "run": _run,
}


def _card_day(row: Fields) -> CardDay:
    return CardDay(_words(row, "name"), *(_count(row, name) for name in ("broke", "fine", "rest")))


def _old_new(row: Fields) -> OldNew:
    old, new = row.get("old"), row.get("new")
    if not isinstance(old, dict) or not isinstance(new, dict):
        raise BadRequest("`old` and `new` must be objects.")
    return OldNew(_words(row, "name"), _part(old), _part(new))


def _part(row: Fields) -> Part:
    low, high = (_number(row, name, most=1) for name in ("low", "high"))
    found = Part(_count(row, "hits"), _count(row, "total"), low, high)
    if found.hits > found.total or low > high:
        raise BadRequest("`hits` may not exceed `total`, nor `low` exceed `high`.")
    return found


def _judged(row: Fields) -> Judged:
    low, high = (None if row.get(name) is None else _number(row, name, most=1) for name in ("low", "high"))
    found = Judged(_words(row, "name"), _count(row, "right"), _count(row, "total"), low, high)
    if (low is None) != (high is None):
        raise BadRequest("In `judged`, `low` and `high` are both numbers or both null.")
    if found.right > found.total or (low is not None and high is not None and low > high):
        raise BadRequest("In `judged`, `right` may not exceed `total`, nor `low` exceed `high`.")
    return found


def _week(row: Fields) -> Week:
    monday = row.get("monday")
    try:
        when = date.fromisoformat(monday) if isinstance(monday, str) else None
    except ValueError:
        when = None
    if when is None:
        raise BadRequest("`monday` must be a date as 2025-06-02.")
    stars = None if row.get("stars") is None else _number(row, "stars", least=1, most=5)
    return Week(_words(row, "channel"), when, _count(row, "messages"), _count(row, "flags"), stars)


def _hits(row: Fields) -> Hits:
    return Hits(_words(row, "channel"), _count(row, "right"), _count(row, "wrong"), _count(row, "unknown"))


def _bars(data: Any, name: str, *, least: float) -> Bars:
    if not isinstance(data, dict):
        raise BadRequest(f"`{name}` must be an object with `names` and `values`.")
    names, values = _list(data, "names"), _list(data, "values")
    if len(names) != len(values):
        raise BadRequest(f"`{name}` must hold as many `names` as `values`.")
    return Bars(
        tuple(_words({"names": each}, "names") for each in names),
        tuple(_number({"values": each}, "values", least=least) for each in values),
    )


def _rows(data: Fields, name: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
    rows = _list(data, name)
    if not all(isinstance(row, dict) for row in rows):
        raise BadRequest(f"`{name}` must be a list of objects.")
    return tuple(read(row) for row in rows)


def _list(data: Fields, name: str) -> list[Any]:
    found = data.get(name, [])
    if not isinstance(found, list):
        raise BadRequest(f"`{name}` must be a list.")
    if len(found) > MAX_BARS:
        raise BadRequest(f"`{name}` may hold at most {MAX_BARS} entries; this one holds {len(found)}.")
    return found


def _words(data: Fields, name: str, **most: int) -> str:
    found = data.get(name)
    if not isinstance(found, str):
        raise BadRequest(f"`{name}` must be text.")
    return short(clean(found), **most)


def _number(data: Fields, name: str, *, least: float = 0, most: float = MOST) -> float:
    found = data.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= most:
        raise BadRequest(f"`{name}` must be a number from {least:,} to {most:,}.")
    return found


def _count(data: Fields, name: str) -> int:
    found = _number(data, name)
    if not isinstance(found, int):
        raise BadRequest(f"`{name}` must be a whole number.")
    return found
