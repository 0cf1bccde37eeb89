"""A returned letter as mail servers write it: multipart/report with message/delivery-status (RFC 3464).

It comes from anybody, so it is read with bounds: so many bytes, parts and lines, and no recursion beyond a wrapped report. What
it says counts only for a letter whose mark it shows.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

LENGTH: Final = 256 << 10  # bytes that are looked at; the status stands before the returned letter
HEADS: Final = 64 << 10
PARTS: Final = 20
DEPTH: Final = 3
FIELDS: Final = 200
RECIPIENTS: Final = 20

_FIELD: Final = re.compile(rb"([\x21-\x39\x3b-\x7e]{1,76})[ \t]*:[ \t]*(.*)", re.DOTALL)
_LOOKS: Final = re.compile(rb"(?:From [^\r\n]{1,200}\r?\n)?[\x21-\x39\x3b-\x7e]{2,76}:[ \t]")
_BOUNDARY: Final = re.compile(r"""boundary\s*=\s*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)
_GAP: Final = re.compile(rb"\r?\n[ \t]*\r?\n")
_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_CODE: Final = re.compile(r"\b([245]\d\d)\b")

Heads = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Status:
    """Of one recipient. `action` failed, delayed, delivered, relayed or expanded · `code` as `550 5.1.1`, '' what it does not
    say · `words` -- of the server, for classifying only · `seen` -- header texts in which a mark may stand."""

    action: str
    code: str
    words: str
    seen: str


def looks_like(body: bytes) -> bool:
    """Is it a message as mail servers pass it on?"""
    return _LOOKS.match(body) is not None


def statuses(body: bytes) -> list[Status]:
    """What the report says of each recipient; [] for what is no report."""
    heads, rest = _split(body[:LENGTH])
    seen = [_marked(heads)]
    found: list[Status] = []
    reports: list[bytes] = []
    for kind, part_heads, data in _parts(heads, rest, DEPTH):
        if kind in ("message/delivery-status", "message/global-delivery-status"):
            reports.append(_decoded(part_heads, data))
        elif kind in (
            "message/rfc822",
            "text/rfc822-headers",
            "message/global",
            "message/global-headers",
            "message/rfc822-headers",
        ):
            seen.append(_marked(_split(_decoded(part_heads, data))[0]))
    for report in reports:
        blocks = [_fields(block) for block in _GAP.split(report)[: RECIPIENTS + 1]]
        whole = next((block["original-envelope-id"] for block in blocks if "original-envelope-id" in block), "")
        told = "\n".join([whole, *seen])
        found += [_status(action, block, told) for block in blocks if (action := _word(block.get("action", "")))]
    return found[:RECIPIENTS]


def _word(text: str) -> str:
    return text.strip().split(" ", 1)[0].lower()[:20]


def _status(action: str, block: Heads, seen: str) -> Status:
    words = block.get("diagnostic-code", "")[:1000]
    enhanced = _STATUS.search(block.get("status", "")) or _STATUS.search(words)
    plain = _CODE.search(words)
    shown = ".".join(enhanced.groups()) if enhanced else ""
    first = plain[1] if plain else f"{shown[0]}50" if shown else ""
    return Status(action, f"{first} {shown}".strip(), words, seen)


def _parts(heads: Heads, body: bytes, depth: int) -> Iterator[tuple[str, Heads, bytes]]:
    """The parts of a multipart, those of one inside it too; a message that is none is its own only part."""
    kind = _kind(heads)
    if not kind.startswith("multipart/") or not depth:
        return
    found = _BOUNDARY.search(heads.get("content-type", ""))
    if found is None:
        return
    line = re.escape(b"--" + (found[1] or found[2]).strip().encode("utf-8", "replace"))
    pieces = re.split(rb"(?:\A|\r?\n)" + line + rb"(?:--)?[ \t]*(?=\r?\n|\Z)", body, maxsplit=PARTS)
    for piece in pieces[1 : PARTS + 1]:
        part_heads, data = _split(piece.lstrip(b"\r\n") if piece.strip() else b"")
        inner = _kind(part_heads)
        if inner.startswith("multipart/"):
            yield from _parts(part_heads, data, depth - 1)
        else:
            yield inner, part_heads, data


def _kind(heads: Heads) -> str:
    return heads.get("content-type", "text/plain").split(";", 1)[0].strip().lower()


def _split(message: bytes) -> tuple[Heads, bytes]:
    """Its header fields and the rest."""
    if message.startswith(b"From "):
        message = message.partition(b"\n")[2]
    gap = _GAP.search(message, 0, HEADS)
    if gap is None:
        return _fields(message[:HEADS]), b""
    return _fields(message[: gap.start()]), message[gap.end() :]


def _fields(block: bytes) -> dict[str, str]:
    """By their names in small letters, the first of each; folded lines joined."""
    found: dict[str, str] = {}
    lines: list[bytes] = []
    for raw in block[:HEADS].splitlines()[: FIELDS * 5]:
        if raw[:1] in (b" ", b"\t") and lines:
            lines[-1] += b" " + raw.strip()
        elif raw.strip() and len(lines) < FIELDS:
            lines.append(raw)
    for one in lines:
        if field := _FIELD.fullmatch(one):
            found.setdefault(field[1].decode("ascii").lower(), field[2].decode("utf-8", "replace").strip())
    return found


def _marked(heads: Heads) -> str:
    """Where our mark stands in what comes back: its Message-ID, or the address to which it came back."""
    names = (
        "message-id",
        "x-original-to",
        "delivered-to",
        "envelope-to",
        "to",
        "return-path",
        "in-reply-to",
        "references",
    )
    return "\n".join(heads.get(name, "")[:2000] for name in names)


def _decoded(heads: Heads, data: bytes) -> bytes:
    match heads.get("content-transfer-encoding", "").strip().lower():
        case "base64":
            try:
                return base64.b64decode(re.sub(rb"[^A-Za-z0-9+/=]", b"", data))
            except (binascii.Error, ValueError):
                return b""
        case "quoted-printable":
            return quopri.decodestring(data)
    return data
