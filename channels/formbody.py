"""The two ways in which browsers and builders post form fields, read in linear time and within hard bounds.

Written out, because the libraries' readers are made for mail and for pages: `email` needs seconds for a long header and
recurses into what is nested, `parse_qsl` unpacks the whole text once more for every charset that it tries.
"""

from __future__ import annotations

import binascii
import codecs
import re
from base64 import b64decode
from typing import Final
from urllib.parse import unquote_to_bytes

from channels.contract import MalformedPayload

FIELDS: Final = 200  # of one body
HEAD: Final = 4_096  # bytes of one part's header lines
VALUE: Final = 200_000  # bytes of one field as they come: 16,000 code points in %-form, Vietnamese in pieces
ESCAPES: Final = 150_000  # %-signs of one body: 50,000 letters with marks; a megabyte of them takes 100 ms
CHARSETS: Final = frozenset(
    {"ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso8859-1", "cp1252", "cp1258"}
)  # Python knows a hundred more, some of which take seconds for a long text (idna, punycode)
_BOUNDARY: Final = re.compile(rb"[\w'()+,./:=? -]{1,200}")
_CHARSET: Final = re.compile(r"charset=[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_FOLDED: Final = re.compile(rb"\r?\n[ \t]++")
_PARAMETER: Final = re.compile(rb";[ \t]*+([\w*-]++)[ \t]*+=[ \t]*+(?:\"((?:[^\"\\]|\\.)*+)\"|([^;\s\"]++))")
_QUOTED: Final = re.compile(rb"\\(.)")


def pairs(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """Name and text of every field in their order, [] when it is no form. Raises MalformedPayload."""
    if body.startswith(b"--"):
        return _multipart(body)
    return _encoded(body, content_type) if b"=" in body else []


def _encoded(body: bytes, content_type: str) -> list[tuple[str, str]]:
    if body.count(b"&") >= FIELDS:
        raise MalformedPayload(f"more than {FIELDS} fields")
    if body.count(b"%") > ESCAPES:
        raise MalformedPayload("longer texts than a form has")
    charset = _charset(content_type)
    found = []
    for one in body.split(b"&"):
        if len(one) > VALUE:
            raise MalformedPayload("a longer text than a form has")
        name, _, value = one.replace(b"+", b" ").partition(b"=")
        found.append((_text(unquote_to_bytes(name), charset), _text(unquote_to_bytes(value), charset)))
    return found


def _charset(content_type: str) -> str:
    said = _CHARSET.search(content_type[:HEAD])
    try:
        name = codecs.lookup(said[1]).name if said else ""
    except LookupError:
        name = ""
    return name if name in CHARSETS else "utf-8"


def _text(data: bytes, charset: str) -> str:
    """In the charset that it says it has, or in the one that it has."""
    for encoding in dict.fromkeys((charset, "utf-8")):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


def _multipart(body: bytes) -> list[tuple[str, str]]:
    """Its boundary is what its first line says. Files are left out."""
    boundary = body.partition(b"\n")[0].strip()[2:]
    if not _BOUNDARY.fullmatch(boundary):
        raise MalformedPayload("a multipart body without a boundary")
    pieces = (b"\n" + body).split(b"\n--" + boundary, FIELDS + 2)[1:]
    if len(pieces) > FIELDS + 1:
        raise MalformedPayload(f"more than {FIELDS} parts")
    found = []
    for piece in pieces:
        if piece.startswith(b"--"):
            break
        line, newline, part = piece.partition(b"\n")
        if line.strip() or not newline:
            raise MalformedPayload("a multipart body whose boundary is a part's own text")
        pair = _part(part)
        if pair is not None:
            found.append(pair)
    return found


def _part(part: bytes) -> tuple[str, str] | None:
    """Of one part, without the line of its boundary and the newline before the next; None = no field."""
    head, value = _apart(part)
    headers = {}
    for line in _FOLDED.sub(b" ", head).splitlines():
        name, _, told = line.partition(b":")
        headers[name.strip().lower()] = told.strip()
    if headers.get(b"content-type", b"").lower().startswith((b"multipart/", b"message/")):
        raise MalformedPayload("a multipart body within another")
    given = {
        key.lower(): quoted or bare
        for key, quoted, bare in _PARAMETER.findall(headers.get(b"content-disposition", b""))
    }
    if not given.get(b"name") or b"filename" in given or b"filename*" in given:
        return None
    if len(value) > VALUE:
        raise MalformedPayload("a longer text than a form has")
    name = _QUOTED.sub(rb"\1", given[b"name"])
    packed = headers.get(b"content-transfer-encoding", b"").lower()
    return name.decode("utf-8", "replace"), _unpacked(value, packed).decode("utf-8", "replace")


def _apart(part: bytes) -> tuple[bytes, bytes]:
    """Header lines and the rest, between which the first empty line stands."""
    part = part.removesuffix(b"\r")
    if part.startswith((b"\r\n", b"\n")):
        return b"", part.partition(b"\n")[2]
    ends = [(at, len(gap)) for gap in (b"\n\r\n", b"\n\n") if (at := part.find(gap, 0, HEAD)) >= 0]
    if ends:
        at, gap = min(ends)
        return part[:at], part[at + gap :]
    if len(part) >= HEAD:
        raise MalformedPayload(f"a part's header of more than {HEAD} bytes")
    return part, b""


def _unpacked(value: bytes, packed: bytes) -> bytes:
    if packed == b"quoted-printable":
        return binascii.a2b_qp(value)
    if packed == b"base64":
        try:
            return b64decode(value)
        except ValueError:
            raise MalformedPayload("a part that is no base64") from None
    return value
