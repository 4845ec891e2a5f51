"""Anchors: sentences of our own that a new model must still get right, whatever a server has taught it.

They share no template with `checks/replay/`, which is trained on, nor with `checks/gate/`.
"""

from __future__ import annotations

from pathlib import Path

from moderation_model.checks.templates import Sentence, generate

PER_TEMPLATE = 40


def anchors_folder() -> Path:
    """The templates."""
    return Path(__file__).parent / "anchors"


def anchor_sentences(folder: Path | None = None) -> list[Sentence]:
    """At least 2,000 different sentences with their labels, always the same."""
    found: dict[str, Sentence] = {}
    for sentence in generate(folder or anchors_folder(), per_template=PER_TEMPLATE, seed=0):
        found.setdefault(sentence.text.casefold(), sentence)
    return list(found.values())
