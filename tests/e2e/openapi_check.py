"""Checks the bodies that a bot sends against Discord's published OpenAPI description, where a copy of it is at hand."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

Json = dict[str, Any]

_ROOT = Path(__file__).parents[2]
_ID_SCHEMA = {"anyOf": [{"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}, {"type": "integer", "minimum": 0}]}


def openapi_path() -> Path:
    """Where the description would be: $CANDOR_SHARED, by default ../shared beside the checkout."""
    shared = os.environ.get("CANDOR_SHARED")
    return (Path(shared) if shared else _ROOT.parent / "shared") / "discord" / "openapi.json"


class OpenApiCheck:
    """Collects a sentence for each body that does not fit; `seen` counts the bodies that were compared."""

    def __init__(self, document: Json) -> None:
        self.problems: list[str] = []
        self.seen = 0
        self.unchecked: set[str] = set()
        self._document = _corrected(document)
        self._validator = cache(self._compiled)

    def __call__(self, method: str, template: str, body: Any) -> None:
        """Compare one body, as `Sandbox.on_rest_body` passes it."""
        validator = self._validator(method.lower(), template)
        if validator is None:
            self.unchecked.add(f"{method} {template}")
            return
        self.seen += 1
        for error in validator.iter_errors(body):
            where = "/".join(str(step) for step in error.instance_path)
            self.problems.append(f"{method} {template} at /{where}: {error.message[:300]}")

    def _compiled(self, method: str, template: str) -> jsonschema_rs.Draft202012Validator | None:
        path = self._document["paths"].get(template)
        if path is None or method not in path:
            return None
        content = path[method].get("requestBody", {}).get("content", {})
        kind = next((each for each in ("application/json", "multipart/form-data") if each in content), None)
        if kind is None:
            return None
        schema = {**content[kind]["schema"], "components": self._document["components"]}
        return jsonschema_rs.Draft202012Validator(schema)


def load() -> OpenApiCheck | None:
    """A fresh check, or None where there is no copy of the description."""
    path = openapi_path()
    return OpenApiCheck(_document(path)) if path.is_file() else None


@cache
def _document(path: Path) -> Json:
    return json.loads(path.read_text(encoding="utf-8"))


def _corrected(document: Json) -> Json:
    """The description without what it says too narrowly: ids are taken as integers, forwards are references too, and
    media channels (type 16, documented by Discord) are channels."""
    schemas = document["components"]["schemas"]
    corrected = {
        **schemas,
        "SnowflakeType": _ID_SCHEMA,
        "MessageReferenceType": {"enum": [0, 1]},
        "ChannelTypes": {"anyOf": [schemas["ChannelTypes"], {"const": 16}]},
    }
    return {**document, "components": {**document["components"], "schemas": corrected}}
