"""Style sheets as browsers since 2021 read them: what we write in newer CSS is put in older words when the gateway starts.

Rules inside rules are written out, `(width >= 640px)` becomes `(min-width: 640px)`, and a colour of two themes
(`light-dark`) stands behind `@supports` with its light value in front. A browser without it shows the light theme: a
custom property takes any words, so `var(--ink)` would be no colour at all there, and the page unreadable (docs/adr/0160).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

TWO_THEMES: Final = "@supports (color: light-dark(#000, #fff))"

_TOKEN: Final = re.compile(
    r"""/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|url\([^)"']*\)|[(){};,]|[^(){};,"'/u]+|.""", re.DOTALL
)
_GROUPS: Final = ("@media", "@supports", "@container", "@layer")
_BETWEEN: Final = re.compile(r"\(([\d.]+\w+) *<= *(width|height) *< *([\d.]+\w+)\)")
_LEAST: Final = re.compile(r"\((width|height) *>= *([\d.]+\w+)\)")
_BELOW: Final = re.compile(r"\((width|height) *< *([\d.]+\w+)\)")
_HAIR: Final = 0.02  # px: `max-width` says "at most", and screens have broken widths


@dataclass(frozen=True, slots=True)
class _Block:
    """`head { body }`; a piece of the body is a declaration, or a block in its turn."""

    head: str
    body: list[str | _Block]


def plain(sheet: str) -> str:
    """The same sheet, a rule a line."""
    pieces = (found[0] for found in _TOKEN.finditer(sheet) if not found[0].startswith("/*"))
    return "".join(f"{line}\n" for line in _rules(_parsed(pieces), ()))


def _parsed(pieces: Iterator[str]) -> list[str | _Block]:
    made: list[str | _Block] = []
    said, depth = "", 0
    for piece in pieces:
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if depth or piece not in ("{", "}", ";"):
            said += piece
            continue
        words, said = " ".join(said.split()), ""
        if piece == "{":
            made.append(_Block(words, _parsed(pieces)))
        elif words:
            made.append(words)
        if piece == "}":
            break
    return made


def _rules(body: Sequence[str | _Block], parents: Sequence[str]) -> Iterator[str]:
    for own, pieces in itertools.groupby(body, key=lambda piece: isinstance(piece, str)):
        if own:
            declared = [piece for piece in pieces if isinstance(piece, str)]
            yield from _declared(", ".join(parents), declared) if parents else (f"{each};" for each in declared)
            continue
        for piece in pieces:
            if isinstance(piece, _Block):
                yield from _block(piece, parents)


def _block(block: _Block, parents: Sequence[str]) -> Iterator[str]:
    if block.head.startswith(_GROUPS):
        inner = " ".join(_rules(block.body, parents))
        yield f"{_asked(block.head)} {{ {inner} }}"
    elif block.head.startswith("@"):
        yield _verbatim(block)
    else:
        yield from _rules(block.body, [one for each in _listed(block.head) for one in _nested(each, parents)])


def _declared(selector: str, declared: list[str]) -> Iterator[str]:
    yield f"{selector} {{ {' '.join(f'{_light(each)};' for each in declared)} }}"
    if themed := [each for each in declared if "light-dark(" in each]:
        yield f"{TWO_THEMES} {{ {selector} {{ {' '.join(f'{each};' for each in themed)} }} }}"


def _verbatim(block: _Block) -> str:
    inner = " ".join(f"{each};" if isinstance(each, str) else _verbatim(each) for each in block.body)
    return f"{block.head} {{ {inner} }}"


def _nested(selector: str, parents: Sequence[str]) -> Iterator[str]:
    if not parents:
        yield selector
        return
    pieces = (selector if "&" in selector else f"& {selector}").split("&")
    for chosen in itertools.product(parents, repeat=len(pieces) - 1):
        yield pieces[0] + "".join(parent + piece for parent, piece in zip(chosen, pieces[1:], strict=True))


def _listed(words: str) -> list[str]:
    """At its own commas, not at those inside brackets."""
    made, depth = [""], 0
    for char in words:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(char, 0)
        if char == "," and not depth:
            made.append("")
        else:
            made[-1] += char
    return [each.strip() for each in made]


def _light(declared: str) -> str:
    while (at := declared.find("light-dark(")) >= 0:
        first = at + len("light-dark(")
        depth, end = 1, first
        while depth:
            depth += {"(": 1, ")": -1}.get(declared[end], 0)
            end += 1
        declared = declared[:at] + _listed(declared[first : end - 1])[0] + declared[end:]
    return declared


def _asked(head: str) -> str:
    head = _BETWEEN.sub(lambda found: f"(min-{found[2]}: {found[1]}) and (max-{found[2]}: {_under(found[3])})", head)
    head = _LEAST.sub(r"(min-\1: \2)", head)
    return _BELOW.sub(lambda found: f"(max-{found[1]}: {_under(found[2])})", head)


def _under(length: str) -> str:
    return f"{float(length.removesuffix('px')) - _HAIR:g}px"
