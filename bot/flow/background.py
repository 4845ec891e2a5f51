"""What a card says beside its case: the guild's names of its rules, and what was confirmed of the author before."""

from __future__ import annotations

from datetime import timedelta

from bot.core.cases import Background, Case
from bot.core.guild_rules import GuildRules
from bot.store.cases import CaseStore


async def background_of(case: Case, rules: GuildRules, cases: CaseStore) -> Background:
    """Counted back from when the case was opened, so that an old card does not change by itself.

    Raises StoreUnavailable.
    """
    since = case.opened_at - timedelta(days=rules.escalation_days)
    number, newest = await cases.confirmed_before(case, since=since)
    return Background(
        titles={reason.label: rules.title(reason.label) for reason in case.reasons},
        confirmed=number,
        newest_confirmed=newest,
        confirmed_days=rules.escalation_days,
    )
