"""Our own model as a torch module, for training and for files: one BERT encoder, mean pooling, two heads.

Serving runs the same arithmetic by `packed.py`, without the library that this file needs.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertModel

from moderation_model.backends import STARS
from moderation_model.labels import LABEL_NAMES

HEAD_DROPOUT = 0.1


class BertTwoHeads(nn.Module):
    """One encoder, mean pooling, the heads `toxicity` (logits by label) and `sentiment` (logits by star)."""

    def __init__(self, config: BertConfig, labels: int = len(LABEL_NAMES)) -> None:
        super().__init__()
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.dropout = nn.Dropout(HEAD_DROPOUT)
        self.toxicity = nn.Linear(config.hidden_size, labels)
        self.sentiment = nn.Linear(config.hidden_size, STARS)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids and mask (rows, length) -> toxicity (rows, labels) and sentiment (rows, 5), float32."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = ((hidden * mask).sum(1) / mask.sum(1).clamp(min=1)).to(self.toxicity.weight.dtype)
        pooled = self.dropout(pooled)
        return self.toxicity(pooled).float(), self.sentiment(pooled).float()


def new_model(config: BertConfig, *, labels: int = len(LABEL_NAMES), attention: str = "sdpa") -> BertTwoHeads:
    """A model with random weights in float32; `sdpa` is torch's fused attention, the faster one for scoring."""
    config._attn_implementation = attention
    return BertTwoHeads(config, labels)


def open_model(folder: Path, *, labels: int = len(LABEL_NAMES)) -> BertTwoHeads:
    """The weights of one of our folders in float32, in evaluation mode. Whether it matches its manifest, the caller
    checks.
    """
    config = BertConfig.from_dict(json.loads((folder / "config.json").read_text("utf-8")))
    model = new_model(config, labels=labels)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.eval()


def save_weights(model: BertTwoHeads, folder: Path) -> None:
    """Writes `model.safetensors` (fp16) and `config.json`; the manifest is `registry.write_manifest`'s."""
    state = {name: tensor.detach().to("cpu", torch.float16).contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)  # the library writes it for the owner only; the folder is to be shared
    kept = {"attention_probs_dropout_prob", "hidden_act", "hidden_dropout_prob", "hidden_size", "initializer_range"}
    kept |= {"intermediate_size", "layer_norm_eps", "max_position_embeddings", "model_type", "num_attention_heads"}
    kept |= {"num_hidden_layers", "pad_token_id", "type_vocab_size", "vocab_size"}
    config = {name: value for name, value in model.encoder.config.to_dict().items() if name in kept}
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
