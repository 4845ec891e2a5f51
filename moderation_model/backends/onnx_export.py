"""Our model as an ONNX graph, for people who serve it elsewhere: token ids in, scores out."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from moderation_model.backends.torch_bert import BertTwoHeads, open_model

INPUTS, OUTPUTS = ("input_ids", "attention_mask"), ("scores", "stars")


class _Scores(nn.Module):
    """The whole way from token ids to what a reader of the graph wants: calibrated scores and shares of the stars."""

    def __init__(self, model: BertTwoHeads, manifest: Mapping[str, Any]) -> None:
        super().__init__()
        self.model = model
        steps = [manifest["calibration"].get(name, {"scale": 1.0, "bias": 0.0}) for name in manifest["labels"]]
        self.register_buffer("scale", torch.tensor([step["scale"] for step in steps]))
        self.register_buffer("bias", torch.tensor([step["bias"] for step in steps]))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        toxicity, sentiment = self.model(input_ids, attention_mask)
        return torch.sigmoid(toxicity * self.scale + self.bias), torch.softmax(sentiment, dim=-1)


def write_graph(folder: Path, manifest: Mapping[str, Any], target: Path) -> None:
    """Writes the model of `folder` (checked before, `manifest` is its) as float32 into the file `target`.

    Inputs `INPUTS`: int64 (texts, tokens). Outputs `OUTPUTS`: float32 (texts, labels) and (texts, 5). Both sizes are
    free, tokens up to the model's positions. Raises ImportError where `onnx` or `onnxscript` is missing.
    """
    import onnxscript  # noqa: F401  torch would only say so after a long way

    model = open_model(folder, labels=len(manifest["labels"]))
    config = model.encoder.config
    # Several rows and tokens, one of them padding: an example with ones would fix the sizes at one.
    ids = torch.full((2, 8), int(config.pad_token_id or 0), dtype=torch.int64)
    seen = torch.tensor([[1] * 8, [1] * 6 + [0] * 2])
    texts, tokens = torch.export.Dim("texts"), torch.export.Dim("tokens", max=config.max_position_embeddings)
    noisy = logging.getLogger("torch.onnx")
    before = noisy.level
    noisy.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch and transformers warn of each other's ways
            torch.onnx.export(
                _Scores(model, manifest).eval(),
                (ids, seen),
                str(target),
                input_names=list(INPUTS),
                output_names=list(OUTPUTS),
                dynamic_shapes=({0: texts, 1: tokens}, {0: texts, 1: tokens}),
                external_data=False,
                verbose=False,
            )
    finally:
        noisy.setLevel(before)
