"""Our weights as a plain `transformers` pipeline in fp32: what a user would build instead."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import BertConfig, PreTrainedModel, PreTrainedTokenizerFast, TextClassificationPipeline
from transformers.modeling_outputs import SequenceClassifierOutput

from moderation_model import registry
from moderation_model.backends.torch_bert import BertTwoHeads


class PlainClassifier(PreTrainedModel):
    """The toxicity head with the interface that pipelines expect; scores are not calibrated."""

    config_class = BertConfig

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.two_heads = BertTwoHeads(config, len(config.id2label or {}))
        self.post_init()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any) -> SequenceClassifierOutput:
        """Token ids and mask (rows, length) -> `logits` (rows, labels)."""
        toxicity, _ = self.two_heads(input_ids, attention_mask)
        return SequenceClassifierOutput(logits=toxicity)


def plain_pipeline(folder: Path | None = None) -> TextClassificationPipeline:
    """A pipeline that answers every label's probability, on the CPU; `folder` is by default that in the box."""
    # It names a hundred classes that it knows and that this is none of.
    logging.getLogger("transformers").setLevel(logging.CRITICAL)
    folder = folder or registry.default_folder()
    manifest = registry.open_folder(folder)
    config = BertConfig.from_dict(json.loads((folder / "config.json").read_text("utf-8")))
    config.id2label = dict(enumerate(manifest["labels"]))
    config.label2id = {name: number for number, name in config.id2label.items()}
    config.problem_type = "multi_label_classification"
    model = PlainClassifier(config)
    model.two_heads.load_state_dict(load_file(folder / "model.safetensors"))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"),
        model_max_length=int(manifest["max_tokens"]),
        model_input_names=["input_ids", "attention_mask"],
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        pad_token="[PAD]",
        unk_token="[UNK]",
    )
    return TextClassificationPipeline(
        model=model.float().eval(), tokenizer=tokenizer, device="cpu", top_k=None, function_to_apply="sigmoid"
    )
