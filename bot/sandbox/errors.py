"""`ApiError`: how Discord refuses, as status, code and sentence."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refusal. `message` is the sentence, `code` Discord's JSON error code, `errors` its tree of bad fields."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> dict[str, Any]:
        """The JSON that the client gets."""
        tree = {} if self.errors is None else {"errors": self.errors}
        return {"message": self.message, "code": self.code, **tree}


def unknown(thing: str) -> ApiError:
    """404 for what does not exist; `thing` is one of the names in UNKNOWN_CODES."""
    return ApiError(404, UNKNOWN_CODES[thing], f"Unknown {thing}")


def missing_access() -> ApiError:
    """403 where the channel cannot be seen."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """403 where a permission or the role hierarchy does not allow it."""
    return ApiError(403, 50013, "Missing Permissions")


def bad_form(errors: dict[str, Any]) -> ApiError:
    """400 for a body with bad fields; `errors` is Discord's tree, whose leaves `problem` makes."""
    return ApiError(400, 50035, "Invalid Form Body", errors)


def problem(code: str, message: str) -> dict[str, Any]:
    """One leaf of the tree of bad fields."""
    return {"_errors": [{"code": code, "message": message}]}


UNKNOWN_CODES = {
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Webhook": 10015,
    "Ban": 10026,
    "interaction": 10062,
    "application command": 10063,
}
