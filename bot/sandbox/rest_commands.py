"""REST: application commands, global and by guild."""

from __future__ import annotations

from bot.sandbox import commands
from bot.sandbox.errors import missing_access
from bot.sandbox.rest import Call, Route
from bot.sandbox.world import Json


def _scope(call: Call) -> int | None:
    if call.id("application_id") != call.world.application.id:
        raise missing_access()
    return call.world.guild(call.id("guild_id")).id if "guild_id" in call.ids else None


def listed(call: Call) -> list[Json]:
    """The commands of the scope."""
    return commands.registered(call.world, _scope(call))


def replace_all(call: Call) -> list[Json]:
    """Bulk overwrite."""
    return commands.replace_all(call.world, _scope(call), call.body)


def create(call: Call) -> Json:
    """Add one."""
    return commands.put_one(call.world, _scope(call), call.form())


def get(call: Call) -> Json:
    """One."""
    return commands.one(call.world, _scope(call), call.id("command_id"))


def change(call: Call) -> Json:
    """Change one."""
    return commands.put_one(call.world, _scope(call), call.form(), command_id=call.id("command_id"))


def delete(call: Call) -> None:
    """Take one away."""
    commands.delete(call.world, _scope(call), call.id("command_id"))


ROUTES: tuple[Route, ...] = tuple(
    (method, prefix + path, handler)
    for prefix in ("/applications/{application_id}", "/applications/{application_id}/guilds/{guild_id}")
    for method, path, handler in (
        ("GET", "/commands", listed),
        ("PUT", "/commands", replace_all),
        ("POST", "/commands", create),
        ("GET", "/commands/{command_id}", get),
        ("PATCH", "/commands/{command_id}", change),
        ("DELETE", "/commands/{command_id}", delete),
    )
)
