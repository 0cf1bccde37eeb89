"""Examples of all that our texts have holes for: what a variable looks like, and how long it may well become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import yaml

from handlers.texts.catalogue import FOLDER

EXAMPLES: Final[Mapping[str, Mapping[str, str]]] = yaml.load(
    (FOLDER / "examples.yaml").read_text("utf-8"),
    yaml.CSafeLoader,
)


def example(name: str, lang: str) -> str:
    """What usually stands there. Raises KeyError."""
    known = EXAMPLES[name]
    return known.get(lang) or known["vi"]


def longest(name: str, lang: str) -> str:
    """The longest of the examples. Raises KeyError."""
    return max(example(name, lang), EXAMPLES[name].get("long", ""), key=len)
