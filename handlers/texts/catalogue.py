"""The texts as loaded: found by key and language, filled, and named by version for the evidence of a consent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from handlers.texts.template import HOLE, MalformedTemplate, Template, compile_template

LANGUAGES: Final = ("vi", "en")
FOLDER: Final = Path(__file__).parent
LABELS: Final = frozenset({"buttons", "slot", "product", "chat"})  # sections that stand in a message or on a page


class UnknownText(LookupError):
    """No such key, or no such language."""


@dataclass(frozen=True, slots=True)
class TextVersion:
    """Which wording was shown. `full` -- SHA-256 of the template as written, the evidence of a consent."""

    short: str
    full: str


@lru_cache(maxsize=1024)
def _version(source: str) -> TextVersion:
    full = hashlib.sha256(source.encode()).hexdigest()
    return TextVersion(full[:12], full)


class _Strict(yaml.CSafeLoader):
    """A key written twice is a mistake, not an override."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        keys = [str(key.value) for key, _ in node.value]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise MalformedTemplate(f"written twice near line {node.start_mark.line + 1}: {', '.join(twice)}")
        return dict(super().construct_mapping(node, deep))


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of all languages. `templates` -- language -> dotted key -> compiled text · `later` -- keys written for
    what is not built yet: nothing says them."""

    templates: Mapping[str, Mapping[str, Template]]
    salutations: Mapping[str, str]  # language -> what {xung_ho} says as long as nothing better is known
    later: frozenset[str] = frozenset()

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Texts:
        """Read `<folder>/<language>.yaml`.

        :raises MalformedTemplate: a stray brace, a key written twice, something that is no text
        """
        read = {lang: _read((folder / f"{lang}.yaml").read_text("utf-8")) for lang in LANGUAGES}
        templates = {lang: texts for lang, (_, texts) in read.items()}
        later = [str(name) for name in read["vi"][0].get("later", ())]
        return cls(
            templates=templates,
            salutations={lang: str(meta["default_salutation"]) for lang, (meta, _) in read.items()},
            later=frozenset(key for key in templates["vi"] if key in later or f"{key.partition('.')[0]}.*" in later),
        )

    def render(self, key: str, lang: str, **variables: object) -> str:
        """The message `key`, filled and capitalised; values stand in it exactly as given.

        :raises UnknownText: no such key
        :raises UnfilledVariable: a value is absent or blank; the message must not be sent
        """
        template = self.template(key, lang)
        if not variables.get("xung_ho"):
            variables["xung_ho"] = self.salutations[lang]
        return template.fill(variables)

    def label(self, key: str, lang: str) -> str:
        """A text as it stands: a button, a noun phrase, a word of the web page."""
        return self.template(key, lang).source

    def button(self, key: str, lang: str) -> str:
        """A button's face; `key` with or without its `buttons.`. Behind a `=` stands a face that was made for this
        moment (`handlers.wording.part`)."""
        if key.startswith("="):
            return key[1:]
        return self.label(key if "." in key else f"buttons.{key}", lang)

    def section(self, name: str, lang: str) -> dict[str, str]:
        """All labels under `name`, for a page that draws them by itself."""
        prefix = f"{name}."
        return {
            key.removeprefix(prefix): text.source
            for key, text in self.templates[lang].items()
            if key.startswith(prefix)
        }

    def messages(self) -> list[str]:
        """The keys of all that is said by itself, in the order of the file."""
        return [key for key in self.templates["vi"] if key.partition(".")[0] not in LABELS]

    def variables(self, key: str, lang: str) -> frozenset[str]:
        """What `key` needs before it can be said."""
        return self.template(key, lang).variables

    def version(self, key: str, lang: str) -> TextVersion:
        """Which wording `key` has today."""
        return _version(self.template(key, lang).source)

    def template(self, key: str, lang: str) -> Template:
        """The compiled text.

        :raises UnknownText: no such key or language
        """
        try:
            return self.templates[lang][key]
        except KeyError as err:
            raise UnknownText(f"{key} in {lang}") from err


@lru_cache(maxsize=8)  # a start asks for them three times over
def _read(source: str) -> tuple[Mapping[str, Any], Mapping[str, Template]]:
    """What a file says of itself, and its texts."""
    tree = yaml.load(source, _Strict)  # noqa: S506
    return tree["meta"], _compiled(tree)


def _compiled(tree: Mapping[str, Mapping[str, object]]) -> dict[str, Template]:
    found: dict[str, Template] = {}
    for section, texts in tree.items():
        if section == "meta":
            continue
        for name, text in texts.items():
            key = f"{section}.{name}"
            if not isinstance(text, str) or not text.strip():
                raise MalformedTemplate(f"{key}: no text")
            if HOLE.search(text) and section == "buttons":
                raise MalformedTemplate(f"{key}: a button has no variables")
            found[key] = compile_template(key, text)
    return found
