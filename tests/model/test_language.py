"""Which language a text is in: English is never taken for another, others are told where they are long enough."""

from __future__ import annotations

import csv
import os
import threading
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from moderation_model import registry
from moderation_model.backends.ours import load
from moderation_model.checks.suite import read_suite
from moderation_model.contract import ModelInfo, Prediction
from moderation_model.language import ENGLISH, OTHERS, language_of
from moderation_model.scoring import predict
from tests.model.serving_fakes import FakeClassifier

LINES = Path(__file__).parent / "languages"
SHARED = Path(os.environ.get("CANDOR_SHARED") or Path(__file__).parents[3] / "shared") / "data"

SPANISH = "alguien quiere jugar una partida conmigo esta noche después de cenar"
GERMAN = "ich verstehe nicht warum der Server immer im falschen Moment abstürzt"

ABUSE = (
    "nobody likes you, log off",
    "you are worthless",
    "get out of my server you clown",
    "we know where you live",
    "u r so pathetic",
    "kys loser",
    "everyone would be happier without him",
    "y0u are tr4sh",
    "y o u  a r e  g a r b a g e",
    "ｙｏｕ ａｒｅ ｓｔｕｐｉｄ",
    "you're an embarrassment",
    "||go away|| ||nobody|| ||wants you||",
)


def english_lines() -> list[str]:
    return (LINES / "english.txt").read_text("utf-8").splitlines()


def foreign_lines() -> list[tuple[str, str]]:
    """(language, sentence)."""
    lines = (LINES / "foreign.txt").read_text("utf-8").splitlines()
    return [(code, text) for code, _, text in (line.partition("\t") for line in lines)]


def is_foreign(text: str) -> bool:
    return language_of(text) not in (None, ENGLISH)


def test_no_english_chat_is_taken_for_another_language() -> None:
    lines = english_lines()
    assert len(lines) > 300
    assert [line for line in lines if is_foreign(line)] == []


def test_no_sentence_of_the_behavioural_checks_is_taken_for_another_language() -> None:
    texts = {text for check in read_suite() for text in check.cases}
    assert len(texts) > 1000
    assert [text for text in texts if is_foreign(text)] == []


def test_nearly_every_sentence_of_eight_words_in_ten_languages_is_recognised_by_name() -> None:
    found: dict[str, list[bool]] = defaultdict(list)
    for code, text in foreign_lines():
        assert len(text.split()) >= 8
        found[code].append(language_of(text) == code)
    assert len(found) == 10
    assert all(sum(hits) >= 0.75 * len(hits) for hits in found.values()), dict(found)
    every = [hit for hits in found.values() for hit in hits]
    assert sum(every) >= 0.9 * len(every)


def test_a_language_is_never_called_by_the_name_of_another() -> None:
    wrong = [(code, text) for code, text in foreign_lines() if language_of(text) not in (None, code)]
    assert wrong == []


@pytest.mark.parametrize("text", ["no me gusta", "ich weiß nicht", "hola amigos", "bonjour tout le monde", "", "   "])
def test_a_short_text_is_never_told(text: str) -> None:
    assert language_of(text) is None


def test_plain_english_is_called_english_and_a_mix_of_words_is_not_told() -> None:
    assert language_of("does anybody want to play a round with me after dinner tonight") == ENGLISH
    assert language_of("lumpia, adobo, sinigang, halo halo, what a fiesta it was") is None


@pytest.mark.parametrize("abuse", ABUSE)
def test_english_abuse_does_not_escape_behind_foreign_words(abuse: str) -> None:
    padding = [text for _, text in foreign_lines()[::7]]
    for text in padding:
        assert not is_foreign(f"{text} {abuse}"), text
        assert not is_foreign(f"{abuse}. {text}"), text
    assert not is_foreign(" ".join([*padding[:9], abuse, *padding[9:]]))


def test_a_long_text_is_searched_for_english_to_its_end() -> None:
    foreign = " ".join(text for code, text in foreign_lines() if code == "es")
    assert language_of(f"{foreign} " * 6) == "es"
    assert not is_foreign(f"{foreign} " * 6 + "nobody here wants you")


@pytest.mark.parametrize(
    "around",
    [
        "{} 😂😂😂",
        "🤡 {} 🔪",
        "<@123456789012345678> {}",
        "{} https://example.com/watch?v=en-and-more",
        "{} <:poggers:123456789012345678>",
        "{} JAJAJAJAJA",
        "**{}**",
    ],
)
def test_emoji_links_mentions_and_laughter_do_not_make_a_text_english(around: str) -> None:
    assert language_of(around.format(SPANISH)) == "es"


@pytest.mark.parametrize("text", ["\ud800 \x00", "a" * 10_000, "ñ " * 5_000, "=" * 4000, "haha" * 3000, "l'" * 4000])
def test_odd_text_is_in_no_other_language(text: str) -> None:
    assert not is_foreign(text)


def test_texts_at_the_same_time_are_told_alike() -> None:
    found: list[str | None] = []
    threads = [threading.Thread(target=lambda: found.append(language_of(GERMAN))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["de"] * 8


@pytest.mark.parametrize(
    ("name", "column", "most"), [("goemotions_validation", "text", 0), ("irc_messages", "text", 50)]
)
def test_real_english_chat_is_not_excluded(name: str, column: str, most: int) -> None:
    """Among 60,000 lines of an English IRC channel 39 were found, and all of them are in other languages."""
    path = SHARED / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not on this machine.")
    with path.open(encoding="utf-8", newline="") as handle:
        texts = [row[column] for row in csv.DictReader(handle)]
    assert sum(map(is_foreign, texts)) <= most


class Reader(FakeClassifier):
    """A classifier whose model reads these languages; without any, it is not known what it reads."""

    def __init__(self, *languages: str) -> None:
        super().__init__()
        self.info: ModelInfo = replace(self.info, languages=languages, thresholds=dict.fromkeys(self.info.labels, 0.0))


def one(text: str, *languages: str) -> Prediction:
    return predict([text], Reader(*languages))[0]


def test_nobody_is_accused_in_a_language_that_the_model_does_not_read() -> None:
    prediction = one(SPANISH, "en")
    assert (prediction.readable, prediction.language, prediction.flagged) == (False, "es", ())


def test_a_model_that_reads_the_language_judges_it() -> None:
    prediction = one(SPANISH, "en", "es")
    assert (prediction.readable, prediction.language) == (True, "es")
    assert prediction.flagged
    assert not one(GERMAN, "en", "es").readable


def test_a_model_that_does_not_say_what_it_reads_judges_everything_and_the_language_is_named() -> None:
    prediction = one(SPANISH)
    assert (prediction.readable, prediction.language) == (True, "es")
    assert prediction.flagged


def test_short_text_is_judged_and_its_language_left_open() -> None:
    prediction = one("no me gusta", "en")
    assert (prediction.readable, prediction.language) == (True, None)


def test_another_script_has_no_language_and_is_not_judged() -> None:
    prediction = one("привет, как у тебя сегодня дела, что ты делаешь вечером", "en")
    assert (prediction.readable, prediction.language) == (False, None)


def test_the_language_survives_the_way_over_http() -> None:
    prediction = one(SPANISH, "en")
    assert Prediction.from_dict(prediction.to_dict()) == prediction
    older = {name: value for name, value in prediction.to_dict().items() if name != "language"}
    assert Prediction.from_dict(older).language is None


def test_what_a_model_reads_stands_in_its_manifest_and_is_english_by_default(
    tiny_model_dir: Path, tmp_path: Path
) -> None:
    assert load(tiny_model_dir, device="cpu").info.languages == ("en",)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_bytes((tiny_model_dir / name).read_bytes())
    registry.write_manifest(tmp_path, {**registry.read_manifest(tiny_model_dir), "languages": ["en", "es"]})
    info = load(tmp_path, device="cpu").info
    assert info.languages == ("en", "es")
    assert ModelInfo.from_dict(info.to_dict()) == info


def test_the_languages_that_can_be_told_are_known_by_their_codes() -> None:
    assert {code for code, _ in foreign_lines()} <= set(OTHERS)
    assert all(len(code) == 2 for code in OTHERS)
    assert ENGLISH not in OTHERS
