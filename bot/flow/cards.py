"""Review cards are explained and posted here, behind the pass, so that no message waits for an explanation.

A card waits in the database, not in this process: what the queue loses in a crash, `catch_up` finds again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import perf_counter
from weakref import WeakValueDictionary

import structlog

from bot.core.budget import score_of
from bot.core.cases import CardRef, Case
from bot.core.guild_rules import GuildRules
from bot.core.keywords import hide_words
from bot.core.policy import explained
from bot.errors import BoardUnavailable, BotError
from bot.flow.background import background_of
from bot.flow.budgeting import CardBudget, Released
from bot.flow.claiming import Claiming
from bot.flow.pings import Pings
from bot.flow.ports import Board, ModelService
from bot.flow.trouble import Trouble
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore
from moderation_model.errors import ModelError

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 2.0
"""How long a card waits for its words. A moderator should see the card now and the words soon."""

MOST_UNEXPLAINED = 100
"""Cards whose words are asked for again; older ones stay without."""

WORKERS = 2
"""Cards prepared at a time: one may wait for its explanation while the other is posted."""


def card_channel(case: Case, rules: GuildRules) -> int | None:
    """Where the case's card belongs: what is about staff goes where moderators do not see it."""
    return rules.admin_channel_id if case.opened_why == "staff" else rules.review_channel_id


class CardDesk:
    """Explains, posts and refreshes cards, one step a case at a time."""

    def __init__(
        self,
        *,
        model: ModelService,
        board: Board,
        guilds: GuildStore,
        cases: CaseStore,
        budget: CardBudget,
        pings: Pings,
        trouble: Trouble,
        claiming: Claiming,
        observe: Callable[[Case], None],
    ) -> None:
        self._model = model
        self._board = board
        self._guilds = guilds
        self._cases = cases
        self._budget = budget
        self._pings = pings
        self._trouble = trouble
        self._claiming = claiming
        self._observe = observe
        self._waiting: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
        self._queued: set[int] = set()
        self.took: Callable[[float], None] = lambda seconds: None
        """Told how long each card took, from its turn."""
        self._late: set[asyncio.Task[bool]] = set()
        self._unexplained: dict[int, int] = {}
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @property
    def waiting(self) -> int:
        """Cards that wait to be posted or refreshed."""
        return len(self._queued)

    def enqueue(self, *, guild_id: int, case_id: int) -> None:
        """Have the case's card posted or refreshed soon; a case that waits already is not queued twice. Cards of other
        shards' guilds are their processes' to post.
        """
        if case_id not in self._queued and self._guilds.serves(guild_id):
            self._queued.add(case_id)
            self._waiting.put_nowait((guild_id, case_id))

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(WORKERS):
                workers.create_task(self._work())

    async def drain(self) -> None:
        """Wait until every card that was queued so far is posted or given up."""
        await self._waiting.join()

    async def _work(self) -> None:
        while True:
            guild_id, case_id = await self._waiting.get()
            self._queued.discard(case_id)
            began = perf_counter()
            try:
                await self.present(guild_id=guild_id, case_id=case_id)
                self.took(perf_counter() - began)
            except BotError as error:
                # The card stays due in the database; catch_up tries again.
                log.warning("card_failed", case_id=case_id, guild_id=guild_id, why=type(error).__name__)
            except Exception:
                log.exception("card_crashed", case_id=case_id, guild_id=guild_id)
            finally:
                self._waiting.task_done()

    async def present(self, *, guild_id: int, case_id: int) -> None:
        """Explain the case if that is still to do, then post or refresh its card. Raises BotError.

        A slow explanation is not waited for: the card comes without its words, and again once they are there.
        """
        case = await self._cases.get(guild_id=guild_id, case_id=case_id)
        if case.lead_id is not None:
            case = await self._cases.get(guild_id=guild_id, case_id=case.lead_id)
        if not await self._gets_card(case, await self._guilds.get(guild_id)):
            return  # words that nobody sees would take the model's time
        explaining = asyncio.create_task(self._explain(case))
        done, _ = await asyncio.wait([explaining], timeout=PATIENCE_SECONDS)
        if done:
            explaining.result()
        else:
            self._late.add(explaining)
            explaining.add_done_callback(lambda task: self._came_late(task, case))
        await self.refresh(guild_id=guild_id, case_id=case.case_id)

    async def refresh(self, *, guild_id: int, case_id: int) -> Case:
        """Post or edit the case's card as the case stands now; the case. Raises BotError.

        A guild without a channel for it keeps its cases in the database; the cards follow once it has one. A case
        for which the day's budget has no place stays in the queue without a card; one that was over before it had a
        card gets none.
        """
        async with self._alone(case_id) as cut_short:
            case = await self._cases.get(guild_id=guild_id, case_id=case_id)
            rules = await self._guilds.get(guild_id)
            channel_id = card_channel(case, rules)
            if channel_id is None or not await self._gets_card(case, rules):
                return case
            background = await background_of(case, rules, self._cases)
            with self._watched(case):
                card = await self._board.show(case, channel_id=channel_id, background=background, search=cut_short)
                if card != case.card:
                    await self._cases.set_card(case_id=case_id, card=card)
                if case.ping and not case.pinged:
                    await self._pings.threat(case)
                    await self._cases.set_pinged(case_id=case_id)
            case = await self._cases.get(guild_id=guild_id, case_id=case_id)
        self._observe(case)
        return case

    async def _gets_card(self, case: Case, rules: GuildRules) -> bool:
        """Whether there is a channel for its card and a place in the budget, which it holds from now on."""
        # Where another was quicker than the card, `/case list` has the case.
        over = case.closed_as_gone and case.card is None
        return not over and card_channel(case, rules) is not None and await self._budget.admits(case, rules)

    @asynccontextmanager
    async def _alone(self, case_id: int) -> AsyncIterator[bool]:
        """Nobody else changes the card meanwhile, in no process. True where a process died while it did."""
        async with (
            self._locks.setdefault(case_id, asyncio.Lock()),
            self._claiming.alone(f"card:{case_id}") as cut_short,
        ):
            yield cut_short

    @contextmanager
    def _watched(self, case: Case) -> Iterator[None]:
        """Notes whether the review channel takes cards. One about staff goes elsewhere and says nothing of that."""
        try:
            yield
        except BoardUnavailable:
            if case.opened_why != "staff":
                self._trouble.cards_failed(case.guild_id)
            raise
        if case.opened_why != "staff":
            self._trouble.cards_posted(case.guild_id)

    async def _explain(self, case: Case) -> bool:
        """Whether words were found and kept now."""
        reason = explained(case.reasons)
        if case.explanation is not None or reason is None or not case.text:
            return False
        fine_words = (await self._guilds.get(case.guild_id)).fine_words
        try:
            explanation = await self._model.explain(hide_words(case.text, fine_words), label=reason.label)
        except ModelError as error:
            # A card without its words is worth more than no card; catch_up asks for them again.
            log.warning("not_explained", case_id=case.case_id, why=type(error).__name__)
            self._unexplained[case.case_id] = case.guild_id
            while len(self._unexplained) > MOST_UNEXPLAINED:
                del self._unexplained[next(iter(self._unexplained))]
            return False
        self._unexplained.pop(case.case_id, None)
        await self._cases.set_explanation(case_id=case.case_id, explanation=explanation)
        return True

    def _came_late(self, task: asyncio.Task[bool], case: Case) -> None:
        self._late.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.warning("not_explained", case_id=case.case_id, why=type(error).__name__)
        elif task.result():
            self.enqueue(guild_id=case.guild_id, case_id=case.case_id)

    async def catch_up(self, *, limit: int = 100, guild_id: int | None = None) -> int:
        """Queue the open cases whose card or call is still due, and find the words that cards lack.

        How many were queued, with `guild_id` only that guild's counted. What waits for a place in the budget is not.
        """
        await self._budget.weigh()
        due = {each.case_id: each for each in await self._budget.release()}
        for case in await self._cases.without_card(limit):
            due.setdefault(case.case_id, Released(case.guild_id, case.case_id, score_of(case.reasons)))
        for each in sorted(due.values(), key=lambda each: -each.score):
            self.enqueue(guild_id=each.guild_id, case_id=each.case_id)
        await self._explain_again()
        return sum(guild_id in (None, each.guild_id) for each in due.values())

    async def held(self, guild_id: int) -> int:
        """How many open cases of the guild wait in the queue without a card."""
        return await self._budget.waiting(guild_id)

    async def _explain_again(self) -> None:
        for case_id, guild_id in list(self._unexplained.items()):
            del self._unexplained[case_id]
            if await self._explain(await self._cases.get(guild_id=guild_id, case_id=case_id)):
                self.enqueue(guild_id=guild_id, case_id=case_id)
            elif case_id in self._unexplained:
                break  # the explainer is still away

    async def take_down(self, case: Case) -> None:
        """Take the case's card away, so that it is posted anew at the end of the channel; where that fails it stays."""
        async with self._alone(case.case_id):
            if case.card is not None and await self.discard(case.card):
                await self._cases.set_card(case_id=case.case_id, card=None)

    async def discard(self, card: CardRef) -> bool:
        """Whether a posted card could be taken away; the case, if one has it still, is left as it is."""
        try:
            await self._board.remove(card)
        except BoardUnavailable as error:
            log.warning("card_stays", card_id=card.message_id, why=type(error).__name__)
            return False
        return True

    async def show_anew(self, *, guild_id: int, case_id: int) -> bool:
        """Show the posted card as its case stands now; False if that is still to do."""
        try:
            case = await self.refresh(guild_id=guild_id, case_id=case_id)
        except BoardUnavailable as error:
            log.warning("not_shown_anew", case_id=case_id, why=type(error).__name__)
            return False
        return card_channel(case, await self._guilds.get(guild_id)) is not None

    async def scrub(self, case: Case) -> bool:
        """Take the member's text off the case's posted card; False if that is still to do."""
        if case.card is None:
            return True
        try:
            # Under the lock: a refresh that read the text before it was dropped must not post it afterwards.
            async with self._alone(case.case_id):
                await self._board.scrub(case.card)
        except BoardUnavailable as error:
            log.warning("not_scrubbed", case_id=case.case_id, why=type(error).__name__)
            return False
        return True
