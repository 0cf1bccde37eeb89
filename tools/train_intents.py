"""`make train`: learn the model of intents from the labelled lines; `--check` says how good it is by cross-validation.

Multinomial logistic regression (and one logistic regression a flag) by stochastic gradient descent in plain Python. The
same lines give the same file, byte for byte, on the same Python. What is sealed is never read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from zlib import crc32

from handlers.understanding import SHORT_NAMES, intent, model
from handlers.understanding.arbiter import settle
from handlers.understanding.facts import Facts, gather
from handlers.understanding.features import MOST, of_message, of_word
from handlers.understanding.fold import spell
from handlers.understanding.model import INTENTS, LABELS, LEAST, PIECE_VALUE, Model
from handlers.understanding.reading import Reading, read

CORPUS: Final = Path(__file__).parents[1] / "tests" / "corpus"
# what the rules were written from: they are right there and not elsewhere, so nothing is learned from them about rules
KNOWN_TO_RULES: Final = (
    "intents.train.jsonl",
    "intents.own.jsonl",
    "intents.plain.jsonl",
    "intents.more_d.jsonl",
    "intents.more_e.jsonl",
    "intents.more_f.jsonl",
    "intents.more_g.jsonl",
    "intents.more_h.jsonl",
    "intents.more_i.jsonl",
    "intents.more_j.jsonl",
    "intents.held_out_5.jsonl",  # opened
    "intents.held_out_6.jsonl",  # opened
    "intents.held_out_7.jsonl",  # opened
)
UNSEEN_BY_RULES: Final = (
    "intents.dev.jsonl",
    "intents.more_a.jsonl",
    "intents.more_b.jsonl",
    "intents.more_c.jsonl",
    "intents.opened.jsonl",
)
# one-sided, a third of it despair: it teaches what despair is, and not how often people mean what
ONE_SIDED: Final = ("intents.more_f.jsonl",)
FILES: Final = (*KNOWN_TO_RULES, *UNSEEN_BY_RULES)
NOW: Final = datetime(2026, 10, 1, tzinfo=UTC)
SEED: Final = 20261001
ROUNDS: Final = 8
RATE: Final = 3.0
SHRINK: Final = 0.01  # of a weight, a round, at full rate
WITHOUT_RULES: Final = 0.3  # of the lines, each round: the words have to be able to do without
TWICE: Final = 2  # lines that a feature must stand in; pieces of words in one more
DANGERS: Final = slice(LABELS.index("fatal"), LABELS.index("alarm") + 1)
DESPAIR: Final = slice(LABELS.index("self_harm"), LABELS.index("violence") + 1)
HEAVIER: Final = 3.0  # a danger among the lines: a missed one costs more than a question too many
CLIPPED: Final = 0.9995  # of the weights fit the range of a byte, the others are cut to it

# whose it is: deaths are told of one's own, and so they would be heard in every word about one's own
KIN: Final = tuple(
    "vợ chồng ba bố cha mẹ má tía nội ngoại ông bà xã anh chị em con cậu chú bác cô dì dượng mợ thím cụ bé cháu gái trai rể dâu nhà tôi tui mình"
    " husband wife dad mom mother father my his her".split()
)
KIN_KEYS: Final = frozenset(spell(word).key for word in KIN)
KIN_FEATURES: Final = frozenset(
    name for word in KIN for form in (word, spell(word).key) for name in of_word(spell(form))
)
FAINT: Final = 9  # of 127; a feature of which no weight is more costs time and decides nothing


class Line(NamedTuple):
    """A labelled line, read. `flags` -- 1 and 0 as labelled, None where nobody said."""

    row: Mapping[str, Any]
    context: str
    reading: Reading
    facts: Facts
    ruled: intent.Decision
    features: tuple[str, ...]
    flags: tuple[int | None, ...]
    known: bool  # to those who wrote the rules
    one_sided: bool


class Weights(NamedTuple):
    """`rows` -- by feature, a number a label."""

    rows: dict[str, list[float]]
    bias: list[float]


class Example(NamedTuple):
    """A line's rows of weights: pieces of words, what the rules say, the rest."""

    pieces: list[list[float]]
    rules: list[list[float]]
    others: list[list[float]]
    wanted: int
    flags: tuple[int | None, ...]
    known: bool


def corpus_hash() -> str:
    """What the model was, or would be, learned from."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(name.encode() + b"\0" + (CORPUS / name).read_bytes())
    return digest.hexdigest()


def rows_of(name: str) -> list[dict[str, Any]]:
    """All lines of a file, as labelled."""
    return [json.loads(line) for line in (CORPUS / name).read_text("utf-8").splitlines() if line.strip()]


def lines_of(name: str) -> list[Line]:
    """All lines of a file, read by the rules."""
    known, one_sided = name in KNOWN_TO_RULES, name in ONE_SIDED
    return [_line(row, known=known, one_sided=one_sided) for row in rows_of(name)]


def _line(row: Mapping[str, Any], *, known: bool, one_sided: bool) -> Line:
    asked = row.get("context") or ""
    context = f"ask_{asked}" if asked in SHORT_NAMES else asked
    reading = read(row["text"])
    facts = gather(reading, context, NOW)
    ruled = intent.decide(reading, facts, context)
    features = [name for word in reading.words[:MOST] for name in of_word(word)]
    features += of_message(reading, facts, context, ruled.intent)
    return Line(row, context, reading, facts, ruled, tuple(features), _flags(row), known, one_sided)


def _flags(row: Mapping[str, Any]) -> tuple[int | None, ...]:
    told = row.get("entities")
    claims = row["intent"] == "claim"
    silent = told is None
    told = told or {}
    fatal, urgent = (claims and bool(told.get(flag)) for flag in ("fatal", "urgent"))
    danger = [None] * 3 if claims and silent else [int(fatal), int(urgent), int(fatal or urgent)]
    fraud = None if row["intent"] == "other" and silent else int(told.get("topic") == "fraud_signal")
    return (*danger, fraud, *(int(told.get("topic") == despair) for despair in ("self_harm", "violence")))


def learn(lines: Sequence[Line]) -> Weights:
    """The weights: deaths, dangers, despair and violence of all lines, the rest of those that are not one-sided.

    Deaths and dangers are learned from the words alone: a second opinion that leant on the rules would miss what they miss.
    And from what befell, not from whom: `_tells`.
    """
    balanced = [line for line in lines if not line.one_sided]
    weights = _passes(balanced)
    _take(weights, _passes(lines, without_rules=1, heavier=HEAVIER, only=_tells), DANGERS)
    if len(balanced) < len(lines):
        _take(weights, _passes(lines), DESPAIR)
    return weights


def _take(weights: Weights, others: Weights, labels: slice) -> None:
    """Replace some labels' weights by `others`; what these do not look at weighs nothing there."""
    nothing = [0.0] * len(LABELS)
    for name, row in weights.rows.items():
        row[labels] = others.rows.get(name, nothing)[labels]
    weights.bias[labels] = others.bias[labels]


def _tells(name: str) -> bool:
    """Whether a feature may tell of a harm: neither whose it is, nor which question was open."""
    if name[0] in "btg":
        return not KIN_KEYS.issuperset(name[1:].split())
    return name[0] not in "rx" and name not in KIN_FEATURES


def _passes(
    lines: Sequence[Line],
    *,
    without_rules: float = WITHOUT_RULES,
    heavier: float = 1.0,
    only: Callable[[str], bool] = bool,
) -> Weights:
    """The weights after ROUNDS passes, the rate falling to nothing.

    without_rules -- of the lines, each round · heavier -- how much more a flag counts where it is set · only -- the
    features that are looked at
    """
    met = Counter(name for line in lines for name in set(line.features) if only(name))
    rows = {name: [0.0] * len(LABELS) for name in sorted(met) if met[name] >= (TWICE + 1 if name[0] == "c" else TWICE)}
    weights = Weights(rows, [0.0] * len(LABELS))
    examples = [_example(line, rows) for line in lines]
    chance = random.Random(SEED)  # noqa: S311 - an order, no secret
    for at in range(ROUNDS):
        chance.shuffle(examples)
        for done, example in enumerate(examples):
            rate = RATE * (1 - (at + done / len(examples)) / ROUNDS)
            ruled = not example.known and chance.random() >= without_rules
            _step(example, weights.bias, rate, ruled=ruled, heavier=heavier)
        kept = 1 - SHRINK * RATE * (1 - at / ROUNDS)
        for row in rows.values():
            row[:] = [weight * kept for weight in row]
    return weights


def _example(line: Line, rows: Mapping[str, list[float]]) -> Example:
    mine = [name for name in line.features if name in rows]
    return Example(
        [rows[name] for name in mine if name[0] == "c"],
        [rows[name] for name in mine if name[0] == "r"],
        [rows[name] for name in mine if name[0] not in "cr"],
        INTENTS.index(line.row["intent"]),
        line.flags,
        line.known,
    )


def _step(example: Example, bias: list[float], rate: float, *, ruled: bool, heavier: float) -> None:
    """One line's step down the slope of its loss. A piece of a word counts, and learns, less."""
    whole = example.others + example.rules if ruled else example.others
    scale = 1 / math.sqrt(max(LEAST, PIECE_VALUE * len(example.pieces) + len(whole)))
    sums = map(sum, zip(*whole, *example.pieces, strict=True))
    margins = [base + scale * total for base, total in zip(bias, sums, strict=True)]
    likely = model.softmax(margins[: len(INTENTS)])
    likely[example.wanted] -= 1
    flags = zip(example.flags, margins[len(INTENTS) :], strict=True)
    faults = likely + [0.0 if flag is None else _fault(flag, margin, heavier) for flag, margin in flags]
    for label, fault in enumerate(faults):
        if -0.004 < fault < 0.004:
            continue
        step = rate * scale * fault
        for row in whole:
            row[label] -= step
        piece = step * PIECE_VALUE
        for row in example.pieces:
            row[label] -= piece
        bias[label] -= step / 10


def _fault(flag: int, margin: float, heavier: float) -> float:
    return (model.logistic(margin) - flag) * (heavier if flag else 1.0)


def packed(weights: Weights, corpus: str) -> bytes:
    """The data file: see handlers/understanding/model.py."""
    sizes = sorted(abs(weight) for row in weights.rows.values() for weight in row)
    unit = max(1e-9, sizes[int(len(sizes) * CLIPPED)] / 127)
    table = {
        crc32(name.encode()): [max(-127, min(127, round(weight / unit))) for weight in row]
        for name, row in weights.rows.items()
    }
    table = {key: row for key, row in table.items() if max(map(abs, row)) > FAINT}
    header = {
        "labels": LABELS,
        "corpus": corpus,
        "unit": round(unit, 9),
        "bias": [round(base, 6) for base in weights.bias],
        "features": len(table),
    }
    keys = sorted(table)
    numbers = array("I", keys)
    weighed = bytes(model.ZERO + weight for key in keys for weight in table[key])
    if sys.byteorder != "little":
        numbers.byteswap()
    return json.dumps(header).encode() + b"\n" + numbers.tobytes() + weighed


def folds(lines: Sequence[Line], count: int) -> list[list[Line]]:
    """The lines that the rules had not seen, dealt out evenly."""
    dealt = [line for line in lines if not line.known]
    random.Random(SEED).shuffle(dealt)  # noqa: S311 - an order, no secret
    return [dealt[at::count] for at in range(count)]


def judged(lines: Sequence[Line], learned: Model) -> list[tuple[Line, model.Opinion, str]]:
    """Each line with what the model says and what comes of it beside the rules."""
    found = []
    for line in lines:
        opinion = learned.judge(line.reading, line.facts, line.context, line.ruled.intent)
        fresh = read(line.row["text"])  # settling marks it
        main = settle(fresh, line.facts, line.context, line.ruled, learned).intent
        found.append((line, opinion, main))
    return found


def check(lines: Sequence[Line], tested: Sequence[Line]) -> list[tuple[Line, model.Opinion, str]]:
    """`tested`, judged by a model of all other lines."""
    left_out = {line.row["id"] for line in tested}
    weights = learn([line for line in lines if line.row["id"] not in left_out])
    return judged(tested, Model(packed(weights, "")))


def table(name: str, found: Sequence[tuple[Line, model.Opinion, str]]) -> str:
    """Markdown: right by the rules, by the model, together; and each intent's recall and precision together."""
    wanted = [line.row["intent"] for line, _, _ in found]
    ways = {
        "rules": [line.ruled.intent for line, _, _ in found],
        "model": [max(opinion.intents, key=opinion.intents.__getitem__) for _, opinion, _ in found],
        "together": [main for _, _, main in found],
    }
    right = {way: sum(map(str.__eq__, wanted, given)) / len(wanted) for way, given in ways.items()}
    lines = [f"### {name}: {len(wanted)} lines", "", "| | rules | model | together |", "| --- | --- | --- | --- |"]
    lines.append("| right | " + " | ".join(f"{100 * share:.1f} %" for share in right.values()) + " |")
    lines += [f"| {one} | " + " | ".join(_f1(one, wanted, given) for given in ways.values()) + " |" for one in INTENTS]
    return "\n".join(lines) + "\n"


def _f1(name: str, wanted: Sequence[str], given: Sequence[str]) -> str:
    both = sum(a == b == name for a, b in zip(wanted, given, strict=True))
    recall = both / max(1, wanted.count(name))
    precision = both / max(1, given.count(name))
    return f"{2 * precision * recall / max(1e-9, precision + recall):.2f} ({recall:.2f}, {precision:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="train_intents")
    parser.add_argument("--check", action="store_true", help="cross-validate instead of writing the file")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--to", type=Path, default=model.DATA)
    args = parser.parse_args()
    lines = [line for name in FILES for line in lines_of(name)]
    if args.check:
        print(table("the dev file, unseen", check(lines, lines_of("intents.dev.jsonl"))))
        parts = [check(lines, fold) for fold in folds(lines, args.folds)]
        print(table(f"{args.folds} folds of what the rules had not seen", [one for part in parts for one in part]))
        return
    data = packed(learn(lines), corpus_hash())
    args.to.write_bytes(data)
    print(f"{args.to.name}: {len(data)} bytes, {len(lines)} lines")


if __name__ == "__main__":
    main()
