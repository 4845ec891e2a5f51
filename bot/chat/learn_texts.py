"""What `/learn`, the progress of a run and its report say; apart from `texts.py` for its length alone."""

from __future__ import annotations

from typing import NamedTuple

# Progress.
PROGRESS_TITLE = "🎓 Training · {run_id}"
PROGRESS_LINE = "{bar} {percent} % · {stage}"
PROGRESS_STAGES = {"": "waiting", "examples": "sorting the examples", "training": "training", "comparing": "comparing"}
PROGRESS_INTERRUPTED = "its process ended; the model server starts it again"
PROGRESS_FROM = "{number} labels{asked}"
PROGRESS_ASKED = ", asked for by <@{user_id}>"
PROGRESS_ENDED = {
    "done": "✅ Done in {span}. The report follows.",
    "cancelled": "⏹️ Cancelled. Nothing has changed.",
    "failed": "⚠️ It failed; nothing has changed. {error}",
}
BUTTON_CANCEL = "Cancel"
STARTED = "The run has begun, with {number} labels{held}. I show in <#{channel_id}> how far it is."
STARTED_UNSEEN = "The run has begun, with {number} labels{held}. `/learn runs` says how far it is."
STARTED_LIMITS = (
    "\nOnly {trainable} of them may be trained on, so the model stays and I look for better limits alone: Discord "
    "forbids training on messages without its express permission. `/learn permit` records it; `/learn example` teaches "
    "in your own words."
)
STARTED_HELD = "; verdicts of {number} {moderators} are held: `/learn moderators`"

# /learn runs.
RUNS_NONE = "There was no training run yet. `/learn run` starts one."
RUN_LINE = "`{run_id}` {phase} · {started}{ended}{result}"
RUN_ENDED = " to {when}"
RUN_PHASES = {
    "queued": "⏳ queued",
    "running": "🏃 running",
    "interrupted": "⏸️ interrupted",
    "done": "✅ done",
    "failed": "⚠️ failed",
    "cancelled": "⏹️ cancelled",
}
RUN_RESULTS = {
    "worse": "not better",
    "waits": "better, waits for a decision",
    "used": "better, in use",
    "kept": "better, not used",
    "back": "used, then given up",
    "outdated": "better, not used",
}
RUN_LOG = "-# {line}"

# The report.
REPORT_TITLE = "### 🎓 A new model"
REPORT_TITLE_LIMITS = "### 🎓 Other limits for the same model"
REPORT_HEADS = {
    "worse": "**Not better.** Nothing changes.",
    "waits": "**Better for you.** Nothing changes until you press.",
    "outdated": "**Better for you**, but a newer run has ended since. Nothing has changed.",
    "used": "**Better for you, and in use** since {when}{by}.",
    "kept": "**Better for you.** {by_keep} the old model on {when}.",
    "back": "**The old model serves again** since {when}{by}.",
}
REPORT_OVERTAKEN = (
    "**Better than {version}**, with which it was compared, but another model serves by now: train again. Nothing "
    "changes by itself."
)
REPORT_BY = ", decided by <@{user_id}>"
REPORT_BY_ITSELF = ", by itself"
REPORT_KEPT_BY = "<@{user_id}> kept"
REPORT_KEPT_UNANSWERED = "Nobody pressed within 7 days, which kept"
REPORT_TRAFFIC = "Last week with it: {fewer}, {lost}, {new}"
REPORT_FEWER = "{number} {cards} fewer"
REPORT_LOST = "{number} confirmed {cases} lost"
REPORT_NEW = "about {number} new"
REPORT_BAD = "🔴 **{what}** {reason}"
REPORT_BAD_MORE = "🔴 and {number} more: Details"
REPORT_RULES = {
    "examples": "Too little to learn from:",
    "cost": "Mistakes on your server:",
    "recall": "Found on your server:",
    "judges": "Who judged:",
    "anchors": "Everyday sentences:",
    "checks": "Test sentences:",
    "identity": "Sentences about groups of people:",
    "identities": "One group of people:",
    "false_flags": "Harmless sentences:",
    "calibration": "Honest scores:",
}
"""By rule of the gate what it is about."""
REPORT_GOOD = "🟢 Passed all {number} tests that a new model must pass"
REPORT_FELL = "🟠 A little worse, within what is allowed: {what}"
REPORT_FELL_ONE = "{what} {before} → {after} %"


class Compared(NamedTuple):
    """What one difference is about, and the rule of the gate that speaks of the same."""

    what: str
    rule: str


REPORT_DIFFERENCES = {
    "left alone": Compared("harmless messages left alone", "cost"),
    "recall": Compared("rule-breaking messages found", "recall"),
    "anchors": Compared("everyday sentences right", "anchors"),
    "checks": Compared("test sentences right", "checks"),
    "identity": Compared("sentences about groups right", "identity"),
    "harmless": Compared("harmless sentences left alone", "false_flags"),
}
REPORT_FLIPS_RIGHT = "Only the new one is right: case {cases}"
REPORT_FLIPS_WRONG = "Only the old one is right: case {cases}"
REPORT_FLIP = "[{case_id}]({url})"
REPORT_LEARNED = "Learned from {sources}{refused}"
REPORT_SOURCES = {
    "discord_message": "{number} verdicts",
    "sandbox": "{number} verdicts",
    "moderator_written": "{number} written",
    "imported": "{number} imported",
}
REPORT_NOTHING = "nothing"
REPORT_REFUSED = " · {number} refused by policy"
REPORT_HELD = " · {number} verdicts held"
REPORT_SHARE = "One moderator's part is at most {share} % · "
REPORT_KAPPA = "moderators agree {how} (kappa {kappa:.2f}, {cases} judged by several)"
REPORT_AGREE = ((0.8, "very well"), (0.6, "well"), (0.4, "fairly"), (0.2, "little"), (-2.0, "hardly"))
REPORT_NO_KAPPA = "no case was judged by two moderators"
REPORT_UNTIL = "If nobody presses within 7 days, the old one stays · "
BUTTON_USE = "Use new"
BUTTON_KEEP = "Keep old"
BUTTON_BACK = "Back to old"
BUTTON_DETAILS = "Details"
DETAILS = (
    "Everything in numbers about {run_id}: a page to open in a browser, and the same as JSON. Neither holds a "
    "message's text."
)
DETAILS_WITHOUT_PAGE = (
    "Everything in numbers about {run_id} as JSON, without a message's text. The page is missing: the model server is "
    "away, or it no longer keeps this run."
)

# /learn permit.
PERMIT_NEEDS_BOTH = "A permission needs a reference and a scope."
PERMIT_NONE = (
    "No permission is recorded, so messages of this server only measure; they never train. Discord forbids that "
    "without its express permission."
)
PERMIT_HELD = "Recorded by <@{user_id}> on {when}: {reference} · {scope}"

# /learn example.
EXAMPLE_TITLE = "Write an example"
EXAMPLE_FIELD = "The line, in your own words"
EXAMPLE_HELP = "No copy of a message: Discord's policy forbids training on those without its permission."
EXAMPLE_LABELS = "What breaks the rules in it?"
EXAMPLE_FINE = "Nothing: it is fine here"

# /learn moderators.
MODERATORS_NONE = "Nobody's verdicts are held. Everybody's teach alike."
MODERATORS_HEAD = "Verdicts that contradict the others' do not teach until you decide:"
BUTTON_ALLOW = "Allow {name}"
BUTTON_DROP = "Drop {name}"
