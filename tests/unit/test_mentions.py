"""What the tests of the chat side ask of every request that posts: it notifies nobody but the server's own role."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mentions import problem

CHANNEL, ANSWER = "/channels/1/messages", "/interactions/1/t/callback"
NOBODY: dict[str, Any] = {"parse": []}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CHANNEL, {"content": "hello", "allowed_mentions": NOBODY}),
        ("POST", CHANNEL, {"content": "<@&5> look", "allowed_mentions": {"parse": [], "roles": [5]}}),
        ("PATCH", f"{CHANNEL}/2", {"components": [{}], "allowed_mentions": NOBODY}),
        ("POST", ANSWER, {"type": 4, "data": {"content": "x", "allowed_mentions": NOBODY}}),
        ("POST", ANSWER, {"type": 5, "data": {"flags": 64}}),
        ("POST", "/webhooks/1/t", {"content": "<@&5> is left alone", "allowed_mentions": NOBODY}),
        ("GET", CHANNEL, {}),
        ("DELETE", f"{CHANNEL}/2", {}),
    ],
)
def test_a_request_that_notifies_nobody_is_fine(method: str, path: str, body: dict[str, Any]) -> None:
    assert problem(method, path, body) is None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHANNEL, {"content": "hello"}),
        (CHANNEL, {"content": "hello", "allowed_mentions": {"parse": ["users"]}}),
        (CHANNEL, {"content": "hello", "allowed_mentions": {"parse": [], "users": [5]}}),
        (CHANNEL, {"content": "hello", "allowed_mentions": {"parse": [], "replied_user": True}}),
        (CHANNEL, {"content": "hello", "allowed_mentions": {"parse": [], "roles": [5]}}),
        (CHANNEL, {"content": "<@&6> look", "allowed_mentions": {"parse": [], "roles": [5]}}),
        (ANSWER, {"type": 4, "data": {"content": "x"}}),
        ("/webhooks/1/t", {"components": [{}]}),
    ],
)
def test_one_that_may_notify_somebody_is_named(path: str, body: dict[str, Any]) -> None:
    said = problem("POST", path, body)
    assert said is not None
    assert path in said
