"""The page that shows every text of ours as each channel would send it, before a customer reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from channels.contract import Capabilities
from channels.planned import PLANNED, everywhere
from channels.registry import ADAPTERS
from handlers.preview import View, view
from handlers.texts import LANGUAGES
from handlers.texts.catalogue import LABELS
from handlers.texts.proofread import BUTTON_MAX

if TYPE_CHECKING:
    from gateway.parts import Parts

SALUTATIONS: Final = ("", "anh", "chị", "cô", "chú", "bác")
KEPT: Final = 32  # pages as chosen: two languages, six salutations, long or not
LABELLED: Final = ("buttons", "product", "slot")  # the words of the web chat's own page are looked at there


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is looked at. `lang` of the texts, not of the desk · `salutation` '' = not known · `on` a channel, '' = all ·
    `long` the longest examples."""

    lang: str = "vi"
    salutation: str = ""
    on: str = ""
    long: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel under a text. `planned` -- its adapter is not written yet."""

    name: str
    title: str
    length: int
    limit: int
    planned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a text looks, and where it looks like that."""

    places: tuple[Place, ...]
    seen: View


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text, with all its looks. `later` -- nothing says it yet."""

    key: str
    later: bool
    holes: tuple[str, ...]
    shown: tuple[Shown, ...]

    @property
    def wrong(self) -> bool:
        """Too long somewhere, or a button cut."""
        return any(len(one.seen.parts) > 1 or one.seen.cut for one in self.shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A word that stands in a message or on a button. `too_long` for a button of the narrowest platform."""

    key: str
    words: str
    too_long: bool


class Gallery:
    """All texts, drawn once for each way of looking at them: half a second on a small machine, so never on the loop."""

    def __init__(self, parts: Parts) -> None:
        self._texts = parts.texts
        self._config = parts.config
        self.sections = lru_cache(KEPT)(self._sections)

    @cached_property
    def _carriers(self) -> Mapping[str, Capabilities]:
        """When somebody looks: an adapter is imported by who needs it."""
        return everywhere()

    @property
    def channels(self) -> Mapping[str, str]:
        return {name: carrier.title for name, carrier in self._carriers.items()}

    def choice(self, query: Mapping[str, str], default: str) -> Choice:
        """What the address asks for; what it does not know is left out."""
        lang, salutation, on = query.get("in", default), query.get("as", ""), query.get("on", "")
        return Choice(
            lang=lang if lang in LANGUAGES else LANGUAGES[0],
            salutation=salutation if salutation in SALUTATIONS else "",
            on=on if on in self._carriers else "",
            long="long" in query,
        )

    def _sections(self, choice: Choice) -> Mapping[str, Sequence[Text]]:
        found: dict[str, list[Text]] = {}
        for key in self._texts.messages():
            found.setdefault(key.partition(".")[0], []).append(self._text(key, choice))
        return found

    def labels(self, lang: str) -> Mapping[str, Sequence[Label]]:
        return {
            section: [
                Label(key=key, words=words, too_long=section == "buttons" and len(words) > BUTTON_MAX)
                for key, words in self._texts.section(section, lang).items()
            ]
            for section in LABELLED
            if section in LABELS
        }

    def _text(self, key: str, choice: Choice) -> Text:
        looks: dict[View, list[Place]] = {}
        for name, carrier in self._carriers.items():
            if choice.on in ("", name):
                seen = view(
                    self._texts,
                    key,
                    carrier,
                    lang=choice.lang,
                    business=self._config.business(),
                    salutation=choice.salutation,
                    long=choice.long,
                )
                looks.setdefault(seen, []).append(_place(name, carrier, seen))
        return Text(
            key=key,
            later=key in self._texts.later,
            holes=tuple(sorted(self._texts.variables(key, choice.lang))),
            shown=tuple(Shown(places=tuple(places), seen=seen) for seen, places in looks.items()),
        )


def _place(name: str, carrier: Capabilities, seen: View) -> Place:
    planned = name in PLANNED and name not in ADAPTERS
    return Place(name=name, title=carrier.title, length=seen.length, limit=carrier.text_limit, planned=planned)
