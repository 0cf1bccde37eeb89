"""config.yaml and the environment as one tree of plain values, before anybody asks what they mean.

Every scalar of the YAML file is text, as in the environment, and `gateway.readers` says what it means: so `08:30`,
`on`, `no`, `0123` and `2027-02-06` are what they look like, not what YAML 1.1 makes of them. A key that is there twice
is a mistake. `GATEWAY__SECTION__KEY` is laid over the file, `${NAME}` is put in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

import yaml

PREFIX: Final = "GATEWAY__"
REFERENCE: Final = re.compile(r"(\$?)\$\{([^}]*)\}")
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where it is there: ten times the speed


class _Loader(_Base):  # type: ignore[misc]
    """Plain scalars are text; only null (and the merge key) is resolved."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 -- pyyaml's own shape


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"<<$"), ["<"])


class Unreadable(Exception):
    """The file is not YAML that we read; `problems` are lines with line and column."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read(data: bytes, name: str) -> dict[str, Any]:
    """The file's keys and values. `name` -- how problem lines call the file. Raises Unreadable."""
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        line = data[: err.start].count(b"\n") + 1
        raise Unreadable([f"{name} line {line}: is not UTF-8 text; save the file as UTF-8"]) from None
    loader = _Loader(content)
    try:
        node = loader.get_single_node()
        if node is None:
            return {}
        problems = list(_doubts(node, name, set(), ()))
        if problems:
            raise Unreadable(problems)
        tree = loader.construct_document(node)
    except yaml.YAMLError as err:
        raise Unreadable([_where(err, name, content)]) from None
    finally:
        loader.dispose()
    if not isinstance(tree, dict):
        raise Unreadable([f"{name}: must be a block of sections such as server:, business:, accounts:"])
    return tree


def _where(err: yaml.YAMLError, name: str, content: str) -> str:
    """One line of a mistake in the YAML itself: where, what, and what it belongs to."""
    mark, context, begun = (getattr(err, part, None) for part in ("problem_mark", "context", "context_mark"))
    what = getattr(err, "problem", None) or getattr(err, "reason", None) or str(err).partition("\n")[0]
    if "cannot start any token" in what and mark:
        letter = content.splitlines()[mark.line][mark.column : mark.column + 1]
        what = "a tab where spaces are needed" if letter == "\t" else f"{letter} cannot begin a value; put it in quotes"
    if context and mark and begun and (begun.line, begun.column) != (mark.line, mark.column):
        what += f" ({context}, begun in line {begun.line + 1}, column {begun.column + 1})"
    place = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{name}{place}: {' '.join(what.split())}"


def _doubts(node: yaml.Node, name: str, seen: set[int], above: tuple[int, ...]) -> Iterable[str]:
    """Keys that are there twice, and anchors that hold themselves."""
    if id(node) in above:
        yield f"{name} line {node.start_mark.line + 1}: an anchor that holds itself"
        return
    if id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    seen.add(id(node))
    above = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _doubts(item, name, seen, above)
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        mark = key.start_mark
        word = str(key.value)
        if word in lines:
            place = f"{name} line {mark.line + 1}, column {mark.column + 1}"
            yield f"{place}: {word} is there twice (first in line {lines[word]}); keep one"
        lines.setdefault(word, mark.line + 1)
        yield from _doubts(value, name, seen, above)


@dataclass(slots=True)
class Tree:
    """Plain values with what is known of their origin: `sources` path -> variable that set it, `missing` path ->
    variable that its `${NAME}` asked for in vain, `written` -- paths whose value stands in the file itself."""

    values: dict[str, Any]
    sources: dict[tuple[str, ...], str] = field(default_factory=dict)
    missing: dict[tuple[str, ...], str] = field(default_factory=dict)
    written: set[tuple[str, ...]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def expand(tree: Tree, value: Any, environ: Mapping[str, str], path: tuple[str, ...]) -> Any:
    """`${NAME}` anywhere in a text becomes the variable's value; `$${NAME}` stays `${NAME}`."""
    if isinstance(value, dict):
        return {key: expand(tree, item, environ, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [expand(tree, item, environ, path) for item in value]
    if not isinstance(value, str) or "${" not in value:
        tree.written.add(path)
        return value

    def put(found: re.Match[str]) -> str:
        name = found[2]
        if found[1]:
            return found[0][1:]
        if not NAME.fullmatch(name):
            tree.problems.append(f"{'.'.join(path)}: ${{{name}}} is not a variable's name; write ${{LIKE_THIS}}")
            return found[0]
        if not environ.get(name):
            tree.missing[path] = name
        return environ.get(name, "")

    return REFERENCE.sub(put, value)


def overrides(environ: Mapping[str, str]) -> list[tuple[str, list[str], str]]:
    """The variables of ours: (name, its parts, value), in a steady order."""
    return [
        (name, name[len(PREFIX) :].split("__"), environ[name])
        for name in sorted(environ)
        if name.upper().startswith(PREFIX)
    ]


def fold(name: str) -> str:
    """How a name of ours looks in a variable's: `my-shop.vn` is MY_SHOP_VN."""
    return re.sub(r"[.-]", "_", name).casefold()


def near(name: str, known: Iterable[str]) -> str:
    """` did you mean …?` with the nearest known name, or ''."""
    found = get_close_matches(name.lower(), list(known), 1, 0.6)
    return f"; did you mean {found[0]}?" if found else ""
