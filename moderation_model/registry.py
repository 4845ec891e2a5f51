"""Model folders: a manifest that lists every file with its SHA-256; a folder that does not match it is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moderation_model.errors import BadModelFolder

MANIFEST = "manifest.json"
FORMAT = 1
NEEDED = ("config.json", "model.safetensors", "tokenizer.json")
"""Files without which no folder of ours can be opened."""
KEYS = ("format", "version", "labels", "max_tokens", "overlap", "calibration", "thresholds", "files")

LANGUAGES = ("en",)
"""What a model of ours reads where its manifest names no `languages` (ISO 639-1 codes)."""


def default_folder() -> Path:
    """The folder of the model that ships with the package."""
    return Path(__file__).parent / "weights" / "default"


def file_digest(path: Path) -> str:
    """SHA-256 of the file's bytes, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Writes `manifest` with the digests of all files that stand in `folder` now; returns what was written."""
    files = {name: file_digest(folder / name) for name in _names(folder)}
    written = {**manifest, "format": FORMAT, "files": files}
    text = json.dumps(written, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, "utf-8")
    return written


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest as it stands, digests unchecked. BadModelFolder if it is missing, broken or of another format."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadModelFolder(f"{folder} is no model folder: it has no {MANIFEST}.") from None
    except (OSError, ValueError) as error:
        raise BadModelFolder(f"The manifest of {folder} cannot be read: {error}.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadModelFolder(
            f"The manifest of {folder} is not of format {FORMAT}; use a folder that this version wrote."
        )
    lacking = [key for key in KEYS if key not in manifest]
    if lacking:
        raise BadModelFolder(f"The manifest of {folder} lacks {', '.join(lacking)}; write the folder again.")
    return manifest


def open_folder(folder: Path) -> dict[str, Any]:
    """The manifest of `folder`, once every file matches it. BadModelFolder with a sentence that says what differs."""
    manifest = read_manifest(folder)
    differences = _differences(folder, manifest["files"])
    if differences:
        raise BadModelFolder(
            f"The model folder {folder} does not match its manifest: {'; '.join(differences)}."
            " Restore the folder from where it came, or train it again."
        )
    nonsense = _nonsense(manifest)
    if nonsense:
        raise BadModelFolder(f"The manifest of {folder} cannot be used: {nonsense}.")
    return manifest


def _nonsense(manifest: Mapping[str, Any]) -> str | None:
    """What the manifest's numbers cannot mean, None if all of them make sense."""
    if not 0 <= manifest["overlap"] < manifest["max_tokens"] - 2:
        return "overlap must be at least 0 and smaller than max_tokens without its two marks"
    for name, threshold in manifest["thresholds"].items():
        if not 0 <= threshold["value"] <= 1:
            return f"the threshold of {name} must lie between 0 and 1"
    return None


def _differences(folder: Path, listed: Mapping[str, str]) -> list[str]:
    """What differs, one phrase a kind: missing, extra and changed files."""
    present = set(_names(folder))
    missing = sorted((set(listed) | set(NEEDED)) - present)
    extra = sorted(present - set(listed))
    changed = sorted(name for name in present & set(listed) if file_digest(folder / name) != listed[name])
    kinds = (("missing", missing), ("extra", extra), ("changed", changed))
    return [f"{kind}: {', '.join(names)}" for kind, names in kinds if names]


def _names(folder: Path) -> list[str]:
    """Files of the folder besides the manifest, as paths relative to it; hidden ones of file managers are none."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return sorted(path.relative_to(folder).as_posix() for path in found if not path.name.startswith("."))
