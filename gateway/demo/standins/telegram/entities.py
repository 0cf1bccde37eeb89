"""Formatted text as Telegram reads it: parse modes, explicit entities, and what it finds by itself.

Lengths and offsets are UTF-16 code units. Source: https://core.telegram.org/bots/api#formatting-options (read 2026-11)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from .wire import Json, bad, units

TEXT_LIMIT: Final = 4096
CAPTION_LIMIT: Final = 1024

Formatted = tuple[str, list[Json]]

HTML_TAGS: Final = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
ENTITY_TYPES: Final = frozenset(HTML_TAGS.values()) | {
    *("mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"),
    *("text_mention", "expandable_blockquote", "date_time"),
}
REFERENCES: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
V2_RESERVED: Final = frozenset("_*[]()~`>#+-=|{}.!")
V2_MARKS: Final = {
    "```": "pre",
    "||": "spoiler",
    "__": "underline",
    "*": "bold",
    "_": "italic",
    "~": "strikethrough",
    "`": "code",
    "[": "text_link",
}
V1_MARKS: Final = {"```": "pre", "*": "bold", "_": "italic", "`": "code", "[": "text_link"}


def cannot_parse(what: str) -> Exception:
    return bad(f"can't parse entities: {what}")


def formatted(text: str, mode: object, given: Any) -> Formatted:
    """Text after parsing, and its entities. Raises ApiError."""
    if mode:
        parse = PARSERS.get(str(mode).lower())
        if parse is None:
            raise bad("unsupported parse_mode")
        text, entities = parse(text)
    elif given:
        entities = _explicit(text, given)
    else:
        entities = []
    text, entities = _trimmed(text, entities)
    found = find(text)
    if entities and found:
        found = [one for one in found if not any(_overlap(one, other) for other in entities)]
    return text, sorted(entities + found, key=lambda one: (one["offset"], -one["length"])) if found else entities


def limited(text: str, limit: int, too_long: str) -> None:
    """The platform speaks of characters; UTF-16 units are the stricter reading of it."""
    if 2 * len(text) > limit and units(text) > limit:
        raise bad(too_long)


# --- what the platform finds without being told -----------------------------------------------------------------

_HINT: Final = re.compile(r"\w\.\w|://|(?<!\S)/\w|[@#+]\w").search
_FOUND: Final = re.compile(
    r"(?P<url>\bhttps?://[^\s<>\"]+[^\s<>\".,;:!?)]|(?<![\w@.])(?:[a-z0-9-]+\.)+(?:vn|com|net|org|me|io)\b(?:/[^\s<>\"]*)?)"
    r"|(?P<email>(?<![\w.+-])[\w.+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+)"
    r"|(?P<mention>(?<!\w)@[a-z][a-z0-9_]{3,31}\b)"
    r"|(?P<bot_command>(?<![\w/<>])/[a-z0-9_]{1,64}(?:@[a-z0-9_]{3,32})?\b)"
    r"|(?P<hashtag>(?<![\w&])#\w*[^\W\d]\w*)"
    r"|(?P<phone_number>(?<!\w)\+\d[\d .-]{6,18}\d\b)",
    re.IGNORECASE,
)


def find(text: str) -> list[Json]:
    """Links, addresses, commands, numbers in plain text."""
    if not any(letter in text for letter in "@#+/.") or not _HINT(text):
        return []  # most of what people say; the long pattern costs more than all the rest of a call
    return [
        {"type": match.lastgroup, "offset": units(text[: match.start()]), "length": units(match[0])}
        for match in _FOUND.finditer(text)
    ]


def _overlap(one: Json, other: Json) -> bool:
    hides = other["type"] in {"code", "pre", "text_link", "text_mention", "url", "mention"}
    return hides and bool(
        one["offset"] < other["offset"] + other["length"] and other["offset"] < one["offset"] + one["length"]
    )


def _trimmed(text: str, entities: list[Json]) -> Formatted:
    """Leading and trailing blanks are cut, and what lay only in them goes."""
    bare = text.strip()
    if len(bare) == len(text) or not bare:
        return bare, entities if bare else []
    lead, length = units(text[: len(text) - len(text.lstrip())]), units(bare)
    kept = []
    for entity in entities:
        start = max(entity["offset"] - lead, 0)
        end = min(entity["offset"] + entity["length"] - lead, length)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return bare, kept


def _explicit(text: str, given: Any) -> list[Json]:
    if not isinstance(given, list):
        raise cannot_parse("expected an Array of MessageEntity")
    total = units(text)
    for entity in given:
        if not isinstance(entity, dict) or str(entity.get("type")) not in ENTITY_TYPES:
            raise cannot_parse("unsupported type of MessageEntity")
        offset, length = entity.get("offset"), entity.get("length")
        if not isinstance(offset, int) or not isinstance(length, int) or offset < 0 or length <= 0:
            raise cannot_parse("MessageEntity has a wrong offset or length")
        if offset + length > total:
            raise cannot_parse(f"entity ends after the end of the text at UTF-16 offset {total}")
    return [dict(entity) for entity in given]


# --- HTML -------------------------------------------------------------------------------------------------------

_HTML: Final = re.compile(
    r"<(?P<slash>/?)(?P<tag>[^\s<>/\"']*)(?P<rest>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)(?P<close>>?)"
    r"|&(?P<reference>lt|gt|amp|quot|\#\d{1,7}|\#x[0-9a-fA-F]{1,6});"
    r"|(?P<plain>[^<&]+|&)"
)
_ATTRIBUTE: Final = re.compile(r"([\w-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")


class _Open:
    """A tag or a mark that waits for its end."""

    __slots__ = ("entity", "name", "where")

    def __init__(self, name: str, entity: Json, where: int) -> None:
        self.name, self.entity, self.where = name, entity, where


class _Writer:
    """Collects plain text and the entities over it."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.open: list[_Open] = []
        self.entities: list[Json] = []

    def text(self, text: str) -> None:
        self.parts.append(text)
        self.length += units(text)

    def begin(self, name: str, kind: str, where: int, **more: str) -> None:
        self.open.append(_Open(name, {"type": kind, "offset": self.length, "length": 0, **more}, where))

    def end(self) -> None:
        entity = self.open.pop().entity
        entity["length"] = self.length - entity["offset"]
        if entity["length"] and not (entity["type"] == "text_link" and not entity.get("url")):
            self.entities.append(entity)

    def result(self) -> Formatted:
        return "".join(self.parts), sorted(self.entities, key=lambda one: (one["offset"], -one["length"]))


def html(text: str) -> Formatted:
    writer = _Writer()
    for match in _HTML.finditer(text):
        if (plain := match["plain"]) is not None:
            writer.text(plain)
        elif (reference := match["reference"]) is not None:
            writer.text(_letter(reference))
        elif not match["close"]:
            raise cannot_parse(f"Unclosed start tag at byte offset {_bytes(text, match)}")
        elif match["slash"]:
            _html_end(writer, match["tag"].lower(), _bytes(text, match))
        else:
            _html_begin(writer, match["tag"].lower(), match["rest"], _bytes(text, match))
    if writer.open:
        raise cannot_parse(f'Can\'t find end tag corresponding to start tag "{writer.open[-1].name}"')
    return writer.result()


def _html_begin(writer: _Writer, tag: str, rest: str, where: int) -> None:
    kind = HTML_TAGS.get(tag)
    if kind is None:
        raise cannot_parse(f'Unsupported start tag "{tag}" at byte offset {where}')
    attributes = {one[1].lower(): one[2] or one[3] or one[4] or "" for one in _ATTRIBUTE.finditer(rest)}
    more: dict[str, str] = {}
    if tag == "a":
        more["url"] = _unescaped(attributes.get("href", ""))
    elif tag == "tg-emoji":
        more["custom_emoji_id"] = attributes.get("emoji-id", "")
    elif tag == "span" and attributes.get("class") != "tg-spoiler":
        raise cannot_parse(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
    elif tag == "blockquote" and "expandable" in attributes:
        kind = "expandable_blockquote"
    elif tag == "code" and writer.open and writer.open[-1].name == "pre":
        language = attributes.get("class", "").removeprefix("language-")
        if language:
            writer.open[-1].entity["language"] = language
        writer.open.append(_Open("code", {"type": "code", "offset": writer.length, "length": 0, "inner": True}, where))
        return
    writer.begin(tag, kind, where, **more)


def _html_end(writer: _Writer, tag: str, where: int) -> None:
    if not writer.open:
        raise cannot_parse(f"Unexpected end tag at byte offset {where}")
    if tag and writer.open[-1].name != tag:
        name = writer.open[-1].name
        raise cannot_parse(f'Unmatched end tag at byte offset {where}, expected "</{name}>", found "</{tag}>"')
    if writer.open[-1].entity.get("inner"):
        writer.open.pop()  # <pre><code> is one entity
    else:
        writer.end()


def _bytes(text: str, match: re.Match[str]) -> int:
    return len(text[: match.start()].encode())


def _letter(reference: str) -> str:
    if not reference.startswith("#"):
        return REFERENCES[reference]
    code = int(reference.lstrip("#x"), 16 if reference[1] == "x" else 10)
    if not code or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return f"&{reference};"
    return chr(code)


def _unescaped(text: str) -> str:
    return re.sub(r"&(lt|gt|amp|quot);", lambda match: REFERENCES[match[1]], text)


# --- Markdown, both kinds ---------------------------------------------------------------------------------------

_LINK: Final = re.compile(r"\]\(((?:\\.|[^()\\])*)\)")


def _markdown(text: str, marks: dict[str, str], reserved: frozenset[str]) -> Formatted:
    """Markdown (legacy: no reserved letters, no nesting) and MarkdownV2 share everything but their tables."""
    writer, place = _Writer(), 0
    while place < len(text):
        inside = writer.open[-1].name if writer.open else ""
        verbatim = inside in {"`", "```"}
        letter, after = text[place], text[place + 1 : place + 2]
        if letter == "\\" and after and after.isascii() and not after.isalnum() and not after.isspace():
            writer.text(after)
            place += 2
        elif inside and text.startswith("](" if inside == "[" else inside, place):
            place = _close(writer, text, place, inside)
        elif verbatim or (inside and not reserved):
            writer.text(letter)
            place += 1
        elif mark := next((mark for mark in marks if text.startswith(mark, place)), None):
            writer.begin(mark, marks[mark], place)
            place += len(mark)
        elif reserved and letter == ">" and (place == 0 or text[place - 1] == "\n"):
            end = len(text) if (newline := text.find("\n", place)) < 0 else newline
            inner, entities = _markdown(text[place + 1 : end], marks, reserved)
            _quote(writer, inner, entities)
            place = end
        elif letter in reserved:
            where = len(text[:place].encode())
            raise cannot_parse(
                f"Character '{letter}' is reserved and must be escaped with the preceding '\\' at byte offset {where}"
            )
        else:
            writer.text(letter)
            place += 1
    if writer.open:
        last = writer.open[-1]
        where = len(text[: last.where].encode())
        kind = last.entity["type"].replace("text_link", "text link").title().replace(" ", "")
        raise cannot_parse(f"Can't find end of {kind} entity at byte offset {where}")
    return writer.result()


def _close(writer: _Writer, text: str, place: int, inside: str) -> int:
    if inside != "[":
        writer.end()
        return place + len(inside)
    link = _LINK.match(text, place)
    if link is None:
        raise cannot_parse(f"Can't find end of a URL at byte offset {len(text[:place].encode())}")
    writer.open[-1].entity["url"] = re.sub(r"\\(.)", r"\1", link[1])
    writer.end()
    return link.end()


def _quote(writer: _Writer, inner: str, entities: list[Json]) -> None:
    start = writer.length
    writer.text(inner)
    writer.entities.append({"type": "blockquote", "offset": start, "length": units(inner)})
    writer.entities.extend({**one, "offset": one["offset"] + start} for one in entities)


def _markdown_v1(text: str) -> Formatted:
    return _markdown(text, V1_MARKS, frozenset())


def _markdown_v2(text: str) -> Formatted:
    return _markdown(text, V2_MARKS, V2_RESERVED)


PARSERS: Final[dict[str, Callable[[str], Formatted]]] = {
    "html": html,
    "markdown": _markdown_v1,
    "markdownv2": _markdown_v2,
}
