"""Texts there and back through two translation checkpoints, tiny ones with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation_model.errors import BadModelFolder
from moderation_model.training.augment import augmented
from moderation_model.training.back_translation import BackTranslator
from moderation_model.training.dataset import TRAIN, Row

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

WORDS = ["you", "are", "a", "nice", "clown", "loser", "the", "of", "and", "hello", "world"]


def checkpoint(folder: Path, seed: int) -> Path:
    """A MarianMT model of one layer that knows a dozen words and says anything."""
    vocabulary = {word: number for number, word in enumerate(["<pad>", "</s>", "<unk>", *WORDS])}
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    words.post_processor = tokenizers.processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    torch.manual_seed(seed)
    config = transformers.MarianConfig(
        vocab_size=len(vocabulary),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
        forced_eos_token_id=1,
        max_position_embeddings=256,
    )
    transformers.MarianMTModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    base = tmp_path_factory.mktemp("translation")
    return checkpoint(base / "to", 1), checkpoint(base / "back", 2)


def test_every_text_has_its_translation_in_its_place(folders: tuple[Path, Path]) -> None:
    translate = BackTranslator(*folders, device="cpu")
    texts = ["you are a nice clown", "", "hello world", "loser"] * 10 + ["the loser of the world " * 100]
    made = translate(texts)
    assert len(made) == len(texts)
    assert made[0] == made[4] != ""
    assert made[1] == ""
    assert set(" ".join(made).split()) <= {*WORDS, "<unk>"}
    assert translate(texts) == made


def test_training_rows_get_translated_variants(folders: tuple[Path, Path]) -> None:
    rows = [
        Row(f"hello world you clown {number}", {"toxic": 1.0}, None, 1.0, "chat", str(number), TRAIN, {})
        for number in range(30)
    ]
    translate = BackTranslator(*folders, device="cpu")
    variants = augmented(rows, share=1.0, seed=1, translate=translate)
    expected = {row.group: text for row, text in zip(rows, translate([row.text for row in rows]), strict=True)}
    translated = [each for each in variants if each.text == expected[each.group]]
    assert 3 < len(translated) < 20
    assert all(each.labels == {"toxic": 1.0} for each in translated)


def test_a_folder_without_a_checkpoint_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadModelFolder, match=r"lacks config\.json"):
        BackTranslator(tmp_path, tmp_path)(["hello"])


def test_a_checkpoint_without_safetensors_is_refused(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "model", 1)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BadModelFolder, match="cannot be opened as a translation model in safetensors"):
        BackTranslator(folder, folder)(["hello"])
