"""How many words of a text the tokenizer does not know: it has no sign for them, or needs three pieces or more.

"walnut" is one piece, "gaming" at most two; new slang, names and typing errors fall into many. Read off the token ids
that the model gets anyway. A share that rises over weeks says that people talk of what the model never saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

UNKNOWN, JOINED = "[UNK]", "##"
"""What a WordPiece vocabulary calls a word that it cannot spell, and how pieces begin that go on a word."""
MANY_PIECES = 3


class WordPieces:
    """Made of a WordPiece vocabulary; numbers and punctuation are no words."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._unknown = vocabulary.get(UNKNOWN, -1)
        self._joined = frozenset(number for piece, number in vocabulary.items() if piece.startswith(JOINED))
        self._begins = frozenset(number for piece, number in vocabulary.items() if piece[:1].isalpha())

    def unknown_share(self, windows: Iterable[Sequence[int]]) -> float | None:
        """The share of unknown words in the windows of one text, 0 to 1; None if there is no word in them.

        What stands in two overlapping windows counts twice.
        """
        words = unknown = 0
        for window in windows:
            pieces = MANY_PIECES  # so that what is no word is not counted either
            for number in window:
                if number in self._joined:
                    pieces += 1
                    unknown += pieces == MANY_PIECES
                elif number in self._begins:
                    words, pieces = words + 1, 1
                else:
                    pieces = MANY_PIECES
                    if number == self._unknown:
                        words, unknown = words + 1, unknown + 1
        return unknown / words if words else None
