"""What a letter is known by when it comes back: its row in our outbox and its reader's thread, in 54 letters and digits
that nobody else can make. They are the left part of its Message-ID, and of its envelope's sender.

An address is personal, so the thread is not the address but stands for it (docs/adr/0065).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from typing import Final

from channels import veil
from channels.contract import Account

THREAD: Final = "mail-"
LOOKED_AT: Final = 50  # candidates in one text

_ROW: Final = re.compile(r"[0-9a-v]{26}")
_THREAD: Final = re.compile(r"mail-[0-9a-f]{24}")
_MARK: Final = re.compile(r"(?<![0-9A-Za-z])[0-9a-v]{54}(?![0-9A-Za-z])", re.IGNORECASE)


def plain(address: str) -> str:
    """The address as it is compared: small letters, its domain as the DNS has it; '' for what is none."""
    local, at, domain = unicodedata.normalize("NFC", address).strip().strip("<>").lower().rpartition("@")
    if not at or not local or not domain or len(address) > 320:
        return ""
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return ""


def thread_of(account: Account, address: str) -> str:
    """'' for what is no address."""
    told = plain(address)
    return THREAD + veil.veiled(account, told) if told else ""


def mark(account: Account, row_id: str, thread: str) -> str:
    """Of a letter; '' where a row or thread is none of ours."""
    if not _ROW.fullmatch(row_id) or not _THREAD.fullmatch(thread):
        return ""
    shown = row_id + _text(bytes.fromhex(thread.removeprefix(THREAD)))
    return shown + _mac(account, shown)


def message_id(mark: str, domain: str) -> str:
    """Without its angle brackets."""
    return f"{mark}@{domain}"


def read(account: Account, text: str) -> tuple[str, str, str] | None:
    """(mark, outbox row, thread) of the first mark of ours in the text."""
    for number, found in enumerate(_MARK.finditer(text)):
        if number >= LOOKED_AT:
            break
        given = found[0].lower()
        if hmac.compare_digest(_mac(account, given[:46]), given[46:]):
            return given, given[:26], THREAD + base64.b32hexdecode(given[26:46].upper() + "====").hex()
    return None


def _mac(account: Account, shown: str) -> str:
    return _text(hmac.new(account.thread_key or b"-", f"letter|{shown}".encode(), hashlib.sha256).digest()[:5])


def _text(data: bytes) -> str:
    return base64.b32hexencode(data).decode().rstrip("=").lower()
