"""Patterns beside the model: a guild's own keywords, words that it calls fine, and disclosures that ask for care.

Patterns run on google-re2, whose time is linear in the text, so that nobody's pattern can hold up the pass.

On disclosures: a person who writes that they would rather not be here is not toxic, must not be deleted or warned, and
may need help.
The set is small, English and honest about it: it misses much, and it reads some song lines as disclosures. It therefore
only ever opens a quiet card; it never acts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import re2

MOST_KEYWORDS, LONGEST_PATTERN = 200, 200
MASK = "..."
"""Stands where a word was that the guild calls fine."""

KeywordKind = Literal["words", "regex"]
KeywordAction = Literal["flag", "delete", "warn", "timeout"]


@dataclass(frozen=True, slots=True)
class KeywordRule:
    """A guild's own rule: `words` are whole words with `*` for any letters, `regex` is a pattern in RE2's syntax."""

    pattern: str
    kind: KeywordKind = "words"
    action: KeywordAction = "flag"


@dataclass(frozen=True, slots=True)
class KeywordHit:
    """A rule and the piece of the text that it found."""

    rule: KeywordRule
    found: str


def find_keywords(text: str, rules: Sequence[KeywordRule]) -> tuple[KeywordHit, ...]:
    """The first place of each rule in `text`, compatibility forms and case folded; rules that find nothing are left
    out.
    """
    if not rules:
        return ()
    folded = unicodedata.normalize("NFKC", text)
    hits: list[KeywordHit] = []
    for rule in rules:
        match = compiled(rule.pattern, rule.kind).search(folded)
        found = match.group("found") if match else ""
        if found:
            hits.append(KeywordHit(rule, found))
    return tuple(hits)


ORDINARY = ("hello everyone", "good game, see you tomorrow", "what time is it?", "ok 12", "Thanks! That worked.")
"""A rule that finds most of these would find nearly every message."""
MOST_ORDINARY = 2


def keyword_problem(pattern: str, kind: KeywordKind) -> str | None:
    """Why the pattern cannot be a rule, as a sentence, or None."""
    if not pattern.strip(" *"):
        return "A keyword needs at least one letter or digit."
    if len(pattern) > LONGEST_PATTERN:
        return f"A keyword may have at most {LONGEST_PATTERN} characters."
    try:
        rule = compiled(pattern, kind)
    except re2.error as error:
        return f"This is no regular expression that I can use: {_said(error)}."
    if rule.search(""):
        return "This pattern matches every message."
    hit = [line for line in ORDINARY if rule.search(line)]
    if len(hit) > MOST_ORDINARY:
        return f"This pattern matches ordinary messages such as “{hit[0]}”. Make it narrower."
    return None


def hide_words(text: str, words: Iterable[str]) -> str:
    """`text` with each of `words` (whole words, any case, `*` for any letters) hidden behind `MASK`."""
    for word in words:
        # Twice: one space between two such words can end the first match or begin the second, not both.
        for _ in range(2):
            text = compiled(word, "words").sub(lambda match: f"{match.group(1)}{MASK}{match.group(3)}", text)
    return text


@lru_cache(maxsize=4096)
def compiled(pattern: str, kind: KeywordKind) -> Any:
    """The pattern as RE2 takes it, what it is after in the group `found`. Raises re2.error for what RE2 refuses.

    RE2 knows word borders in ASCII only, so the characters beside a word are part of the match.
    """
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    if kind == "regex":
        return re2.compile(f"(?P<found>{pattern})", options=options)
    pieces = unicodedata.normalize("NFKC", pattern.strip()).split("*")
    body = r"[\pL\pN_]*".join(re2.escape(piece) for piece in pieces)
    return re2.compile(rf"(^|[^\pL\pN_])(?P<found>{body})($|[^\pL\pN_])", options=options)


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else "it does not parse"
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return text.replace("(?P<found>", "")


_CARE = re.compile(
    r"""
    \b(?:
        (?:nobody|no\s?one|anyone|anybody)\s+would\s+(?:even\s+)?(?:notice|care|miss\s+me)\b
            .{0,30}\b(?:gone|died|dead|disappear\w*|here)
      | (?:better\s+off|easier\s+for\s+everyone)\s+(?:without\s+me|if\s+i\s+(?:was|were)\s+(?:gone|dead))
      | i\s+(?:just\s+)?(?:want|wish\s+i\s+could|wanna)\s+(?:to\s+)?(?:disappear|die|not\s+exist|end\s+it\s+all)
      | i(?:'?m|\s+am|'?ll)?\s+(?:just\s+)?(?:will|want\s+to|wanna|going\s+to|gonna|thinking\s+(?:of|about)|about\s+to)?
            \s*(?:kill(?:ing)?|hurt(?:ing)?|cut(?:ting)?)\s+myself
      | i(?:'?m|\s+am)?\s+(?:just\s+)?(?:want\s+to|wanna|going\s+to|gonna|thinking\s+(?:of|about))
            \s+end(?:ing)?\s+(?:my\s+life|it\s+all)
      | i\s+do(?:n'?t|\s+not)\s+want\s+to\s+(?:be\s+(?:alive|here)\s+any\s?more|live\s+any\s?more|wake\s+up)
      | (?:no|not\s+any)\s+(?:reason|point)\s+(?:for\s+me\s+)?(?:to|in)
            \s+(?:keep\s+)?(?:liv(?:e|ing)|go(?:ing)?\s+on)
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)


def asks_for_care(text: str) -> bool:
    """Whether `text` reads like a disclosure of self-harm by its writer. Linear in the text's length."""
    return _CARE.search(text[:4000].replace("\u2019", "'")) is not None
