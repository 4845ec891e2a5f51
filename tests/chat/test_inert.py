"""Members' text on a card shows what was written, and nothing of it works."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.inert import inert


def works(shown: str) -> str:
    """What of `shown` Discord would still act on: escapes with what they cover are taken away, then bold."""
    return re.sub(r"\\.", "", shown, flags=re.DOTALL)


@pytest.mark.parametrize(
    "text",
    [
        "||look|| **bold** __under__ ~~gone~~ `code` *soft*",
        "```py\nprint()\n```",
        "[click](https://evil.example)",
        "<@123> <@&123> <#123> <:smile:123> <t:1:R> </ban:1>",
        "a \\|| b \\",
    ],
)
def test_markdown_and_mentions_are_dead(text: str) -> None:
    assert not set(works(inert(text, limit=500))) & set("*_~|`<[]\\")


@pytest.mark.parametrize("text", ["# big", "> quote", "- item", "1. one", "-# small", ">>> all"])
def test_nothing_starts_a_line(text: str) -> None:
    assert "\n" not in inert(f"first\n{text}\r\n{text}\u2028{text}", limit=500)


def test_links_are_defanged() -> None:
    shown = inert("see https://evil.example.com/a.b?c HTTP://x.y and discord.gg/abc", limit=500).replace("\\", "")

    assert shown == "see hxxps://evil[.]example[.]com/a.b?c hxxp://x[.]y and discord[.]gg/abc"


@pytest.mark.parametrize("text", ["hthttp://tp://x.y", "steam://run", "ahttps://x.y", "https://https://x.y"])
def test_no_link_survives_a_trick(text: str) -> None:
    shown = inert(text, limit=500).replace("\\", "")

    assert not re.search(r"(?<!hxxp)(?<!hxxps)://", shown)


def test_everyone_is_not_called() -> None:
    assert "@everyone" not in inert("hi @everyone and @here", limit=100)
    assert "@here" not in inert("hi @everyone and @here", limit=100)


def test_direction_marks_and_control_characters_are_dropped() -> None:
    assert inert("a\u202eb\u2066c\u200fd\x1be\x07", limit=100) == "abcde"


def test_stacks_of_combining_marks_are_cut_down() -> None:
    assert len(inert("a" + "\u0301" * 10_000 + "b", limit=1000)) == 4


def test_words_are_bold_whole_and_in_any_case() -> None:
    assert inert("You CLOWN, clownfish", limit=100, bold=["clown"]) == "You **CLOWN**, clownfish"


def test_a_bold_word_is_escaped_too() -> None:
    assert inert("you *clown*", limit=100, bold=["*clown*", "clown"]) == r"you **\*clown\***"


def test_a_long_text_is_cut_around_its_first_bold_word() -> None:
    shown = inert("so nice " * 500 + "you clown " + "so nice " * 500, limit=300, bold=["clown"])

    assert "**clown**" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")


def test_a_text_that_fits_is_not_cut() -> None:
    text = "so nice " * 30 + "you clown"

    assert inert(text, limit=300, bold=["clown"]) == text.replace("clown", "**clown**")


@settings(deadline=None)  # a busy machine is no error of the text
@given(
    st.text(alphabet=st.sampled_from(list("ab *_|`<[]\\@:/.\n\u0301\u202e😂")) | st.characters(), max_size=400),
    st.integers(20, 300),
    st.lists(st.sampled_from(["a", "b", "ab", "*", "|"]), max_size=3),
)
def test_it_never_exceeds_the_limit_and_never_leaves_bold_open(text: str, limit: int, bold: list[str]) -> None:
    shown = inert(text, limit=limit, bold=bold)

    assert len(shown) <= limit
    assert works(shown).count("**") % 2 == 0
    assert "\n" not in shown
    assert not set(works(shown).replace("**", "")) & set("*|`<")
