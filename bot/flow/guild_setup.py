"""What administrators set: where cards go, what may be done automatically, whether anything is done at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.core.changing import LimitKind, acting_keywords, acts, toggled, with_limit, with_mode
from bot.core.guild_rules import GuildRules, LabelRule, Mode
from bot.core.keywords import MOST_KEYWORDS, KeywordAction, KeywordKind, KeywordRule, keyword_problem
from bot.core.schedules import next_due
from bot.core.settings import read_value, setting_called, show_value, with_value
from bot.errors import BotError
from bot.flow.budgeting import waiting_sentence
from bot.flow.cards import CardDesk
from bot.flow.ports import Clock
from bot.store.guilds import GuildStore
from bot.store.labels import LabelStore
from moderation_model.labels import LABEL_NAMES
from moderation_model.labels import label as spec

VERDICTS_NEEDED = 50
"""Before a label may act by itself: the interval of its precision is then narrow enough to mean something."""
LONGEST_NAME = 60

MODE_SENTENCES: dict[Mode, str] = {
    "shadow": "{label} is in shadow mode: cases and cards only.",
    "delete": "{label} may now delete by itself, and nothing else.",
    "act": "{label} may now do everything that its limits ask for.",
}

KEYWORDS_ACT = " With the server out of shadow mode its {number} keywords that act do so, too."


class GuildSetup:
    """One guild's rules, read and changed; every change is written down with who made it."""

    def __init__(self, *, guilds: GuildStore, labels: LabelStore, desk: CardDesk, clock: Clock) -> None:
        self._guilds = guilds
        self._labels = labels
        self._desk = desk
        self._clock = clock

    async def rules(self, guild_id: int) -> GuildRules:
        """What the guild has set, or the defaults of a new one."""
        return await self._guilds.get(guild_id)

    async def setup(self, *, guild_id: int, review_channel_id: int, ping_role_id: int | None, by: int) -> str:
        """Set where cards go and who is called for a threat; what waited gets cards as far as the budget goes."""

        def change(rules: GuildRules) -> GuildRules:
            role_id = ping_role_id or rules.ping_role_id
            since = rules.set_up_at or self._clock.now()
            return replace(rules, review_channel_id=review_channel_id, ping_role_id=role_id, set_up_at=since)

        rules = await self._change(guild_id, change, by)
        coming = await self._desk.catch_up(guild_id=guild_id)
        waiting = waiting_sentence(coming=coming, held=await self._desk.held(guild_id))
        state = "Shadow mode: cases and cards only. Nobody will be deleted, timed out or messaged."
        state = state if rules.shadow else "Active: the limits you set are acted on."
        return f"Review cards go to <#{review_channel_id}>. {state} {waiting}".rstrip()

    async def choose(
        self,
        *,
        guild_id: int,
        by: int,
        reviewers: frozenset[int] | None = None,
        included: frozenset[int] | None = None,
        exempt: frozenset[int] | None = None,
    ) -> GuildRules:
        """Put these roles or channels in place of those before (None: as they are). A channel is in one list only."""

        def change(rules: GuildRules) -> GuildRules:
            roles = rules.reviewer_role_ids if reviewers is None else reviewers
            read = (rules.included_channel_ids if included is None else included) - (exempt or set())
            left = (rules.exempt_channel_ids if exempt is None else exempt) - (included or set())
            return replace(rules, reviewer_role_ids=roles, included_channel_ids=read, exempt_channel_ids=left)

        return await self._change(guild_id, change, by)

    async def pause(self, *, guild_id: int, by: int) -> str:
        """Stop every automatic action at once; cases are still opened."""
        await self._change(guild_id, lambda rules: replace(rules, paused=True), by)
        return "Paused. Messages are still scored and cards still come; nothing is done automatically."

    async def resume(self, *, guild_id: int, by: int) -> str:
        """The opposite of `pause`; labels that the circuit breaker stopped act again, too."""
        rules = await self._change(guild_id, lambda old: replace(old, paused=False, stopped_labels=frozenset()), by)
        return "Resumed." + (" The server is in shadow mode, so nothing is done yet." if rules.shadow else "")

    async def mode(self, *, guild_id: int, label: str | None, mode: Mode, by: int) -> str:
        """How far a label may go by itself; without a label: the whole server back into shadow mode, or out of it.

        A label leaves shadow mode only after `VERDICTS_NEEDED` verdicts, first for deletion only. Raises BotError.
        """
        if label is None:
            return await self._server_mode(guild_id, mode, by)
        check_label(label)
        rules = await self._guilds.get(guild_id)
        rule = rules.rule(label)
        said = ""
        if mode != "shadow":
            said = await self._earned(guild_id, label, rule, mode)
        woken = acting_keywords(rules) if rules.shadow and mode != "shadow" else 0
        await self._change(guild_id, lambda rules: with_mode(rules, label, mode), by)
        return MODE_SENTENCES[mode].format(label=label) + said + (KEYWORDS_ACT.format(number=woken) if woken else "")

    async def _server_mode(self, guild_id: int, mode: Mode, by: int) -> str:
        if mode == "delete":
            raise BotError("Name the label that may delete.")
        rules = await self._change(guild_id, lambda rules: replace(rules, shadow=mode == "shadow"), by)
        if mode == "shadow":
            return "Shadow mode: cases and cards only, nothing is done automatically."
        acting = [name for name, rule in rules.labels.items() if rule.mode != "shadow" and acts(rule)]
        if not acting:
            return "Active, but every label is still in shadow mode. `/candor rules mode` lets a label out of it."
        return f"Active: {', '.join(spec(name).title.lower() for name in acting)} may now be acted on."

    async def _earned(self, guild_id: int, label: str, rule: LabelRule, mode: Mode) -> str:
        """What the verdicts say for letting the label out of shadow mode. Raises BotError where they do not."""
        if label == "threat":
            raise BotError("Threats are never acted on automatically: people decide, and report to Discord first.")
        if not acts(rule):
            raise BotError(f"{label} has no limit to act on yet. Set one with `/candor rules limit`.")
        if mode == "delete" and rule.delete_at is None:
            raise BotError(f"{label} has no limit for deletion yet. Set one with `/candor rules limit`.")
        limit = rule.delete_at if rule.delete_at is not None else 1.0
        found = await self._labels.evidence(guild_id, label, limit=limit)
        if found.verdicts < VERDICTS_NEEDED:
            raise BotError(
                f"{label} has {found.verdicts} verdicts; {VERDICTS_NEEDED} are needed before it may act by itself."
            )
        if mode == "act" and rule.mode == "shadow":
            raise BotError(f"{label} comes out of shadow mode for deletion first: choose `delete`.")
        hits = found.right_at_limit + found.wrong_at_limit
        return f" It would have deleted {hits}: {found.right_at_limit} right, {found.wrong_at_limit} wrong."

    async def limit(
        self,
        *,
        guild_id: int,
        label: str,
        action: LimitKind,
        percent: int | None,
        by: int,
        channel_id: int | None = None,
    ) -> str:
        """Set from which score on `action` follows for `label`; None: never, or for `flag` the model's own limit.

        With `channel_id` in that channel (or category) alone, starting from the server's limits.
        """
        check_label(label)
        if percent is not None and not 1 <= percent <= 100:
            raise BotError("A limit is a percentage from 1 to 100.")
        at = None if percent is None else percent / 100

        def change(rules: GuildRules) -> GuildRules:
            changed = with_limit(label, rules.rule(label, [channel_id] if channel_id else ()), action, at)
            if channel_id is None:
                return replace(rules, labels={**rules.labels, label: changed})
            own = {**rules.channels.get(channel_id, {}), label: changed}
            return replace(rules, channels={**rules.channels, channel_id: own})

        rules = await self._change(guild_id, change, by)
        where = f" in <#{channel_id}>" if channel_id else ""
        if percent is None:
            return f"{label}{where}: {'flagged at the limit of the model' if action == 'flag' else f'never {action}'}."
        held = action != "flag" and (rules.shadow or rules.rule(label).mode == "shadow")
        shadow = " Shadow mode is on, so it is only noted on cards." if held else ""
        return f"{label}{where}: {action} from {percent} % on.{shadow}"

    async def name_rule(self, *, guild_id: int, label: str, name: str | None, by: int) -> str:
        """Give the label the guild's own rule name, or take it away. Raises BotError."""
        check_label(label)
        name = " ".join(name.split()) if name else None
        if name and len(name) > LONGEST_NAME:
            raise BotError(f"The name of a rule may have at most {LONGEST_NAME} characters.")

        def change(rules: GuildRules) -> GuildRules:
            return replace(rules, labels={**rules.labels, label: replace(rules.rule(label), rule_name=name)})

        rules = await self._change(guild_id, change, by)
        return f"Cards and notices now say “{rules.title(label)}”."

    async def set_value(self, *, guild_id: int, name: str, written: str, by: int) -> str:
        """Change one plain setting (core/settings.py). Raises BotError with the sentence for who asked."""
        setting = setting_called(name)
        value = read_value(setting, written)
        await self._change(guild_id, lambda rules: with_value(rules, setting, value), by)
        return f"{setting.name} is now {show_value(setting, value)}. {setting.means}"

    def next_due(self, cron: str) -> datetime | None:
        """When that schedule is due next; None where there is none in years."""
        return next_due(cron, self._clock.now())

    async def keyword(
        self, *, guild_id: int, pattern: str, kind: KeywordKind, action: KeywordAction, remove: bool, by: int
    ) -> str:
        """Add, replace or remove a keyword rule. Raises BotError."""
        pattern = pattern.strip()
        problem = None if remove else keyword_problem(pattern, kind)
        if problem:
            raise BotError(problem)

        def change(rules: GuildRules) -> GuildRules:
            others = tuple(rule for rule in rules.keywords if rule.pattern != pattern)
            if remove and len(others) == len(rules.keywords):
                raise BotError("There is no such keyword.")
            if not remove and len(others) >= MOST_KEYWORDS:
                raise BotError(f"There are {MOST_KEYWORDS} keywords already. Remove one first.")
            return replace(rules, keywords=others if remove else (*others, KeywordRule(pattern, kind, action)))

        await self._change(guild_id, change, by)
        return "The keyword is removed." if remove else f"The keyword is on: {action}."

    async def fine_word(self, *, guild_id: int, word: str, remove: bool, by: int) -> str:
        """From now on `word` is hidden from the model on this server, the rest of a message still counts; or no more.

        Raises BotError.
        """
        word = " ".join(word.split())
        problem = None if remove else keyword_problem(word, "words")
        if problem:
            raise BotError(problem)

        def change(rules: GuildRules) -> GuildRules:
            others = tuple(each for each in rules.fine_words if each.casefold() != word.casefold())
            if remove and len(others) == len(rules.fine_words):
                raise BotError("That word is not on the list.")
            if not remove and len(others) >= MOST_KEYWORDS:
                raise BotError(f"There are {MOST_KEYWORDS} such words already. Remove one first.")
            return replace(rules, fine_words=others if remove else (*others, word))

        await self._change(guild_id, change, by)
        return "The word counts again." if remove else "The word is fine here from now on; the rest still counts."

    async def exempt(
        self, *, guild_id: int, role_id: int | None = None, channel_id: int | None = None, exempt: bool, by: int
    ) -> str:
        """Leave a role or a channel (with its threads, or a category) alone, or look at it, also where a new guild
        leaves it alone by itself.
        """
        if role_id is None and channel_id is None:
            raise BotError("Name a role or a channel.")

        def change(rules: GuildRules) -> GuildRules:
            return replace(
                rules,
                exempt_role_ids=toggled(rules.exempt_role_ids, role_id, exempt),
                exempt_channel_ids=toggled(rules.exempt_channel_ids, channel_id, exempt),
                included_channel_ids=toggled(rules.included_channel_ids, channel_id, not exempt),
            )

        await self._change(guild_id, change, by)
        named = " and ".join(
            ([f"<@&{role_id}>"] if role_id is not None else [])
            + ([f"<#{channel_id}>"] if channel_id is not None else [])
        )
        return f"{named} {'is left alone' if exempt else 'is looked at'} from now on."

    async def _change(self, guild_id: int, change: Callable[[GuildRules], GuildRules], by: int) -> GuildRules:
        return await self._guilds.change(guild_id, change, by=by, at=self._clock.now())


def check_label(name: str) -> None:
    """Raises BotError, with the labels that there are."""
    if name not in LABEL_NAMES:
        raise BotError(f"There is no label {name!r}. The labels are {', '.join(LABEL_NAMES)}.")
