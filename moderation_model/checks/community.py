"""A made-up community with words of its own, for the demo, for tests and to measure whether learning works.

In it "goblin" and "trash" are said to friends and "decaf" is an insult (`community.yaml`), so a model that does not
know the place flags friends and misses abuse. Every line has its truth; the same seed gives the same lines.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import yaml

from moderation_model.learning import Example, Source

Cores = Literal["all", "known", "new"]
KINDS = ("chat", "banter", "plain_talk", "own_abuse", "plain_abuse")
MODERATORS = ("moderator-1", "moderator-2", "moderator-3", "moderator-4")
MEMBERS = 300
REPORTED = 0.6
"""How many of the harmful lines a member reports."""
HARMFUL = {"toxic": 1.0, "insult": 1.0, "threat": 0.0, "identity_hate": 0.0}
HARMLESS = {"toxic": 0.0, "severe_toxic": 0.0, "insult": 0.0, "threat": 0.0, "identity_hate": 0.0}
_SLOT = re.compile(r"\{(\w+)\}")
_BEFORE_SIGN = re.compile(r" (?=[,.](?: |$))")
_TRIES = 60
"""Draws for one new line before the templates count as used up."""
_SECONDS_APART = 90.0
_A_TALK = 6
"""Lines, about, in one thread."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message. `kind`: one of `KINDS`; `labels`: the truth. `at`: seconds from the first line, rising."""

    text: str
    kind: str
    labels: Mapping[str, float]
    author: str
    thread: str
    at: float

    @property
    def harmful(self) -> bool:
        """Whether a moderator of this community would act on it."""
        return any(self.labels.values())


def community_file() -> Path:
    """The words and templates."""
    return Path(__file__).parent / "community.yaml"


def community(
    count: int, *, seed: int, members: int = MEMBERS, shares: Mapping[str, float] | None = None, cores: Cores = "all"
) -> list[Line]:
    """`count` different lines, oldest first. `shares` by kind replaces those of the file.

    `cores`: every third core of a kind is `new`, the others are `known`: what is learned on some can be measured on
    sentences that nobody has seen. A few members write much and most write little, as everywhere. Raises ValueError if
    there are not so many lines.
    """
    spec = yaml.safe_load(community_file().read_text("utf-8"))
    chance = random.Random(f"community:{seed}")
    wanted = {kind: (shares or {}).get(kind, 0.0 if shares else spec["kinds"][kind]["share"]) for kind in KINDS}
    talkative = [1.0 / (rank + 3) ** 0.7 for rank in range(members)]
    seen: set[str] = set()
    found: list[Line] = []
    for number in range(count):
        kind = chance.choices(list(wanted), list(wanted.values()))[0]
        found.append(
            Line(
                text=_new(spec, kind, seen, chance, cores),
                kind=kind,
                labels=HARMFUL if spec["kinds"][kind]["harmful"] else HARMLESS,
                author=f"member-{chance.choices(range(members), talkative)[0]}",
                thread=f"thread-{number // _A_TALK}",
                at=number * _SECONDS_APART,
            )
        )
    return found


def as_examples(
    lines: Sequence[Line], *, source: Source = "sandbox", judges: Sequence[str] = (), start: float = 0.0, first: int = 1
) -> list[Example]:
    """The lines with their truth as labels, as moderators who are always right would give them, taking turns."""
    return [
        Example(
            example_id=number,
            text=line.text,
            labels=line.labels,
            source=source,
            may_train=source != "discord_message",
            at=start + line.at,
            author=line.author,
            thread=line.thread,
            judges=(judges[number % len(judges)],) if judges else (),
        )
        for number, line in enumerate(lines, first)
    ]


def reviewed(lines: Sequence[Line], flagged: Sequence[bool], *, seed: int, audits: float = 0.05) -> list[Example]:
    """What moderators get to see of the chat: every flagged line, six in ten missed ones (a member reports them), and a
    random draw of the rest, which carries its inclusion probability. Ids are the places of the lines, from 1.
    """
    chance = random.Random(f"reviewed:{seed}")
    found: list[Example] = []
    for example, line, fired in zip(as_examples(lines, judges=MODERATORS), lines, flagged, strict=True):
        reported = line.harmful and chance.random() < REPORTED
        audited = chance.random() < audits
        if fired or reported:
            found.append(example)
        elif audited:
            found.append(replace(example, inclusion_probability=audits))
    return found


def _new(spec: Mapping[str, Any], kind: str, seen: set[str], chance: random.Random, cores: Cores) -> str:
    """A line of `kind` that is not in `seen`, which it joins."""
    every = spec["kinds"][kind]["cores"]
    wanted = [core for number, core in enumerate(every) if cores == "all" or (cores == "new") == (number % 3 == 2)]
    for _ in range(_TRIES):
        text = _line(spec, wanted, chance)
        if text.lower() not in seen:
            seen.add(text.lower())
            return text
    raise ValueError(f"The community has no more different lines of the kind {kind}: ask for fewer.")


def _line(spec: Mapping[str, Any], cores: Sequence[str], chance: random.Random) -> str:
    parts = [chance.choice(cores)]
    if chance.random() < 0.65:
        parts.insert(0, chance.choice(spec["openers"]))
    if chance.random() < 0.65:
        parts.append(chance.choice(spec["tails"]))
    text = _SLOT.sub(lambda slot: str(chance.choice(spec["slots"][slot[1]])), " ".join(parts))
    text = _BEFORE_SIGN.sub("", text)
    style = chance.random()
    if style < 0.45:
        return text.lower()
    return text.upper() if style < 0.48 else text[0].upper() + text[1:]
