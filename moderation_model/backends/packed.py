"""One pass of our BERT over packed rows: fused projections, no padding, no work for what is always zero.

The same arithmetic as `torch_bert.BertTwoHeads` in evaluation mode. Embeddings, pooling and heads are in float32, the
layers in the number format that was asked for; but what the first half of them adds up is float32 too.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moderation_model.backends import STARS
from moderation_model.backends.layers import SCRIPTS, Layer, Linear, Norm, OneDnnLinear


class PackedBert(nn.Module):
    """The weights of one model on one device. Call it with the tensors of a `packing.Micro`."""

    _words: Tensor
    _places: Tensor

    def __init__(
        self, state: Mapping[str, Tensor], config: Mapping[str, Any], *, device: torch.device, dtype: torch.dtype
    ) -> None:
        """`state` as `torch_bert.save_weights` writes it; `check` has found nothing wrong with it."""
        super().__init__()
        self._width, self._heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        self.device, self.dtype = device, dtype
        read = _Reader(state, device, dtype, eps=float(config["layer_norm_eps"]))
        embeddings = "encoder.embeddings."
        self.register_buffer("_words", read.tensor(f"{embeddings}word_embeddings.weight", None))  # few are looked up
        types = read.tensor(f"{embeddings}token_type_embeddings.weight", torch.float32)
        places = read.tensor(f"{embeddings}position_embeddings.weight", torch.float32)
        self.register_buffer("_places", places + types[0])
        self._norm = read.norm(f"{embeddings}LayerNorm", torch.float32)
        count = int(config["num_hidden_layers"])
        numbers = [torch.float32 if 2 * number < count else dtype for number in range(count)]
        layers = [read.layer(f"encoder.encoder.layer.{number}.", sums=sums) for number, sums in enumerate(numbers)]
        self._layers = nn.ModuleList(layers)
        self._ends = Linear(*read.stacked("toxicity", "sentiment", number=torch.float32))

    def forward(self, row: int, tokens: Tensor, counts: Tensor) -> Tensor:
        """(slots, labels + 5) float32, toxicity first; slots without a window hold nothing of meaning."""
        ids, positions, owners = tokens.unbind()
        owner = owners.view(-1, 1, row)
        apart = owner.unsqueeze(-1) != owner.unsqueeze(-2)
        mask = torch.zeros(apart.shape, dtype=self.dtype, device=self.device).masked_fill_(apart, float("-inf"))
        x = self._norm(F.embedding(ids, self._words).float() + F.embedding(positions, self._places))
        for layer in cast(Iterable[Layer], self._layers):
            x = x.to(layer.norm.weight.dtype)
            seen = self._attend(layer.qkv.plain(x.to(self.dtype)), row, mask)
            x = layer.norm(layer.out.plus(seen, x))
            x = layer.last(layer.down.plus(layer.up.gelu(x.to(self.dtype)), x))
        sums = torch.zeros(counts.shape[0], self._width, device=self.device).index_add_(0, owners, x.float())
        return self._ends.plain(sums / counts.unsqueeze(1))

    def _attend(self, qkv: Tensor, row: int, mask: Tensor) -> Tensor:
        """(tokens, 3 * width) -> (tokens, width); `mask` (rows, 1, row, row) is added to the products."""
        split = qkv.view(-1, row, 3, self._heads, self._width // self._heads)
        queries, keys, values = split.permute(2, 0, 3, 1, 4).unbind(0)
        seen = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        return seen.transpose(1, 2).reshape(-1, self._width)


def traced(model: PackedBert, row: int, tokens: Tensor, counts: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """`model` for rows of `row` tokens as one operator, which needs Python's lock only when it is called.

    Operator by operator it asks for the lock ninety times a pass and waits up to 5 ms each time while other threads
    compute in Python. `tokens` and `counts` are examples; other sizes are fine.
    """
    one = _OneRow(model, row)
    if not SCRIPTS:
        return one
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch is pinned, and its successor needs a C++ compiler
        return cast(torch.jit.ScriptModule, torch.jit.trace(one, (tokens, counts), check_trace=False))


class _OneRow(nn.Module):
    """`PackedBert` with a fixed length of rows."""

    def __init__(self, model: PackedBert, row: int) -> None:
        super().__init__()
        self._model, self._row = model, row

    def forward(self, tokens: Tensor, counts: Tensor) -> Tensor:
        return self._model(self._row, tokens, counts)


class _Reader:
    """Takes weights out of a state by name, onto one device and into one number format."""

    def __init__(self, state: Mapping[str, Tensor], device: torch.device, dtype: torch.dtype, *, eps: float) -> None:
        self._state, self._device, self._dtype, self._eps = state, device, dtype, eps
        self._linear = OneDnnLinear if device.type == "cpu" and dtype is torch.bfloat16 else Linear

    def tensor(self, name: str, number: torch.dtype | None) -> Tensor:
        return self._state[name].to(self._device, number)

    def norm(self, name: str, number: torch.dtype) -> Norm:
        return Norm(self.tensor(f"{name}.weight", number), self.tensor(f"{name}.bias", number), self._eps)

    def stacked(self, *names: str, number: torch.dtype) -> tuple[Tensor, Tensor]:
        """Weight and bias of linear layers that read the same, one above the other."""
        weights, biases = ([self.tensor(f"{name}.{part}", number) for name in names] for part in ("weight", "bias"))
        return torch.cat(weights), torch.cat(biases)

    def layer(self, at: str, *, sums: torch.dtype) -> Layer:
        """The layer whose names start with `at`; it adds up in the numbers `sums`."""

        def linear(*names: str) -> Linear:
            return self._linear(*self.stacked(*(at + name for name in names), number=self._dtype))

        return Layer(
            qkv=linear(*(f"attention.self.{name}" for name in ("query", "key", "value"))),
            out=linear("attention.output.dense"),
            norm=self.norm(f"{at}attention.output.LayerNorm", sums),
            up=linear("intermediate.dense"),
            down=linear("output.dense"),
            last=self.norm(f"{at}output.LayerNorm", sums),
        )


def check(state: Mapping[str, Tensor], config: Mapping[str, Any], *, labels: int) -> None:
    """Raises ValueError with what differs if `state` is not the whole of one model of `config`, KeyError likewise."""
    if config["model_type"] != "bert" or config["hidden_act"] != "gelu":
        raise ValueError(f"it is a {config['model_type']} with {config['hidden_act']}, not a BERT with gelu")
    if config["hidden_size"] % config["num_attention_heads"]:
        raise ValueError("its width is no multiple of its attention heads")
    expected = _shapes(config, labels=labels)
    wrong = [name for name, tensor in state.items() if tuple(tensor.shape) != expected.get(name)]
    wrong += sorted(set(expected) - set(state))
    if wrong:
        raise ValueError(f"its weights do not fit its config.json: {', '.join(wrong[:3])}")


def _shapes(config: Mapping[str, Any], *, labels: int) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every tensor of a model of `config`."""
    width, inner = int(config["hidden_size"]), int(config["intermediate_size"])
    linears = {"toxicity": (labels, width), "sentiment": (STARS, width)}
    norms = ["encoder.embeddings.LayerNorm"]
    for number in range(int(config["num_hidden_layers"])):
        layer = f"encoder.encoder.layer.{number}."
        linears |= {f"{layer}attention.self.{name}": (width, width) for name in ("query", "key", "value")}
        linears |= {f"{layer}attention.output.dense": (width, width), f"{layer}intermediate.dense": (inner, width)}
        linears[f"{layer}output.dense"] = (width, inner)
        norms += [f"{layer}attention.output.LayerNorm", f"{layer}output.LayerNorm"]
    tables = {"word": "vocab_size", "position": "max_position_embeddings", "token_type": "type_vocab_size"}
    shapes = {f"encoder.embeddings.{name}_embeddings.weight": (int(config[key]), width) for name, key in tables.items()}
    for name, shape in [*linears.items(), *((name, (width,)) for name in norms)]:
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return shapes
