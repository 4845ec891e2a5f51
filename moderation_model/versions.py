"""Which model serves and which one shadows it; both change while requests are under way, and none is dropped.

A new champion is loaded and warmed before the registry names it, and takes over between two batches: texts that were
cut into tokens for the old one are still scored by the old one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Protocol, TypeVar

from moderation_model.backends import Classifier
from moderation_model.batching import BatchQueue
from moderation_model.errors import (
    BadRequest,
    ModelError,
    ModelOverloaded,
    ModelUnavailable,
    NotNumbersError,
)
from moderation_model.learning import RunResult, VersionInfo
from moderation_model.readiness import is_sound

T = TypeVar("T")

Load = Callable[[Path], Classifier]
"""From a model folder to a classifier that is warm. Raises BadModelFolder."""


FOLLOW_SECONDS = 5.0
NO_HELP_SECONDS = 600.0

logger = logging.getLogger(__name__)


class Store(Protocol):
    """The registry of versions (`models.ModelStore`). Every method raises a `ModelError`."""

    def versions(self) -> list[VersionInfo]:
        """All of them, newest first."""
        ...

    def folder(self, version: str) -> Path:
        """Where the version lies. Raises BadRequest for one that is not known."""
        ...

    def champion(self) -> Path:
        """The folder of the version that serves."""
        ...

    def chosen(self) -> Path:
        """The folder that was chosen to serve, its files unchecked: cheap enough to ask every few seconds."""
        ...

    def previous(self) -> Path:
        """The folder that `rollback` goes back to. Raises BadRequest where there is none."""
        ...

    def promote(self, version: str, *, force: bool = False, reason: str = "") -> None:
        """Makes it the champion. Raises BadRequest where the gate did not pass it, or compared it with another champion
        than the one that serves, and nobody forces it, who must say why.
        """
        ...

    def check_promotable(self, version: str, *, force: bool = False, reason: str = "") -> None:
        """Raises what `promote` would."""
        ...

    def rollback(self) -> str:
        """Makes the previous champion the champion again; its version."""
        ...

    def adopt(self, folder: Path, result: RunResult) -> str:
        """Moves a finished model in; its version."""
        ...

    def retire(self, version: str, why: str) -> None:
        """Notes in `version` why it must not decide, and lets the previous champion decide where it does."""
        ...

    def mark_stale(self, example_ids: Sequence[int]) -> list[str]:
        """Notes in every version that was trained on one of them that it was; which versions."""
        ...


class Versions:
    """One change at a time. `queue` is where the champion serves."""

    def __init__(self, store: Store, queue: BatchQueue, load: Load) -> None:
        self._store = store
        self._queue = queue
        self._load = load
        self._shadow: Classifier | None = None
        self._serving = store.champion()
        self._changing = asyncio.Lock()
        self._earlier: Classifier | None = None
        self._helping: asyncio.Task[Classifier | None] | None = None
        self._no_help_until = 0.0
        self.unhealthy: dict[str, str] = {}
        """The versions that were taken out of service since this server started, and why."""

    @property
    def shadow_version(self) -> str | None:
        """The version that shadows, None without one."""
        return self._shadow.info.version if self._shadow else None

    def classifier(self, version: str | None) -> Classifier:
        """The champion for None, else the loaded model of that version. Raises BadRequest for another."""
        for loaded in (self._queue.classifier, self._shadow):
            if loaded is not None and version in (None, loaded.info.version):
                return loaded
        raise BadRequest(f"Version {version} is neither the champion nor its shadow.")

    def champion_folder(self) -> Path:
        """Where a run starts from."""
        return self._store.champion()

    async def listed(self) -> list[VersionInfo]:
        """Every version, newest first."""
        return await asyncio.to_thread(self._store.versions)

    async def promote(self, version: str, *, force: bool = False, reason: str = "") -> str:
        """Serve `version` from now on; the version that serves. Raises BadRequest, BadModelFolder."""
        async with self._changing:
            await asyncio.to_thread(self._store.check_promotable, version, force=force, reason=reason)
            fresh = await self._loaded(version, self._store.folder(version))
            await asyncio.to_thread(self._store.promote, version, force=force, reason=reason)
            await self._serve(fresh)
            return version

    async def rollback(self) -> str:
        """Serve the previous champion again; its version. Raises BadRequest where there is none, BadModelFolder."""
        async with self._changing:
            fresh = await asyncio.to_thread(self._load_previous)
            version = await asyncio.to_thread(self._store.rollback)
            await self._serve(fresh)
            return version

    async def set_shadow(self, version: str | None) -> str | None:
        """Let `version` (None: no one) score beside the champion for those who ask for it by name."""
        async with self._changing:
            self._shadow = None if version is None else await self._loaded(version, self._store.folder(version))
            return self.shadow_version

    async def stand_in(self, unwell: Classifier, score: Callable[[Classifier], Awaitable[T]]) -> T | None:
        """What `score` gives with the version before `unwell`, whose scores were no numbers. None where there is none;
        then no other is looked for for some minutes, so that such texts do not keep the server busy.

        Where `unwell` cannot score harmless sentences either, it is marked and the version before serves from now on;
        otherwise the text is to blame and nothing else changes. Raises NotNumbersError where it fails there, too.
        """
        if self._queue.classifier is not unwell:
            return await score(self._queue.classifier)
        if self._helping is None:
            if monotonic() < self._no_help_until:
                return None
            # A task of its own: who hangs up must not end what all the others wait for, nor have it begun anew.
            self._helping = asyncio.create_task(self._help(unwell), name="stand-in")
        helper = await asyncio.shield(self._helping)
        return None if helper is None else await score(helper)

    def close(self) -> None:
        """Nobody waits for a version that stands in any more."""
        if self._helping is not None:
            self._helping.cancel()

    async def follow(self, *, every: float = FOLLOW_SECONDS) -> None:
        """Serve what the registry names, also where somebody else changed it (`candor-model promote` beside us)."""
        while True:
            await asyncio.sleep(every)
            try:
                await self.look()
            except ModelError as error:
                # What serves goes on serving; the registry's own reader falls back likewise.
                logger.warning("the champion in the registry cannot be served: %s", error)

    async def look(self) -> bool:
        """Whether the registry names another champion than the one that serves, which then takes over."""
        async with self._changing:
            if await asyncio.to_thread(self._store.chosen) == self._serving:
                return False
            folder = await asyncio.to_thread(self._store.champion)
            if folder == self._serving:
                return False
            # Noted first: a folder that cannot be loaded is not tried again every few seconds.
            self._serving = folder
            await self._serve(await self._loaded(None, folder))
            return True

    async def adopt(self, folder: Path, result: RunResult) -> None:
        """Take the model of a finished run into the registry."""
        await asyncio.to_thread(self._store.adopt, folder, result)

    async def mark_stale(self, example_ids: Sequence[int]) -> list[str]:
        """Which versions learned from examples that were since withdrawn or deleted; it is noted in them."""
        return await asyncio.to_thread(self._store.mark_stale, example_ids)

    async def _loaded(self, version: str | None, folder: Path) -> Classifier:
        """The model of that folder; the one that is loaded already where it is the same."""
        if version is not None and version == self.shadow_version and self._shadow is not None:
            return self._shadow
        return await asyncio.to_thread(self._load, folder)

    async def _help(self, unwell: Classifier) -> Classifier | None:
        """Who scores what `unwell` cannot, None where nobody does. Raises ModelOverloaded, ModelUnavailable."""
        try:
            async with self._changing:
                if self._queue.classifier is not unwell:
                    return self._queue.classifier
                # Kept for the next such text, for loading takes a second.
                self._earlier = earlier = self._earlier or await asyncio.to_thread(self._load_previous)
                if not await is_sound(self._queue, unwell):
                    if not await is_sound(self._queue, earlier):
                        raise NotNumbersError(f"The scores of {_name(earlier)} are not numbers either.")
                    await self._retire(unwell, earlier)
                return earlier
        except (ModelOverloaded, ModelUnavailable):
            raise  # the queue had no room: that says nothing about the models
        except Exception as error:  # loading may raise anything, and must not be tried again with every text
            self._no_help_until, self._earlier = monotonic() + NO_HELP_SECONDS, None
            why = str(error) if isinstance(error, ModelError) else f"loading it failed with {type(error).__name__}."
            logger.error("%s gave scores that are no numbers, and nothing stands in: %s", _name(unwell), why)
            return None
        finally:
            self._helping = None

    def _load_previous(self) -> Classifier:
        return self._load(self._store.previous())

    async def _retire(self, unwell: Classifier, earlier: Classifier) -> None:
        """`earlier` serves instead of `unwell`, and whoever looks after the server is told."""
        why = f"Its scores were no numbers on {datetime.now(UTC):%Y-%m-%d}."
        try:
            await asyncio.to_thread(self._store.retire, _name(unwell), why)
        except ModelError as error:  # it serves all the same, until the next start
            logger.error("it could not be noted that %s is unhealthy: %s", _name(unwell), error)
        self.unhealthy[_name(unwell)] = why
        # Said before, so that whoever sees the other version serve finds the reason in the log.
        logger.error("%s is unhealthy. %s %s serves instead.", _name(unwell), why, _name(earlier))
        await self._serve(earlier)

    async def _serve(self, fresh: Classifier) -> None:
        self._queue.swap(fresh)
        self._no_help_until, self._earlier = 0.0, None
        if self.shadow_version == fresh.info.version:
            self._shadow = None
        self._serving = await asyncio.to_thread(self._store.champion)


def _name(classifier: Classifier) -> str:
    return classifier.info.version
