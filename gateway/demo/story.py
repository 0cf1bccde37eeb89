"""What happens, told to whoever looks at the terminal: who said what, and what came of it."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TextIO

NAMES: Final = 24
LONGEST: Final = 170  # of a message at a terminal: it scrolls; into a file everything is written
COLOURS: Final = {
    "time": "\x1b[2m",
    "customer": "\x1b[36m",
    "bot": "\x1b[35m",
    "advisor": "\x1b[33m",
    "event": "\x1b[32m",
    "trouble": "\x1b[31m",
    "chapter": "\x1b[1m",
}
PLAIN: Final = "\x1b[0m"


class Story:
    """Writes lines; colours and cut messages only at a terminal. `now` -- the gateway's time, in Viet Nam."""

    def __init__(self, out: TextIO, now: Callable[[], datetime]) -> None:
        self._out = out
        self._now = now
        self._terminal = out.isatty()
        self.troubles: list[str] = []

    def customer(self, name: str, text: str) -> None:
        self._line("customer", name, text)

    def bot(self, to: str, text: str, buttons: Sequence[str] = ()) -> None:
        shown = "".join(f" [{label}]" for label in buttons)
        self._line("bot", f"trợ lý → {to}", text.replace("\n\n", " ¶ ") + shown)

    def advisor(self, name: str, to: str, text: str) -> None:
        self._line("advisor", f"{name} → {to}", text)

    def event(self, text: str) -> None:
        self._line("event", "★", text)

    def trouble(self, text: str) -> None:
        """Something that must not happen."""
        self.troubles.append(text)
        self._line("trouble", "✖", text)

    def chapter(self, title: str) -> None:
        self.write(f"\n{self._in('chapter', f'── {title} ──')}")

    def write(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()

    def _line(self, kind: str, who: str, text: str) -> None:
        text = " ".join(text.split())
        if self._terminal and kind == "bot" and len(text) > LONGEST:
            text = text[:LONGEST].rsplit(" ", 1)[0] + " …"
        head = f"{self._now():%d/%m %H:%M:%S}  "
        width = shutil.get_terminal_size((120, 24)).columns if self._terminal else 100_000
        indent = " " * (len(head) + NAMES + 2)
        body = textwrap.fill(text, max(40, width), initial_indent=indent, subsequent_indent=indent).lstrip()
        self.write(f"{self._in('time', head)}{self._in(kind, f'{who[:NAMES]:<{NAMES}}')}  {body}")

    def _in(self, kind: str, text: str) -> str:
        return f"{COLOURS[kind]}{text}{PLAIN}" if self._terminal else text
