"""The versions of the model on this machine, and which of them decides; whole whatever is killed when.

    champion.json           which version decides and which decided before (null: the model in the box)
    versions/<version>/     model folders, each with its gate verdict and the ids it learned from in its manifest
    lock                    held by whoever changes something

The champion is one small file that is replaced at once, so there is always one. Where it is missing or damaged, or its
version does not open, the model in the box decides, with a sentence that says so: never no model.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from moderation_model import atomic, pointer, registry
from moderation_model.errors import BadModelFolder, BadRequest, ModelUnavailable
from moderation_model.learning import RunResult, VersionInfo
from moderation_model.manifests import check_gate, info, mark, opened, passed, sound
from moderation_model.pointer import NAME, Pointer

IN_THE_BOX = "shipped"
"""What the model in the box may be called besides its version."""
KEPT = 3
"""Versions that are kept of those that failed the gate, and of those that passed it and never decided."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Champion:
    """What decides. `warning`: the sentence that says why it is not the version that was promoted, else None."""

    version: str
    folder: Path
    warning: str | None = None


class ModelStore:
    """The versions under `folder`. Every method raises ModelUnavailable where the folder cannot be written.

    Making one does nothing; the folder is made with the first version. Several processes may use one folder.
    """

    def __init__(self, folder: Path, *, shipped: Path | None = None) -> None:
        self.root = folder
        self._versions = folder / "versions"
        self._shipped = shipped or registry.default_folder()

    def current(self) -> Champion:
        """What decides now, its folder checked file by file; the model in the box with a warning where that fails.

        Raises BadModelFolder only if the model in the box itself cannot be read.
        """
        chosen, warning = self._read()
        if warning is None and chosen.version is not None:
            try:
                opened(self._path(chosen.version))
                return Champion(chosen.version, self._path(chosen.version))
            except BadModelFolder as error:
                warning = f"{error} Until then the model in the box decides, not {chosen.version}."
        return Champion(self.shipped_version, self._shipped, warning)

    def champion(self) -> Path:
        """The folder of what decides now; a warning goes to the log."""
        current = self.current()
        if current.warning:
            logger.warning(current.warning)
        return current.folder

    def chosen(self) -> Path:
        """The folder that was chosen to decide, its files unchecked."""
        return self._place(self._read()[0].version)

    def previous(self) -> Path:
        """The folder that `rollback` goes back to. Raises BadRequest where there is none."""
        return self._place(self._before(self._read()[0])[0])

    @property
    def shipped_version(self) -> str:
        """The version of the model in the box."""
        return str(registry.read_manifest(self._shipped)["version"])

    def folder(self, version: str) -> Path:
        """Where `version` lies. Raises BadRequest for one that is not here."""
        return self._place(self._known(version))

    def versions(self) -> list[VersionInfo]:
        """All of them, newest first, the model in the box last. One with a damaged manifest is logged and left out."""
        chosen, _ = self._read()
        current, manifests = self.current().version, self._manifests()
        newer = (name for name, each in manifests.items() if str(each.get("adopted", "")) > chosen.since)
        waiting = next((name for name in newer if passed(manifests[name])), None)
        earlier = (name or self.shipped_version for name in reversed(chosen.past) if sound(manifests.get(name or "")))
        before = next(earlier, None)
        # What serves counts before what it is besides, so it comes last.
        roles = {self.shipped_version: "shipped", waiting: "challenger", before: "previous", current: "champion"}
        manifests[self.shipped_version] = registry.read_manifest(self._shipped)
        return [info(version, manifest, roles.get(version, "kept")) for version, manifest in manifests.items()]

    def check_promotable(self, version: str, *, force: bool = False, reason: str = "") -> None:
        """Raises what `promote` would, and changes nothing."""
        chosen = self._known(version)
        manifest = opened(self._place(chosen))
        before, warning = self._read()
        if chosen is None or (sound(manifest) and passed(manifest) and (warning or chosen == before.version)):
            return  # the same again, or a choice that nobody can read any more
        try:
            check_gate(version, manifest, decides=self.current().version)
        except BadRequest as refused:
            if not force:
                raise
            if not reason.strip():
                raise BadRequest(f"{refused} Say in a sentence why it shall decide all the same.") from None

    def promote(self, version: str, *, force: bool = False, reason: str = "") -> None:
        """Let `version` decide; what decided becomes the previous one. Nothing happens where it decides already.

        Raises BadRequest for an unknown version and for one that the gate did not pass, or passed against another
        champion than the one that decides, unless an operator forces it and says in a sentence why (`reason`, which is
        kept and lifts what `retire` noted); BadModelFolder for a folder that does not match its manifest. The model in
        the box may always decide.
        """
        with self._changing():
            self.check_promotable(version, force=force, reason=reason)
            chosen = self._known(version)
            before, warning = self._read()
            if chosen is not None:
                mark(self._path(chosen), None)
            if chosen != before.version or warning:
                pointer.write(self.root, before.moved_to(chosen), reason or "passed the gate")

    def rollback(self, *, champion: str | None = None) -> str:
        """Let the previous champion decide again; its version. One that does not open any more, or that was
        retired, is passed over.

        `champion`: only if this version still decides, so that a press that comes twice goes back once. Raises
        BadRequest where there is nothing to go back to.
        """
        with self._changing():
            chosen, _ = self._read()
            decides = chosen.version or self.shipped_version
            if champion not in (None, decides):
                raise BadRequest(f"{champion} does not decide any more, so nothing was changed.")
            version, past = self._before(chosen)
            pointer.write(self.root, Pointer(version, past), f"rolled back from {decides}")
            return version or self.shipped_version

    def retire(self, version: str, why: str) -> None:
        """Notes in `version` why it must not decide (the model in the box carries no notes), and lets the previous
        champion decide where it does.
        """
        with self._changing():
            if self._known(version) is not None:
                mark(self._path(version), why)
            chosen, _ = self._read()
            if version == (chosen.version or self.shipped_version):
                pointer.write(self.root, Pointer(*self._before(chosen)), f"{version} is unhealthy. {why}")

    def adopt(self, folder: Path, result: RunResult) -> str:
        """Moves the model of a finished run in, with its verdict and what it learned from; its version.

        The folder is gone afterwards. A model that is here already is taken as moved (a run that was killed comes
        again). Old versions are pruned. Raises BadModelFolder for a folder that does not match its manifest or holds
        anything but safetensors, BadRequest for a version that is here with other weights.
        """
        with self._changing():
            version = self._move_in(folder, result)
            self._prune()
            return version

    def mark_stale(self, example_ids: Sequence[int]) -> list[str]:
        """Notes in the versions that learned from one of these examples, or grew from one that did, that it is gone.

        Returns those versions. Nothing is unlearned by that: the next training does without the examples.
        """
        if not self._versions.is_dir():
            return []
        gone, marked = set(example_ids), []
        with self._changing():
            for version, manifest in self._manifests().items():
                stale = gone & {*manifest.get("trained_on", ()), *manifest.get("inherited", ())}
                if stale:
                    manifest["stale"] = sorted(stale | set(manifest.get("stale", ())))
                    atomic.write_json(self._path(version) / registry.MANIFEST, manifest)
                    marked.append(version)
        return marked

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """The lock, in a folder that is tidy and has a pointer."""
        try:
            self._versions.mkdir(parents=True, exist_ok=True)
            with atomic.locked(self.root / "lock"):
                for place in (self.root, self._versions, *self._versions.iterdir()):
                    atomic.remove_parts(place)
                if not (self.root / pointer.FILE).exists() and not self._manifests():
                    pointer.write(self.root, Pointer(), "the model in the box came first")
                yield
        except OSError as error:
            raise ModelUnavailable(
                f"The models in {self.root} cannot be changed: {error.strerror or error}."
                " Nothing else decides than before. Let this user write there, and make room."
            ) from error

    def _move_in(self, folder: Path, result: RunResult) -> str:
        if not folder.exists() and result.challenger and self._path(result.challenger).exists():
            return result.challenger
        manifest = opened(folder)
        version = str(manifest["version"])
        if not NAME.fullmatch(version) or version in (self.shipped_version, IN_THE_BOX):
            raise BadRequest(f"The new model cannot be called {version[:100]!r}: train it again.")
        if self._path(version).exists():
            if opened(self._path(version))["files"] != manifest["files"]:
                raise BadRequest(f"Another model is here already as version {version}.")
            shutil.rmtree(folder)
            return version
        learned = {
            "parent": result.champion,
            "gate": asdict(result.verdict),
            "trained_on": sorted(result.trained_on),
            "inherited": self._learned_by(result.champion),
            "adopted": pointer.now(),
        }
        atomic.write_json(folder / registry.MANIFEST, {**manifest, **learned})
        atomic.move_folder(folder, self._path(version))
        return version

    def _read(self) -> tuple[Pointer, str | None]:
        """The pointer, and what is wrong with it: then it is that of the model in the box."""
        try:
            found = pointer.read(self.root)
        except ValueError as error:
            return Pointer(), str(error)
        if found is None and self._manifests():
            return Pointer(), f"{self.root / pointer.FILE} is missing, though there are versions. {pointer.FIX}"
        return found or Pointer(), None

    def _before(self, chosen: Pointer) -> tuple[str | None, tuple[str | None, ...]]:
        """The newest earlier champion that still opens and was not retired, and those before it."""
        past = list(chosen.past)
        while past:
            version = past.pop()
            try:
                if sound(opened(self._place(version))):
                    return version, tuple(past)
            except BadModelFolder as error:
                logger.warning("Passed over %s: %s", version, error)
        if chosen.version is None:
            raise BadRequest("The model in the box decides already; there is nothing to go back to.")
        return None, ()

    def _known(self, version: str) -> str | None:
        if version in (IN_THE_BOX, self.shipped_version):
            return None
        if not NAME.fullmatch(version) or not self._path(version).is_dir():
            raise BadRequest(f"There is no version {version[:100]!r} here. candor-model models lists them.")
        return version

    def _path(self, version: str) -> Path:
        return self._versions / version

    def _place(self, version: str | None) -> Path:
        return self._shipped if version is None else self._path(version)

    def _learned_by(self, version: str) -> list[int]:
        """The examples that went into `version` and into those that it grew from."""
        manifest = self._manifests().get(version, {})
        return sorted({*manifest.get("trained_on", ()), *manifest.get("inherited", ())})

    def _manifests(self) -> dict[str, dict[str, Any]]:
        """By version, newest first."""
        found = {}
        for path in self._versions.iterdir() if self._versions.is_dir() else ():
            if not path.is_dir() or not NAME.fullmatch(path.name):
                continue
            try:
                found[path.name] = registry.read_manifest(path)
            except BadModelFolder as error:
                logger.warning("%s", error)
        return dict(sorted(found.items(), key=lambda item: str(item[1].get("adopted", "")), reverse=True))

    def _prune(self) -> None:
        """Removes old versions that decide nothing and can not be gone back to: beyond the newest of each kind."""
        chosen, warning = self._read()
        if warning:  # nobody knows what may be needed
            return
        idle = {name: each for name, each in self._manifests().items() if name not in (chosen.version, *chosen.past)}
        for kind in (True, False):
            for version in [name for name, manifest in idle.items() if passed(manifest) is kind][KEPT:]:
                atomic.remove_folder(self._path(version))
