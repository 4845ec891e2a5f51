"""The average of a run's checkpoints, where it is better than the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import Trainer


def average(trainer: Trainer, run: Path) -> tuple[int, float]:
    """Averages the weights of the best checkpoint with those of others in `run` that make it better on `tune`.

    Greedy soup of one run (Wortsman et al., 2022): the newest first, kept only if the score rises. Leaves the average
    in the model; gives how many checkpoints are in it, and its score.
    """
    model = trainer.model
    assert model is not None
    best = trainer.state.best_model_checkpoint
    kept = [{name: tensor.clone() for name, tensor in model.state_dict().items()}]
    score = float(trainer.evaluate()["eval_score"])
    others = (path.parent for path in run.glob("checkpoint-*/trainer_state.json"))
    for folder in sorted(others, key=step_of, reverse=True):
        if best and folder.name == Path(best).name:
            continue
        tried = [*kept, load_file(folder / "model.safetensors")]
        model.load_state_dict(_mean(tried))
        found = float(trainer.evaluate()["eval_score"])
        if found > score:
            kept, score = tried, found
    model.load_state_dict(_mean(kept))
    return len(kept), score


def _mean(states: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return {name: torch.stack([state[name].cpu() for state in states]).mean(0) for name in states[0]}


def step_of(checkpoint: Path) -> int:
    """The step of a folder `checkpoint-120`."""
    return int(checkpoint.name.rpartition("-")[2])
