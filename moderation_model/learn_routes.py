"""The routes of learning: runs and versions. They exist where the server has a folder for models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from moderation_model import intake
from moderation_model.backends import Classifier
from moderation_model.cleaning import clean
from moderation_model.runs import COMMAND, RunKeeper
from moderation_model.service import Service
from moderation_model.versions import Load, Store, Versions

Work = Callable[[Request], Awaitable[Response]]
Answer = Callable[[Request, Work], Awaitable[Response]]
Body = Callable[[Request], Awaitable[bytes]]
MOST_IDS = 100_000
MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class Learning:
    """What a server needs to learn: registry, how a model is loaded, folder of runs, and what a run executes."""

    store: Store
    load: Load
    runs: Path
    run_command: tuple[str, ...] = COMMAND


class LearnRoutes:
    """The handlers. `answer` checks the token and turns errors into responses; `body` reads a bounded body."""

    def __init__(self, learning: Learning | None, answer: Answer, body: Body) -> None:
        self._learning = learning
        self._answer = answer
        self._body = body
        self._runs: RunKeeper | None = None
        self._versions: Versions | None = None

    @asynccontextmanager
    async def open(self, service: Service) -> AsyncIterator[None]:
        """Versions and runs exist as long as this context; what the last server left is resumed. While it lasts, the
        version before stands in for one that gives no numbers.
        """
        if self._learning is None:
            yield
            return
        learning = self._learning
        versions = Versions(learning.store, service.queue, learning.load)
        keeper = RunKeeper(
            learning.runs,
            champion=versions.champion_folder,
            adopt=versions.adopt,
            mark_stale=versions.mark_stale,
            command=learning.run_command,
        )
        async with AsyncExitStack() as stack:
            self._versions, self._runs = versions, await stack.enter_async_context(keeper)
            service.stand_in = versions.stand_in
            following = asyncio.create_task(versions.follow(), name="champion")
            stack.callback(following.cancel)
            stack.callback(versions.close)
            yield
            self._versions = self._runs = service.stand_in = None

    def classifier(self, version: str | None) -> Classifier | None:
        """The loaded model of that version, None for whatever serves. Raises BadRequest for one that is not loaded."""
        return self._models.classifier(version) if version is not None else None

    @property
    def unhealthy(self) -> dict[str, str]:
        """The versions that were taken out of service since the start, and why."""
        return self._versions.unhealthy if self._versions is not None else {}

    @property
    def shadow_version(self) -> str | None:
        """The version that shadows, None without one."""
        return self._versions.shadow_version if self._versions is not None else None

    def add_to(self, app: FastAPI) -> None:
        """The routes of section "learning" of the interface."""
        for path, method, work in (
            ("/v1/runs", "POST", self._start),
            ("/v1/runs", "GET", self._list_runs),
            ("/v1/runs/{run_id}", "GET", self._state),
            ("/v1/runs/{run_id}", "DELETE", self._cancel),
            ("/v1/runs/{run_id}/page", "GET", self._page),
            ("/v1/runs/{run_id}/page", "POST", self._page),
            ("/v1/models", "GET", self._list_models),
            ("/v1/models/{version}/shadow", "POST", self._shadow),
            ("/v1/models/{version}/promote", "POST", self._promote),
            ("/v1/rollback", "POST", self._rollback),
            ("/v1/stale", "POST", self._stale),
        ):
            app.add_api_route(path, self._route(work), methods=[method])

    def _route(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        async def route(request: Request) -> Response:
            return await self._answer(request, work)

        return route

    async def _start(self, request: Request) -> Response:
        """POST lines of JSON (`run_order.py`) -> the run's state."""
        state = await self._keeper.start(request.stream())
        return JSONResponse(state.to_dict())

    async def _list_runs(self, _: Request) -> Response:
        return JSONResponse({"runs": [state.to_dict() for state in self._keeper.states()]})

    async def _state(self, request: Request) -> Response:
        return JSONResponse(self._keeper.state(request.path_params["run_id"]).to_dict())

    async def _cancel(self, request: Request) -> Response:
        return JSONResponse((await self._keeper.cancel(request.path_params["run_id"])).to_dict())

    async def _page(self, request: Request) -> Response:
        """GET, or POST {"about": [[what, value], ...], "guild": id} -> the run as one HTML page, with rows that the
        caller knows, and of one server's limits alone where it is named.
        """
        state = self._keeper.state(request.path_params["run_id"])
        if state.result is None:
            raise intake.Refused(f"Run {state.run_id} has no result to show.", status=404)
        # Imported here: most servers draw seldom, and matplotlib costs a second and some 40 MB.
        from moderation_model.reports.learning_page import learning_page

        about, guild = await self._about(request) if request.method == "POST" else ([], None)
        result = state.result if guild is None else state.result.on(guild)
        page = await asyncio.to_thread(learning_page, result, about)
        return Response(page, media_type="text/html; charset=utf-8")

    async def _list_models(self, _: Request) -> Response:
        found = await self._models.listed()
        return JSONResponse({"models": [asdict(each) for each in found], "shadow": self._models.shadow_version})

    async def _shadow(self, request: Request) -> Response:
        """POST {"on": bool} -> {"shadow": version or null}."""
        on = (await self._object(request)).get("on", True)
        if not isinstance(on, bool):
            raise intake.Refused("`on` must be true or false.", status=422)
        version = request.path_params["version"] if on else None
        return JSONResponse({"shadow": await self._models.set_shadow(version)})

    async def _promote(self, request: Request) -> Response:
        """POST {"force": bool, "reason": str} -> {"champion": version}. Who forces says why."""
        asked = await self._object(request)
        force, reason = asked.get("force", False), asked.get("reason", "")
        if not isinstance(force, bool) or not isinstance(reason, str):
            raise intake.Refused("`force` must be true or false, and `reason` words.", status=422)
        version = await self._models.promote(request.path_params["version"], force=force, reason=clean(reason))
        return JSONResponse({"champion": version})

    async def _rollback(self, _: Request) -> Response:
        return JSONResponse({"champion": await self._models.rollback()})

    async def _stale(self, request: Request) -> Response:
        """POST {"example_ids": [...]} -> {"versions": [...]}: those that were trained on one of them."""
        ids = (await self._object(request)).get("example_ids")
        if not isinstance(ids, list) or len(ids) > MOST_IDS or not all(type(each) is int for each in ids):
            raise intake.Refused(f"`example_ids` must be a list of at most {MOST_IDS:,} numbers.", status=422)
        await self._keeper.forget(ids)  # first, so that a run which ends meanwhile marks its model itself
        return JSONResponse({"versions": await self._models.mark_stale(ids)})

    async def _about(self, request: Request) -> tuple[list[tuple[str, str]], str | None]:
        asked = await self._object(request)
        rows, guild = asked.get("about", []), asked.get("guild")
        if guild is not None and not isinstance(guild, str):
            raise intake.Refused("`guild` must be the id of a server, as a string.", status=422)
        fits = isinstance(rows, list) and len(rows) <= MOST_ROWS
        if not fits or not all(isinstance(row, list) and [type(each) for each in row] == [str, str] for row in rows):
            raise intake.Refused(f"`about` must be a list of at most {MOST_ROWS} pairs of words.", status=422)
        return [(clean(what), clean(value)) for what, value in rows], guild

    async def _object(self, request: Request) -> dict[str, Any]:
        body = await self._body(request)
        data = intake.read_json(body) if body.strip() else {}
        if not isinstance(data, dict):
            raise intake.Refused("The body must be a JSON object.", status=422)
        return data

    @property
    def _keeper(self) -> RunKeeper:
        if self._runs is None:
            raise intake.Refused("This server has no folder for models, so it cannot learn.", status=404)
        return self._runs

    @property
    def _models(self) -> Versions:
        if self._versions is None:
            raise intake.Refused("This server has no folder for models, so it serves one model only.", status=404)
        return self._versions
