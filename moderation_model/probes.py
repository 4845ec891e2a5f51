"""What no labelled set shows: whether abuse is still caught when it is hidden, who is accused for what they are, and
how our own behavioural checks come out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from moderation_model.backends import Classifier
from moderation_model.bulk import accused, score_texts
from moderation_model.checks.evasion import KINDS
from moderation_model.checks.identity import IdentityCase, bias_areas, identity_cases
from moderation_model.checks.suite import SuiteReport, read_suite, run_suite
from moderation_model.contract import Figure, Figures, Prediction
from moderation_model.measures import mean, proportion
from moderation_model.scoring import predict

MOST_EVADED, MOST_WORDS = 400, 30
"""Messages that are hidden in every way, and the words that each may have."""
SEED = 20
HATEFUL = ("toxic", "identity_hate")
"""Labels of which the higher one says whether a sentence about an identity is taken for abuse."""
_NO_PROSE = re.compile(r"https?://|www\.|<[@#:a]|```|@\w")

Tick = Callable[[str, int, int], None]
"""Told after each batch what is being done, how many texts are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Probed:
    """`evasion` by kind, `identity` areas by term, `checks` by category, and the headline figures of all three."""

    evasion: Figures = field(default_factory=dict)
    identity: Mapping[str, Figures] = field(default_factory=dict)
    checks: Figures = field(default_factory=dict)
    headlines: Figures = field(default_factory=dict)


def probe(classifier: Classifier, caught: Sequence[str], tick: Tick) -> Probed:
    """All three; `caught` are messages that are flagged when written plainly."""
    kept = evasion(caught, classifier, tick)
    identities = own_identities(classifier, tick)
    checks = own_checks(classifier, tick)
    average = kept.pop("mean", None)
    headlines: dict[str, Figure | None] = {
        "evasion_kept_mean": average,
        "evasion_kept_worst": _lowest(kept.values()),
        "identity_worst_bpsn_auc": _lowest(areas["bpsn"] for areas in identities.values()),
        "checks_passed": checks.overall,
        "checks_worst_category": checks.worst[1] if checks.worst else None,
    }
    return Probed(kept, identities, checks.categories, {name: at for name, at in headlines.items() if at})


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


def own_identities(classifier: Classifier, tick: Tick) -> dict[str, Figures]:
    """By term of our own templates the areas `subgroup`, `bpsn` and `bnsp`; nothing without a label for hate."""
    cases = identity_cases()
    scored = score_texts(
        [case.text for case in cases], classifier, tick=lambda done, every: tick("identity", done, every)
    )
    return areas_by_term(cases, scored.scores, classifier.info.labels)


def areas_by_term(cases: Sequence[IdentityCase], scores: np.ndarray, labels: Sequence[str]) -> dict[str, Figures]:
    """The same for any cases; `scores` (cases, labels), of which the higher of `toxic` and `identity_hate` counts."""
    columns = [column for column, name in enumerate(labels) if name in HATEFUL]
    if not columns or not cases:
        return {}
    return {area.term: area.figures for area in bias_areas(cases, scores[:, columns].max(axis=1))}


def own_checks(classifier: Classifier, tick: Tick) -> SuiteReport:
    """How our own behavioural checks come out."""
    checks = read_suite()
    every = sum(len(check.cases) for check in checks)
    done = 0

    def answer(texts: Sequence[str]) -> list[Prediction]:
        nonlocal done
        found = predict(texts, classifier)
        done += len(texts)
        tick("checks", done, every)
        return found

    return run_suite(checks, answer)


def _lowest(figures: Iterable[Figure]) -> Figure | None:
    return min(figures, key=lambda figure: figure.value, default=None)
