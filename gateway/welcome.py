"""What is said in the answer to a callback itself, before anything else may be said: the greeting and the menu."""

from __future__ import annotations

from typing import Final

from handlers.texts import LANGUAGES, Texts

CHOICES: Final = {"buy": "buy", "fee": "fee", "renew": "renew", "claim": "claim", "human": "talk_human"}  # tap: button


def words(texts: Texts) -> dict[str, str]:
    """`welcome.vi` and, in their order, what can be tapped: `buy.vi` …; the same in every language."""
    found: dict[str, str] = {}
    for lang in LANGUAGES:
        found[f"welcome.{lang}"] = f"{texts.render('greeting.first', lang)}\n\n{texts.render('greeting.menu', lang)}"
        found |= {f"{tap}.{lang}": texts.button(button, lang) for tap, button in CHOICES.items()}
    return found
