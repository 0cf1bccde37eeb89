"""A page's modules and sheets in one answer each: what a file imports is put in front of it when the gateway starts.

The sources stay ordinary modules, which the type checker and a browser read as they are. A module that nobody imports is
a page's own: under its name everything is served that it needs. What it imports later (`import("./x.js")`) goes with all
that that needs into one second file, `<page>.later.js`. Each module stays a scope of its own and runs once, in the order
a browser would have run them (docs/adr/0160). Sheets are put in words that older browsers read (`older`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from gateway.web import older

_IMPORT: Final = re.compile(r'^import (?:(?:\{([^}]*)\}|\* as (\w+)) from )?"(\.{1,2}/[^"]+)";$', re.MULTILINE)
_LATER: Final = re.compile(r'\bimport\("(\.{1,2}/[^"]+)"\)')
_EXPORT: Final = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)
_NOTHING: Final = re.compile(r"^export \{\};$", re.MULTILINE)
_LEFT: Final = re.compile(r"^(?:import\b(?!\()|export\b(?!\()).*", re.MULTILINE)
_SHEET: Final = re.compile(r'^@import "([^"]+)";\n', re.MULTILINE)


class Unjoinable(Exception):
    """A script of ours says something that this module does not read."""


def joined(files: Mapping[str, str]) -> dict[str, str]:
    """`files` -- scripts and sheets by path, comments left out. The same with each page's in one; ours to mend: Unjoinable."""
    scripts = _Scripts({name: text for name, text in files.items() if name.endswith(".js")})
    made = {name: older.plain(_sheet(files, name)) for name in files if name.endswith(".css")}
    for page in scripts.pages():
        made.update(scripts.page(page))
    return {**files, **made}


def _sheet(files: Mapping[str, str], name: str) -> str:
    return _SHEET.sub(lambda found: _sheet(files, _from(name, found[1])), files[name])


class _Scripts:
    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._needs = {
            name: [_from(name, found[3]) for found in _IMPORT.finditer(text)] for name, text in texts.items()
        }
        self._later = {name: [_from(name, path) for path in _LATER.findall(text)] for name, text in texts.items()}

    def pages(self) -> Iterator[str]:
        """Those that nobody imports and that import somebody."""
        imported = {each for needs in (self._needs, self._later) for paths in needs.values() for each in paths}
        return (name for name in self._texts if name not in imported and (self._needs[name] or self._later[name]))

    def page(self, name: str) -> dict[str, str]:
        first = self._order([name])
        rest = self._all_later(first)
        if not rest:
            return {name: self._written(first, at=name, first=first, rest="")}
        later = name.removesuffix(".js") + ".later.js"
        needed = sorted({_name(each) for one in rest for each in self._needs[one] if each in first})
        asked = sorted({_name(each) for one in (*first, *rest) for each in self._later[one] if each in rest})
        bring = f'import {{ {", ".join(needed)} }} from "./{posixpath.basename(name)}";\n' if needed else ""
        return {
            name: self._written(first, at=name, first=first, rest=later) + f"export {{ {', '.join(needed)} }};\n",
            later: bring
            + self._written(rest, at=later, first=first, rest=later)
            + f"export {{ {', '.join(asked)} }};\n",
        }

    def _order(self, names: Iterable[str], known: Iterable[str] = ()) -> list[str]:
        """These and what they need, each after what it needs; without those that are `known`."""
        made: dict[str, None] = {}
        seen, known = set(known), frozenset(known)

        def visit(name: str, above: tuple[str, ...]) -> None:
            if name in above:
                raise Unjoinable(f"{' -> '.join((*above, name))} is a circle")
            if name in seen:
                return
            for each in self._needs[name]:
                visit(each, (*above, name))
            seen.add(name)
            made[name] = None

        for name in names:
            visit(name, ())
        return [name for name in made if name not in known]

    def _all_later(self, first: list[str]) -> list[str]:
        wanted: list[str] = []
        while True:
            rest = self._order(wanted, first)
            more = [each for name in (*first, *rest) for each in self._later[name] if each not in (*first, *wanted)]
            if not more:
                return rest
            wanted += dict.fromkeys(more)

    def _written(self, names: list[str], *, at: str, first: list[str], rest: str) -> str:
        """`at` -- the file that they are written into; `rest` -- the file of what is imported later."""
        return "".join(self._scope(name, at=at, first=first, rest=rest) for name in names)

    def _scope(self, name: str, *, at: str, first: list[str], rest: str) -> str:
        def later(found: re.Match[str]) -> str:
            wanted = _from(name, found[1])
            if wanted in first:
                return f"Promise.resolve({_name(wanted)})"
            return f'import("./{posixpath.basename(rest)}").then((all) => all.{_name(wanted)})'

        def brought(found: re.Match[str]) -> str:
            names, whole, path = found.groups()
            what = whole or (names and f"{{{names.replace(' as ', ': ')}}}")
            return f"const {what} = {_name(_from(name, path))};" if what else ""

        text = _LATER.sub(later, _IMPORT.sub(brought, self._texts[name]))
        folder = posixpath.relpath(posixpath.dirname(name), posixpath.dirname(at))
        if folder != ".":
            text = text.replace("import.meta.url", f'new URL("{folder}/", import.meta.url).href')
        given = ", ".join(_EXPORT.findall(text))
        text = _NOTHING.sub("", _EXPORT.sub("", text))
        if left := _LEFT.search(text):
            raise Unjoinable(f"{name}: {left[0]}")
        return f"// {name}\nconst {_name(name)} = (() => {{\n{text}return {{ {given} }};\n}})();\n"


def _from(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _name(path: str) -> str:
    """Of a module's exports in the joined file. `web/static/dom.js` is $web_dom."""
    return "$" + re.sub(r"\W", "_", path.removesuffix(".js").replace("/static/", "_"))
