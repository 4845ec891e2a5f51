"""Model folders that match their manifests and hold no model, and results of runs: what the store looks at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from moderation_model import registry
from moderation_model.learning import GateRow, GateVerdict, RunResult
from moderation_model.models import ModelStore

SHIPPED = "in-the-box-1"


def write_folder(folder: Path, version: str) -> Path:
    """A folder of `version`; its weights differ from every other version's."""
    folder.mkdir(parents=True)
    for name in registry.NEEDED:
        (folder / name).write_text(f"{name} of {version}", "utf-8")
    fields = {"labels": [], "max_tokens": 32, "overlap": 8, "calibration": {}, "thresholds": {}}
    registry.write_manifest(folder, {"version": version, "trained": {"date": "2026-11-21"}, **fields})
    return folder


def finished(
    version: str, *, passed: bool = True, parent: str = SHIPPED, trained_on: tuple[int, ...] = (1, 2)
) -> RunResult:
    """What a run that made `version` found."""
    row = GateRow("cost", passed, "Fewer mistakes." if passed else "Not fewer mistakes.")
    verdict = GateVerdict(promote=passed, rows=(row,))
    return RunResult(champion=parent, challenger=version, verdict=verdict, trained_on=trained_on)


class Shelf:
    """A store under `root` with a model in the box, and what a test asks of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.models = root / "models"
        self.shipped = write_folder(root / "box", SHIPPED)
        self.store = ModelStore(self.models, shipped=self.shipped)

    def adopt(self, version: str, **result: Any) -> str:
        """Trains, so to speak, a version from the one that decides and moves it in."""
        result = {"parent": self.store.current().version, **result}
        return self.store.adopt(write_folder(self.root / "runs" / version, version), finished(version, **result))

    def roles(self) -> dict[str, str]:
        """Every version's role."""
        return {each.version: each.role for each in self.store.versions()}

    def decides(self) -> str:
        """The champion, which opens without a warning."""
        current = self.store.current()
        assert current.warning is None
        return current.version
