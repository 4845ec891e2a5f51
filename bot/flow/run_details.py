"""Everything about a training run in numbers: its picture, and what [Details] gives. Never a text of a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog

from bot.core.guild_rules import GuildRules
from bot.core.lessons import Run
from bot.core.retraining import (
    PROGRESS_CHANNEL,
    PROGRESS_MESSAGE,
    UNKNOWN_BEFORE,
    UNKNOWN_NOW,
    Traffic,
    drift_from_facts,
)
from bot.errors import NotAllowed
from bot.flow.ports import LearnService
from bot.store.runs import RunStore
from moderation_model.errors import ModelError
from moderation_model.labels import LABEL_NAMES
from moderation_model.learning import RunResult
from moderation_model.pictures import RunPicture, alt

log = structlog.get_logger(__name__)

NO_RUN = "There is no run {run_id} with a result."
ONE_SERVERS = ("home", PROGRESS_CHANNEL, PROGRESS_MESSAGE)
"""Facts that name places of the server that started the run; those with a colon hold its limits from before."""
TOO_FEW = "too few messages to say"
NOT_TWICE = "no case that two moderators judged"
NOT_PLAYED = "not played again"


@dataclass(frozen=True, slots=True)
class Details:
    """`data` goes into a JSON file. `page`: the same to be read, as one HTML file; None where the server gives none."""

    data: dict[str, Any]
    page: bytes | None


class RunDetails:
    """Every method raises StoreUnavailable."""

    def __init__(self, *, model: LearnService, runs: RunStore) -> None:
        self._model = model
        self._runs = runs

    async def of(self, run_id: str, *, guild_id: int) -> Details:
        """Of a run that found a result, as that server may see it. Raises NotAllowed for any other."""
        run = await self._runs.get(run_id)
        if run is None or run.result is None:
            raise NotAllowed(NO_RUN.format(run_id=run_id))
        try:
            page = await self._model.run_page(run_id, about=_about(run), guild=guild_id)
        except ModelError as error:
            # The server is away, or it keeps this run no longer.
            log.info("no_page", run_id=run_id, why=type(error).__name__)
            page = None
        return Details(_data(run, run.result.on(str(guild_id))), page)


async def drawn(model: LearnService, rules: GuildRules, result: RunResult) -> tuple[bytes | None, str]:
    """Old against new as a picture, and what it shows. No picture where there is nothing to compare or the server does
    not draw: the report says what matters without it.
    """
    titles = {name: rules.title(name) for name in LABEL_NAMES}
    picture = RunPicture.of(result.before, result.after, held_out=result.held_out, titles=titles)
    if picture is None:
        return None, ""
    try:
        return await model.picture(picture), alt(picture)
    except ModelError as error:
        log.warning("no_picture", guild_id=rules.guild_id, why=type(error).__name__)
        return None, alt(picture)


def _data(run: Run, result: RunResult) -> dict[str, Any]:
    drift, kappa = drift_from_facts(run.facts), run.facts.get("agreement")
    return {
        "run": run.run_id,
        "asked_at": run.asked_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "decision": run.decision,
        "agreement": None if kappa is None else {"kappa": kappa, "cases": int(run.facts["judged_together"])},
        "drift": None if drift is None else {"label": drift.label, "psi": drift.index},
        "facts": {name: fact for name, fact in run.facts.items() if ":" not in name and name not in ONE_SERVERS},
        "result": result.to_dict(),
    }


def _about(run: Run) -> list[tuple[str, str]]:
    """What this side alone knows, as rows of the page."""
    drift, kappa, traffic = drift_from_facts(run.facts), run.facts.get("agreement"), Traffic.of(run.facts)
    cases = int(run.facts.get("judged_together", 0))
    played = NOT_PLAYED
    if traffic is not None:
        played = f"{traffic.fewer} cards fewer, {traffic.lost} confirmed cases lost, about {traffic.new} new"
    return [
        ("last week under the new model", played),
        ("agreement of moderators (kappa)", NOT_TWICE if kappa is None else f"{kappa:.2f} over {cases} cases"),
        ("drift in the week before the run", TOO_FEW if drift is None else drift.sentence),
        ("words unknown to the model", _unknown(run)),
        ("messages that may only measure", f"{int(run.facts.get('refused', 0)):,}"),
        ("verdicts held for an administrator", f"{int(run.facts.get('held_verdicts', 0)):,}"),
    ]


def _unknown(run: Run) -> str:
    if UNKNOWN_NOW not in run.facts:
        return TOO_FEW
    return f"{100 * run.facts[UNKNOWN_NOW]:.1f} %, {100 * run.facts[UNKNOWN_BEFORE]:.1f} % before"
