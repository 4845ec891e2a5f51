"""What the doctors say of the languages that the model does not read."""

from __future__ import annotations

import pytest

from bot.core.languages import language_names, unread_finding


@pytest.mark.parametrize(
    ("codes", "names"),
    [
        (["en"], "English"),
        (["en", "es"], "English and Spanish"),
        (["en", "fr", "tl"], "English, French and Tagalog"),
        (["xx"], "xx"),
        ([], "other languages"),
    ],
)
def test_languages_are_named_as_people_name_them(codes: list[str], names: str) -> None:
    assert language_names(codes) == names


@pytest.mark.parametrize(
    ("languages", "unread", "every", "sentence"),
    [
        (["en"], 14, 100, "English only; 14 % of your chat is not judged."),
        (["en"], 1, 1000, "English only; under 1 % of your chat is not judged."),
        (["en", "es"], 0, 100, "English and Spanish only; all of your chat is judged."),
        (["en"], 0, 0, "English only; no message has been looked at in the last days."),
        ([], 3, 100, "The model does not say what it reads; 3 % of your chat is not judged."),
    ],
)
def test_the_share_that_is_not_judged_is_said(languages: list[str], unread: int, every: int, sentence: str) -> None:
    assert unread_finding(languages, unread, every).sentence == sentence
