"""What the model does not read, in words: names of languages, and how much of a server's chat is not judged for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bot.core.findings import Finding

NAMES: Mapping[str, str] = {
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fi": "Finnish",
    "fr": "French",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sq": "Albanian",
    "sv": "Swedish",
    "tl": "Tagalog",
    "tr": "Turkish",
    "vi": "Vietnamese",
}
"""English names by ISO 639-1 code."""


def language_names(codes: Collection[str]) -> str:
    """ "English", "English and Spanish", "English, French and Spanish"; a code without a name stands as it is."""
    *others, last = [NAMES.get(code, code) for code in codes] or ["other languages"]
    return f"{', '.join(others)} and {last}" if others else last


def unread_finding(languages: Collection[str], unread: int, every: int) -> Finding:
    """How much of the chat is not judged: `unread` of `every` message, by a model that reads `languages`."""
    reads = f"{language_names(languages)} only" if languages else "The model does not say what it reads"
    if every == 0:
        rest = "no message has been looked at in the last days."
    elif unread == 0:
        rest = "all of your chat is judged."
    else:
        percent = round(100 * unread / every)
        rest = f"{percent if percent else 'under 1'} % of your chat is not judged."
    return Finding("language", True, f"{reads}; {rest}")
