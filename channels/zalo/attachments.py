"""What hangs on a message: files, links, cards, places. Every field may be missing or spelt otherwise; an address that
no field of ours holds goes into the text, so that nothing that was sent is lost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from channels.contract import InboundFile, Kind, SharedContact
from channels.loose import at, number, part, several, words
from channels.reading import clean, clean_name

FILES: Final[Mapping[str, tuple[Kind, str]]] = {  # attachment type -> our kind, the mime type when none is told
    "image": (Kind.IMAGE, "image/jpeg"),
    "photo": (Kind.IMAGE, "image/jpeg"),
    "gif": (Kind.IMAGE, "image/gif"),
    "file": (Kind.FILE, ""),
    "audio": (Kind.AUDIO, ""),
    "voice": (Kind.AUDIO, ""),
    "video": (Kind.VIDEO, "video/mp4"),
    "sticker": (Kind.STICKER, ""),
}
TYPES: Final[Mapping[str, str]] = {  # a file's extension -> its mime type
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "txt": "text/plain",
    "zip": "application/zip",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "heic": "image/heic",
    "mp4": "video/mp4",
    "amr": "audio/amr",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "mp3": "audio/mpeg",
}
_ADDRESSES: Final = ("url", "href", "link", "links", "hdUrl", "normalUrl", "thumbnail", "thumb")
_PAIR: Final = re.compile(r"\s*(-?[0-9]{1,3}(?:\.[0-9]{1,12})?)\s*[,;]\s*(-?[0-9]{1,3}(?:\.[0-9]{1,12})?)\s*")
_PLACES: Final = ("coordinates", "coordinate", "location")


@dataclass(slots=True)
class Hung:
    """What was found. `lines` -- what only words can keep · `stickers` -- ids of those that have no address."""

    files: list[InboundFile] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    contact: SharedContact | None = None
    location: tuple[float, float] | None = None
    sticker: str = ""
    types: list[str] = field(default_factory=list)


def read(message: Any) -> Hung:
    """Everything on a message."""
    hung = Hung()
    for one in several(message, "attachments") + several(message, "attachment"):
        kind = words(one, "type").strip().lower()
        hung.types.append(kind)
        for payload in _payloads(one):
            if kind in FILES:
                _file(hung, kind, payload)
            elif kind == "location" or any(name in payload for name in ("coordinates", "latitude", "lat")):
                _place(hung, payload)
            else:
                _link(hung, payload)
    if not hung.types:
        _bare(hung, message)
    return hung


def _payloads(one: Any) -> list[Mapping[str, Any]]:
    """Mostly one object; several in a list, or none and its fields on the attachment, or the address alone."""
    if isinstance(one, str):
        return [{"url": one}]
    listed = at(one, "payload")
    if isinstance(listed, list):
        return [
            {"url": inner} if isinstance(inner, str) else inner for inner in listed if isinstance(inner, (str, dict))
        ]
    if isinstance(listed, str) and not part(one, "payload"):
        return [{"url": listed}]
    found = part(one, "payload") or one
    return [found] if isinstance(found, dict) else []


def _bare(hung: Hung, message: Any) -> None:
    """Old shapes say it on the message itself."""
    if hung.location is None and any(at(message, name) is not None for name in (*_PLACES, "latitude", "lat")):
        _place(hung, message)
    address = _address(message, ("url", "href", "link", "links"))
    if address:
        hung.lines.append(address)


def _file(hung: Hung, kind: str, payload: Mapping[str, Any]) -> None:
    ours, mime = FILES[kind]
    source = _address(payload, _ADDRESSES) or _address(
        payload, tuple(name for name in payload if name != "description")
    )
    if kind == "sticker":
        hung.sticker = words(payload, "id") or words(payload, "sticker_id")
    if not source:
        return
    name = clean_name(words(payload, "name") or words(payload, "filename"))
    extension = _extension(words(payload, "type"), name, source)
    if name and extension and "." not in name:
        name = clean_name(f"{name}.{extension}")
    size = number(payload, "size")
    hung.files.append(
        InboundFile(
            kind=ours,
            source=source,
            name=name,
            mime=TYPES.get(extension, mime),
            size=int(size) if size is not None and 0 <= size < 1e12 else 0,
        )
    )
    if described := words(payload, "description").strip():
        hung.lines.append(described)


def _extension(told: str, name: str, source: str) -> str:
    """The address has none, mostly: it is told, or in the name."""
    path = urlsplit(source).path if source.isascii() and "[" not in source else ""
    for given in (told, PurePosixPath(name).suffix, PurePosixPath(path).suffix):
        extension = given.strip().lower().lstrip(".")
        if extension in TYPES:
            return extension
    return ""


def _link(hung: Hung, payload: Mapping[str, Any]) -> None:
    """A link, or a business card: its description is JSON in a text."""
    card = part(payload, "description")
    phone = words(card, "phone") or words(card, "phone_number") or words(payload, "phone")
    title = words(payload, "title") or words(payload, "name") or words(card, "name")
    if phone and hung.contact is None:
        hung.contact = SharedContact(phone=plain_phone(phone), name=clean_name(title), own=False)
        return
    lines = [title, "" if card else words(payload, "description"), words(payload, "text")]
    lines.append(
        _address(payload, ("url", "href", "link", "links", "link_url")) or _address(card, ("qrCodeUrl", "url"))
    )
    hung.lines += [line.strip() for line in lines if line.strip()]
    if not any(lines) and (picture := _address(payload, ("thumbnail", "thumb"))):
        hung.lines.append(picture)


def _place(hung: Hung, payload: Mapping[str, Any]) -> None:
    inner = next((part(payload, name) for name in _PLACES if part(payload, name)), payload)
    latitude = _first(inner, ("latitude", "lat"))
    longitude = _first(inner, ("longitude", "long", "lng", "lon"))
    if latitude is None and (pair := _PAIR.fullmatch(words(payload, "coordinates") or words(payload, "location"))):
        latitude, longitude = float(pair[1]), float(pair[2])
    if latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180:
        hung.location = (latitude, longitude)
    for name in ("name", "address", "description", "title"):
        if line := words(payload, name).strip():
            hung.lines.append(line)


def _first(raw: Any, names: tuple[str, ...]) -> float | None:
    return next((found for name in names if (found := number(raw, name)) is not None), None)


def _address(raw: Any, names: tuple[str, ...]) -> str:
    """The first web address among these fields, as it came."""
    for name in names:
        value = at(raw, name)
        if isinstance(value, str) and re.match(r"https?://[^\s]", value, re.IGNORECASE):
            return clean(value).strip()[:4000]
    return ""


def plain_phone(given: str) -> str:
    """+84… where it is certainly a Vietnamese number with its country; else the digits as they stand."""
    digits = re.sub(r"[^0-9]", "", given)[:20]
    if given.lstrip().startswith("+") and digits:
        return f"+{digits}"
    return f"+{digits}" if re.fullmatch(r"84[0-9]{9,10}", digits) else digits
