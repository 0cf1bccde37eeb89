"""A file on its way to a platform: its name, and the form that it goes in."""

from __future__ import annotations

import json
import re
import secrets
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from channels.reading import clean_name

_ESCAPED: Final = {'"': "%22", "\r": "%0D", "\n": "%0A"}  # as browsers write them


def folded(name: str, otherwise: str = "file") -> str:
    """The name in ASCII: for addresses, and for platforms that lose other letters."""
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("._-")[-80:] or otherwise


def named(name: str, otherwise: str = "file", *, ascii_only: bool = False) -> str:
    """The name as the customer is to read it; nothing in it breaks a header."""
    cleaned = clean_name(name) or otherwise
    return folded(cleaned, otherwise) if ascii_only else cleaned


def form(fields: Mapping[str, Any], field: str, *, name: str, mime: str, data: bytes) -> tuple[str, bytes]:
    """Content type and body of a multipart form: every member a field (JSON where it is no text), the file behind them.
    Its name stands there in UTF-8, as RFC 7578 has it: the form `filename*` is read by hardly any platform."""
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for key, value in fields.items():
        text = value if isinstance(value, str) else json.dumps(value)
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n'.encode())
    safe = "".join(_ESCAPED.get(letter, letter) for letter in name)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{safe}"\r\n'
    parts += [f"{head}Content-Type: {mime}\r\n\r\n".encode(), data, f"\r\n--{boundary}--\r\n".encode()]
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)
