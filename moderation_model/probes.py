"""What no labelled set shows: whether abuse is still caught when it is hidden, who is accused for what they are, and
how our own behavioural checks come out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

import numpy as np

from moderation_model.backends import Classifier
from moderation_model.bulk import accused, score_texts
from moderation_model.checks.evasion import KINDS
from moderation_model.contract import Figure
from moderation_model.measures import mean, proportion

MOST_EVADED, MOST_WORDS = 400, 30
"""Messages that are hidden in every way, and the words that each may have."""
SEED = 20
_NO_PROSE = re.compile(r"https?://|www\.|<[@#:a]|```|@\w")

Tick = Callable[[str, int, int], None]
"""Told after each batch what is being done, how many texts are done, and how many there are."""


def evadable(text: str) -> bool:
    """True for prose of at most `MOST_WORDS` words with at least one word that can be hidden."""
    return len(text.split()) <= MOST_WORDS and not _NO_PROSE.search(text) and bool(re.search("[A-Za-z]{3}", text))


def evasion(caught: Sequence[str], classifier: Classifier, tick: Tick) -> dict[str, Figure]:
    """Share of `caught`, messages that are flagged when written plainly, that still is; by kind, then `mean`.

    At most `MOST_EVADED` of them are taken. The interval of the mean is over messages.
    """
    if not caught:
        return {}
    chosen = list(dict.fromkeys(caught))
    if len(chosen) > MOST_EVADED:
        chosen = random.Random(SEED).sample(chosen, MOST_EVADED)
    hidden = [
        change(text, random.Random(f"{SEED}:{kind}:{number}"))
        for kind, change in KINDS.items()
        for number, text in enumerate(chosen)
    ]
    scored = score_texts(hidden, classifier, tick=lambda done, every: tick("evasion", done, every))
    kept = accused(scored, classifier.info.labels).reshape(len(KINDS), len(chosen))
    found = {kind: proportion(int(row.sum()), len(chosen)) for kind, row in zip(KINDS, kept, strict=True)}
    found["mean"] = mean(np.asarray(kept.mean(axis=0)))
    return {kind: figure for kind, figure in found.items() if figure}
