"""A multipart form, read from bytes that are already capped: a few parts, each with a name, some with a file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Final
from urllib.parse import unquote

from gateway.api.errors import ApiError

PARTS: Final = 16
HEAD: Final = 4096
_PARAMETER: Final = re.compile(r';\s*([A-Za-z0-9*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"\s]*))')


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An uploaded file as its sender declares it: nothing of this is believed."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The parts of a form by name, each at most once."""

    fields: Mapping[str, str]
    files: Mapping[str, File]

    def digest(self) -> bytes:
        """The same for the same content, whatever boundary the client drew."""
        total = hashlib.sha256()
        for name, value in sorted(self.fields.items()):
            total.update(f"{name}\0{len(value)}\0{value}\0".encode("utf-8", "replace"))
        for name, file in sorted(self.files.items()):
            total.update(f"{name}\0{file.filename}\0{len(file.data)}\0".encode("utf-8", "replace"))
            total.update(file.data)
        return total.digest()


def parse(content_type: str, body: bytes) -> Form:
    """Raises ApiError unreadable."""
    head = Message()
    head["Content-Type"] = content_type
    boundary = head.get_param("boundary")
    if head.get_content_type() != "multipart/form-data" or not isinstance(boundary, str) or not 0 < len(boundary) <= 70:
        raise ApiError("unsupported_media_type", "send multipart/form-data with its boundary")
    if not boundary.isascii():
        raise _unreadable("the boundary is not ASCII")
    line = b"--" + boundary.encode()
    sections = (b"\r\n" + body).split(b"\r\n" + line)
    if len(sections) < 2 or not sections[-1].startswith(b"--"):
        raise _unreadable("the form does not end with its boundary")
    if len(sections) - 2 > PARTS:
        raise _unreadable(f"more than {PARTS} parts")
    fields: dict[str, str] = {}
    files: dict[str, File] = {}
    for section in sections[1:-1]:
        _part(section, fields, files)
    return Form(fields=fields, files=files)


def _part(section: bytes, fields: dict[str, str], files: dict[str, File]) -> None:
    padding, newline, rest = section.partition(b"\r\n")
    if padding.strip(b" \t") or not newline:
        raise _unreadable("a boundary is not on a line of its own")
    head_bytes, gap, data = rest.partition(b"\r\n\r\n")
    if not gap or len(head_bytes) > HEAD:
        raise _unreadable("a part without a head")
    head = _head(head_bytes)
    if head.get("content-transfer-encoding", "binary").strip().lower() not in ("binary", "8bit", "7bit"):
        raise _unreadable("a part is encoded")
    disposition = head.get("content-disposition", "")
    values = {key.lower(): _unquoted(quoted or plain) for key, quoted, plain in _PARAMETER.findall(disposition)}
    name = values.get("name", "")
    if not disposition.strip().lower().startswith("form-data") or not name or name in fields or name in files:
        raise _unreadable("a part without a name, or a name twice")
    filename = values.get("filename*", values.get("filename"))
    if filename is not None:
        declared = head.get("content-type", "").partition(";")[0].strip().lower()
        files[name] = File(
            filename=filename.removeprefix("utf-8''").removeprefix("UTF-8''"), content_type=declared, data=data
        )
        return
    try:
        fields[name] = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _unreadable("a field is not UTF-8") from None


def _head(data: bytes) -> dict[str, str]:
    try:
        lines = data.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise _unreadable("the head of a part is not UTF-8") from None
    return {
        key.strip().lower(): value.strip() for key, colon, value in (line.partition(":") for line in lines) if colon
    }


def _unquoted(value: str) -> str:
    """Browsers write `"` as %22, libraries everything that is not ASCII as %XX."""
    value = value.replace('\\"', '"')
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        return value


def _unreadable(problem: str) -> ApiError:
    return ApiError("unreadable", f"the form cannot be read: {problem}")
