"""What the public page says: the facts of products.yaml and of the configuration, in the visitor's language."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from gateway.config import Agency
from handlers.texts import LANGUAGES, Texts

HERE: Final = Path(__file__).resolve().parent
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STARTERS: Final = ("buy", "fee", "claim", "talk_human")  # what most people come for, in the bot's own words
FILE_BYTES: Final = 20 * 1024 * 1024
FILES_AT_ONCE: Final = 5


class Words:
    """The texts that only the page and the chat show: words.<language>.yaml over the labels of handlers.texts."""

    def __init__(self, texts: Texts) -> None:
        self._own = {lang: _read(f"words.{lang}.yaml") for lang in LANGUAGES}
        self._chat = {lang: {**texts.section("chat", lang), **self._own[lang]["chat"]} for lang in LANGUAGES}
        self.starters = {lang: [texts.button(key, lang) for key in STARTERS] for lang in LANGUAGES}

    def page(self, lang: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._own[lang]["page"]
        return found

    def chat(self, lang: str) -> Mapping[str, str]:
        return self._chat[lang]


class Page:
    """The values of `webchat/page.html`, made once a language."""

    def __init__(self, agency: Agency, texts: Texts) -> None:
        self.languages: Final = tuple(lang for lang in agency.languages if lang in LANGUAGES) or LANGUAGES[:1]
        self.words: Final = Words(texts)
        catalogue = _read("products.yaml")
        self._values = {lang: self._of(lang, agency, catalogue) for lang in LANGUAGES}

    def language(self, wanted: str) -> str:
        """The language to answer in: what the visitor asked for when we speak it."""
        return wanted if wanted in self.languages else self.languages[0]

    def values(self, lang: str) -> Mapping[str, Any]:
        return self._values[lang]

    def _of(self, lang: str, agency: Agency, catalogue: Mapping[str, Any]) -> dict[str, Any]:
        words = self.words.page(lang)
        other = next((known for known in self.languages if known != lang), lang)
        return {
            "lang": lang,
            "home": _home(lang, self.languages),
            "other_lang": other,
            "other_home": _home(other, self.languages),
            "agency": agency,
            "facts": {"name": agency.name, "hotline": agency.hotline},
            "hotline_digits": re.sub(r"[^0-9+]", "", agency.hotline),
            "w": words,
            "c": self.words.chat(lang),
            "words": self.words.chat(lang),
            "setup": {"name": agency.name, "file_bytes": FILE_BYTES, "files": FILES_AT_ONCE},
            "starters": self.words.starters[lang],
            "products": [_product(entry, lang) for entry in catalogue["products"]],
            "tariff": _tariff(catalogue["tariff"], lang, words),
            "hours": _hours(agency, words),
            "imprint": _imprint(agency, words),
        }


def _home(lang: str, languages: tuple[str, ...]) -> str:
    return "/" if lang == languages[0] else f"/?lang={lang}"


def _product(entry: Mapping[str, Any], lang: str) -> dict[str, Any]:
    return {**entry, "name": entry["name"][lang], "covers": entry["covers"][lang], "ask": entry["ask"][lang]}


def _tariff(tariff: Mapping[str, Any], lang: str, words: Mapping[str, Any]) -> dict[str, Any]:
    vat = int(tariff["vat_percent"])
    year, month = str(tariff["as_of"]).split("-")
    return {
        "gross_title": words["tariff_gross"].format(vat=vat),
        "as_of": words["tariff_as_of"].format(month=f"{month}/{year}"),
        "groups": [
            {
                "name": group["name"][lang],
                "folded": group.get("folded", False),
                "rows": [_row(row, lang, vat) for row in group["rows"]],
            }
            for group in tariff["groups"]
        ],
    }


def _row(row: Mapping[str, Any], lang: str, vat: int) -> dict[str, Any]:
    net = int(row.get("fee", 0))
    return {
        "what": row["what"][lang],
        "as_printed": row.get("as_printed", False),
        "rule": row["rule"][lang] if "rule" in row else "",
        "net": amount(net, lang),
        "gross": amount(gross(net, vat), lang),
    }


def gross(net: int, vat_percent: int) -> int:
    """What is paid, VAT included; every fee of the law's table is a multiple of 1,000."""
    return net * (100 + vat_percent) // 100


def amount(value: int, lang: str) -> str:
    """`1.270.000` in Vietnamese, `1,270,000` in English."""
    written = f"{value:,}"
    return written if lang == "en" else written.replace(",", ".")


def _hours(agency: Agency, words: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Days with the same hours in a row are one line; [] = round the clock."""
    if agency.hours is None:
        return []
    lines: list[tuple[list[str], str]] = []
    for day in DAYS:
        spans = ", ".join(f"{start}–{end}" for start, end in agency.hours.get(day, ()))
        if lines and lines[-1][1] == spans:
            lines[-1][0].append(words["days"][day])
        elif spans:
            lines.append(([words["days"][day]], spans))
        else:
            lines.append(([], ""))
    return [(days[0] if len(days) == 1 else f"{days[0]} – {days[-1]}", spans) for days, spans in lines if spans]


def _imprint(agency: Agency, words: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Who we are, line by line: title, value, link. What is not configured is not said."""
    lines = [
        (words["footer_company"], agency.legal_name, ""),
        (words["footer_address"], agency.address, ""),
        (words["footer_code"], agency.agency_code, ""),
        (words["contact_hotline"], agency.hotline, f"tel:{re.sub(r'[^0-9+]', '', agency.hotline)}"),
        (words["footer_dpo"], agency.dpo_email, f"mailto:{agency.dpo_email}"),
        (words["footer_domains"], ", ".join(agency.domains), ""),
    ]
    if agency.policy_url:
        lines.append((words["contact_policy"], urlsplit(agency.policy_url).netloc, agency.policy_url))
    return [line for line in lines if line[1]]


@functools.cache
def _read(name: str) -> Any:
    return yaml.load((HERE / name).read_text("utf-8"), yaml.CSafeLoader)
