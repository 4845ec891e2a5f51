"""What was done is told: to the member where the guild has notices on, and in one line to the mod-log channel.

A notice goes out once at most, like a warning: what a crash loses is not told later. Nothing here stops an action or a
verdict; what could not be told is a sentence for the moderator and part of the log line.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.core.actions import BY_PEOPLE, PUTS_OUT, Action, Timeout, Warn, combine
from bot.core.appeals import About, LogEntry, Notice
from bot.core.cases import Case, ends_at
from bot.core.guild_rules import GuildRules
from bot.core.policy import headline
from bot.errors import BoardUnavailable, BotError
from bot.flow.ports import Board, Clock, Enforcer, Messenger, Outcome
from bot.store.guilds import GuildStore

log = structlog.get_logger(__name__)

MOST_A_MINUTE = 10
"""Notices in one guild: Discord takes a bot that opens many conversations at once for a spammer."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done to one message or its author, or taken back."""

    case: Case
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class _Waiting:
    deeds: tuple[Deed, ...]
    undone: bool


class Telling:
    """Notices and the mod-log. It is an `Enforcer`, too: of a warning, a kick and a ban the telling is a part."""

    def __init__(
        self, *, enforcer: Enforcer, messenger: Messenger, board: Board, guilds: GuildStore, clock: Clock
    ) -> None:
        self._enforcer = enforcer
        self._messenger = messenger
        self._board = board
        self._guilds = guilds
        self._clock = clock
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._sent: dict[int, deque[datetime]] = defaultdict(deque)

    async def perform(self, case: Case, action: Action, *, reason: str) -> Outcome:
        """Do it. Where notices are on, a warning is one of them, and whoever is put out is told before: afterwards no
        message of a bot reaches them.
        """
        rules = await self._guilds.get(case.guild_id)
        if not rules.notices or not isinstance(action, (Warn, *PUTS_OUT)):
            return await self._enforcer.perform(case, action, reason=reason)
        notice = _notice([Deed(case, (action,))], rules)
        if isinstance(action, Warn):
            return (await self._messenger.tell(notice)).outcome
        told = await self._messenger.tell(notice)
        outcome = await self._enforcer.perform(case, action, reason=reason)
        if outcome.state != "done" and told.message is not None:
            await self._messenger.take_back(told.message)
        if outcome.state == "done" and told.outcome.state != "done":
            return replace(outcome, detail=_untold(told.outcome))
        return outcome

    async def undo(self, case: Case, action: Action, *, reason: str) -> Outcome:
        """Take it back where Discord can."""
        return await self._enforcer.undo(case, action, reason=reason)

    async def settle(self, case: Case, action: Action) -> Outcome | None:
        """After a crash: how it ended, None if it still is to be done."""
        return await self._enforcer.settle(case, action)

    async def acted(self, deeds: Sequence[Deed], *, by: str | None) -> tuple[str, ...]:
        """Tell each author once, and log one line; sentences about who could not be told. `by`: the moderator's name.

        `deeds` are those of one card, the case with the card last.
        """
        deeds = [deed for deed in deeds if deed.actions]
        if not deeds:
            return ()
        rules = await self._guilds.get(deeds[-1].case.guild_id)
        untold: list[str] = []
        for mine in _by_author(deeds) if rules.notices else ():
            left = [replace(deed, actions=_told_after(deed.actions)) for deed in mine]
            if any(deed.actions for deed in left):
                untold += await self._tell(_notice(left, rules))
        await self._log(deeds, rules, by=by, untold=untold)
        return tuple(dict.fromkeys(untold))

    async def undone(self, deeds: Sequence[Deed], *, about: About, by: str | None) -> tuple[str, ...]:
        """The same for what was taken back; deeds without actions are told and not logged.

        An answer to an appeal is told whatever the guild's notices say: the member asked.
        """
        if not deeds:
            return ()
        rules = await self._guilds.get(deeds[-1].case.guild_id)
        untold: list[str] = []
        for mine in _by_author(deeds) if rules.notices or about in ("upheld", "overturned") else ():
            untold += await self._tell(_notice(mine, rules, about=about))
        lifted = [deed for deed in deeds if deed.actions]
        if lifted:
            await self._log(lifted, rules, by=by, untold=untold, undone=True)
        return tuple(dict.fromkeys(untold))

    async def put_back(self, deeds: Sequence[Deed], *, by: str) -> None:
        """Log that texts stand where they were. Their authors see it there."""
        rules = await self._guilds.get(deeds[-1].case.guild_id)
        await self._log(deeds, rules, by=by, untold=(), undone=True)

    def enqueue(self, deed: Deed, *, undone: bool = False) -> None:
        """Tell what the bot did by itself soon, so that no message waits for it."""
        if deed.actions:
            self._waiting.put_nowait(_Waiting((deed,), undone))

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            waiting = await self._waiting.get()
            try:
                if waiting.undone:
                    await self.undone(waiting.deeds, about="fine", by=None)
                else:
                    await self.acted(waiting.deeds, by=None)
            except BotError as error:
                log.warning("not_told", case_id=waiting.deeds[-1].case.case_id, why=type(error).__name__)
            except Exception:
                log.exception("telling_crashed", case_id=waiting.deeds[-1].case.case_id)
            finally:
                self._waiting.task_done()

    async def drain(self) -> None:
        """Wait until everything that was queued so far is told or given up."""
        await self._waiting.join()

    async def _tell(self, notice: Notice) -> list[str]:
        """Why the member could not be told; nothing if they were."""
        if not self._has_room(notice.guild_id):
            return [f"Not everybody was told: {MOST_A_MINUTE} notices a minute are the most."]
        outcome = (await self._messenger.tell(notice)).outcome
        log.info("notice", case_id=notice.case_id, about=notice.about, state=outcome.state)
        return [] if outcome.state == "done" else [_untold(outcome)]

    def _has_room(self, guild_id: int) -> bool:
        now, sent = self._clock.now(), self._sent[guild_id]
        while sent and sent[0] <= now - timedelta(minutes=1):
            sent.popleft()
        if len(sent) >= MOST_A_MINUTE:
            return False
        sent.append(now)
        return True

    async def _log(
        self,
        deeds: Sequence[Deed],
        rules: GuildRules,
        *,
        by: str | None,
        untold: Sequence[str],
        undone: bool = False,
    ) -> None:
        if rules.log_channel_id is None:
            return
        entry = LogEntry(
            case_id=deeds[-1].case.lead_id or deeds[-1].case.case_id,
            actions=_together(deeds),
            undone=undone,
            messages=len(deeds),
            by=by,
            untold=untold[0] if untold else None,
        )
        try:
            await self._board.log(entry, guild_id=rules.guild_id, channel_id=rules.log_channel_id)
        except BoardUnavailable as error:
            # The action stands in the database; `/candor doctor` says what the channel lacks.
            log.warning("not_logged", case_id=entry.case_id, why=str(error))


def _by_author(deeds: Sequence[Deed]) -> list[list[Deed]]:
    found: dict[int, list[Deed]] = defaultdict(list)
    for deed in deeds:
        found[deed.case.author_id].append(deed)
    return list(found.values())


def _told_after(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Without what was told as a part of the deed."""
    return tuple(action for action in actions if not isinstance(action, (Warn, *PUTS_OUT)))


def _together(deeds: Sequence[Deed]) -> tuple[Action, ...]:
    actions = [action for deed in deeds for action in deed.actions]
    return (*combine(actions), *dict.fromkeys(action for action in actions if isinstance(action, BY_PEOPLE)))


def _notice(deeds: Sequence[Deed], rules: GuildRules, *, about: About = "acted") -> Notice:
    """What the author of these cases is told."""
    case, actions = deeds[-1].case, _together(deeds)
    put_out = any(isinstance(action, PUTS_OUT) for action in actions)
    ends = [ends_at(deed.case, action) for deed in deeds for action in deed.actions if isinstance(action, Timeout)]
    return Notice(
        guild_id=case.guild_id,
        member_id=case.author_id,
        case_id=case.case_id,
        channel_id=case.channel_id,
        subject=case.subject,
        about=about,
        messages=len(deeds),
        rule=_rule(case, rules) if about == "acted" else None,
        actions=actions,
        until=max(ends, default=None) if about == "acted" else None,
        can_appeal=about == "acted" and rules.appeals and not put_out and case.appeal is None,
        appeal_url=rules.appeal_url if put_out and about == "acted" else None,
    )


def _rule(case: Case, rules: GuildRules) -> str | None:
    """The guild's name of the rule, else the label's title; what moderators chose counts before the model."""
    labels = [reason.label for reason in case.reasons if reason.rule != "keyword"]
    if case.reasons and headline(case.reasons).rule != "keyword":
        labels = [headline(case.reasons).label]
    for vote in case.votes:
        labels = [name for name, answer in vote.labels.items() if answer in ("right", "missing")] or labels
    if not labels:
        return None
    return rules.rule(labels[0]).rule_name or rules.title(labels[0])


def _untold(outcome: Outcome) -> str:
    return f"The member could not be told: {(outcome.detail or outcome.state).rstrip('.')}."
