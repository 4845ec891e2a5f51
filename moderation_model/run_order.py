"""The order of a run as lines of JSON: one object with what is asked for, then one example a line.

So it is streamed from the bot to the server and kept in the run's folder, without a second copy in memory.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moderation_model.cleaning import clean
from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES
from moderation_model.learning import MODES, Example, RunOrder

MAX_EXAMPLES = 200_000
MAX_LINE_BYTES = 128 * 1024
MAX_SEED = 2**32 - 1
"""The largest that every generator of chance takes."""
RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""What a run may be called: it names a folder."""


def order_lines(order: RunOrder) -> Iterator[bytes]:
    """The order, line by line, each with its end."""
    head = {
        "run_id": order.run_id,
        "limits": {guild: dict(limits) for guild, limits in order.limits.items()},
        "mode": order.mode,
        "goal_precision": order.goal_precision,
        "goals": dict(order.goals),
        "judge_share": order.judge_share,
        "seed": order.seed,
    }
    yield json.dumps(head).encode() + b"\n"
    for example in order.examples:
        yield json.dumps({**example.to_dict(), "text": clean(example.text)}).encode() + b"\n"


def read_order(lines: Iterable[bytes]) -> RunOrder:
    """The order that the lines hold. Raises BadRequest with one sentence that names the line, never its text."""
    numbered = enumerate(lines, 1)
    _, first = next(numbered, (1, b""))
    head = _object(1, first)
    examples: list[Example] = []
    for number, line in numbered:
        if len(examples) >= MAX_EXAMPLES:
            raise BadRequest(f"A run takes at most {MAX_EXAMPLES:,} examples.")
        examples.append(Example.from_dict(_object(number, line)))
    return _order(head, tuple(examples))


def checked_run_id(run_id: object) -> str:
    """The id, if it may name a run. Raises BadRequest."""
    if not isinstance(run_id, str) or not RUN_ID.fullmatch(run_id):
        raise BadRequest("A run's id is made of small letters, digits and hyphens, at most 64 of them.")
    return run_id


def _order(head: Mapping[str, Any], examples: tuple[Example, ...]) -> RunOrder:
    if head.get("mode", "lora") not in MODES:
        raise BadRequest(f"The mode of a run must be one of {', '.join(MODES)}.")
    try:
        order = RunOrder(
            run_id=checked_run_id(head.get("run_id")),
            examples=examples,
            limits={
                str(guild): {str(name): float(limit) for name, limit in limits.items()}
                for guild, limits in head.get("limits", {}).items()
            },
            mode=head.get("mode", "lora"),
            goal_precision=float(head.get("goal_precision", 0.95)),
            goals={str(guild): float(goal) for guild, goal in head.get("goals", {}).items()},
            judge_share=float(head.get("judge_share", 0.3)),
            seed=int(head.get("seed", 1)),
        )
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise BadRequest(f"The first line of a run's order is not one ({type(error).__name__}).") from None
    _check(order)
    return order


def _check(order: RunOrder) -> None:
    if not all(0.5 <= goal < 1.0 for goal in (order.goal_precision, *order.goals.values())):
        raise BadRequest("The precision asked for must be at least 0.5 and below 1.")
    if not 0.0 < order.judge_share <= 1.0:
        raise BadRequest("The largest share of one moderator must lie above 0 and up to 1.")
    if not 0 <= order.seed <= MAX_SEED:
        raise BadRequest(f"The seed of a run must be a whole number from 0 to {MAX_SEED}.")
    for limits in order.limits.values():
        strange = sorted(set(limits) - set(LABEL_NAMES))
        if strange or not all(math.isfinite(limit) and 0.0 <= limit <= 1.0 for limit in limits.values()):
            raise BadRequest("The limits of a run must be scores from 0 to 1 by label.")


def _object(number: int, line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise BadRequest(f"Line {number} of the order is longer than {MAX_LINE_BYTES // 1024} KiB.")
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise BadRequest(f"Line {number} of the order is no JSON object.")
    return data
