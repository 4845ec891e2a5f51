"""Labels from a file are kept to learn from; `moderation_model/label_rows.py` says what the file holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.core.lessons import NewLesson
from bot.store.lessons import LessonStore
from moderation_model.label_rows import read_label_rows

OPERATOR = 0
"""Who stands behind rows that came in a file."""


@dataclass(frozen=True, slots=True)
class Imported:
    """`new` of `rows` are kept; `known` were there before; `unlabelled` have no label and teach nothing."""

    rows: int
    new: int
    unlabelled: int

    @property
    def known(self) -> int:
        """Rows whose text was there before, in the file or in the database."""
        return self.rows - self.new - self.unlabelled

    @property
    def sentence(self) -> str:
        """For the operator."""
        said = f"{self.new:,} examples are new and teach from the next run on."
        said += f" {self.known:,} were there before." if self.known else ""
        return said + (f" {self.unlabelled:,} have no label and are left out." if self.unlabelled else "")


async def import_labels(path: Path, *, guild_id: int, lessons: LessonStore, at: datetime) -> Imported:
    """Keep the rows as imported examples of that guild. Raises BadRequest with one sentence that names the row; then
    nothing was kept. Raises StoreUnavailable.
    """
    rows = read_label_rows(path)
    new = [
        NewLesson(guild_id, "imported", row.text, row.labels, made_by=OPERATOR, made_at=at)
        for row in rows
        if row.labels
    ]
    return Imported(len(rows), await lessons.add(new), sum(not row.labels for row in rows))
