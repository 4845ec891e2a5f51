"""One pass of our BERT over packed rows: fused projections, no padding, no work for what is always zero.

The same arithmetic as `torch_bert.BertTwoHeads` in evaluation mode. Embeddings, pooling and heads are in float32, the
layers in the number format that was asked for; but what the first half of them adds up is float32 too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from moderation_model.backends import STARS

Norm = tuple[Tensor, Tensor]
"""Weight and bias of a layer norm."""


class Linear(Protocol):
    """x (tokens, in) -> (tokens, out), alone or with what follows it."""

    def plain(self, x: Tensor) -> Tensor:
        """Wx + b."""
        ...

    def gelu(self, x: Tensor) -> Tensor:
        """gelu(Wx + b), the exact one with erf."""
        ...

    def plus(self, x: Tensor, rest: Tensor) -> Tensor:
        """Wx + b + rest."""
        ...


class TorchLinear:
    """Torch's own operators: for every device and number format."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self._weight, self._bias = weight, bias

    def plain(self, x: Tensor) -> Tensor:
        """See `Linear`."""
        return F.linear(x, self._weight, self._bias)

    def gelu(self, x: Tensor) -> Tensor:
        """See `Linear`."""
        return F.gelu(self.plain(x))

    def plus(self, x: Tensor, rest: Tensor) -> Tensor:
        """See `Linear`."""
        return self.plain(x).add_(rest)


class OneDnnLinear:
    """The fused operators of oneDNN on weights in its own order, which torch's compiler uses too; bfloat16 on a CPU."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, 512)
        self._bias = bias

    def plain(self, x: Tensor) -> Tensor:
        """See `Linear`."""
        return torch.ops.mkldnn._linear_pointwise(x, self._weight, self._bias, "none", [], "")

    def gelu(self, x: Tensor) -> Tensor:
        """See `Linear`."""
        return torch.ops.mkldnn._linear_pointwise(x, self._weight, self._bias, "gelu", [], "none")

    def plus(self, x: Tensor, rest: Tensor) -> Tensor:
        """See `Linear`."""
        return torch.ops.mkldnn._linear_pointwise.binary(x, rest, self._weight, self._bias, "add")


class Layer(NamedTuple):
    """One layer of the encoder. `qkv` gives queries, keys and values side by side.

    The numbers of the norms are those in which the layer adds up. In bfloat16 roundings of the first layers grow in the
    others: with float32 sums in three of six layers the largest error of a score fell from 0.014 to 0.009.
    """

    qkv: Linear
    out: Linear
    norm: Norm
    up: Linear
    down: Linear
    last_norm: Norm


class PackedBert:
    """The weights of one model on one device. Call it with the tensors of a `packing.Micro`."""

    def __init__(
        self, state: Mapping[str, Tensor], config: Mapping[str, Any], *, device: torch.device, dtype: torch.dtype
    ) -> None:
        """`state` as `torch_bert.save_weights` writes it; `check` has found nothing wrong with it."""
        self._width, self._heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        self._eps = float(config["layer_norm_eps"])
        self.device, self.dtype = device, dtype
        read = _Reader(state, device, dtype)
        embeddings = "encoder.embeddings."
        self._words = read.tensor(f"{embeddings}word_embeddings.weight", None)  # as stored: few rows are looked up
        types = read.tensor(f"{embeddings}token_type_embeddings.weight", torch.float32)
        self._places = read.tensor(f"{embeddings}position_embeddings.weight", torch.float32) + types[0]
        self._norm = read.norm(f"{embeddings}LayerNorm", torch.float32)
        count = int(config["num_hidden_layers"])
        self._layers = [
            read.layer(f"encoder.encoder.layer.{number}.", sums=torch.float32 if 2 * number < count else dtype)
            for number in range(count)
        ]
        self._ends = read.stacked("toxicity", "sentiment", number=torch.float32)

    def __call__(self, row: int, tokens: Tensor, counts: Tensor) -> Tensor:
        """(slots, labels + 5) float32, toxicity first; slots without a window hold nothing of meaning."""
        ids, positions, owners = tokens
        owner = owners.view(-1, 1, row)
        apart = owner.unsqueeze(-1) != owner.unsqueeze(-2)
        mask = torch.zeros(apart.shape, dtype=self.dtype, device=self.device).masked_fill_(apart, float("-inf"))
        shape = (self._width,)
        x = F.embedding(ids, self._words).float() + F.embedding(positions, self._places)
        x = F.layer_norm(x, shape, *self._norm, self._eps)
        for layer in self._layers:
            x = x.to(layer.norm[0].dtype)
            seen = self._attend(layer.qkv.plain(x.to(self.dtype)), row, mask)
            x = F.layer_norm(_plus(layer.out, seen, x), shape, *layer.norm, self._eps)
            inner = layer.up.gelu(x.to(self.dtype))
            x = F.layer_norm(_plus(layer.down, inner, x), shape, *layer.last_norm, self._eps)
        sums = torch.zeros(counts.shape[0], self._width, device=self.device).index_add_(0, owners, x.float())
        return F.linear(sums / counts.unsqueeze(1), *self._ends)

    def _attend(self, qkv: Tensor, row: int, mask: Tensor) -> Tensor:
        """(tokens, 3 * width) -> (tokens, width); `mask` (rows, 1, row, row) is added to the products."""
        split = qkv.view(-1, row, 3, self._heads, self._width // self._heads)
        queries, keys, values = split.permute(2, 0, 3, 1, 4).unbind(0)
        seen = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        return seen.transpose(1, 2).reshape(-1, self._width)


def _plus(linear: Linear, x: Tensor, rest: Tensor) -> Tensor:
    """Wx + b + rest in the numbers of `rest`."""
    return linear.plus(x, rest) if x.dtype is rest.dtype else linear.plain(x).to(rest.dtype).add_(rest)


class _Reader:
    """Takes weights out of a state by name, onto one device and into one number format."""

    def __init__(self, state: Mapping[str, Tensor], device: torch.device, dtype: torch.dtype) -> None:
        self._state, self._device, self._dtype = state, device, dtype
        self._linear = OneDnnLinear if device.type == "cpu" and dtype is torch.bfloat16 else TorchLinear

    def tensor(self, name: str, number: torch.dtype | None) -> Tensor:
        return self._state[name].to(self._device, number)

    def norm(self, name: str, number: torch.dtype) -> Norm:
        return self.tensor(f"{name}.weight", number), self.tensor(f"{name}.bias", number)

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
            last_norm=self.norm(f"{at}output.LayerNorm", sums),
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
