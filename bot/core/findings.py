"""What `doctor` found: one sentence each, with the fix where something is wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. `fix` is None where `ok`."""

    about: str
    ok: bool
    sentence: str
    fix: str | None = None
