"""The texts of the desk, the pages' own (`page`) and those that its scripts show (`script`): words.<language>.yaml of the
inbox and what all share, words/<area>.<language>.yaml of an area. No name is said twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

HERE: Final = Path(__file__).resolve().parent
LANGUAGES: Final = ("vi", "en")
COOKIE: Final = "desk-lang"


LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # 0.03 s instead of 0.5 s where libyaml is there


@lru_cache(maxsize=len(LANGUAGES))
def _read(lang: str) -> Mapping[str, Any]:
    found: dict[str, dict[str, Any]] = {"page": {}, "script": {}, "areas": {}}
    for path in (HERE / f"words.{lang}.yaml", *sorted(HERE.glob(f"words/*.{lang}.yaml"))):
        texts: Mapping[str, Mapping[str, Any]] = yaml.load(path.read_text(encoding="utf-8"), LOADER)  # noqa: S506
        for part, words in texts.items():
            if twice := found[part].keys() & words.keys():
                raise ValueError(f"{path.name}: {part} says again: {', '.join(sorted(twice))}")
            found[part].update(words)
        found["areas"][path.name.partition(".")[0]] = frozenset(texts.get("script", ()))
    return found


class Words:
    """Both languages."""

    def __init__(self) -> None:
        self._texts = {lang: _read(lang) for lang in LANGUAGES}

    def page(self, lang: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._texts[lang]["page"]
        return found

    def script(self, lang: str, *, without: Sequence[str] = ()) -> Mapping[str, str]:
        """`without` -- areas that another page shows alone."""
        found: Mapping[str, str] = self._texts[lang]["script"]
        gone = {name for area in without for name in self._texts[lang]["areas"].get(area, ())}
        return {name: words for name, words in found.items() if name not in gone} if gone else found


def language(cookies: Mapping[str, str], query: Mapping[str, str]) -> str:
    """What this browser chose; Vietnamese first."""
    wanted = query.get("lang") or cookies.get(COOKIE, "")
    return wanted if wanted in LANGUAGES else LANGUAGES[0]
