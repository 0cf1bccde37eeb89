"""Every text is said by somebody or marked as written for later, and whatever the code says is there, with its values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from handlers import wording
from handlers.texts import Texts

ROOT = Path(__file__).parents[3]
TEXTS = Texts.load()
KEYS = TEXTS.templates["vi"].keys()
PAGE = ROOT / "gateway" / "webchat"
# they name texts to look at them, or acts like texts
LOOKING = {"preview.py", "catalogue.py", "proofread.py", "examples.py", "effects.py"}
DOTTED = re.compile(r"[a-z]+\.[a-z][a-z0-9_]*")


@cache
def trees() -> tuple[ast.AST, ...]:
    files = [path for path in (ROOT / "handlers").rglob("*.py") if path.name not in LOOKING] + list(PAGE.glob("*.py"))
    return tuple(ast.parse(path.read_text("utf-8")) for path in files)


def patterns(node: ast.AST) -> Iterator[str]:
    """The strings that an expression may be, as patterns: f"p_{code}" is p_.+"""
    match node:
        case ast.Constant(value=str(text)):
            yield re.escape(text)
        case ast.JoinedStr(values=values):
            pieces = [re.escape(str(one.value)) if isinstance(one, ast.Constant) else ".*" for one in values]
            if any(len(piece) > 1 for piece in pieces):
                yield "".join(pieces)
        case ast.IfExp(body=body, orelse=orelse):
            yield from patterns(body)
            yield from patterns(orelse)


@cache
def said() -> frozenset[str]:
    found: set[str] = set()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} & KEYS
            elif isinstance(node, ast.JoinedStr):
                found |= {
                    key for pattern in patterns(node) if "\\." in pattern for key in KEYS if re.fullmatch(pattern, key)
                }
            elif isinstance(node, ast.keyword) and node.arg == "label":
                found |= {
                    key
                    for pattern in patterns(node.value)
                    for key in KEYS
                    if re.fullmatch(f"buttons.(?:{pattern})", key)
                }
    page = "".join(path.read_text("utf-8") for path in PAGE.rglob("*") if path.suffix in {".py", ".js", ".html"})
    words = set(re.findall(r"[a-z][a-z0-9_]*", page))
    return frozenset(found | {key for key in KEYS if key.startswith("chat.") and key[5:] in words} | starters())


def starters() -> set[str]:
    from gateway.webchat.page import STARTERS

    return {f"buttons.{name}" for name in STARTERS}


def test_a_text_is_said_or_marked_for_later() -> None:
    assert sorted(KEYS - said() - TEXTS.later) == [], (
        "nobody says these: take them out, or name them in `later` of vi.yaml"
    )


def test_whatever_is_said_is_there() -> None:
    sections = {key.partition(".")[0] for key in KEYS} - {"chat"}
    named = {
        node.value
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and DOTTED.fullmatch(node.value)
    }
    asked = {key for key in named if key.partition(".")[0] in sections and key[-1] != "_"}
    assert len(asked) > 70
    assert asked <= KEYS, "there are no such texts"


def test_every_value_of_a_text_that_is_said_comes_from_somewhere() -> None:
    given = set(wording.KNOWN)
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg:
                given.add(node.arg)
            elif isinstance(node, ast.Dict):
                given |= {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
            elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                given.add(str(node.slice.value))
            elif isinstance(node, ast.JoinedStr):
                given |= {pattern for pattern in patterns(node) if pattern.startswith("phi_")}
    for key in said() - {key for key in KEYS if key.startswith("chat.")}:
        for name in TEXTS.variables(key, "vi"):
            assert name in given or any(re.fullmatch(one, name) for one in given if "*" in one), f"{key}: {name}"
