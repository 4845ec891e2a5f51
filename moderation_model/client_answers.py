"""Answers of the model server, from responses to values or to the errors that they stand for."""

from __future__ import annotations

import math
from typing import Any

import httpx

from moderation_model.errors import (
    BadRequest,
    ExplainerUnavailable,
    ModelError,
    ModelFailed,
    ModelOverloaded,
    ModelUnavailable,
    Unauthorised,
)

EXPLAIN = "/v1/explain"
PNG = b"\x89PNG\r\n\x1a\n"
"""How every PNG begins."""


def refusal(response: httpx.Response, path: str) -> ModelError:
    """The error that an answer other than 200 stands for."""
    status, sentence = response.status_code, _sentence(response)
    retry_after = _seconds(response.headers.get("Retry-After"))
    if status in {401, 403}:
        return Unauthorised(sentence or "The model server refuses the token. Set CANDOR_MODEL_TOKEN to the server's.")
    if status == 429 or (status == 503 and retry_after is not None):
        return ModelOverloaded(
            sentence or "The model is busy.", retry_after=1.0 if retry_after is None else retry_after
        )
    # Without a sentence of ours it is another's answer, which says nothing about what was asked.
    if 400 <= status < 500 and sentence:
        return BadRequest(sentence)
    if status == 500 and sentence:
        return ModelFailed(sentence)
    if status == 503 and path == EXPLAIN:
        return ExplainerUnavailable(sentence or "Explanations are not available at the moment.")
    return ModelUnavailable(sentence or f"The model server gave no answer (HTTP {status}).")


def _sentence(response: httpx.Response) -> str | None:
    """The server's sentence; None where the answer holds none (a proxy's page, for example)."""
    try:
        sentence = response.json()["error"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return sentence if isinstance(sentence, str) and sentence else None


def _seconds(header: str | None) -> float | None:
    """Seconds of a Retry-After header; None without one, 1 for a form that is no number (a date)."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        return 1.0
    return max(0.0, seconds) if math.isfinite(seconds) else 1.0


def read_png(data: bytes) -> bytes:
    """The picture. Raises ValueError for anything else."""
    if not data.startswith(PNG):
        raise ValueError("not a PNG")
    return data


def read_page(data: bytes) -> bytes:
    """The page. Raises ValueError for anything else."""
    if b"<html" not in data[:2000]:
        raise ValueError("not a page")
    return data


def read_object(data: Any) -> dict[str, Any]:
    """The object. Raises TypeError for anything else."""
    if not isinstance(data, dict):
        raise TypeError("not an object")
    return data
