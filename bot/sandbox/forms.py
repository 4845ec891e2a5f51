"""Checks of request bodies: what is wrong is collected into Discord's tree and raised as one 50035."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bot.sandbox.errors import bad_form, problem


class Problems:
    """Bad fields of one body, by path such as "embeds.0.title"."""

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {}

    def add(self, path: str, code: str, message: str) -> None:
        """Note one bad field."""
        here = self._tree
        for step in path.split("."):
            here = here.setdefault(step, {})
        here.setdefault("_errors", []).extend(problem(code, message)["_errors"])

    def raise_any(self) -> None:
        """Raise 50035 if anything was noted."""
        if self._tree:
            raise bad_form(self._tree)

    def text(self, path: str, value: object, *, most: int, least: int = 0, required: bool = False) -> str:
        """The text at `path`, whose length in characters is checked; "" where it is absent."""
        if value is None:
            if required:
                self.add(path, "BASE_TYPE_REQUIRED", "This field is required")
            return ""
        if not isinstance(value, str):
            self.add(path, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
            return ""
        if len(value) > most:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        elif len(value) < least:
            if value:
                self.add(path, "BASE_TYPE_MIN_LENGTH", f"Must be {least} or more in length.")
            else:
                self.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        return value

    def items(self, path: str, value: object, *, most: int, least: int = 0) -> list[Any]:
        """The list at `path`, whose length is checked; [] where it is absent or no list."""
        if value is None:
            value = []
        if not isinstance(value, list):
            self.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        if not least <= len(value) <= most:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
        return value

    def whole(self, path: str, value: object, *, least: int, most: int) -> int:
        """The whole number at `path`, whose size is checked; `least` where it is none."""
        if isinstance(value, bool) or not isinstance(value, int):
            self.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
            return least
        if not least <= value <= most:
            self.add(path, "NUMBER_TYPE_MAX", f"int value should be between {least} and {most}.")
        return value

    def one_of(self, path: str, value: object, choices: Sequence[object]) -> None:
        """Note a value that is none of `choices`."""
        if value not in choices:
            listed = ", ".join(str(choice) for choice in choices)
            self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")


def snowflake(path: str, value: object) -> int:
    """The id at `path`, written as a number or as digits. Raises 50035."""
    problems = Problems()
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,20}", value):
        return int(value)
    problems.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
    problems.raise_any()
    raise AssertionError("raise_any raises here")
