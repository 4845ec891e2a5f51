"""Texts of many callers in one request: who gets what, who is told of an error, and who is left out."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from moderation_model.coalescing import MOST_CHARACTERS, MOST_REQUESTS, MOST_TEXTS, CoalescingClient
from moderation_model.contract import Prediction, Sentiment
from moderation_model.errors import BadRequest, ModelFailed, ModelOverloaded, ModelUnavailable

REFUSED, POISON = "refused", "poison"


def said(text: str) -> Prediction:
    """What the server below says of a text: its name stands in the reading, so that a mix-up shows."""
    return Prediction({"toxic": 0.1}, (), Sentiment((0.2, 0.2, 0.2, 0.2, 0.2)), text, "v1", {"toxic": 0.5})


class Server(httpx.AsyncBaseTransport):
    """Answers while `open`; refuses requests that hold `REFUSED`, fails on `POISON`, and answers all with `broken`."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.open = asyncio.Event()
        self.broken: httpx.Response | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.sent.append(body)
        await self.open.wait()
        if self.broken is not None:
            return self.broken
        if POISON in body["texts"]:
            return httpx.Response(500, json={"error": "Broke."})
        if REFUSED in body["texts"]:
            return httpx.Response(422, json={"error": "Too long."})
        return httpx.Response(200, json={"predictions": [said(text).to_dict() for text in body["texts"]]})

    @property
    def texts(self) -> list[list[str]]:
        return [body["texts"] for body in self.sent]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def client(server: Server) -> CoalescingClient:
    return CoalescingClient("http://127.0.0.1:1", transport=server)


async def turns() -> None:
    """Let everybody go as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def asked(client: CoalescingClient, texts: Sequence[str], **options: Any) -> list[asyncio.Task[list[Prediction]]]:
    """One caller a text, each of which has begun to wait."""
    tasks = [asyncio.create_task(client.classify([text], **options)) for text in texts]
    await turns()
    return tasks


async def busy(client: CoalescingClient) -> list[asyncio.Task[list[Prediction]]]:
    """As many requests as may be under way, one text in each."""
    return [task for number in range(MOST_REQUESTS) for task in await asked(client, [f"first {number}"])]


async def test_a_text_alone_is_sent_at_once_with_its_guild(server: Server, client: CoalescingClient) -> None:
    server.open.set()
    assert await client.classify(["a", "b"], guild_id=7, priority="edit") == [said("a"), said("b")]
    assert server.sent == [{"texts": ["a", "b"], "guild_id": 7, "priority": "edit"}]


async def test_what_comes_while_requests_are_under_way_goes_together(server: Server, client: CoalescingClient) -> None:
    first = await busy(client)
    later = [asyncio.create_task(client.classify([f"{number}", f"{number}!"])) for number in range(10)]
    await turns()
    assert len(server.sent) == MOST_REQUESTS
    server.open.set()
    found = await asyncio.gather(*first, *later)
    assert [[each.reading for each in one] for one in found[MOST_REQUESTS:]] == [[f"{n}", f"{n}!"] for n in range(10)]
    assert len(server.sent) == MOST_REQUESTS + 1


async def test_one_request_holds_no_more_than_it_may(server: Server, client: CoalescingClient) -> None:
    first = await busy(client)
    many = await asked(client, [f"{number}" for number in range(MOST_TEXTS + 1)])
    long = await asked(client, ["a" * MOST_CHARACTERS, "b" * MOST_CHARACTERS], priority="edit")
    server.open.set()
    await asyncio.gather(*first, *many, *long)
    assert max(map(len, server.texts)) == MOST_TEXTS
    assert sum(len(texts) for texts in server.texts) == MOST_REQUESTS + MOST_TEXTS + 1 + 2
    assert max(sum(map(len, texts)) for texts in server.texts) == MOST_CHARACTERS


async def test_the_guild_is_named_where_all_texts_are_of_it(server: Server, client: CoalescingClient) -> None:
    first = await busy(client)
    same = await asked(client, ["a", "b"], guild_id=7, priority="edit")
    mixed = [asyncio.create_task(client.classify(["c"], guild_id=guild)) for guild in (7, 8)]
    await turns()
    server.open.set()
    await asyncio.gather(*first, *same, *mixed)
    guilds = {text: body["guild_id"] for body in server.sent for text in body["texts"]}
    assert (guilds["a"], guilds["b"], guilds["c"]) == (7, 7, None)


async def test_priorities_are_not_mixed_and_do_not_wait_for_each_other(
    server: Server, client: CoalescingClient
) -> None:
    first = await busy(client)
    other = await asked(client, ["later"], priority="backfill")
    assert server.sent[-1] == {"texts": ["later"], "guild_id": None, "priority": "backfill"}
    server.open.set()
    await asyncio.gather(*first, *other)


async def test_another_version_is_asked_for_by_itself(server: Server, client: CoalescingClient) -> None:
    first = await busy(client)
    other = asyncio.create_task(client.classify(["a"], version="v2"))
    await turns()
    assert server.sent[-1]["version"] == "v2"
    server.open.set()
    await asyncio.gather(*first, other)


async def test_a_refused_text_fails_alone(server: Server, client: CoalescingClient) -> None:
    first = await busy(client)
    texts = [REFUSED if number in (3, 8) else f"{number}" for number in range(11)]
    callers = await asked(client, texts)
    server.open.set()
    await asyncio.gather(*first)
    found = await asyncio.gather(*callers, return_exceptions=True)
    for text, answer in zip(texts, found, strict=True):
        if text == REFUSED:
            assert isinstance(answer, BadRequest)
            assert str(answer) == "Too long."
        else:
            assert answer == [said(text)]


async def test_texts_that_the_model_fails_on_fail_alone_and_cost_few_requests(
    server: Server, client: CoalescingClient
) -> None:
    first = await busy(client)
    texts = [POISON if number == 41 else f"{number}" for number in range(MOST_TEXTS)]
    callers = await asked(client, texts)
    server.open.set()
    await asyncio.gather(*first)
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert [number for number, answer in enumerate(found) if isinstance(answer, ModelFailed)] == [41]
    assert [answer for answer in found if isinstance(answer, list)] == [
        [said(text)] for text in texts if text != POISON
    ]
    assert len(server.sent) - MOST_REQUESTS <= 1 + 2 * math.log2(MOST_TEXTS)
    assert await client.classify(["d"]) == [said("d")]


@pytest.mark.parametrize("answer", [httpx.Response(502), httpx.Response(503, headers={"Retry-After": "60"})])
async def test_a_request_that_meets_no_model_is_not_taken_apart(
    server: Server, client: CoalescingClient, answer: httpx.Response
) -> None:
    first = await busy(client)
    callers = await asked(client, ["a", "b", "c"])
    server.broken = answer
    server.open.set()
    found = await asyncio.gather(*first, *callers, return_exceptions=True)
    assert {type(error) for error in found} <= {ModelOverloaded, ModelUnavailable}
    assert len(server.sent) == MOST_REQUESTS + 1


async def test_who_gave_up_is_not_looked_for_among_the_texts_that_fail(
    server: Server, client: CoalescingClient
) -> None:
    first = await busy(client)
    callers = await asked(client, [POISON] * 8)
    for _ in range(2):  # the first requests, then the one of all callers
        server.open.set()
        server.open.clear()
        await turns()
    assert server.texts[MOST_REQUESTS:] == [[POISON] * 8, [POISON] * 4]
    for caller in callers[:-1]:
        caller.cancel()
    server.open.set()
    found = await asyncio.gather(*first, *callers, return_exceptions=True)
    assert isinstance(found[-1], ModelFailed)
    assert server.texts[MOST_REQUESTS + 2 :] == [[POISON]]


async def test_a_caller_who_gave_up_takes_the_text_along_and_no_other(server: Server, client: CoalescingClient) -> None:
    first = await busy(client)
    callers = await asked(client, ["a", "b", "c"])
    callers[1].cancel()
    first[0].cancel()
    await turns()
    server.open.set()
    found = await asyncio.gather(*first[1:], callers[0], callers[2])
    assert found[-2:] == [[said("a")], [said("c")]]
    assert "b" not in [text for texts in server.texts for text in texts]


async def test_the_wait_for_a_request_counts_to_the_deadline(server: Server) -> None:
    client = CoalescingClient("http://127.0.0.1:1", transport=server, timeout=0.05)
    callers = await asked(client, [f"{number}" for number in range(MOST_REQUESTS + 1)])
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(error) for error in found] == [ModelUnavailable] * (MOST_REQUESTS + 1)
    assert "within 0.05 s" in str(found[-1])


async def test_who_asks_in_the_moment_in_which_all_requests_end_is_served(
    server: Server, client: CoalescingClient
) -> None:
    server.open.set()

    async def ask(moment: int) -> list[Prediction]:
        for _ in range(moment):
            await asyncio.sleep(0)
        return await client.classify([f"{moment}"])

    for moment in range(10):
        together = [*(ask(0) for _ in range(MOST_REQUESTS)), ask(moment)]
        asking = [asyncio.create_task(each) for each in together]
        await turns()
        assert [task for task in asking if not task.done()] == []


async def test_the_places_of_callers_who_gave_up_are_given_to_others(server: Server, client: CoalescingClient) -> None:
    first = await busy(client)
    gone = await asked(client, [f"gone {number}" for number in range(MOST_TEXTS)])
    callers = await asked(client, [f"{number}" for number in range(MOST_TEXTS)])
    for caller in gone[1:]:
        caller.cancel()
    await turns()
    server.open.set()
    await asyncio.gather(*first, gone[0], *callers)
    assert [len(texts) for texts in server.texts[MOST_REQUESTS:]] == [MOST_TEXTS, 1]


async def test_who_waits_when_the_client_is_closed_is_told(server: Server, client: CoalescingClient) -> None:
    callers = [*await busy(client), *await asked(client, ["a", "b"])]
    await client.aclose()
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(error) for error in found] == [ModelUnavailable] * len(callers)
    assert all("was closed" in str(error) for error in found)
    with pytest.raises(ModelUnavailable):
        await client.classify(["c"])
