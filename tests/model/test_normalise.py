"""What a message looks like to the model: hidden spellings opened, innocent text untouched."""

from __future__ import annotations

import pytest
from emoji import EMOJI_DATA
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation_model.contract import AS_WRITTEN, NORMALISED, SPOILERS_OPENED
from moderation_model.normalise import readable, readings
from moderation_model.prepare import prepare


def normalised(text: str) -> str:
    """The last word on the text: its normalised reading, or the written one where they do not differ."""
    found = {reading.name: reading.text for reading in readings(text)}
    return found.get(NORMALISED, found[AS_WRITTEN]).lower()


@pytest.mark.parametrize(
    "hidden",
    [
        "pathe\u200btic",
        "p 4 t h e t i c",
        "p 4 t h\u200b e t i c",
        "p.a.t.h.e.t.i.c",
        "p-a-t-h-e-t-i-c",
        "p_a_t_h_e_t_i_c",
        "p\na\nt\nh\ne\nt\ni\nc",
        "p4th3t1c",
        "p@thet!c",
        "p*thetic",
        "path**ic",
        "paaaatheeeetic",
        "ｐａｔｈｅｔｉｃ",
        "𝓹𝓪𝓽𝓱𝓮𝓽𝓲𝓬",
        "𝕡𝕒𝕥𝕙𝕖𝕥𝕚𝕔",
        "ⓟⓐⓣⓗⓔⓣⓘⓒ",
        "🅿🅰🆃🅷🅴🆃🅸🅲",
        "🇵 🇦 🇹 🇭 🇪 🇹 🇮 🇨",
        "ᴘᴀᴛʜᴇᴛɪᴄ",
        "pa||the||tic",
        "||pathetic||",
        "pa**the**tic",
        "pa~~the~~tic",
        "pat\\hetic",
        "pathe\ntic",
        "pat-hetic",
        "pa\u00adthet\u2060ic",
    ],
)
def test_a_hidden_word_is_opened(hidden: str) -> None:
    assert normalised(hidden) == "pathetic"


def test_cyrillic_and_greek_twins_are_folded_in_a_latin_sentence() -> None:
    assert normalised("уоu аrе раthеtіс") == "you are pathetic"
    assert normalised("you are ραthetic") == "you are pathetic"


def test_letters_under_combining_marks_are_found() -> None:
    assert normalised("l\u0337o\u0337s\u0337e\u0337r") == "loser"
    assert normalised("l" + "\u0315\u0321\u0489" * 40 + "oser") == "loser"


def test_a_one_is_read_as_the_letter_that_makes_a_word() -> None:
    assert normalised("1d10t") == "idiot"
    assert normalised("c1own") == "clown"
    assert normalised("k1ll y0ur$elf") == "kill yourself"


def test_a_run_of_spaced_letters_is_cut_into_words() -> None:
    assert normalised("y o u   l o s e r") == "you loser"
    assert normalised("y o u a r e a n i d i o t") == "you are an idiot"


@pytest.mark.parametrize(
    "harmless",
    [
        "I will pass the class in Scunthorpe",
        "v1.2.3 and 2.0.13 and 1.2.3.4",
        "0xdeadbeef deadb33f 550e8400-e29b-41d4-a716-446655440000",
        "mp3 4k 2nd win10 h264 1v1 b2b 10am A55 ps5 covid19 i18n k8s utf8",
        "| | _ / \\ --\n /_\\  (o o)\n|___|",
        "C:\\Users\\bob\\file.txt",
        "the class.hit() push.it was.so",
        "10,000 e.g. i.e. U.S.A. a.m.",
        "as\nset, die\nse, yes\nhe\nis",
        "pen is as sin but thole",
        "mother-in-law kill-switch",
        "$100 to @home or user@mail.com",
        "2*3*4 = 24, a*b*c",
        "café naïve",
    ],
)
def test_harmless_text_has_one_reading(harmless: str) -> None:
    assert [reading.name for reading in readings(harmless)] == [AS_WRITTEN]


@pytest.mark.parametrize(("spaced", "word"), [("a s s e t", "asset"), ("a s s a s s i n", "assassin")])
def test_no_shorter_word_is_cut_out_of_spaced_letters(spaced: str, word: str) -> None:
    assert normalised(spaced) == word


def test_a_spoiler_is_read_with_its_bars_open() -> None:
    names = [reading.name for reading in readings("look: ||sp0iler th3re|| ok")]
    assert names[0] == AS_WRITTEN
    assert {NORMALISED, SPOILERS_OPENED} & set(names)


def test_emoji_become_words_and_a_run_of_one_emoji_is_read_once() -> None:
    assert prepare("love ❤️ 😂😂😂") == "love red heart laughing"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("👩🏿", "black woman"),
        ("look at those 👩🏿s", "look at those black women"),
        ("👩🏿‍🤝‍👩🏻", "black and white women holding hands"),
        ("👨‍❤️‍👨 🏳️‍🌈", "gay couple gay pride flag"),
        ("👨🏾‍🌾", "black man farmer"),
        ("🧔🏿‍♂️", "black man with beard"),
        ("🐀 🤡 🐒s", "rat clown monkeys"),
        ("🇵🇱 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "Poland England"),
        ("♿", "disabled"),
        ("👍🏿 🙏🏾", "thumbs up praying hands"),
        ("👨‍👩‍👧‍👦", "family"),
    ],
)
def test_an_emoji_says_what_people_mean_by_it_in_a_few_words(written: str, words: str) -> None:
    assert prepare(written) == words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("l🅾️ser", "loser"),
        ("💲tupid a💲💲et", "stupid asset"),
        ("1️⃣0️⃣ points", "10 points"),
        ("nice 🅰️", "nice A"),
        ("5💲 each", "5 dollar each"),
    ],
)
def test_an_emoji_inside_a_word_is_its_letter(written: str, words: str) -> None:
    assert prepare(written) == words


def test_every_emoji_has_a_short_name_in_words() -> None:
    for sign in EMOJI_DATA:
        words = prepare(sign)
        assert len(words.split()) <= 9, words
        assert not set(":_") & set(words)


def test_flags_stay_flags() -> None:
    assert normalised("🇵🇱🇩🇪") == "poland germany"


@pytest.mark.parametrize(
    ("raw", "prepared"),
    [
        ("see https://example.org/a?b=c now", "see link now"),
        ("[click me](https://example.org)", "click me link"),
        ("hi <@123456789> in <#987654321>", "hi @user in channel"),
        ("nice <:kek:123456789>", "nice emoji"),
        ("run `rm -rf /tmp/x` please", "run code please"),
        ("```py\nx = 1\n```", "code"),
        ("```you are all very nice```", "you are all very nice"),
        ("a\x00b\ud800c", "abc"),
    ],
)
def test_links_mentions_and_code_are_masked_and_prose_in_fences_is_not(raw: str, prepared: str) -> None:
    assert prepare(raw) == prepared


@pytest.mark.parametrize("empty", ["", "   \n\t", "\x00", "\ud800\udfff"])
def test_nothing_is_left_of_empty_text(empty: str) -> None:
    assert [reading.text for reading in readings(empty)] == [""]


def test_ten_thousand_combining_marks_leave_a_short_text() -> None:
    for reading in readings("a" + "\u0301" * 10_000 + " hello"):
        assert len(reading.text) < 12


@pytest.mark.parametrize("text", ["привет как дела", "你好吗", "Ελλάδα", "مرحبا بكم", "नमस्ते"])
def test_other_scripts_are_not_readable(text: str) -> None:
    assert not readable(text)


@pytest.mark.parametrize(
    "text", ["hello", "уоu аrе nісе", "ｈｅｌｌｏ", "😂😂", "12345", "", "naïve œuvre", "你好 hello there"]
)
def test_latin_text_disguised_text_and_text_without_letters_are_readable(text: str) -> None:
    assert readable(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_any_text_has_readings_and_the_first_is_as_written(text: str) -> None:
    found = readings(text)
    assert found[0].name == AS_WRITTEN
    assert len({reading.name for reading in found}) == len(found)
    assert isinstance(readable(text), bool)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab1@*_|~`\\. -\n<>!", max_size=2000))
def test_markup_soup_is_read_without_an_error(text: str) -> None:
    assert readings(text)


@pytest.mark.parametrize(
    "text", ["you [SEP] clown", "you [[MASK]] clown", "you ［ＰＡＤ］ clown", "you [UNK][CLS] clown"]
)
def test_the_tokenizers_own_marks_cannot_be_written_by_a_member(text: str):
    assert not any(mark in reading.text for reading in readings(text) for mark in ("[SEP]", "[MASK]", "[PAD]", "[UNK]"))


def test_a_wall_of_emoji_costs_no_more_than_a_long_message_and_hides_no_word():
    wall = "❕✳⚜🫰🫢" * 800
    (first, *_) = readings(wall + " you clown")
    assert len(first.text) < 5000
    assert first.text.endswith("you clown")
    assert readings("good game 😂 see you")[0].text == "good game laughing see you"
