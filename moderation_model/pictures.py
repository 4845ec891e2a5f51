"""The pictures that Discord shows, as frozen values, and what each says in words. Drawn by `reports/pictures.py`.

A picture holds numbers and names; `ShapPicture` alone holds words of a message. A description says what its picture
shows, for people who cannot see it, in at most 1,024 characters, which is what Discord keeps beside an attachment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from moderation_model.card_days import CardsPicture
from moderation_model.contract import PUNCTUATION, Explanation
from moderation_model.run_picture import RunPicture

MAX_BARS = 60
"""Bars, rows or cells that one part of a picture may have."""
MAX_NAME = 40
"""Characters of a name; longer ones are cut."""
MAX_CLAUSE = 160
"""Characters of a clause (response time, what was done, what is missed)."""
MAX_ALT = 1024
SHOWN = 8
"""Rows that a phone shows well; `of` folds the rest into one more."""
WEEKS = 6
"""Columns of weeks that can be read on a phone."""
FEW = 20
"""With fewer messages in a week a channel's mean says more of a person than of the channel: it is not shown."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar a name: `values[i]` belongs to `names[i]`."""

    names: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """Of `total` flags of one label (or rule) that moderators judged, `right` were right.

    `low` and `high`: the 95 % interval of that share by Wilson, 0 to 1 (bot/core/numbers.py); both None where there are
    too few verdicts for one.
    """

    name: str
    right: int
    total: int
    low: float | None = None
    high: float | None = None

    @property
    def sentence(self) -> str:
        """ "31 of 36 right, 71 to 94 %"; "2 of 3 right, too few to say more"."""
        if not self.total:
            return "no verdict yet"
        count = f"{self.right} of {self.total} right"
        if self.low is None or self.high is None:
            return f"{count}, too few to say more"
        return f"{count}, {self.low * 100:.0f} to {self.high * 100:.0f} %"


@dataclass(frozen=True, slots=True)
class Week:
    """One channel's week from `monday`. `stars`: its mean sentiment, 1 to 5, None where nothing was scored."""

    channel: str
    monday: date
    messages: int
    flags: int
    stars: float | None = None

    @property
    def mood(self) -> str:
        """The mean stars as shown: "3.4", "few" or "none"."""
        return self._shown(None if self.stars is None else f"{self.stars:.1f}")

    @property
    def toxicity(self) -> str:
        """Flags per 100 messages as shown: "2.5", "few" or "none"."""
        return self._shown(f"{self.flags_per_100:.1f}")

    @property
    def flags_per_100(self) -> float:
        """Flags per 100 messages; 0 without messages."""
        return 100 * self.flags / self.messages if self.messages else 0.0

    def _shown(self, figure: str | None) -> str:
        if not self.messages or figure is None:
            return "none"
        return "few" if self.messages < FEW else figure


@dataclass(frozen=True, slots=True)
class StatsPicture:
    """A guild's statistics, never by member. A part that is empty or None is left out of the picture.

    `period`: which days ("Last 30 days"). `flags`: flagged messages a day, oldest first. `decided`: how many cases
    ended how. Clauses: `response`, how long cases waited ("half of them answered within 14 min (36 cases)"); `done`,
    what was done to members and messages; `missed`, recall. `weeks` in any order; rows follow the order in which
    channels first appear.
    """

    period: str
    flags: Bars | None = None
    judged: tuple[Judged, ...] = ()
    response: str | None = None
    weeks: tuple[Week, ...] = ()
    decided: Bars | None = None
    done: str | None = None
    missed: str | None = None

    kind = "stats"


@dataclass(frozen=True, slots=True)
class Hits:
    """What a limit would have hit in one channel: known right, known wrong, and never judged."""

    channel: str
    right: int
    wrong: int
    unknown: int

    @property
    def total(self) -> int:
        """All messages."""
        return self.right + self.wrong + self.unknown


@dataclass(frozen=True, slots=True)
class PreviewPicture:
    """What `label` at `limit` (0 to 1) would have hit in the last `days`, by channel; `action` is as a card says it."""

    label: str
    limit: float
    action: str
    days: int
    channels: tuple[Hits, ...] = ()

    kind = "preview"

    @classmethod
    def of(cls, label: str, *, limit: float, action: str, days: int, channels: Sequence[Hits]) -> PreviewPicture:
        """With the channels that were hit most first and those beyond `SHOWN` in one row."""
        ranked = sorted((each for each in channels if each.total), key=lambda each: (-each.total, each.channel))
        kept, rest = _fold(ranked)
        if rest:
            sums = (sum(getattr(each, name) for each in rest) for name in ("right", "wrong", "unknown"))
            kept.append(Hits(f"{len(rest)} other channels", *sums))
        return cls(label, limit, action, days, tuple(kept))

    @property
    def whole(self) -> Hits:
        """All channels together."""
        sums = (sum(getattr(each, name) for each in self.channels) for name in ("right", "wrong", "unknown"))
        return Hits("all channels", *sums)


@dataclass(frozen=True, slots=True)
class ShapPicture:
    """Which words spoke for `label` (above 0) and against it (below), in log-odds; `score` is 0 to 1."""

    label: str
    score: float
    words: Bars

    kind = "shap"

    @classmethod
    def of(cls, explanation: Explanation, *, label: str) -> ShapPicture:
        """With the strongest words first, those beyond `SHOWN` in one row: the rest of the text stays where it is."""
        words = (word.strip(PUNCTUATION) or word for word in explanation.words)
        pairs = zip(words, explanation.values, strict=True)
        kept, rest = _fold(sorted(pairs, key=lambda pair: -abs(pair[1])))
        if rest:
            kept.append((f"{len(rest)} other words", sum(value for _, value in rest)))
        names, values = zip(*kept, strict=True) if kept else ((), ())
        return cls(label, explanation.score, Bars(tuple(names), tuple(values)))


Picture = StatsPicture | PreviewPicture | ShapPicture | CardsPicture | RunPicture
Kind = Literal["stats", "preview", "shap", "cards", "run"]


def to_dict(picture: Picture) -> dict[str, Any]:
    """The JSON form of `POST /v1/picture`."""
    data = {"kind": picture.kind, **asdict(picture)}
    if isinstance(picture, StatsPicture):
        data["weeks"] = [{**asdict(week), "monday": week.monday.isoformat()} for week in picture.weeks]
    return data


def alt(picture: Picture) -> str:
    """What the picture shows, in words; the caller hides it where the picture itself is hidden."""
    match picture:
        case StatsPicture():
            said = " ".join(sentences(picture))
        case PreviewPicture():
            said = _preview(picture)
        case ShapPicture():
            said = _shap(picture)
        case CardsPicture() | RunPicture():
            said = picture.words
    return short(said, most=MAX_ALT)


def short(words: str, *, most: int = MAX_NAME) -> str:
    """At most `most` characters, with an ellipsis where something was cut."""
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def day(of: date) -> str:
    """A day as it stands in a picture: "3 Jun", in English whatever the machine's language."""
    return f"{of.day} {_MONTHS[of.month - 1]}"


def _fold(ranked: list[Any]) -> tuple[list[Any], list[Any]]:
    """What gets a row of its own, and the rest, which is never a single one: that could have its row as well."""
    cut = SHOWN if len(ranked) > SHOWN + 1 else len(ranked)
    return ranked[:cut], ranked[cut:]


def sentences(picture: StatsPicture) -> list[str]:
    """Everything that statistics show, one part a sentence."""
    said = [f"{picture.period}."]
    if picture.flags and picture.flags.values:
        most = max(picture.flags.values)
        when = picture.flags.names[picture.flags.values.index(most)]
        peak = f", most on {when} ({most:,.0f})" if most else ""
        said.append(f"{sum(picture.flags.values):,.0f} flagged in {counted(len(picture.flags.values), 'day')}{peak}.")
    said += [f"{short(each.name)}: {each.sentence}." for each in picture.judged]
    if picture.decided:
        ends = zip(picture.decided.names, picture.decided.values, strict=True)
        said.append(f"Cases: {', '.join(f'{value:,.0f} {short(name).lower()}' for name, value in ends)}.")
    clauses = (("Done", picture.done), ("Response time", picture.response), ("Missed", picture.missed))
    said += [f"{name}: {clause}." for name, clause in clauses if clause]
    if picture.weeks:
        first = min(week.monday for week in picture.weeks)
        for what, name in (("Mean stars", "mood"), ("Flags per 100 messages", "toxicity")):
            rows = (f"{short(channel)} {told}" for channel, told in _by_channel(picture.weeks, name))
            said.append(f"{what} by week from {day(first)}: {'; '.join(rows)}.")
    return said


def _by_channel(weeks: Sequence[Week], name: str) -> list[tuple[str, str]]:
    by_channel: dict[str, list[Week]] = {}
    for week in weeks:
        by_channel.setdefault(week.channel, []).append(week)
    return [
        (channel, ", ".join(getattr(week, name) for week in sorted(found, key=lambda each: each.monday)))
        for channel, found in by_channel.items()
    ]


def _preview(picture: PreviewPicture) -> str:
    whole = picture.whole
    asked = f"{picture.label} from {percent(picture.limit)}, {picture.action}: in {counted(picture.days, 'day')}"
    if not whole.total:
        return f"{asked} this would have hit no message."
    rows = (f"{short(each.channel)} {each.total:,} ({_split(each)})" for each in picture.channels)
    found = f"{asked} this would have hit {counted(whole.total, 'message')}, {_split(whole)}."
    return f"{found} By channel: {'; '.join(rows)}."


def counted(number: int, what: str) -> str:
    """ "1 message", "1,200 messages"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def percent(share: float) -> str:
    """ "80 %", "97.5 %"."""
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def _split(hits: Hits) -> str:
    """ "14 right, 2 wrong, 27 unknown", without what there is none of."""
    parts = ((hits.right, "right"), (hits.wrong, "wrong"), (hits.unknown, "unknown"))
    return ", ".join(f"{number:,} {word}" for number, word in parts if number) or "none"


def _shap(picture: ShapPicture) -> str:
    pairs = [(short(word), value) for word, value in zip(picture.words.names, picture.words.values, strict=True)]
    raised = ", ".join(f"{word} {value:+.2f}" for word, value in pairs if value > 0) or "none"
    lowered = ", ".join(f"{word} {value:+.2f}" for word, value in pairs if value < 0) or "none"
    return f"{picture.label} {percent(picture.score)}. Words that speak for it: {raised}. Against it: {lowered}."
