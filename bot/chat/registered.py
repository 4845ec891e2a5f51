"""Every button, menu and command that answers people, registered in one place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from discord import app_commands

from bot.chat.appeal_lists import AppealPageButton
from bot.chat.appeal_menu import AppealAnswer, AppealButton, appeal_submitted
from bot.chat.audit_cards import AuditNone, AuditSelect
from bot.chat.buttons import CaseButton
from bot.chat.candor_commands import CandorCommands
from bot.chat.case_commands import CaseCommands, why_menu
from bot.chat.case_lists import PageButton
from bot.chat.label_menu import LabelMessage, label_menu
from bot.chat.learn_commands import JudgeButton, LearnCommands
from bot.chat.learn_example import example_submitted
from bot.chat.learn_report import RunButton
from bot.chat.modals import submitted
from bot.chat.more import LabelSelect, MoreButton
from bot.chat.preview_commands import ApplyButton
from bot.chat.privacy_commands import ForgetButton, PrivacyCommands
from bot.chat.propose_commands import TakeLimitsButton
from bot.chat.put_back import PutBackButton
from bot.chat.queue_commands import NextButton, QueueCommands
from bot.chat.raid_cards import RaidButton
from bot.chat.report_menu import report_menu, report_submitted
from bot.chat.setup_items import SetupButton, SetupMenu
from bot.chat.setup_names import rule_named
from bot.chat.setup_sample import SampleButton
from bot.chat.weekly_card import FineHereButton, WrongWordsButton

BUTTONS = (
    CaseButton,
    MoreButton,
    LabelSelect,
    AuditSelect,
    AuditNone,
    AppealButton,
    AppealAnswer,
    AppealPageButton,
    PutBackButton,
    ApplyButton,
    SetupButton,
    SetupMenu,
    SampleButton,
    NextButton,
    PageButton,
    RaidButton,
    TakeLimitsButton,
    LabelMessage,
    WrongWordsButton,
    FineHereButton,
    RunButton,
    JudgeButton,
    ForgetButton,
)
"""They survive a restart: what they are about stands in their `custom_id`."""

FORMS: tuple[Callable[[Any], Awaitable[None]], ...] = (
    submitted,
    appeal_submitted,
    report_submitted,
    rule_named,
    example_submitted,
)
"""Each answers the forms that it knows by their `custom_id`, and leaves the others alone."""


def commands() -> Iterator[app_commands.Group | app_commands.ContextMenu | app_commands.Command[Any, Any, Any]]:
    """New ones, for one tree."""
    yield from (CandorCommands(), CaseCommands(), QueueCommands(), LearnCommands(), PrivacyCommands())
    yield from (why_menu(), label_menu(), report_menu())
