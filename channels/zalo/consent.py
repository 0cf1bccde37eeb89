"""The consent of an administrator, when there is no token any more: the link, and what its callback must bring.

Nothing is kept between the two: `state` is signed and dated, and the PKCE verifier is made of it. The callback's OA must
be ours, or somebody could hang his own official account under our name.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from channels.contract import Account
from channels.zalo.settings import OAUTH_URL, app_id, oa_id, url

PAGE: Final = "/v4/oa/permission"
GOOD_MS: Final = 30 * 60_000  # how long a link may take to come back


def callback(address: str) -> str:
    """Where consents come back to. address -- any of ours of this account: its webhook, or our base and its path."""
    base, _, rest = address.partition("/hooks/")
    channel, _, name = rest.partition("/")
    return f"{base}/oauth/{channel}/{name}/callback"


def _place(account: Account, base: str) -> str:
    return callback(f"{base}/hooks/{account.channel}/{account.name}")


def link(account: Account, base: str, secret: bytes, *, now_ms: int) -> str:
    """Where the administrator goes. base -- our public address."""
    state = _signed(account, secret, f"{now_ms}.{secrets.token_hex(8)}")
    challenge = hashlib.sha256(_verifier(account, secret, state).encode()).digest()
    query = {
        "app_id": app_id(account),
        "redirect_uri": _place(account, base),
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "state": state,
    }
    return f"{url(account, 'oauth_url', OAUTH_URL)}{PAGE}?{urlencode(query)}"


def check(account: Account, query: Mapping[str, str], keys: Sequence[bytes], *, now_ms: int) -> tuple[str, str]:
    """The code verifier and '', or '' and what is wrong, for people. keys -- one of these has signed the link."""
    state = query.get("state", "")
    made, _, _ = state.partition(".")
    what = state.rpartition(".")[0]
    signed = (key for key in keys if hmac.compare_digest(state.encode(), _signed(account, key, what).encode()))
    secret = next(signed, None)
    if secret is None or not made.isdecimal() or not 0 <= now_ms - int(made[:15]) <= GOOD_MS:
        return "", "this answer belongs to no link of ours, or the link is too old; begin again"
    if query.get("oa_id", "") != oa_id(account):
        return "", "the consent was given for another official account"
    if not query.get("code"):
        return "", "the consent was not given"
    return _verifier(account, secret, state), ""


def _signed(account: Account, secret: bytes, what: str) -> str:
    mark = hmac.new(secret, f"zalo consent|{account.id}|{what}".encode(), hashlib.sha256).hexdigest()[:32]
    return f"{what}.{mark}"


def _verifier(account: Account, secret: bytes, state: str) -> str:
    """43 characters; where the console fixes one, it is the configured one."""
    fixed = str(account.get("pkce_verifier") or "")
    made = hmac.new(secret, f"zalo verifier|{state}".encode(), hashlib.sha256).digest()
    return fixed or base64.urlsafe_b64encode(made).rstrip(b"=").decode()
