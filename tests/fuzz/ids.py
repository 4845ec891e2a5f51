"""One id at least of every button, menu and form that the bot gives out; a test says where one is missing."""

from __future__ import annotations

BUTTONS = (
    *(
        f"candor:v1:{verb}:1"
        for verb in ("breaks", "fine", "skip", "delete", "timeout", "undo", "change", "more", "reset")
    ),
    *(
        f"candor:v1:more_{entry}:2:0"
        for entry in (
            "breaks",
            "fine",
            "skip",
            "hour",
            "day",
            "kick",
            "kick_yes",
            "ban",
            "ban_yes",
            "fine_word",
            "note",
        )
    ),
    *(f"candor:v1:more_{entry}:3:0" for entry in ("opinion", "think_breaks", "think_fine", "scores", "picture")),
    "candor:v1:appeals:2",
    "candor:v1:apply:insult:delete:80",
    "candor:v1:limits:insult=80,threat=70",
    "candor:v1:next:flagged:insult:u3",
    "candor:v1:audit_none:1",
    *(f"candor:v1:run_{verb}:run-1" for verb in ("use", "keep", "back", "details", "cancel")),
    "candor:v1:put_back:1",
    "candor:v1:privacy:forget",
    *(f"candor:v1:sample_{verb}" for verb in ("breaks", "fine", "skip", "delete", "timeout", "undo")),
    "candor:v1:appeal:100000000000000001:1",
    "candor:v1:uphold:1",
    "candor:v1:overturn:1",
    "candor:v1:fine_here:insult",
    "candor:v1:wrong_words:1772409600",
    "candor:v1:cases:open:flagged:insult:1",
    "candor:v1:judge_allow:100000000000000042",
    "candor:v1:judge_drop:100000000000000042",
    *(f"candor:v1:raid:{kind}:100000000000000010:5" for kind in ("slow", "unslow", "pause", "unpause")),
    *(f"candor:v1:setup_{verb}" for verb in ("make", "keep", "again", "sample", "to_scope", "to_names_back")),
)
SELECTS = (
    ("candor:v1:labels:4", 3),
    ("candor:v1:labels:4:0", 3),
    ("candor:v1:label:100000000000000010:1573820703013942462:0:0", 3),
    ("candor:v1:audit:1", 3),
    ("candor:v1:setup_menu_review", 8),
    ("candor:v1:setup_menu_trying", 8),
    ("candor:v1:setup_menu_included", 8),
    ("candor:v1:setup_menu_exempt", 8),
    ("candor:v1:setup_menu_roles", 6),
    ("candor:v1:setup_menu_names", 3),
)
FORMS = (
    "candor:v1:form_note:1",
    "candor:v1:form_fine_word:1",
    "candor:v1:form_rule:insult",
    "candor:v1:form_appeal:100000000000000001:1",
    "candor:v1:form_report:100000000000000010:1573820703013942462",
    "candor:v1:form_example",
)
