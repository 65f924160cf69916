"""A tiny BERT with random weights in files, and what it should say, worked out number by number."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from bot.recall.weights import Weights

SIZE, HEADS, LAYERS, WIDE, PLACES = 8, 2, 2, 12, 16
EPSILON = 1e-12
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "tea", "coffee", "and", "the", "loom", "##s")

Vector = list[float]
Matrix = list[Vector]


def write(folder: Path, seed: int = 7) -> Weights:
    """Files of a model; the same seed gives the same ones."""
    rng = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return rng.normal(0, 0.6, shape).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": some(len(WORDS), SIZE),
        "embeddings.position_embeddings.weight": some(PLACES, SIZE),
        "embeddings.token_type_embeddings.weight": some(2, SIZE),
        "embeddings.LayerNorm.weight": some(SIZE),
        "embeddings.LayerNorm.bias": some(SIZE),
        # Real files hold these as well; nobody needs them.
        "embeddings.position_ids": np.arange(PLACES, dtype=np.int64)[None],
        "pooler.dense.weight": some(SIZE, SIZE),
    }
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        sizes = {
            "attention.self.query": (SIZE, SIZE),
            "attention.self.key": (SIZE, SIZE),
            "attention.self.value": (SIZE, SIZE),
            "attention.output.dense": (SIZE, SIZE),
            "attention.output.LayerNorm": (SIZE,),
            "intermediate.dense": (WIDE, SIZE),
            "output.dense": (SIZE, WIDE),
            "output.LayerNorm": (SIZE,),
        }
        for name, shape in sizes.items():
            tensors[f"{at}.{name}.weight"] = some(*shape)
            tensors[f"{at}.{name}.bias"] = some(shape[0])
    weights = Weights.within(folder)
    save_file(tensors, weights.tensors)
    config = {"num_attention_heads": HEADS, "layer_norm_eps": EPSILON}
    weights.config.write_text(json.dumps(config))
    tokenizer = Tokenizer(
        models.WordPiece({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    # As in the real file, where nothing of it is wanted.
    tokenizer.enable_padding(length=12)
    tokenizer.enable_truncation(12)
    tokenizer.save(str(weights.tokenizer))
    return weights


def expected(tensors: Mapping[str, Any], ids: Sequence[int]) -> Vector:
    """The vector of one text, by the definition and without a thought for speed."""

    def get(name: str) -> Any:
        return tensors[name].tolist()

    def linear(rows: Matrix, name: str) -> Matrix:
        weight, bias = get(f"{name}.weight"), get(f"{name}.bias")
        return [
            [sum(a * b for a, b in zip(row, line, strict=True)) + c
             for line, c in zip(weight, bias, strict=True)]
            for row in rows
        ]  # fmt: skip

    def norm(rows: Matrix, name: str) -> Matrix:
        weight, bias = get(f"{name}.weight"), get(f"{name}.bias")
        found: Matrix = []
        for row in rows:
            mean = sum(row) / SIZE
            spread = math.sqrt(sum((each - mean) ** 2 for each in row) / SIZE + EPSILON)
            scaled = [(each - mean) / spread for each in row]
            found.append([a * b + c for a, b, c in zip(scaled, weight, bias, strict=True)])
        return found

    def added(first: Matrix, second: Matrix) -> Matrix:
        return [
            [a + b for a, b in zip(*rows, strict=True)] for rows in zip(first, second, strict=True)
        ]

    words, places = get("embeddings.word_embeddings.weight"), get(
        "embeddings.position_embeddings.weight"
    )  # fmt: skip
    kind = get("embeddings.token_type_embeddings.weight")[0]
    hidden: Matrix = [
        [words[token][n] + places[place][n] + kind[n] for n in range(SIZE)]
        for place, token in enumerate(ids)
    ]
    hidden = norm(hidden, "embeddings.LayerNorm")
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        queries, keys, values = (
            linear(hidden, f"{at}.attention.self.{part}") for part in ("query", "key", "value")
        )
        looked = [_attended(row, keys, values) for row in queries]
        mixed = linear(looked, f"{at}.attention.output.dense")
        hidden = norm(added(hidden, mixed), f"{at}.attention.output.LayerNorm")
        wide = _each(_gelu, linear(hidden, f"{at}.intermediate.dense"))
        hidden = norm(added(hidden, linear(wide, f"{at}.output.dense")), f"{at}.output.LayerNorm")
    mean = [sum(row[n] for row in hidden) / len(ids) for n in range(SIZE)]
    length = math.hypot(*mean)
    return [each / length for each in mean]


def _attended(query: Vector, keys: Matrix, values: Matrix) -> Vector:
    part = SIZE // HEADS
    found: Vector = []
    for head in range(HEADS):
        mine = range(head * part, (head + 1) * part)
        scores = [math.exp(sum(query[n] * key[n] for n in mine) / part**0.5) for key in keys]
        found += [
            sum(score * value[n] for score, value in zip(scores, values, strict=True)) / sum(scores)
            for n in mine
        ]
    return found


def _gelu(number: float) -> float:
    return number * (1 + math.erf(number / math.sqrt(2))) / 2


def _each(change: Callable[[float], float], rows: Matrix) -> Matrix:
    return [[change(each) for each in row] for row in rows]


def some_text(seed: int, words: int) -> str:
    """So many words that the model knows."""
    rng = random.Random(seed)
    return " ".join(
        rng.choice(("tea", "coffee", "and", "the", "loom", "looms")) for _ in range(words)
    )
