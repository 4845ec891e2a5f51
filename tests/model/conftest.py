"""A tiny random model in our own folder format: real code paths in milliseconds, scores without meaning."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation_model import registry
from moderation_model.labels import LABEL_NAMES
from tests.model.tiny_data import write_data

WORDS = """
you are the a an i it to is not nobody likes hello good bad nice game boss damn pathetic clown worthless love hate
friend see tomorrow user link emoji code red heart face with tears of joy and quit now please thanks moderator
"""


def write_tiny_model(folder: Path, *, version: str = "tiny-1", threshold: float = 0.5, seed: int = 7) -> Path:
    """Writes a random two-head BERT (2 layers, 32 wide) with a small vocabulary into `folder` and returns it."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import BertProcessing
    from transformers.models.bert.configuration_bert import BertConfig

    from moderation_model.backends import torch_bert

    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    tokens = [
        *["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        *letters,
        *(f"##{char}" for char in letters),
        *WORDS.split(),
    ]
    vocab = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    tokenizer = Tokenizer(WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = BertProcessing(("[SEP]", vocab["[SEP]"]), ("[CLS]", vocab["[CLS]"]))
    config = BertConfig(
        vocab_size=len(vocab),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    torch_bert.save_weights(torch_bert.new_model(config), folder)
    (folder / "README.md").write_text("# Tiny random model\n", "utf-8")
    registry.write_manifest(
        folder,
        {
            "version": version,
            "labels": list(LABEL_NAMES),
            "max_tokens": 32,
            "overlap": 8,
            "calibration": {name: {"scale": 1.0, "bias": 0.0} for name in LABEL_NAMES},
            "thresholds": {name: {"value": threshold} for name in LABEL_NAMES},
        },
    )
    return folder


@pytest.fixture(scope="session")
def tiny_model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `load` opens; tests that change it copy it first."""
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a recipe of its own, `recipe.toml`."""
    return write_data(tmp_path / "data")
