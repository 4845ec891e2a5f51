"""Cuts what is measured into `tune` and `report`, once and for ever: by group, by near-duplicate, by a hash.

Two rows that belong together (a pair, a thread) or say nearly the same stand in the same part, so that no figure on
`report` is helped by a threshold or an early stop chosen on its twin in `tune`.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

ALIKE = 0.6
"""Jaccard similarity of the sets of words from which on two texts are near-duplicates."""
FEWEST_WORDS = 5
"""Shorter texts are near-duplicates only if their `near_key` is the same: two words in common say little."""


def near_key(text: str) -> str:
    """Texts with the same key are near-duplicates: they differ in case, spaces, punctuation or repeats only."""
    letters = re.sub(r"(.)\1+", r"\1", re.sub(r"[\W_]+", "", text.lower()))
    return letters or text


def share_of(text: str) -> float:
    """A number in [0, 1) that depends on nothing but the text."""
    return int(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12], 16) / 16**12


def halves(texts: Sequence[str], groups: Sequence[Hashable]) -> list[bool]:
    """For each text whether it belongs to the first half; all of one cluster go to the same side."""
    clusters = clusters_of(texts, groups)
    first: dict[int, str] = {}
    for text, cluster in zip(texts, clusters, strict=True):
        key = near_key(text)
        # The smallest key names the cluster, so that the cut does not depend on the order of the file.
        first[cluster] = min(first.get(cluster, key), key)
    return [share_of(first[cluster]) < 0.5 for cluster in clusters]


def clusters_of(texts: Sequence[str], groups: Sequence[Hashable]) -> list[int]:
    """A cluster number for each text: equal groups, equal near keys and near-duplicates are joined."""
    parent = list(range(len(texts)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    seen: dict[Hashable, int] = {}
    for row, (text, group) in enumerate(zip(texts, groups, strict=True)):
        for mark in (("group", group), ("key", near_key(text))):
            parent[root(row)] = root(seen.setdefault(mark, row))
    for one, other in _alike(texts):
        parent[root(one)] = root(other)
    return [root(row) for row in range(len(texts))]


def _alike(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of near-duplicates, found exactly by prefix filtering (Chaudhuri et al., 2006).

    If two sets of words are alike, they share one of their rarest words: only texts that do are compared.
    """
    sets = [frozenset(re.findall(r"\w+|[^\w\s]", text.lower())) for text in texts]
    often = Counter(word for words in sets for word in words)
    rare: dict[str, list[int]] = defaultdict(list)
    found: list[tuple[int, int]] = []
    for row, words in enumerate(sets):
        if len(words) < FEWEST_WORDS:
            continue
        prefix = sorted(words, key=lambda word: (often[word], word))
        prefix = prefix[: len(words) - math.ceil(ALIKE * len(words)) + 1]
        for other in {other for word in prefix for other in rare[word]}:
            common = len(words & sets[other])
            if common >= ALIKE * (len(words) + len(sets[other]) - common):
                found.append((other, row))
        for word in prefix:
            rare[word].append(row)
    return found
