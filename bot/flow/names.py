"""Names that members give: nicknames and titles of threads. They are scored like messages; only people act on them.

No score of a name is kept outside of cases: scores by member would profile members.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import structlog

from bot.core.actions import ResetNickname
from bot.core.cases import Case, NewCase
from bot.core.events import IncomingMessage
from bot.core.guild_rules import GuildRules
from bot.core.keywords import find_keywords, hide_words
from bot.core.policy import decide
from bot.errors import StoreUnavailable
from bot.flow.cards import CardDesk
from bot.flow.ports import Clock, ModelService
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore
from bot.store.names import NameStore
from moderation_model.errors import ModelError

log = structlog.get_logger(__name__)

MOST_REMEMBERED = 20_000
"""Names kept in mind, so that a member who writes a hundred messages is scored once."""


class Names:
    """Every method raises StoreUnavailable."""

    def __init__(
        self,
        *,
        model: ModelService,
        guilds: GuildStore,
        cases: CaseStore,
        names: NameStore,
        desk: CardDesk,
        clock: Clock,
        text_days: int,
    ) -> None:
        self._model = model
        self._guilds = guilds
        self._cases = cases
        self._names = names
        self._desk = desk
        self._clock = clock
        self._text_kept = timedelta(days=text_days)
        self._seen: dict[tuple[int, int], str] = {}

    async def look(self, name: IncomingMessage) -> Case | None:
        """The case that the name opened, if it is a new name and reaches a limit.

        While the model is away a name is not judged; it is looked at again when it is next seen.
        """
        rules = await self._guilds.get(name.guild_id)
        wanted = rules.read_nicknames if name.subject == "nickname" else rules.read_titles
        if not wanted or not name.parts or rules.exempts(name) or not self._is_new(name):
            return None
        try:
            return await self._judge(replace(name, revision=await self._names.revision(name)), rules)
        except StoreUnavailable:
            self.forget(guild_id=name.guild_id, named_id=name.message_id)
            raise
        except ModelError as error:
            self.forget(guild_id=name.guild_id, named_id=name.message_id)
            log.warning("name_unscored", guild_id=name.guild_id, subject=name.subject, why=type(error).__name__)
            return None

    def forget(self, *, guild_id: int, named_id: int) -> None:
        """Look at the name of this member or thread again when it is next seen."""
        self._seen.pop((guild_id, named_id), None)

    def has_seen(self, *, guild_id: int, named_id: int, text: str) -> bool:
        """Whether this was the name of that member or thread when it was last looked at."""
        return self._seen.get((guild_id, named_id)) == text

    def is_of(self, case: Case, text: str) -> bool:
        """Whether the case is about the name `text`."""
        return text == case.text if case.text else self._names.is_of(case, text)

    def _is_new(self, name: IncomingMessage) -> bool:
        if self.has_seen(guild_id=name.guild_id, named_id=name.message_id, text=name.text):
            return False
        self._seen[name.guild_id, name.message_id] = name.text
        if len(self._seen) > MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return True

    async def _judge(self, name: IncomingMessage, rules: GuildRules) -> Case | None:
        if name.subject == "title" and await self._has_case(name):
            return None
        predictions = await self._model.classify([hide_words(name.text, rules.fine_words)], guild_id=name.guild_id)
        decision = decide(name, predictions, rules, keywords=find_keywords(name.text, rules.keywords))
        if decision.opens != "flagged":
            return None
        now = self._clock.now()
        new = NewCase.of(name, predictions, decision, opened_at=now, text_expires_at=now + self._text_kept)
        case, created = await self._cases.open(new, ())
        if not created and not _taken_again(case):
            return None
        if not created:
            await self._cases.reopen(case_id=case.case_id)
        self._desk.enqueue(guild_id=case.guild_id, case_id=case.case_id)
        return case

    async def _has_case(self, name: IncomingMessage) -> bool:
        """Whether the title was looked at with the first message of a forum post, which bears the post's id."""
        case = await self._cases.of_message(guild_id=name.guild_id, message_id=name.message_id)
        return case is not None and bool(case.text) and name.text in (case.text or "").splitlines()[:1]


def _taken_again(case: Case) -> bool:
    """Whether a nickname was reset and has come back."""
    reset = any(isinstance(record.action, ResetNickname) and record.state == "done" for record in case.actions)
    return case.state == "closed" and reset
