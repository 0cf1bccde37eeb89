"""Whose a delivery is: `X-ZEvent-Signature` over the bytes as they came.

mac = sha256(app id ‖ body ‖ timestamp ‖ OA secret key), plain and not an HMAC; the timestamp is the body's own.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any, Final

from channels.contract import Account, Delivery, MalformedPayload, WebhookRejected
from channels.reading import read_json
from channels.zalo.settings import app_id, bad_mac_status, family, oa_id, webhook_secrets

HEADER: Final = "X-ZEvent-Signature"
INSIDE: Final = 8  # keys that only look like it: each is looked at from the start, and anybody may send a million

_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_KEY: Final = re.compile(rb'"timestamp"\s*+:\s*+(?:"([^"\\\x00-\x1f]{1,64})"|(-?[0-9]{1,20})(?![0-9.eE]))?')


def verify(delivery: Delivery, account: Account) -> None:
    """One webhook speaks for every OA of an app, and each OA has a key of its own: the key that fits must be the key of
    the OA that the body names, and the app that it names must be ours. Raises WebhookRejected."""
    status = bad_mac_status(account)
    given = _given(delivery)
    if not given:
        raise WebhookRejected("zalo: no signature", status=status)
    at = timestamp(delivery.body)
    if at is None:
        raise WebhookRejected("zalo: no timestamp to verify with", status=status)
    signer: Account | None = None
    for one in family(account):
        for secret in webhook_secrets(one):
            if app_id(one) and hmac.compare_digest(mac(app_id(one), delivery.body, at, secret), given):
                signer = signer or one
    if signer is None:
        raise WebhookRejected("zalo: wrong signature", status=status)
    raw = _readable(delivery.body)
    if _other_app(raw, app_id(signer)):
        raise WebhookRejected("zalo: of another app", status=status)
    others = {oa_id(one) for one in family(account) if one.id != signer.id}
    named = speaks_for(raw) if others else set()
    if not named.isdisjoint(others) and oa_id(signer) not in named:
        raise WebhookRejected("zalo: signed with another account's key", status=status)


def mac(app: str, body: bytes, at: bytes, secret: str) -> bytes:
    """64 hexadecimal digits."""
    return hashlib.sha256(b"".join((app.encode(), body, at, secret.encode()))).hexdigest().encode()


def _given(delivery: Delivery) -> bytes:
    header = delivery.headers.get(HEADER) or delivery.headers.get(HEADER.lower(), "")
    value = header.encode("utf-8", "backslashreplace").strip().lower()  # as bytes: compare_digest raises on odd text
    return value.removeprefix(b"mac=").strip()


def timestamp(body: bytes) -> bytes | None:
    """The characters of the one `timestamp` at the top level; None when there is none, or more than one. The body is
    not parsed: what nobody can read is verified all the same, and then kept aside."""
    found: list[bytes | None] = []
    depth = seen = inside = 0
    for key in _KEY.finditer(body):
        between = _STRING.sub(b"", body[seen : key.start()])
        if b'"' in between:
            inside += 1  # the quote that begins it is inside a text, or this is no JSON
            if inside > INSIDE:
                return None
            continue
        depth += between.count(b"{") + between.count(b"[") - between.count(b"}") - between.count(b"]")
        seen = key.end()
        if depth == 1:
            found.append(key[1] or key[2])
    return found[0] if len(found) == 1 else None


def _other_app(raw: Any, ours: str) -> bool:
    """Whether a body says that it is of an app, and not of ours. What says nothing readable is the parser's to judge."""
    told = raw.get("app_id") if isinstance(raw, dict) else None
    return isinstance(told, (str, int)) and str(told).strip() not in ("", ours)


def _readable(body: bytes) -> Any:
    try:
        return read_json(body)
    except MalformedPayload:
        return {}


def speaks_for(raw: Any) -> set[str]:
    """Every id in a body that may be an OA's."""
    if not isinstance(raw, dict):
        return set()
    places = [raw.get("oa_id"), raw.get("oaId")]
    for side in ("recipient", "sender"):
        part = raw.get(side)
        places.append(part.get("id") if isinstance(part, dict) else None)
    return {str(one) for one in places if isinstance(one, (str, int)) and not isinstance(one, bool) and one != ""}
