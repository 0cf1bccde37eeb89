"""What hangs on a message: files, links, cards, places. Every field may be missing or spelt otherwise; an address that
no field of ours holds goes into the text, so that nothing that was sent is lost. Raises MalformedPayload for a shape that
the kind does not have; an attachment of a kind that nobody knows is read as far as it goes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from channels import filetypes
from channels.contract import InboundFile, Kind, MalformedPayload, SharedContact
from channels.loose import NOTHING, at, number, objects, part, spelt, words
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
TYPES: Final[Mapping[str, str]] = {**filetypes.TYPES, "amr": "audio/amr"}
_ADDRESSES: Final = ("url", "href", "link", "links", "hdUrl", "normalUrl", "thumbnail", "thumb")
_PAIR: Final = re.compile(r"\s*(-?[0-9]{1,3}(?:\.[0-9]{1,12})?)\s*[,;]\s*(-?[0-9]{1,3}(?:\.[0-9]{1,12})?)\s*")
_PLACES: Final = ("coordinates", "coordinate", "location")
_SHAPED: Final = frozenset({*FILES, "location", "link", "template"})  # kinds whose payload is one object
_NUMBER: Final = re.compile(
    r'"phone(?:_number)?"\s*:\s*"?(\+?[0-9][0-9 .-]{7,17})'
)  # in a card that is no JSON any more


@dataclass(slots=True)
class Hung:
    """What was found. `lines` -- what only words can keep · `sticker` -- its number · `named` -- what a link or a card
    without a number is called."""

    files: list[InboundFile] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    contact: SharedContact | None = None
    location: tuple[float, float] | None = None
    sticker: str = ""
    named: str = ""
    types: list[str] = field(default_factory=list)


def read(message: Any) -> Hung:
    """Everything on a message."""
    hung, said = Hung(), words(message, "text")
    for one in [*objects(message, "attachments"), *objects(message, "attachment")]:
        kind = words(one, "type").strip().lower()
        hung.types.append(kind)
        if kind in _SHAPED:
            _hang(hung, kind, part(one, "payload") or one, said)
        else:
            with contextlib.suppress(MalformedPayload):
                _hang(hung, kind, part(one, "payload") or one, said)
    if not hung.types:
        _bare(hung, message)
    return hung


def _hang(hung: Hung, kind: str, payload: Mapping[str, Any], said: str) -> None:
    """Mostly an object of its own; or its fields are the attachment's."""
    if kind in FILES:
        _file(hung, kind, payload)
    elif kind == "location" or any(name in payload for name in ("coordinates", "latitude", "lat")):
        _place(hung, payload)
    else:
        _link(hung, payload, said)


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


def _link(hung: Hung, payload: Mapping[str, Any], said: str) -> None:
    """A link, or a business card: its description is JSON in a text."""
    described = _described(payload)
    card = part(payload, "description") if described is None else spelt(described) or NOTHING
    phone = words(card, "phone") or words(card, "phone_number") or words(payload, "phone")
    if not phone and not card and (salvaged := _NUMBER.search(described or "")):
        phone = salvaged[1]
    title = words(payload, "title") or words(payload, "name") or words(card, "name")
    address = _address(payload, ("url", "href", "link", "links", "link_url")) or _address(card, ("qrCodeUrl", "url"))
    if address and address in said:
        return  # it only shows the link that the text holds
    if phone and hung.contact is None:
        hung.contact = SharedContact(phone=plain_phone(phone), name=clean_name(title), own=False)
        return
    hung.named = hung.named or clean_name(title)
    lines = [title, "" if card else described or "", words(payload, "text"), address]
    hung.lines += [line.strip() for line in lines if line.strip()]
    if not any(lines) and (picture := _address(payload, ("thumbnail", "thumb"))):
        hung.lines.append(picture)


def _described(payload: Mapping[str, Any]) -> str | None:
    """The description as a text; None when it is an object."""
    return None if isinstance(payload.get("description"), dict) else words(payload, "description")


def _place(hung: Hung, payload: Mapping[str, Any]) -> None:
    latitude = longitude = None
    for name in (*_PLACES, None):
        there = payload if name is None else payload.get(name)
        if isinstance(there, str) and (pair := _PAIR.fullmatch(there)):
            latitude, longitude = float(pair[1]), float(pair[2])
        elif there := payload if name is None else part(payload, name):
            latitude, longitude = _first(there, ("latitude", "lat")), _first(there, ("longitude", "long", "lng", "lon"))
        if latitude is not None:
            break
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
        value = words(raw, name) if name == "url" else at(raw, name)
        if isinstance(value, str) and re.match(r"https?://[^\s]", value, re.IGNORECASE):
            return clean(value).strip()[:4000]
    return ""


def plain_phone(given: str) -> str:
    """+84… where it is certainly a Vietnamese number with its country; else the digits as they stand."""
    digits = re.sub(r"[^0-9]", "", given)[:20]
    if given.lstrip().startswith("+") and digits:
        return f"+{digits}"
    return f"+{digits}" if re.fullmatch(r"84[0-9]{9,10}", digits) else digits
