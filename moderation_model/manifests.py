"""What the manifest of a version says: whether its folder may be opened, and whether the gate lets it decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from moderation_model import atomic, registry
from moderation_model.errors import BadModelFolder, BadRequest
from moderation_model.learning import VersionInfo

SUFFIXES = (".safetensors", ".json", ".md", ".txt")
"""What a model folder may hold: weights as safetensors, never a pickle."""


def opened(folder: Path) -> dict[str, Any]:
    """The manifest once all files match it and none may hold code. Raises BadModelFolder."""
    manifest = registry.open_folder(folder)
    strange = [name for name in manifest["files"] if not name.endswith(SUFFIXES)]
    if strange:
        raise BadModelFolder(
            f"{folder} holds {', '.join(strange)[:200]}: only safetensors are opened as weights. Convert it first."
        )
    return manifest


def passed(manifest: dict[str, Any]) -> bool:
    """Whether the gate let it pass."""
    return bool(manifest.get("gate", {}).get("promote", False))


def sound(manifest: dict[str, Any] | None) -> bool:
    """Whether nobody took the version out of service; the model in the box carries no such note."""
    return "unhealthy" not in (manifest or {})


def mark(folder: Path, why: str | None) -> None:
    """Notes in the version that lies in `folder` why it must not decide; None takes the note away. Raises OSError."""
    manifest = registry.read_manifest(folder)
    if manifest.get("unhealthy") != why:
        kept = {key: value for key, value in manifest.items() if key != "unhealthy"}
        atomic.write_json(folder / registry.MANIFEST, kept if why is None else {**kept, "unhealthy": why})


def check_gate(version: str, manifest: dict[str, Any], *, decides: str) -> None:
    """Raises BadRequest with the sentence that says why `version` may not decide unless somebody forces it.

    The gate compared it with one champion; of any other that `decides` now it says nothing.
    """
    if "unhealthy" in manifest:
        raise BadRequest(f"{version} was taken out of service. {manifest['unhealthy']} Train again, or force it.")
    if not passed(manifest):
        why = " ".join(row["reason"] for row in manifest.get("gate", {}).get("rows", ()) if not row["met"])
        raise BadRequest(f"{version} did not pass the gate. {why or 'It was never judged.'}")
    if manifest.get("parent") != decides:
        raise BadRequest(
            f"{version} was compared with {manifest.get('parent')}, and {decides} decides now: nobody knows which is"
            " better. Train again, or force it."
        )


def info(version: str, manifest: dict[str, Any], role: Any) -> VersionInfo:
    """The version as it is listed."""
    return VersionInfo(
        version=version,
        role=role,
        made=str(manifest.get("trained", {}).get("date") or manifest.get("adopted", ""))[:10],
        parent=manifest.get("parent"),
        promote=passed(manifest) if "gate" in manifest else None,
        stale=tuple(manifest.get("stale", ())),
        unhealthy=manifest.get("unhealthy"),
    )
