"""A model server that answers by a script, for tests of the client."""

from __future__ import annotations

import json
from typing import Any

import httpx

from moderation_model.client import ModelClient
from moderation_model.contract import Explanation, Prediction, Sentiment

PREDICTION = Prediction(
    scores={"toxic": 0.9},
    flagged=("toxic",),
    sentiment=Sentiment((0.6, 0.1, 0.1, 0.1, 0.1)),
    reading="as_written",
    model_version="v1",
    thresholds={"toxic": 0.5},
)
EXPLANATION = Explanation("toxic", ("you", "clown"), (0.5, 2.0), -1.0, 0.8, "as_written", "v1", 4, 1.5)

Answer = httpx.Response | Exception


class Script(httpx.AsyncBaseTransport):
    """Gives the answers in order, the last one again and again; keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def sent(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests]


def client(transport: httpx.AsyncBaseTransport, **options: Any) -> ModelClient:
    return ModelClient("http://127.0.0.1:1", transport=transport, **options)


def answer(status: int, body: object = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def predictions(count: int = 1) -> httpx.Response:
    return answer(200, {"predictions": [PREDICTION.to_dict()] * count})
