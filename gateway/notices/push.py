"""Web push: a payload sealed for one browser (RFC 8291, RFC 8188), signed as ours (VAPID, RFC 8292). Pure but for the
random bytes; why our own layer on `cryptography`: docs/adr/0134."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.keys import KeyRing

CURVE: Final = ec.SECP256R1()
POINT: Final = 65  # bytes of an uncompressed point
SECRET: Final = 16  # bytes of a browser's own secret
RECORD: Final = 4096  # a push service takes no more (RFC 8030 7.2)
ROOM: Final = RECORD - 86 - 17  # of the payload: without header, tag and delimiter
SIGNED_S: Final = 12 * 3600  # how long a signature holds; 24 h is the most that is allowed
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve


class Unusable(ValueError):
    """The browser's keys are none."""


def text(data: bytes) -> str:
    """base64url without padding, as all of this is written."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def data(given: str) -> bytes:
    """Raises Unusable."""
    try:
        return base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Unusable("not base64url") from None


def point(given: str) -> ec.EllipticCurvePublicKey:
    """A browser's public key. Raises Unusable for what is no point of the curve."""
    raw = data(given)
    if len(raw) != POINT:
        raise Unusable("not an uncompressed point")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, raw)
    except ValueError:
        raise Unusable("not on the curve") from None


def secret(given: str) -> bytes:
    """Raises Unusable."""
    raw = data(given)
    if len(raw) != SECRET:
        raise Unusable("not 16 bytes")
    return raw


def seal(
    payload: bytes, *, p256dh: str, auth: str, salt: bytes = b"", own: ec.EllipticCurvePrivateKey | None = None
) -> bytes:
    """The body of the request: one record. `salt`, `own` -- given only to check against a known answer. Raises Unusable."""
    if len(payload) > ROOM:
        raise ValueError(f"a payload of {len(payload)} bytes; {ROOM} fit")
    theirs, hidden = point(p256dh), secret(auth)
    own, salt = own or ec.generate_private_key(CURVE), salt or os.urandom(16)
    sender, receiver = _raw(own.public_key()), _raw(theirs)
    ikm = _derive(hidden, own.exchange(ec.ECDH(), theirs), b"WebPush: info\0" + receiver + sender, 32)
    key = _derive(salt, ikm, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(salt, ikm, b"Content-Encoding: nonce\0", 12)
    head = salt + RECORD.to_bytes(4, "big") + bytes([POINT]) + sender
    return head + AESGCM(key).encrypt(nonce, payload + b"\x02", None)


def _derive(salt: bytes, ikm: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(ikm)


def _raw(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


@dataclass(frozen=True, slots=True)
class Vapid:
    """Who we are to every push service."""

    private: ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, keys: KeyRing) -> Vapid:
        """Made of the ring's link key, which no rotation changes: a browser knows us by it, and another one would make every
        subscription worthless."""
        found = int.from_bytes(keys.mac("link", b"web push: vapid"), "big") % (ORDER - 1) + 1
        return cls(ec.derive_private_key(found, CURVE))

    @property
    def public(self) -> str:
        """What a browser subscribes with."""
        return text(_raw(self.private.public_key()))

    def authorization(self, endpoint: str, *, contact: str, now_s: int) -> str:
        """The header's value, for the origin of that endpoint. contact -- mailto: or https:, where the service complains."""
        parts = urlsplit(endpoint)
        claims: dict[str, Any] = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": now_s + SIGNED_S}
        if contact:
            claims["sub"] = contact
        signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
        r, s = decode_dss_signature(self.private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"vapid t={signed}.{text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))},k={self.public}"


def topic(name: str) -> str:
    """At most 32 letters of base64url: a newer message of this topic takes the place of one that still waits there."""
    return text(hashlib.sha256(name.encode()).digest())[:32]


def _json(value: object) -> str:
    return text(orjson.dumps(value))
