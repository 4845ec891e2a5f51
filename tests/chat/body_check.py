"""What the bot sent, compared with Discord's published description."""

from __future__ import annotations

import json
import re

import simcord

from tests.e2e.openapi_check import OpenApiCheck, openapi_path


class BodyCheck:
    """Compares what the bot sent with Discord's published description. `templates`: its paths as patterns."""

    def __init__(self, check: OpenApiCheck) -> None:
        self._check = check
        paths = json.loads(openapi_path().read_text("utf-8"))["paths"]
        self._templates = [(re.compile(re.sub(r"{[^}]+}", "[^/]+", path)), path) for path in paths]

    def problems(self, env: simcord.Env) -> list[str]:
        """A sentence for each body that Discord would not understand."""
        self._check.problems.clear()
        for entry in env.http_requests:
            if entry.json is not None:
                self._check(entry.method, self._template(entry.path), entry.json)
        return list(self._check.problems)

    def _template(self, path: str) -> str:
        found = [template for pattern, template in self._templates if pattern.fullmatch(path)]
        return min(found, key=lambda template: template.count("{"), default=path)
