"""What a member sees after using a command, a button, a menu or a form."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from bot.sandbox.world import Json

AnswerKind = Literal["message", "update", "deferred", "thinking", "modal", "choices", "deleted", "failed"]
FAILED = "This interaction failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing the member sees.

    `message`: a new message (`kind` message) or the pressed one as it stands now (update); `ephemeral`: only the member
    sees it. `modal`: a form to be filled in (modal). `choices`: autocompletion. `deferred`: the button stopped turning
    and nothing else is seen yet. `deleted`: a message of this interaction is gone. `failed`: `text` is what Discord
    shows. `number` counts an interaction's answers.
    """

    kind: AnswerKind
    interaction_id: int
    number: int
    message: Json | None = None
    ephemeral: bool = False
    modal: Json | None = None
    choices: tuple[Json, ...] = ()
    text: str | None = None

    def to_json(self) -> Json:
        """For the page; ids as strings."""
        return {**asdict(self), "interaction_id": str(self.interaction_id)}
