"""Codes of a telephone: what it is told once, which step of time a code is of, and the ticket between the two steps of
signing in. RFC 6238 with SHA-1, six digits, 30 seconds, one step either way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final

import orjson
import pyotp

from storage.keys import KeyRing

STEP_MS: Final = 30_000
DRIFT: Final = 1  # steps that a telephone's clock may be off
SECRET_BYTES: Final = 20
TICKET_MS: Final = 5 * 60_000
_ID: Final = re.compile(r"[0-9a-v]{26}")


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def typed(secret: bytes) -> str:
    """As a person types it in: base32, in groups of four."""
    plain = base64.b32encode(secret).decode()
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def address(secret: bytes, *, name: str, issuer: str) -> str:
    """What the picture says: otpauth://totp/…"""
    return pyotp.TOTP(base64.b32encode(secret).decode()).provisioning_uri(name=name, issuer_name=issuer)


def picture(uri: str) -> str:
    """The address as a QR code: a path of SVG, one unit a module, and its size. Nothing in it but our own figures."""
    import segno  # a start has no time for it

    return str(
        segno.make_qr(uri, error="m").svg_inline(scale=1, border=4, svgclass=None, lineclass=None, omitsize=True)
    )


def step_of(secret: bytes, code: str, now_ms: int) -> int | None:
    """The step whose code this is, the newest first; None when it is of none near now."""
    digits = "".join(char for char in code if not char.isspace())
    if len(digits) != 6 or not digits.isascii() or not digits.isdecimal():
        return None
    maker = pyotp.TOTP(base64.b32encode(secret).decode())
    now = now_ms // STEP_MS
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(maker.generate_otp(step), digits):
            found = step
    return found


def ticket(keys: KeyRing, advisor_id: str, password_hash: str, now_ms: int) -> str:
    """Who has shown his password, for five minutes; worth nothing without a code, or after the password was changed."""
    said = orjson.dumps([advisor_id, now_ms + TICKET_MS, secrets.token_hex(8)])
    return f"{base64.urlsafe_b64encode(said).decode()}.{_mac(keys, said, password_hash)}"


def shown(given: str, now_ms: int) -> tuple[str, bytes, str] | None:
    """(advisor, what was signed, signature) of a ticket that is not over; `genuine` says whether it is ours."""
    body, _, mac = given.partition(".")
    try:
        said = base64.urlsafe_b64decode(body.encode("ascii"))
        advisor_id, until, _once = orjson.loads(said)
    except (ValueError, TypeError):
        return None
    if not (isinstance(advisor_id, str) and isinstance(until, int)) or until < now_ms or not _ID.fullmatch(advisor_id):
        return None  # not our own writing, or over
    return advisor_id, said, mac


def genuine(keys: KeyRing, said: bytes, mac: str, password_hash: str) -> bool:
    return hmac.compare_digest(_mac(keys, said, password_hash).encode(), mac.encode("utf-8", "replace"))


def _mac(keys: KeyRing, said: bytes, password_hash: str) -> str:
    return keys.mac("link", b"sign_in|" + said + hashlib.sha256(password_hash.encode()).digest()).hex()
