"""Every word we say, by key and language: `vi.yaml` is what a lawyer reads, `en.yaml` its twin."""

from handlers.texts.catalogue import LANGUAGES, Texts, TextVersion, UnknownText
from handlers.texts.proofread import check
from handlers.texts.template import MalformedTemplate, UnfilledVariable

__all__ = ["LANGUAGES", "MalformedTemplate", "TextVersion", "Texts", "UnfilledVariable", "UnknownText", "check"]
