"""The forward pass of a BERT that embeds sentences, in numpy: no torch, no graph, no training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

MASKED = np.float32(-1e9)
"""Added to the score of what is only padding."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the weights alone do not tell: heads of attention, and what keeps a norm from 0."""

    heads: int
    epsilon: float


class Bert:
    """Token ids in, one vector of length 1 for each text out: the mean over its tokens.

    Args:
        tensors: The weights by their names in the model's own file.
        shape: See `Shape`.

    Raises:
        ValueError: A weight is missing, or they do not fit together.
    """

    def __init__(self, tensors: Mapping[str, Floats], shape: Shape) -> None:
        self._shape = shape
        try:
            words = tensors["embeddings.word_embeddings.weight"]
            self._words = words
            # All tokens are of the first kind, so that kind's vector can be added beforehand.
            self._places = (
                tensors["embeddings.position_embeddings.weight"]
                + tensors["embeddings.token_type_embeddings.weight"][0]
            )
            self._norm = _norm(tensors, "embeddings.LayerNorm")
            self._layers = [_layer(tensors, number) for number in range(_layers(tensors))]
        except KeyError as error:
            raise ValueError(f"the weights have no {error}") from None
        self.dimensions = int(words.shape[1])
        """Numbers of one vector."""
        self.longest = int(self._places.shape[0])
        """Tokens of a text, marks at both ends included."""
        if not self._layers or self.dimensions % shape.heads:
            raise ValueError("the weights do not fit their description")

    def embed(self, texts: Sequence[Sequence[int]]) -> Floats:
        """One vector for each text, none of which may be empty; rows are in their order."""
        longest = max(map(len, texts))
        ids: Ints = np.zeros((len(texts), longest), np.int64)
        there: Floats = np.zeros((len(texts), longest), np.float32)
        for row, tokens in enumerate(texts):
            ids[row, : len(tokens)] = tokens
            there[row, : len(tokens)] = 1.0
        hidden = self._words[ids] + self._places[:longest]
        hidden = _normed(hidden, self._norm, self._shape.epsilon)
        mask = (1.0 - there)[:, None, None, :] * MASKED
        for layer in self._layers:
            hidden = self._pass(hidden, layer, mask)
        total = (hidden * there[:, :, None]).sum(axis=1)
        mean = total / there.sum(axis=1, keepdims=True)
        lengths = np.sqrt(np.square(mean).sum(axis=1, keepdims=True))
        return np.asarray(mean / np.maximum(lengths, np.float32(1e-12)), np.float32)

    def _pass(self, hidden: Floats, layer: _Layer, mask: Floats) -> Floats:
        epsilon = self._shape.epsilon
        mixed = _linear(self._attention(hidden, layer, mask), layer.mix)
        hidden = _normed(hidden + mixed, layer.mixed, epsilon)
        wide = _gelu(_linear(hidden, layer.widen))
        return _normed(hidden + _linear(wide, layer.narrow), layer.narrowed, epsilon)

    def _attention(self, hidden: Floats, layer: _Layer, mask: Floats) -> Floats:
        batch, length, size = hidden.shape
        heads = self._shape.heads
        each = size // heads
        parts = _linear(hidden, layer.ask).reshape(batch, length, 3, heads, each)
        queries, keys, values = parts.transpose(2, 0, 3, 1, 4)
        scores = queries @ keys.transpose(0, 1, 3, 2) * np.float32(each**-0.5) + mask
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        return (scores @ values).transpose(0, 2, 1, 3).reshape(batch, length, size)


_Pair = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class _Layer:
    """Weight and bias of each step; `ask` holds queries, keys and values side by side."""

    ask: _Pair
    mix: _Pair
    mixed: _Pair
    widen: _Pair
    narrow: _Pair
    narrowed: _Pair


def _layers(tensors: Mapping[str, Floats]) -> int:
    number = 0
    while f"encoder.layer.{number}.attention.self.query.weight" in tensors:
        number += 1
    return number


def _layer(tensors: Mapping[str, Floats], number: int) -> _Layer:
    at = f"encoder.layer.{number}"
    parts = [_dense(tensors, f"{at}.attention.self.{part}") for part in ("query", "key", "value")]
    return _Layer(
        ask=(
            np.concatenate([weight for weight, _ in parts], axis=1),
            np.concatenate([bias for _, bias in parts]),
        ),
        mix=_dense(tensors, f"{at}.attention.output.dense"),
        mixed=_norm(tensors, f"{at}.attention.output.LayerNorm"),
        widen=_dense(tensors, f"{at}.intermediate.dense"),
        narrow=_dense(tensors, f"{at}.output.dense"),
        narrowed=_norm(tensors, f"{at}.output.LayerNorm"),
    )


def _dense(tensors: Mapping[str, Floats], name: str) -> _Pair:
    return np.ascontiguousarray(tensors[f"{name}.weight"].T), tensors[f"{name}.bias"]


def _norm(tensors: Mapping[str, Floats], name: str) -> _Pair:
    return tensors[f"{name}.weight"], tensors[f"{name}.bias"]


def _linear(values: Floats, weights: _Pair) -> Floats:
    weight, bias = weights
    # One large product is many times faster than one for each text.
    flat = values.reshape(-1, values.shape[-1]) @ weight
    flat += bias
    return flat.reshape(*values.shape[:-1], weight.shape[1])


def _normed(values: Floats, weights: _Pair, epsilon: float) -> Floats:
    weight, bias = weights
    centred = values - values.mean(axis=-1, keepdims=True)
    spread = np.square(centred).mean(axis=-1, keepdims=True)
    centred /= np.sqrt(spread + np.float32(epsilon))
    centred *= weight
    centred += bias
    return centred


_ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
_ERF_SLOPE = np.float32(0.3275911)


def _gelu(values: Floats) -> Floats:
    """x Φ(x), with a polynomial for the error function that is exact to float32's last digits."""
    size = np.abs(values) * np.float32(0.5**0.5)
    step = 1.0 / (1.0 + _ERF_SLOPE * size)
    rest = np.full_like(step, _ERF[0])
    for factor in _ERF[1:]:
        rest *= step
        rest += np.float32(factor)
    rest *= step
    rest *= np.exp(-np.square(size))
    # `rest` is 1 - erf; beyond the middle it is what lacks, before it what there is.
    below = np.where(values < 0, rest, 2.0 - rest)
    return np.asarray(values * below * np.float32(0.5), np.float32)
