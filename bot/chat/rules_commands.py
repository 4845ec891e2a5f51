"""`/candor rules`: limits, how far each label may go, rule names, keywords, fine words, and every plain setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import discord
from discord import app_commands

from bot.chat import alarm_texts, texts
from bot.chat.answering import answer, guild_of
from bot.chat.inert import inert
from bot.chat.propose_commands import propose_command
from bot.chat.setting_places import check_place
from bot.chat.setup_pages import guild_in
from bot.core.guild_rules import GuildRules, LabelRule
from bot.core.settings import SETTINGS, show_value
from moderation_model.labels import LABELS

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

CHOICES = [app_commands.Choice(name=spec.title, value=spec.name) for spec in LABELS]
SHOWN_WORDS = 1200
MOST_CHOICES = 25


class RulesCommands(app_commands.Group):
    """The group; each method is one command, needs Manage Server, and answers privately."""

    def __init__(self) -> None:
        super().__init__(name="rules", description="Limits, words and settings of this server.")
        self.add_command(propose_command())

    @app_commands.command()
    async def show(self, interaction: Pressed) -> None:
        """Everything that this server has set."""

        async def work() -> str:
            return rules_text(await interaction.client.flows.setup.rules(guild_of(interaction)))

        await answer(interaction, work, feature="administer")

    @app_commands.command()
    @app_commands.describe(
        label="The label that the model scores.",
        action="What follows from the limit on.",
        percent="The score from which it follows. Left out: never, or for flag the model's own limit.",
        channel="Only in this channel or category. Left out: on the whole server.",
    )
    @app_commands.choices(label=CHOICES)
    async def limit(
        self,
        interaction: Pressed,
        label: str,
        action: Literal["flag", "delete", "timeout", "warn"],
        percent: app_commands.Range[int, 1, 100] | None = None,
        channel: app_commands.AppCommandChannel | None = None,
    ) -> None:
        """Set from which score on a label is flagged, deleted, timed out or warned about."""

        async def work() -> str:
            return await interaction.client.flows.setup.limit(
                guild_id=guild_of(interaction),
                label=label,
                action=action,
                percent=percent,
                by=interaction.user.id,
                channel_id=channel.id if channel else None,
            )

        await answer(interaction, work, feature="administer")

    @app_commands.command()
    @app_commands.describe(
        mode="shadow: cards only. delete: it may delete. act: it may do all that its limits ask for.",
        label="The label. Left out: the whole server.",
    )
    @app_commands.choices(label=CHOICES)
    async def mode(
        self, interaction: Pressed, mode: Literal["shadow", "delete", "act"], label: str | None = None
    ) -> None:
        """Let a label out of shadow mode, or put it (or everything) back."""

        async def work() -> str:
            return await interaction.client.flows.setup.mode(
                guild_id=guild_of(interaction), label=label, mode=mode, by=interaction.user.id
            )

        await answer(interaction, work, feature="administer")

    @app_commands.command(name="name")
    @app_commands.describe(label="The label that the model scores.", rule="Your rule, such as “rule 2, be kind”.")
    @app_commands.choices(label=CHOICES)
    async def rename(self, interaction: Pressed, label: str, rule: str | None = None) -> None:
        """Call a label by your own rule, on cards, in notices and in audit reasons."""

        async def work() -> str:
            return await interaction.client.flows.setup.name_rule(
                guild_id=guild_of(interaction), label=label, name=rule, by=interaction.user.id
            )

        await answer(interaction, work, feature="administer")

    @app_commands.command()
    @app_commands.describe(
        pattern="Whole words, * for any letters; or a regular expression.",
        kind="words, or regex for a regular expression (RE2).",
        action="What follows.",
        remove="True: take the keyword off the list.",
    )
    async def keyword(
        self,
        interaction: Pressed,
        pattern: str,
        kind: Literal["words", "regex"] = "words",
        action: Literal["flag", "delete", "warn", "timeout"] = "flag",
        remove: bool = False,
    ) -> None:
        """Add or remove a keyword of your own; it works beside the model, and without it."""

        async def work() -> str:
            return await interaction.client.flows.setup.keyword(
                guild_id=guild_of(interaction),
                pattern=pattern,
                kind=kind,
                action=action,
                remove=remove,
                by=interaction.user.id,
            )

        await answer(interaction, work, feature="administer")

    @app_commands.command()
    @app_commands.describe(word="The word, * for any letters.", remove="True: the word counts again.")
    async def fine(self, interaction: Pressed, word: str, remove: bool = False) -> None:
        """Mark a word as fine here: the model no longer sees it, the rest of the message still counts."""

        async def work() -> str:
            return await interaction.client.flows.setup.fine_word(
                guild_id=guild_of(interaction), word=word, remove=remove, by=interaction.user.id
            )

        await answer(interaction, work, feature="administer")

    @app_commands.command(name="set")
    @app_commands.describe(setting="The setting.", value="Its new value; “none” where it may be empty.")
    async def change(self, interaction: Pressed, setting: str, value: str) -> None:
        """Change one setting."""

        async def work() -> str:
            check_place(guild_in(interaction), setting, value)
            return await interaction.client.flows.setup.set_value(
                guild_id=guild_of(interaction), name=setting, written=value, by=interaction.user.id
            )

        await answer(interaction, work, feature="administer")

    @change.autocomplete("setting")
    async def _settings(self, interaction: Pressed, current: str) -> list[app_commands.Choice[str]]:
        fitting = [row for row in SETTINGS if current.lower() in row.name]
        return [
            app_commands.Choice(name=f"{row.name}: {row.means}"[:100], value=row.name) for row in fitting[:MOST_CHOICES]
        ]

    @keyword.autocomplete("pattern")
    async def _keywords(self, interaction: Pressed, current: str) -> list[app_commands.Choice[str]]:
        rules = await interaction.client.flows.setup.rules(guild_of(interaction))
        return _choices([rule.pattern for rule in rules.keywords], current)

    @fine.autocomplete("word")
    async def _fine_words(self, interaction: Pressed, current: str) -> list[app_commands.Choice[str]]:
        rules = await interaction.client.flows.setup.rules(guild_of(interaction))
        return _choices(rules.fine_words, current)


def _choices(values: list[str] | tuple[str, ...], current: str) -> list[app_commands.Choice[str]]:
    """What is on the list already, for taking it off again; Discord takes names of at most 100 characters."""
    fitting = [value for value in values if current.casefold() in value.casefold() and len(value) <= 100]
    return [app_commands.Choice(name=value, value=value) for value in fitting[:MOST_CHOICES]]


def rules_text(rules: GuildRules) -> str:
    """Everything that the guild has set, one line each, within Discord's limit of a message."""
    state = texts.RULES_SHADOW if rules.shadow else texts.RULES_PAUSED if rules.paused else texts.RULES_ACTIVE
    lines = [state, *(_label_line(rules, spec.name, rules.rule(spec.name)) for spec in LABELS)]
    for place, labels in rules.channels.items():
        lines += [f"<#{place}> " + _label_line(rules, name, rule) for name, rule in labels.items()]
    lines.append(texts.RULES_KEYWORDS.format(words=_listed([rule.pattern for rule in rules.keywords])))
    lines.append(texts.RULES_FINE.format(words=_listed(rules.fine_words)))
    lines += [f"`{row.name}` {show_value(row, getattr(rules, row.name))}" for row in SETTINGS]
    text = "\n".join(lines)
    return text if len(text) <= 2000 else text[:1990].rpartition("\n")[0] + "\n…"


def _listed(words: list[str] | tuple[str, ...]) -> str:
    return inert(", ".join(words), limit=SHOWN_WORDS // 4) if words else "none"


def _label_line(rules: GuildRules, name: str, rule: LabelRule) -> str:
    limits = {"flag": rule.flag_at, "warn": rule.warn_at, "timeout": rule.timeout_at, "delete": rule.delete_at}
    shown = ", ".join(f"{action} {limit:.0%}" for action, limit in limits.items() if limit is not None)
    mode = alarm_texts.RULES_STOPPED if name in rules.stopped_labels else texts.RULES_MODES[rules.rule(name).mode]
    title = discord.utils.escape_markdown(rules.title(name))
    return f"**{title}**: {shown or texts.RULES_MODEL_LIMIT} · {mode}"
