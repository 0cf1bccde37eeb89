"""Split and degrade a message to what a channel carries, before it becomes outbox rows. Pure.

One outbox row is one platform call, so every part has an id of its own: `id`, `id.1`, `id.2` …
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from channels.contract import Button, Capabilities, OutboundFile, OutboundMessage

LINK_ROOM: Final = 300  # characters of an address of ours


def fit(message: OutboundMessage, capabilities: Capabilities, *, beside: str = "") -> list[OutboundMessage]:
    """The platform calls that say `message`, in order: the file first, buttons on the last.

    beside -- what is said before the address of a file that the channel does not carry; without it such a file stays as
    it is: its channel refuses it (`Permanent`), and the conversation learns it. A picture stays too, and takes these words
    along: the sender makes it as small as the channel wants it.
    """
    buttons, lines = choices(message.buttons, capabilities)
    file, link, limit = message.file, "", capabilities.text_limit
    shrinks = file is not None and capabilities.picture_bytes(file.mime, file.size) > 0
    if file is not None and beside and not shrinks and not capabilities.carries_file(file.mime, file.size):
        link, limit = file.id, limit - LINK_ROOM
        file = None
    text = "\n\n".join(piece for piece in (message.text, lines, beside if link else "") if piece)
    parts: list[tuple[OutboundFile | None, str]]
    if file is not None and len(text) <= capabilities.caption_limit:
        parts = [(file, text)]
    else:
        parts = [(None, piece) for piece in split(text, limit)]
        if file is not None or not parts:
            parts.insert(0, (file, ""))
    last = len(parts) - 1
    return [
        replace(
            message,
            id=f"{message.id}.{index}" if index else message.id,
            text=piece,
            file=attached,
            buttons=buttons if index == last else (),
            link=link if index == last else "",
            clear_keyboard=message.clear_keyboard and index == 0,
            reply_to=message.reply_to if index == 0 else "",
            beside=beside if attached is not None and shrinks else "",
        )
        for index, (attached, piece) in enumerate(parts)
    ]


def choices(buttons: Sequence[Button], capabilities: Capabilities) -> tuple[tuple[Button, ...], str]:
    """The buttons that the channel shows, and '' -- or no button and the same choices as numbered lines. A button
    that asks for the phone number or the address is one wherever there is such a thing; elsewhere it is left out: the
    question itself says to type it."""
    asks = [button for button in buttons if button.contact or button.email]
    contact = [one for one in asks if (capabilities.asks_contact if one.contact else capabilities.asks_email)]
    plain = [button for button in buttons if button not in asks]
    data, limit = capabilities.button_data_bytes, capabilities.button_label_limit
    fits = all(button.url or not data or len(button.id.encode()) <= data for button in plain)
    shown, lines = contact, ""
    if fits and len(plain) <= capabilities.buttons:
        shown = [button for button in buttons if button in contact or button in plain]
    else:
        numbered = [  # a score has its own number: another before it would be read for it
            (button.label if button.label[:1].isdigit() else f"{number}. {button.label}", button.url)
            for number, button in enumerate(plain, 1)
        ]
        lines = "\n".join(f"{line}: {url}" if url else line for line, url in numbered)
    return tuple(replace(button, label=shorten(button.label, limit)) if limit else button for button in shown), lines


def shorten(text: str, limit: int) -> str:
    """At most `limit` code points, a cut marked with … and never inside a letter or an emoji."""
    if len(text) <= limit:
        return text
    return text[: _boundary(text, limit - 1)].rstrip() + "…"


# ---- text: cut where a reader would pause

_BREAKS: Final = (
    re.compile(r"\n\s*\n"),  # a paragraph
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…;:。！？])\s"),  # a sentence
)
_SPACE: Final = re.compile(r"\s")
_SPACES: Final = re.compile(r"\s*")


def split(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` code points; nothing but white space at the cuts is lost."""
    parts = []
    while len(text) > limit:
        cut = _cut(text, limit)
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    parts.append(text)
    return [part for part in parts if part.strip()]


def _cut(text: str, limit: int) -> int:
    """Where to cut: the last pause in the second half, else any space, else between two letters."""
    for pause, earliest in (*((pause, limit // 2) for pause in _BREAKS), (_SPACE, 1)):
        for found in reversed(list(pause.finditer(text, earliest, limit + 1))):
            after = _SPACES.match(text, found.start())
            if after is None or after.end() == len(text) or not _joins(text, after.end()):
                return found.start()
    return _boundary(text, limit) or limit


# ---- letters as people see them: the cases of Unicode's grapheme clusters that occur in chats

_ZWJ: Final = "\u200d"
_JOINING: Final = frozenset(
    ["\u200c", _ZWJ, "\u0e33", "\u0eb3", *map(chr, range(0x1F3FB, 0x1F400)), *map(chr, range(0xE0020, 0xE0080))]
)  # joiners, Thai and Lao sara am, skin tones, the letters of regional flags


def _boundary(text: str, at: int) -> int:
    """The last place at or before `at` that is not inside a letter; 0 when there is none."""
    while 0 < at < len(text) and _joins(text, at):
        at -= 1
    return at


def _joins(text: str, at: int) -> bool:
    """Whether text[at] belongs to the letter before it."""
    before, char = text[at - 1], text[at]
    if char in _JOINING or before == _ZWJ or unicodedata.category(char) in {"Mn", "Mc", "Me"}:
        return True
    if "\u1160" <= char <= "\u11ff":  # the later parts of a Korean syllable
        return True
    if "\udc00" <= char <= "\udfff":
        return "\ud800" <= before <= "\udbff"
    if _flag(char):
        start = at
        while start > 0 and _flag(text[start - 1]):
            start -= 1
        return (at - start) % 2 == 1
    return before == "\r" and char == "\n"


def _flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
