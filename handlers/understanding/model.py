"""A small linear model beside the rules: how likely each intent is, learned from the labelled lines by `make train`.

The data file: one line of JSON (`Header`), then per feature its CRC-32 (little endian, rising), then its row of weights,
one byte a label, ZERO for nothing. Plain Python: a message costs some dozens of look-ups.
"""

from __future__ import annotations

import json
import math
import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

from handlers.understanding.facts import Facts
from handlers.understanding.features import MOST, of_message, of_word
from handlers.understanding.fold import Word
from handlers.understanding.reading import Reading

DATA: Final = Path(__file__).parent / "model.bin"
INTENTS: Final = (
    "greeting", "buy", "ask_fee", "claim", "renewal", "complaint", "talk_to_human", "opt_out", "yes", "no", "thanks", "give_name", "give_phone",
    "give_email", "give_plate", "privacy_request", "spam_abuse", "other",
)  # fmt: skip
# each is likely or not by itself; alarm: one of the two before it
FLAGS: Final = ("fatal", "urgent", "alarm", "fraud", "self_harm", "violence")
LABELS: Final = (*INTENTS, *FLAGS)
PIECE_VALUE: Final = 0.3  # of a piece of a word, where a word is 1: it has a dozen of them
LEAST: Final = 16.0  # features: two known words are no certainty
ZERO: Final = 128  # bytes have no sign, and a slice of bytes is summed without unpacking it
WORDS_KEPT: Final = 2048


class Opinion(NamedTuple):
    """What the model thinks. `intents` -- probabilities that sum to 1; `flags` -- a probability each; `known` -- the share
    of the words that it has met before."""

    intents: Mapping[str, float]
    flags: Mapping[str, float]
    known: float


@dataclass(frozen=True, slots=True)
class Header:
    """What the data file says of itself. `corpus` -- SHA-256 of the lines it was learned from; `unit` -- what one step of
    a weight is worth; `bias` -- a number a label."""

    corpus: str
    unit: float
    bias: tuple[float, ...]
    features: int


class Row(NamedTuple):
    """Weights by label, and how many features they are the sum of. `known` -- whether the word itself has been met."""

    size: float
    known: bool
    weights: tuple[int, ...]


class Model:
    """The weights, and what the words met last come to."""

    __slots__ = ("_places", "_rows", "_words", "header")

    def __init__(self, data: bytes) -> None:
        """Raises ValueError when `data` is no model of these labels."""
        top, _, rest = data.partition(b"\n")
        told = json.loads(top)
        if told["labels"] != list(LABELS):
            raise ValueError("the model has other labels: make train")
        self.header = Header(told["corpus"], told["unit"], tuple(told["bias"]), told["features"])
        keys = array("I")
        keys.frombytes(rest[: 4 * self.header.features])
        if sys.byteorder != "little":
            keys.byteswap()
        self._rows = rest[4 * self.header.features :]
        self._places = dict(zip(keys, range(0, len(self._rows), len(LABELS)), strict=True))
        self._words: dict[Word, Row] = {}

    def judge(self, reading: Reading, facts: Facts, context: str, read_as: str) -> Opinion:
        """How likely each label is. `read_as` -- the rules' intent; `context` -- as in the corpus, '' for none."""
        words = [self._words.get(word) or self._met(word) for word in reading.words[:MOST]]
        rows = self._known(of_message(reading, facts, context, read_as))
        size = sum([row.size for row in words]) + len(rows)
        known = sum([row.known for row in words]) / max(1, len(words))
        scale = self.header.unit / math.sqrt(max(LEAST, size))
        sums = summed(rows, [row.weights for row in words])
        margins = [bias + scale * total for bias, total in zip(self.header.bias, sums, strict=True)]
        return Opinion(
            dict(zip(INTENTS, softmax(margins[: len(INTENTS)]), strict=True)),
            dict(zip(FLAGS, map(logistic, margins[len(INTENTS) :]), strict=True)),
            known,
        )

    def _met(self, word: Word) -> Row:
        """A word's features as one row; the words met last are kept."""
        names = of_word(word)
        pieces = self._known([name for name in names if name[0] == "c"])
        whole = self._known([name for name in names if name[0] != "c"])
        row = Row(
            PIECE_VALUE * len(pieces) + len(whole),
            bool(whole),
            tuple(summed(pieces + whole, ())),
        )
        if len(self._words) >= WORDS_KEPT:
            self._words.clear()
        self._words[word] = row
        return row

    def _known(self, names: Sequence[str]) -> list[bytes]:
        rows, width = self._rows, len(LABELS)
        found = map(self._places.get, map(crc32, map(str.encode, names)))
        return [rows[at : at + width] for at in found if at is not None]


def summed(rows: Sequence[bytes], more: Sequence[Sequence[int]]) -> list[int]:
    """Weights by label of all these features. `rows` -- as in the data file; `more` -- sums already."""
    zero = ZERO * len(rows)
    return [sum(column) - zero for column in zip(bytes(len(LABELS)), *rows, *more, strict=True)]


def softmax(margins: Sequence[float]) -> list[float]:
    """Probabilities that sum to 1."""
    most = max(margins)
    powers = [math.exp(margin - most) for margin in margins]
    total = sum(powers)
    return [power / total for power in powers]


def logistic(margin: float) -> float:
    """A probability."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, margin))))


@cache
def shipped() -> Model:
    """The model that goes along with the code, read once."""
    return Model(DATA.read_bytes())
