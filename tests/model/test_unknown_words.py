"""Words that the tokenizer does not know are counted from what the model is given anyway."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from moderation_model import registry
from moderation_model.backends.ours import load
from moderation_model.contract import Prediction
from moderation_model.scoring import predict
from moderation_model.unknown_words import WordPieces
from tests.model.test_scoring import WordClassifier

PIECES = [
    *["[PAD]", "[UNK]", "[CLS]", "[SEP]"],
    *["you", "game", "##r", "##s", "ri", "##zz", "##ler", "1", "##2", "##3", "!"],
]
WORDS = WordPieces({piece: number for number, piece in enumerate(PIECES)})


def share(*pieces: str) -> float | None:
    return WORDS.unknown_share([[PIECES.index(piece) for piece in ("[CLS]", *pieces, "[SEP]")]])


def test_a_word_of_three_pieces_is_unknown_and_one_of_two_is_not() -> None:
    assert share("you", "game", "##r") == 0
    assert share("you", "ri", "##zz", "##ler") == 0.5
    assert share("you", "ri", "##zz", "##ler", "##s", "##s", "##s") == 0.5


def test_what_has_no_sign_at_all_is_unknown() -> None:
    assert share("[UNK]", "you", "[UNK]", "you") == 0.5


def test_numbers_and_punctuation_are_no_words() -> None:
    assert share("you", "1", "##2", "##3", "!", "!") == 0
    assert share("1", "##2", "##3", "!") is None
    assert share() is None


def test_all_windows_of_a_long_text_count() -> None:
    known, unknown = (
        [PIECES.index(piece) for piece in pieces] for pieces in (["you", "you"], ["ri", "##zz", "##ler", "you"])
    )
    assert WORDS.unknown_share([known, unknown]) == 0.25


def test_a_prediction_carries_the_share_of_the_text_as_written(tiny_model_dir: Path) -> None:
    found = predict(["hello game", "hello qzx", "", "?!"], load(tiny_model_dir, device="cpu"))
    assert [each.unknown_words for each in found] == [0.0, 0.5, None, None]


def test_a_model_that_cannot_tell_leaves_it_open() -> None:
    assert predict(["clown"], WordClassifier())[0].unknown_words is None


def test_a_server_of_before_is_understood() -> None:
    told = predict(["clown"], WordClassifier())[0].to_dict()
    del told["unknown_words"]
    assert Prediction.from_dict(told).unknown_words is None


@pytest.mark.parametrize(("word", "unknown"), [("absolute", False), ("gaming", False), ("skibidi", True)])
def test_the_model_in_the_box_knows_ordinary_words(word: str, unknown: bool) -> None:
    tokenizer = Tokenizer.from_file(str(registry.default_folder() / "tokenizer.json"))
    words = WordPieces(tokenizer.get_vocab())
    assert words.unknown_share([tokenizer.encode(word).ids]) == unknown
