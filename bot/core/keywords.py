"""Patterns beside the model. In this version one set: disclosures that ask for care.

A person who writes that they would rather not be here is not toxic, must not be deleted or warned, and may need help.
The set is small, English and honest about it: it misses much, and it reads some song lines as disclosures. It therefore
only ever opens a quiet card; it never acts.
"""

from __future__ import annotations

import re

_CARE = re.compile(
    r"""
    \b(?:
        (?:nobody|no\s?one|anyone|anybody)\s+would\s+(?:even\s+)?(?:notice|care|miss\s+me)\b
            .{0,30}\b(?:gone|died|dead|disappear\w*|here)
      | (?:better\s+off|easier\s+for\s+everyone)\s+(?:without\s+me|if\s+i\s+(?:was|were)\s+(?:gone|dead))
      | i\s+(?:just\s+)?(?:want|wish\s+i\s+could|wanna)\s+(?:to\s+)?(?:disappear|die|not\s+exist|end\s+it\s+all)
      | i(?:'m|\s+am)?\s+(?:want\s+to|going\s+to|gonna|thinking\s+(?:of|about))
            \s+(?:kill(?:ing)?|hurt(?:ing)?|cut(?:ting)?)\s+myself
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
