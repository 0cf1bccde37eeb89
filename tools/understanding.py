"""`python -m tools.understanding [files]`: how well messages are read, as Markdown for docs/understanding.md.

Scores labelled lines (tests/corpus/README.md): intents, macro-F1, entities, safety, time; and who is taken for whom.
`--wrong` prints the lines that are wrong; never of a sealed file, which is only counted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from handlers.understanding import Understanding, understand
from handlers.understanding.fold import flatten

CORPUS: Final = Path(__file__).parents[1] / "tests" / "corpus"
FILES: Final = (
    "intents.train.jsonl",
    "intents.own.jsonl",
    "intents.dev.jsonl",
    "intents.more_kept.jsonl",
    "intents.opened.jsonl",
    "intents.held_out_2.jsonl",
    "intents.held_out_3.jsonl",
    "intents.held_out_4.jsonl",
    "intents.held_out_5.jsonl",
    "intents.held_out_6.jsonl",
    "intents.held_out_7.jsonl",
    "intents.held_out_8.jsonl",
    "intents.more_g_kept.jsonl",
    "intents.more_h_kept.jsonl",
    "intents.more_j_kept.jsonl",
)
SEALED: Final = (
    "intents.held_out_2",
    "intents.held_out_3",
    "intents.held_out_8",
    "intents.held_out_9",
    "intents.more_kept",
    "intents.more_g_kept",
    "intents.more_h_kept",
    "intents.more_j_kept",
)  # beginnings of names
HARD: Final = ("phone", "email", "plate", "cccd", "dob", "product")  # the values that must be exact
DESPAIR: Final = ("self_harm", "violence")
LOOSE: Final = frozenset({"destination", "topic", "vehicle_model", "province", "district", "reason", "staff_name"})

Row = Mapping[str, Any]


@dataclass(slots=True)
class Score:
    """Counts of one file. `intents` -- (wanted, given); `keys` -- entity key -> [right, labelled, given beside]. `grave` -- despair and
    violence: [right, labelled, read so in all]."""

    lines: int = 0
    intents: Counter[tuple[str, str]] = field(default_factory=Counter)
    keys: dict[str, list[int]] = field(default_factory=dict)
    also: list[int] = field(default_factory=lambda: [0, 0])
    grave: list[int] = field(default_factory=lambda: [0, 0, 0])
    unsafe: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    took_us: list[float] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        return sum(n for (wanted, given), n in self.intents.items() if wanted == given) / max(1, self.lines)

    @property
    def macro_f1(self) -> float:
        """The mean over the intents that the file has."""
        return statistics.mean(self.f1(intent) for intent in {wanted for wanted, _ in self.intents})

    def f1(self, intent: str) -> float:
        right = self.intents[intent, intent]
        wanted = sum(n for (label, _), n in self.intents.items() if label == intent)
        given = sum(n for (_, label), n in self.intents.items() if label == intent)
        return 2 * right / (wanted + given) if wanted + given else 0.0

    def exact(self, *keys: str) -> tuple[int, int]:
        """(right, labelled) over these keys, or over all."""
        chosen = [self.keys[key] for key in keys or self.keys if key in self.keys]
        return sum(right for right, _, _ in chosen), sum(total for _, total, _ in chosen)


def rows_of(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def score(rows: Sequence[Row]) -> Score:
    """Read every line; the time is the CPU's for the first reading, when nothing of it is remembered."""
    made = Score()
    for row in rows:
        started = time.thread_time_ns()
        found = understand(row["text"], row.get("context"))
        made.took_us.append((time.thread_time_ns() - started) / 1e3)
        _count(made, row, found)
    return made


def _count(made: Score, row: Row, found: Understanding) -> None:
    made.lines += 1
    wanted, line = row["intent"], f"{row['id']} [{row.get('context', '')}] {row['text']!r}"
    made.intents[wanted, found.intent] += 1
    if found.intent != wanted:
        made.wrong.append(f"{line}: {wanted}, read as {found.intent}")
    topic = row.get("entities", {}).get("topic")
    made.grave[0] += topic in DESPAIR and found.entities.get("topic") == topic
    made.grave[1] += topic in DESPAIR
    made.grave[2] += found.entities.get("topic") in DESPAIR
    if "entities" in row:
        _entities(made, row["entities"], found.entities, line)
    for intent in row.get("also", ()):
        made.also[1] += 1
        made.also[0] += intent in found.also
        if intent not in found.also:
            made.wrong.append(f"{line}: also {intent}, not seen in {found.also}")
    made.unsafe += [f"{line}: {fault}" for fault in _faults(row, found)]


def _entities(made: Score, wanted: Mapping[str, Any], given: Mapping[str, Any], line: str) -> None:
    for key, value in wanted.items():
        counts = made.keys.setdefault(key, [0, 0, 0])
        counts[1] += 1
        if _same(key, value, given.get(key)):
            counts[0] += 1
        else:
            made.wrong.append(f"{line}: {key}={value!r}, read as {given.get(key)!r}")
    for key in given.keys() - wanted.keys():
        made.keys.setdefault(key, [0, 0, 0])[2] += 1
        made.wrong.append(f"{line}: {key}={given[key]!r} is not there")


def _same(key: str, wanted: Any, given: Any) -> bool:
    if key in LOOSE and isinstance(wanted, str) and isinstance(given, str):
        return flatten(unicodedata.normalize("NFC", wanted)) == flatten(unicodedata.normalize("NFC", given))
    return bool(wanted == given)


def _faults(row: Row, found: Understanding) -> list[str]:
    faults = []
    wanted, labels = row["intent"], row.get("entities", {})
    if wanted == "opt_out" and found.intent != "opt_out":
        faults.append(f"a stop read as {found.intent}")
    if str(row.get("context", "")).startswith("ask_consent") and found.intent == "yes" != wanted:
        faults.append("a consent that was none")
    dangers = [flag for flag in ("fatal", "urgent") if wanted == "claim" and labels.get(flag)]
    missed = [flag for flag in dangers if not (found.intent == "claim" and found.entities.get(flag))]
    faults.extend(f"a claim that is {flag}, read as {found.intent} {dict(found.entities)}" for flag in missed)
    if labels.get("topic") == "fraud_signal" and found.intent in ("buy", "yes", "renewal", "ask_fee"):
        faults.append("a fraud signal sold to")
    return faults


def _share(right: int, total: int) -> str:
    return f"{right}/{total} ({100 * right / total:.1f} %)" if total else "none"


def report(name: str, made: Score) -> str:
    """One file's figures."""
    took = sorted(made.took_us)
    lines = [
        f"### {name}",
        "",
        "| what | figure |",
        "| --- | --- |",
        f"| lines | {made.lines} |",
        f"| intents right | {100 * made.accuracy:.1f} % |",
        f"| macro-F1 | {made.macro_f1:.3f} |",
        f"| further intents seen | {_share(*made.also)} |",
        f"| entities exact | {_share(*made.exact())} |",
        *(f"| {key} exact | {_share(*made.exact(key))} |" for key in HARD),
        f"| despair and violence: labelled so and seen; read so in all | {made.grave[0]}/{made.grave[1]}; {made.grave[2]} |",
        f"| stops missed, consents invented, dangers missed, frauds sold to | {len(made.unsafe)} |",
        f"| µs of CPU a message, median / p99 | {statistics.median(took):.0f} / {took[int(len(took) * 0.99)]:.0f} |",
        "",
    ]
    return "\n".join(lines)


def confusion(made: Score) -> str:
    """Who is taken for whom: rows are what was meant, columns what was read."""
    intents = sorted({name for pair in made.intents for name in pair})
    short = [name.replace("talk_to_human", "human").replace("privacy_request", "privacy") for name in intents]
    lines = ["| meant \\ read | " + " | ".join(short) + " | F1 |", "|" + " --- |" * (len(intents) + 2)]
    for wanted in intents:
        cells = [str(made.intents[wanted, given] or "") for given in intents]
        if any(cells):
            lines.append(f"| {wanted} | " + " | ".join(cells) + f" | {made.f1(wanted):.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="understanding")
    parser.add_argument("files", nargs="*", default=list(FILES))
    parser.add_argument("--wrong", action="store_true", help="print what is wrong (not of the held-out files)")
    args = parser.parse_args()
    understand("khởi động")  # the lexicons are read at the first message
    for name in args.files:
        made = score(rows_of(CORPUS / name))
        print(report(name, made))
        show = args.wrong and not Path(name).name.startswith(SEALED)
        print("\n".join(made.unsafe + made.wrong) + "\n" if show else confusion(made))


if __name__ == "__main__":
    main()
