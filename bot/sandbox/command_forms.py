"""Checks of application commands as they are registered: names, descriptions, options, choices, how many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.sandbox.errors import ApiError
from bot.sandbox.forms import Problems
from bot.sandbox.world import Json

CHAT, ON_USER, ON_MESSAGE = 1, 2, 3
SUB_COMMAND, SUB_GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 3, 4, 5, 6, 7, 8, 9, 10, 11
MOST_COMMANDS = {CHAT: 100, ON_USER: 15, ON_MESSAGE: 15}
_MOST_CHARACTERS = 8000


def check_commands(commands: object) -> list[Json]:
    """The commands of a bulk registration. Raises 50035, or 30032 where there are too many."""
    problems = Problems()
    listed = [each for each in problems.items("commands", commands, most=130) if isinstance(each, dict)]
    problems.raise_any()
    seen: set[tuple[object, object]] = set()
    for index, command in enumerate(listed):
        check_command(problems, f"{index}.", command)
        key = (command.get("type", CHAT), command.get("name"))
        if key in seen:
            problems.add(
                f"{index}.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
            )
        seen.add(key)
    problems.raise_any()
    for kind, most in MOST_COMMANDS.items():
        if sum(command.get("type", CHAT) == kind for command in listed) > most:
            raise ApiError(400, 30032, f"Maximum number of application commands reached ({most})")
    return listed


def check_command(problems: Problems, path: str, command: Json) -> None:
    """Note what is wrong with one command; `path` is "" or ends with a dot."""
    kind = command.get("type", CHAT)
    problems.one_of(f"{path}type", kind, (CHAT, ON_USER, ON_MESSAGE))
    if kind != CHAT:
        problems.text(f"{path}name", command.get("name"), least=1, most=32, required=True)
        for field in ("description", "options"):
            if command.get(field):
                text = f"Context menu commands cannot have {field}"
                problems.add(f"{path}{field}", "APPLICATION_COMMAND_CONTEXT_MENU_FIELD", text)
        return
    _check_name(problems, f"{path}name", command.get("name"))
    problems.text(f"{path}description", command.get("description"), least=1, most=100, required=True)
    _check_options(problems, f"{path}options", command.get("options"), depth=0)
    if _characters(command) > _MOST_CHARACTERS:
        text = f"Command exceeds maximum size ({_MOST_CHARACTERS})"
        problems.add(f"{path}name", "APPLICATION_COMMAND_TOO_LARGE", text)
    permissions = command.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdigit():
        problems.add(f"{path}default_member_permissions", "BITFIELD_TYPE_CONVERT", "Not a permission bit field.")


def _check_name(problems: Problems, path: str, value: object) -> None:
    name = problems.text(path, value, least=1, most=32, required=True)
    if name and (name != name.lower() or not all(each.isalnum() or each in "-_'" for each in name)):
        problems.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_options(problems: Problems, path: str, value: object, *, depth: int) -> None:
    options = problems.items(path, value, most=25)
    nested = [option.get("type") in (SUB_COMMAND, SUB_GROUP) for option in options]
    if any(nested) and not all(nested):
        problems.add(
            path,
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other types",
        )
    optional_before = False
    for index, option in enumerate(options):
        at = f"{path}.{index}"
        kind = option.get("type")
        problems.one_of(f"{at}.type", kind, range(SUB_COMMAND, ATTACHMENT + 1))
        _check_name(problems, f"{at}.name", option.get("name"))
        problems.text(f"{at}.description", option.get("description"), least=1, most=100, required=True)
        if option.get("name") in [each.get("name") for each in options[:index]]:
            problems.add(
                f"{at}.name", "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED", "The specified option name is already used"
            )
        if kind in (SUB_COMMAND, SUB_GROUP):
            _check_nested(problems, at, option, depth=depth)
            continue
        if option.get("required") and optional_before:
            problems.add(
                f"{at}",
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional_before = optional_before or not option.get("required")
        _check_choices(problems, at, option)


def _check_nested(problems: Problems, path: str, option: Json, *, depth: int) -> None:
    if depth > (1 if option["type"] == SUB_COMMAND else 0):
        problems.add(
            f"{path}.type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-commands nest two levels deep at most"
        )
    if option["type"] == SUB_GROUP and not option.get("options"):
        problems.add(f"{path}.options", "BASE_TYPE_REQUIRED", "This field is required")
    _check_options(problems, f"{path}.options", option.get("options"), depth=depth + 1)


def _check_choices(problems: Problems, path: str, option: Json) -> None:
    choices: Sequence[Any] = problems.items(f"{path}.choices", option.get("choices"), most=25)
    if choices and option.get("autocomplete"):
        problems.add(
            f"{path}.autocomplete",
            "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES",
            "Autocomplete and choices are mutually exclusive",
        )
    for index, choice in enumerate(choices):
        problems.text(f"{path}.choices.{index}.name", choice.get("name"), least=1, most=100, required=True)
        if option.get("type") == STRING:
            problems.text(f"{path}.choices.{index}.value", choice.get("value"), most=100, required=True)


def _characters(value: Json) -> int:
    own = len(str(value.get("name") or "")) + len(str(value.get("description") or ""))
    own += sum(len(str(choice.get("name"))) + len(str(choice.get("value"))) for choice in value.get("choices") or [])
    return own + sum(_characters(option) for option in value.get("options") or [])
