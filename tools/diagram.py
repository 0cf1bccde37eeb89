"""The page of the conversation's stages, from the table that the core obeys.

`python -m tools.diagram` prints the part between the marks of docs/conversation.md; `--write` puts it there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from handlers.model import OPEN, WAITING, Stage
from handlers.stages import CLOSED, WAYS, By, Way

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "conversation.md"
MARKS: Final = re.compile(r"(<!-- stages:[^>]*-->\n).*?(\n<!-- /stages -->)", re.DOTALL)
GROUPS: Final = {  # id in the drawing -> its stages and what they have in common
    "open": (OPEN, "open: the bot has it"),
    "waiting": (WAITING, "waiting: people are called"),
    "closed": (CLOSED, "closed"),
}


def printed() -> str:
    """Two drawings, without and with what people at the desk do, and the table of both, in Markdown."""
    lines = ["What the customer, the clock and the fate of our messages bring about:", "", *_drawing(desk=False), ""]
    lines += ["What people at the desk do:", "", *_drawing(desk=True), "", *_table()]
    return "\n".join(lines)


def up_to_date(page: str) -> str:
    """The page with what is printed between its marks as it must be now."""
    return MARKS.sub(lambda found: found[1] + printed() + found[2], page)


def _drawing(*, desk: bool) -> Iterator[str]:
    yield "```mermaid"
    yield "flowchart LR"
    for group, (stages, title) in GROUPS.items():
        yield f'  subgraph {group}["{title}"]'
        yield from (f"    {stage}" for stage in Stage if stage in stages)
        yield "  end"
    for number, way in enumerate(WAYS, 1):
        if desk == (way.by is By.DESK):
            yield from (f"  {source} -->|{number}| {way.to}" for source in _sources(way))
    yield "```"


def _table() -> Iterator[str]:
    yield "| | from | to | by | when |"
    yield "| --- | --- | --- | --- | --- |"
    for number, way in enumerate(WAYS, 1):
        sources = ", ".join(f"any {source}" if source in GROUPS else f"`{source}`" for source in _sources(way))
        yield f"| {number} | {sources} | `{way.to}` | {way.by} | {way.on} |"


def _sources(way: Way) -> list[str]:
    """Whole groups by their name (nothing leads from a stage to itself), then what is left over, in the stages' order."""
    groups = [group for group, (stages, _) in GROUPS.items() if stages - {way.to} <= way.of]
    named = frozenset[Stage]().union(*(GROUPS[group][0] for group in groups))
    return [*groups, *(stage for stage in Stage if stage in way.of - named)]


def main() -> None:
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(up_to_date(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(printed())


if __name__ == "__main__":
    main()
