"""What hangs on a message: files, stickers, places, shares. Every field may be missing, null or elsewhere; what no field
of ours holds goes into the text, so that nothing that was sent is lost. Raises MalformedPayload for a shape that the kind
does not have; an attachment of a kind that nobody knows is read as far as it goes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from channels.contract import InboundFile, Kind
from channels.filetypes import TYPES
from channels.loose import NONE, NOTHING, at, ident, number, objects, part, perhaps, words
from channels.reading import clean, clean_name

FILES: Final[Mapping[str, Kind]] = {
    "image": Kind.IMAGE,
    "file": Kind.FILE,
    "audio": Kind.AUDIO,
    "video": Kind.VIDEO,
}
SHARES: Final = frozenset({"fallback", "share", "post", "ig_post", "reel", "ig_reel", "story_mention", "template"})
_TOLD: Final = ("text", "title", "subtitle", "description", "name", "url", "item_url", "link", "href")
_SHAPED: Final = frozenset({*FILES, "sticker", "location"})  # kinds whose payload is an object that we know
_BOOKED: Final = ("booking_id", "status", "start_time", "end_time", "timezone")


@dataclass(slots=True)
class Hung:
    """What was found. `lines` -- what only words can keep · `unknown` -- types that we do not know, or that lack what
    makes them one."""

    files: list[InboundFile] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    location: tuple[float, float] | None = None
    sticker: str = ""
    stuck: bool = False
    unknown: list[str] = field(default_factory=list)


def read(message: Any) -> Hung:
    """Everything on a message."""
    hung = Hung(sticker=ident(message, "sticker_id"))
    hung.stuck = bool(hung.sticker)
    said = words(message, "text")
    for one in [*objects(message, "attachments"), *objects(message, "attachment")]:
        kind = words(one, "type").strip().lower()
        if kind in _SHAPED:
            _read(hung, kind, part(one, "payload"), one)
        else:
            _share(hung, kind, _any(one), one, said)
    _stick_once(hung)
    return hung


def _any(one: Mapping[str, Any]) -> Mapping[str, Any]:
    """The payload of a kind that has no shape of its own; or it is the address."""
    payload = one.get("payload")
    return {"url": payload} if isinstance(payload, str) else perhaps(part, one, "payload", default=NOTHING)


def _read(hung: Hung, kind: str, payload: Mapping[str, Any], one: Mapping[str, Any]) -> None:
    sticker = ident(payload, "sticker_id") or ident(one, "sticker_id")
    if kind == "sticker" or sticker or (kind == "image" and hung.stuck and not hung.files):
        hung.stuck, hung.sticker = True, hung.sticker or sticker
        _file(hung, Kind.STICKER, payload, one)
    elif kind == "location":
        _stand(hung, payload, one)
    elif not _file(hung, FILES[kind], payload, one) and not hung.files[-1].name:
        _tell(hung, payload, one)


def _share(hung: Hung, kind: str, payload: Mapping[str, Any], one: Mapping[str, Any], said: str) -> None:
    """A link, a post, a product, or what nobody knows yet. What only shows a link that the text holds says nothing."""
    if perhaps(words, payload, "sticker_id", default=""):
        _read(hung, "sticker", payload, one)
    elif isinstance(payload.get("coordinates"), dict):
        _stand(hung, payload, one)
    elif kind == "fallback" and (link := _address(payload) or _address(one)) and link in said:
        return
    elif not _tell(hung, payload, one) or kind not in SHARES:
        hung.unknown.append(clean_name(kind) or "no type")
    for name in _BOOKED if kind == "appointment_booking" else ():
        if line := perhaps(words, payload, name, default="").strip():
            hung.lines.append(f"{name}: {line}")


def _stand(hung: Hung, payload: Mapping[str, Any], one: Mapping[str, Any]) -> None:
    if not _place(hung, payload):
        hung.unknown.append("location without a place")
    _tell(hung, payload, one)


def _file(hung: Hung, kind: Kind, payload: Mapping[str, Any], one: Any) -> bool:
    """Has it an address? A sticker without one is no file; all else that he sent is, though it cannot be had."""
    source = _address(payload) or _address(one)
    if not source and kind is Kind.STICKER:
        return False
    last = _last_part(source)
    extension = last.rpartition(".")[2].lower()
    if extension not in TYPES and kind is Kind.FILE:
        extension = (words(payload, "title") or words(payload, "name")).rpartition(".")[2].strip().lower()
    told = (payload, one) if not source else (payload,)
    named = next((it for raw in told for key in ("name", "file_name", "title") if (it := words(raw, key))), last)
    size = number(payload, "size")
    hung.files.append(
        InboundFile(
            kind=kind,
            source=source,
            name=clean_name(named) if kind is Kind.FILE else "",
            mime=TYPES.get(extension, ""),
            size=int(size) if size is not None and 0 <= size < 1e12 else 0,
        )
    )
    return bool(source)


def _address(raw: Any) -> str:
    """A web address, as it came."""
    for name in ("url", "src", "link", "file_url"):
        value = words(raw, name) if name == "url" else at(raw, name)
        if isinstance(value, str) and re.match(r"https?://[^\s]", value.strip(), re.IGNORECASE):
            return clean(value).strip()[:8000]
    return ""


def _last_part(source: str) -> str:
    """The file's name is nowhere else."""
    try:
        path = urlsplit(source).path
    except ValueError:
        return ""
    return unquote(path.rstrip("/").rpartition("/")[2], errors="replace")


def _place(hung: Hung, payload: Mapping[str, Any]) -> bool:
    inner = part(payload, "coordinates") or payload
    latitude = _first(inner, ("lat", "latitude"))
    longitude = _first(inner, ("long", "lng", "lon", "longitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return False
    hung.location = (latitude, longitude)
    return True


def _first(raw: Any, names: tuple[str, ...]) -> float | None:
    return next((found for name in names if (found := number(raw, name)) is not None), None)


def _tell(hung: Hung, payload: Mapping[str, Any], one: Mapping[str, Any]) -> bool:
    """What a share says and where it leads, a line each; was there anything?"""
    before = len(hung.lines)
    parts = [payload, one]
    for name in (None, "product", "generic"):
        where = payload if name is None else perhaps(part, payload, name, default=NOTHING)
        parts += perhaps(objects, where, "elements", default=NONE)
    for piece in parts:
        hung.lines += [line for name in _TOLD if (line := perhaps(words, piece, name, default="").strip())]
        buttons = perhaps(objects, piece, "buttons", default=NONE)
        hung.lines += [line for each in buttons if (line := perhaps(words, each, "url", default="").strip())]
    return len(hung.lines) > before


def _stick_once(hung: Hung) -> None:
    """For three months of 2026 a sticker came twice, as itself and as a picture."""
    stuck = [one for one in hung.files if one.kind is Kind.STICKER]
    sources = {one.source for one in stuck}
    others = [one for one in hung.files if one.kind is not Kind.STICKER and one.source not in sources]
    hung.files = [*stuck[:1], *others]
