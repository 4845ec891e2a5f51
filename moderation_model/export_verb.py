"""The verb `export` of `candor-model`: the model in a form that other servers take."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from moderation_model import atomic, registry
from moderation_model.errors import BadRequest, ModelError
from moderation_model.normalise import NORMALISER_VERSION

FACTS = "candor.json"


class Format(StrEnum):
    """What can be written."""

    ONNX = "onnx"


def register(app: typer.Typer) -> None:
    """Adds `export` to `app`."""
    app.command()(export)


def export(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write; it must not exist yet.")],
    model: Annotated[str | None, typer.Option("--model", help="Model folder. Default: the weights in the box.")] = None,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.ONNX,
) -> None:
    """Write the model for another server: graph, tokenizer, labels with limits, and how to score with them.

    Exit code 1 and one sentence where it cannot be done; then nothing is left behind.
    """
    try:
        write(Path(model) if model else registry.default_folder(), out)
    except ModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{out}: the model as {form.value}, and a README that says how to score with it.")


def write(folder: Path, out: Path) -> None:
    """The model of `folder` under `out`, whole or not at all.

    Raises BadModelFolder where `folder` is none of ours, BadRequest where `out` is there, cannot be written or a
    package is missing.
    """
    if out.exists():
        raise BadRequest(f"{out} is there already. Choose another folder, or remove it first.")
    manifest = registry.open_folder(folder)
    atomic.check_writable(out.absolute().parent)
    part = out.absolute().with_name(f"{atomic.PART}{out.name}")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        _write_graph(folder, manifest, part / "model.onnx")
        shutil.copyfile(folder / "tokenizer.json", part / "tokenizer.json")
        facts = json.dumps(_facts(manifest), indent=2, ensure_ascii=False) + "\n"
        (part / FACTS).write_text(facts, "utf-8")
        (part / "README.md").write_text(_readme(manifest), "utf-8")
        atomic.move_folder(part, out.absolute())
    except OSError as error:
        raise BadRequest(f"{out} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_graph(folder: Path, manifest: Mapping[str, Any], target: Path) -> None:
    try:
        from moderation_model.backends.onnx_export import write_graph

        write_graph(folder, manifest, target)
    except ImportError as error:
        raise BadRequest(f"Writing ONNX needs {error.name}: pip install 'candor[model,export]'.") from error


def _facts(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": manifest["version"],
        "labels": list(manifest["labels"]),
        "limits": {name: manifest["thresholds"][name]["value"] for name in manifest["labels"]},
        "max_tokens": manifest["max_tokens"],
        "languages": list(manifest.get("languages", registry.LANGUAGES)),
        "normaliser_version": manifest.get("normaliser_version", NORMALISER_VERSION),
    }


def _readme(manifest: Mapping[str, Any]) -> str:
    return f"""# {manifest["version"]} as ONNX

| file | what |
|---|---|
| `model.onnx` | float32; `input_ids` and `attention_mask`, int64 (texts, tokens) -> `scores`, `stars` |
| `tokenizer.json` | for the package `tokenizers`; it adds `[CLS]` and `[SEP]`, and pads nothing by itself |
| `{FACTS}` | the labels in the order of the columns, the limit from which each is flagged, the longest input |

`scores` (texts, labels) are calibrated and independent: compare each with its own limit. `stars` (texts, 5) sum to 1.

```python
import json
import numpy as np, onnxruntime
from tokenizers import Tokenizer

facts = json.load(open("{FACTS}"))
tokenizer = Tokenizer.from_file("tokenizer.json")
tokenizer.enable_truncation(facts["max_tokens"])
tokenizer.enable_padding()
session = onnxruntime.InferenceSession("model.onnx")

rows = tokenizer.encode_batch(["have a nice day"])
scores, stars = session.run(None, {{
    "input_ids": np.array([row.ids for row in rows], dtype=np.int64),
    "attention_mask": np.array([row.attention_mask for row in rows], dtype=np.int64),
}})
flagged = [name for name, score in zip(facts["labels"], scores[0]) if score >= facts["limits"][name]]
```

Candor scores each text twice, as written and with disguises undone, and takes the higher score of each label; text
longer than `max_tokens` is scored in overlapping windows. `moderation_model.normalise.readings` gives these forms (it
needs no torch); the graph alone sees only what it is given, so hidden words get past it more often.
"""
