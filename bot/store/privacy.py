"""Every column of every table: whether it holds personal data, how long, how a member sees it and has it forgotten.

The rows are what is done, not a description of it: export, forgetting, expiry, the wipe of a server and the change of
the key walk over them. A column that is missing here fails a test. docs/privacy.md is written from them.
Over 300 lines because every table has its row here.
"""

from __future__ import annotations

from bot.store import cursor_tables as cursors
from bot.store import learning_tables as learning
from bot.store import privacy_tables as choices
from bot.store import tables
from bot.store.privacy_kinds import Column, Section, Table

TEAM = "Which moderator did what is for the team alone."
POINTS = "It only points to the message, and the case shows its link."
RECORD = "it is the record of what a moderator decided about others"
NOBODY = "No row says whose it is, so it can be found for nobody."

SEALED_JSON = Column("text", "text", sealed="json")
SEALED = Column("text", "text", sealed="plain")
AUTHOR = Column("member", "case", "zero")

PRIVACY: tuple[Table, ...] = (
    Table(
        tables.guilds,
        "Settings of a server",
        "What administrators have set: limits, channels and roles by id, keywords, names of rules.",
        "guild_id",
        "guild_id rules created_at updated_at digested_at",
    ),
    Table(
        tables.setting_changes,
        "Changes of settings",
        "Which setting was changed from what to what, when and by whom.",
        "guild_id",
        "id guild_id changed_at setting old new",
        {"changed_by": Column("moderator", "age")},
        (
            Section(
                "settings_you_changed",
                "Settings of the server that you changed.",
                "changed_by",
                "changed_at setting old new",
                stays=RECORD,
            ),
        ),
        after="changed_at",
        days="case_days",
        keeps_rows=True,
    ),
    Table(
        tables.predictions,
        "Scores",
        "Scores of each message by its id, without author and without text.",
        "guild_id",
        "id guild_id channel_id revision created_at state why scores reading model_version unknown_words",
        {"message_id": Column("member")},
        after="created_at",
        days="prediction_days",
        unshown={"message_id": NOBODY},
    ),
    Table(
        tables.sentiment_hours,
        "Sums of sentiment",
        "Sums over a channel's hour, in which no message and no member shows.",
        "guild_id",
        "guild_id channel_id hour messages star1 star2 star3 star4 star5",
    ),
    Table(
        tables.cases,
        "Cases",
        "Messages that somebody must or may look at: flagged, reported or checked.",
        "guild_id",
        "id guild_id channel_id opened_why state text_expires_at posted_at opened_at closed_at reading model_version "
        "forwarded withheld_why withheld ping pinged inclusion_probability card_channel_id card_message_id "
        "card_scrubbed card_number lead_id admitted_at queued_at gone_at forgotten_at subject flagged_only_by "
        "shadow_run reasons",
        {
            "author_id": AUTHOR,
            "author_joined_at": Column("member", "asked"),
            "message_id": Column("member", "case", "row_id"),
            "revision": Column("text", "case", "zero"),
            "jump_url": Column("member", "case", "place"),
            "payload": SEALED_JSON,
            "text_hash": Column("text", "text", hash_of="payload"),
            "scores": Column("member", "asked"),
            "sentiment": Column("member", "asked"),
            "second_opinion_by": Column("moderator", "case"),
        },
        (
            Section(
                "cases",
                "Messages and names of yours that opened a case: why, what was said of them, and their text as long "
                "as it is kept.",
                "author_id",
                "id=case jump_url=link subject opened_why state posted_at opened_at closed_at reasons scores sentiment "
                "author_joined_at=you_joined_at gone_at=deleted_at forgotten_at=you_asked_to_forget_at "
                "text_expires_at=text_kept_until payload=text",
                opens=("text", "author_name", "found", "explanation"),
            ),
        ),
        case="id",
        of_messages=True,
        unshown={
            "message_id": POINTS,
            "revision": POINTS,
            "text_hash": "A keyed hash of the text, which says nothing without the key.",
            "second_opinion_by": TEAM,
        },
    ),
    Table(
        tables.actions,
        "Actions",
        "What was done about a case: warnings, deletions, timeouts, bans; by the bot or by whom.",
        "case",
        "id case_id revision kind seconds state detail planned_at settled_at holder held_until",
        {"message_id": Column("member", "case", "case_id"), "done_by": Column("moderator", "case", "zero")},
        (
            Section(
                "done_to_you",
                "What was done about your cases, and whether it stands.",
                "author_id",
                "case_id=case kind=what seconds state planned_at=when",
                by_author=True,
            ),
            Section(
                "done_by_you",
                "What you did as a moderator.",
                "done_by",
                "case_id=case kind=what seconds state planned_at=when",
                stays=RECORD,
            ),
        ),
        case="case_id",
        unshown={"message_id": POINTS},
    ),
    Table(
        tables.reports,
        "Reports",
        "Which member asked the moderators for a look, and the reason given.",
        "guild_id",
        "id case_id guild_id reported_at",
        {"reporter_id": Column("member", "text"), "reason": SEALED},
        (
            Section(
                "reports_you_wrote",
                "Messages of others that you reported. What others reported about you is not here: it would say who.",
                "reporter_id",
                "case_id=case reported_at reason",
            ),
        ),
        case="case_id",
        with_text=True,
        of_messages=True,
    ),
    Table(
        tables.notes,
        "Notes",
        "What moderators wrote to each other about a case.",
        "case",
        "id case_id noted_at",
        {
            "moderator_id": Column("moderator", "text"),
            "payload": SEALED,
            "text_hash": Column("text", "text", hash_of="payload"),
        },
        (
            Section(
                "notes_you_wrote",
                "Notes that you wrote as a moderator. Notes about you are not here: they name others, too.",
                "moderator_id",
                "case_id=case noted_at payload=text",
                stays=RECORD,
            ),
        ),
        case="case_id",
        with_text=True,
        unshown={"text_hash": "A keyed hash of the note, which says nothing without the key."},
    ),
    Table(
        tables.appeals,
        "Appeals",
        "What a member answered to what was done, and how that ended.",
        "guild_id",
        "id case_id guild_id state appealed_at decided_at",
        {"member_id": AUTHOR, "payload": SEALED, "decided_by": Column("moderator", "case")},
        (
            Section(
                "appeals_you_wrote",
                "Your appeals, and how they ended.",
                "member_id",
                "case_id=case appealed_at state decided_at payload=text",
            ),
            Section(
                "appeals_you_decided",
                "Appeals that you decided as a moderator.",
                "decided_by",
                "case_id=case state decided_at",
                stays=RECORD,
            ),
        ),
        case="case_id",
    ),
    Table(
        tables.votes,
        "Verdicts",
        "What moderators said of a case.",
        "case",
        "id case_id verdict voted_at",
        {"moderator_id": Column("moderator", "case", "row_id")},
        (
            Section(
                "verdicts_on_your_cases",
                "What moderators said of your messages. Who said it is for the team alone.",
                "author_id",
                "case_id=case verdict voted_at",
                by_author=True,
            ),
            Section(
                "verdicts_you_gave",
                "What you said of cases as a moderator.",
                "moderator_id",
                "case_id=case verdict voted_at",
                stays=RECORD,
            ),
        ),
        case="case_id",
    ),
    Table(
        tables.vote_labels,
        "Verdicts by label",
        "What a verdict says of each label.",
        "vote",
        "vote_id label answer score model_version",
    ),
    Table(
        tables.audit_batches,
        "Cards with lines to check",
        "Which drawn messages stood on one card, and who answered it.",
        "guild_id",
        "id guild_id made_at state closed_at card_channel_id card_message_id card_scrubbed",
        {"answered_by": Column("moderator", "age")},
        (
            Section(
                "checks_you_answered",
                "Cards with lines to check that you answered.",
                "answered_by",
                "id=audit closed_at",
                stays=RECORD,
            ),
        ),
        after="made_at",
        days="case_days",
        keeps_rows=True,
    ),
    Table(
        tables.audit_draws,
        "Lines to check",
        "Unflagged messages drawn for checking. Who wrote one stands in its encrypted text alone, which goes with the "
        "answer, with its time, or when the message is deleted.",
        "guild_id",
        "id guild_id channel_id revision drawn_at label score flag_limit inclusion_probability text_expires_at "
        "batch_id case_id",
        {"message_id": Column("member"), "payload": Column("text", "text", sealed="json")},
        (
            Section(
                "lines_to_check",
                "Messages of yours that were drawn so that moderators check what the bot misses.",
                "payload",
                "drawn_at payload=text",
                opens=("text", "author_name"),
            ),
        ),
        after="drawn_at",
        days="case_days",
        of_messages=True,
        unshown={"message_id": POINTS},
    ),
    Table(
        learning.examples,
        "Examples",
        "What moderators wrote or the operator imported to teach the model; no messages.",
        "guild_id",
        "id guild_id source labels weight made_at withdrawn_at",
        {
            "made_by": Column("moderator", "row", "zero"),
            "payload": Column("text", "row", sealed="plain"),
            "text_hash": Column("text", "row", "noise", hash_of="payload"),
        },
        (
            Section(
                "examples_you_wrote",
                "Examples that you wrote to teach the model.",
                "made_by",
                "id=example made_at source labels withdrawn_at payload=text",
            ),
        ),
        unshown={"text_hash": "A keyed hash of the text, which says nothing without the key."},
    ),
    Table(
        learning.permits,
        "Permissions to train",
        "Discord's express permission to train on messages, as an administrator recorded it.",
        "guild_id",
        "id guild_id reference scope recorded_at revoked_at",
        {"recorded_by": Column("moderator"), "revoked_by": Column("moderator")},
        (
            Section(
                "permissions_you_recorded",
                "Permissions to train on messages that you recorded.",
                "recorded_by",
                "reference scope recorded_at revoked_at",
                stays="it proves who allowed what",
            ),
            Section(
                "permissions_you_took_back",
                "Permissions to train on messages that you took back.",
                "revoked_by",
                "reference scope recorded_at revoked_at",
                stays="it proves who allowed what",
            ),
        ),
    ),
    Table(
        learning.judge_decisions,
        "Whose verdicts teach",
        "An administrator's word on verdicts that contradict everybody else's.",
        "guild_id",
        "guild_id decision decided_at",
        {"moderator_id": Column("moderator"), "decided_by": Column("moderator")},
        (
            Section(
                "about_your_verdicts",
                "Whether your verdicts may teach the model.",
                "moderator_id",
                "decision decided_at",
                stays="without it your verdicts would count otherwise",
            ),
        ),
        after="decided_at",
        days="case_days",
        unshown={"decided_by": TEAM},
    ),
    Table(
        learning.runs,
        "Training runs",
        "How each training run went, what the gate said, and what people decided.",
        "guild_id",
        "run_id guild_id phase asked_at ended_at error log result facts decision decided_at report_channel_id "
        "report_message_id",
        {"asked_by": Column("moderator", "age"), "decided_by": Column("moderator", "age")},
        (
            Section(
                "runs_you_asked_for",
                "Training runs that you started.",
                "asked_by",
                "run_id=run asked_at phase",
                stays=RECORD,
            ),
            Section(
                "runs_you_decided",
                "Training runs about whose model you decided.",
                "decided_by",
                "run_id=run decision decided_at",
                stays=RECORD,
            ),
        ),
        after="asked_at",
        days="case_days",
        keeps_rows=True,
    ),
    Table(
        learning.job_slots,
        "Scheduled jobs",
        "When scheduled jobs ran and when the bot was there; no persons.",
        None,
        "name slot holder token expires_at started_at ended_at outcome detail",
        after="expires_at",
        days="slot_days",
    ),
    Table(
        learning.claims,
        "Claims of processes",
        "What one process of the bot does alone for a moment; no persons.",
        None,
        "name holder expires_at",
    ),
    Table(
        cursors.channel_cursors,
        "Cursors",
        "Up to which message each channel is decided.",
        "guild_id",
        "channel_id guild_id decided_through updated_at",
    ),
    Table(
        cursors.guild_sightings,
        "Presence",
        "When messages of each server last arrived, and since when none was missed.",
        "guild_id",
        "guild_id whole_since seen_at",
    ),
    Table(
        choices.opt_outs,
        "Choices",
        "Which members chose that nothing of them is kept beyond the decision.",
        "guild_id",
        "guild_id opted_out_at",
        {"member_id": Column("member")},
        (
            Section(
                "your_choice",
                "Since when nothing of you is kept beyond the decision.",
                "member_id",
                "opted_out_at",
                stays="without it the choice would be lost; `/privacy optin` drops it",
            ),
        ),
    ),
    Table(
        choices.departures,
        "Servers that were left",
        "Since when the bot is no longer on a server.",
        "guild_id",
        "guild_id left_at",
    ),
)

BY_TABLE = {each.name: each for each in PRIVACY}


def unstated() -> list[str]:
    """What the rows do not state of the tables as they are, a sentence each."""
    missing = [name for name in choices.metadata.tables if name not in BY_TABLE]
    return [*(f"table {name} is not stated" for name in missing), *(say for row in PRIVACY for say in row.problems())]
