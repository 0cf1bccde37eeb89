"""What test_contract.py must know of each channel besides its fixtures: an account, a good signature, its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from channels.contract import (
    Account,
    ChannelError,
    Delivery,
    DeliveryUnknown,
    NeedsReauth,
    Permanent,
    RateLimited,
    Retryable,
)
from channels.email import answers as email_answers
from channels.facebook import answers as facebook_answers
from channels.facebook import signature as facebook_signature
from channels.registry import MODULES
from channels.telegram import answers
from channels.viber import answers as viber_answers
from channels.viber import signature as viber_signature
from channels.zalo import answers as zalo_answers
from channels.zalo import signature

FIXTURES = Path(__file__).parent / "fixtures"
SECRETS = ("123456789:AA-token-Nobody-May-See", "secret-Nobody-May-See-0123456789abcdef")


@dataclass(frozen=True)
class Sample:
    """sign -- headers that verify accepts; None: nothing from outside is accepted · answers -- (status, body, what it
    means), None = went through · lacking -- settings that must be refused."""

    account: Account
    sign: Callable[[bytes, Account], Mapping[str, str]] | None = None
    outcome: Callable[[int, bytes], str] | None = None
    answers: tuple[tuple[int, bytes, type[ChannelError] | None], ...] = ()
    lacking: tuple[dict[str, Any], ...] = field(default=())
    body: bytes = b'{"update_id":1}'  # of a delivery to be signed


TELEGRAM = Account(
    channel="telegram",
    name="main",
    settings={"token": SECRETS[0], "secret": SECRETS[1], "receive": "webhook", "api_url": "http://127.0.0.1:9"},
)

ZALO_SETTINGS: Mapping[str, Any] = {
    "app_id": "9301774650812263549",
    "oa_id": "2745501938264417082",
    "app_secret": "app-Nobody-May-See-0123",
    "oa_secret_key": SECRETS[1],
    "refresh_token": SECRETS[0],
    "api_url": "http://127.0.0.1:9",
    "oauth_url": "http://127.0.0.1:9",
    "zbs_url": "http://127.0.0.1:9",
}
ZALO = Account(channel="zalo", name="oa", settings=ZALO_SETTINGS)


def sign_zalo(body: bytes, account: Account) -> dict[str, str]:
    """As Zalo signs; what has no timestamp, with none."""
    at = signature.timestamp(body) or b""
    mac = signature.mac(account.get("app_id"), body, at, str(account.get("oa_secret_key")))
    return {signature.HEADER: f"mac={mac.decode()}"}


VIBER = Account(channel="viber", name="main", settings={"token": SECRETS[1], "api_url": "http://127.0.0.1:9"})


def sign_viber(body: bytes, account: Account) -> dict[str, str]:
    return {viber_signature.HEADER: viber_signature.mac(str(account.get("token") or ""), body)}


FACEBOOK_SETTINGS: Mapping[str, Any] = {
    "page_id": "102938475610293",
    "page_token": SECRETS[0],
    "app_id": "731905522817364",
    "app_secret": SECRETS[1],
    "verify_token": "verify-Nobody-May-See-0123",
    "api_url": "http://127.0.0.1:9",
}
FACEBOOK = Account(channel="facebook", name="page", settings=FACEBOOK_SETTINGS)


def sign_facebook(body: bytes, account: Account) -> dict[str, str]:
    return {facebook_signature.HEADER: facebook_signature.sign(body, str(account.get("app_secret") or ""))}


def _posted(channel: str) -> Sample:
    """A secret that whoever posts shows, in a header here."""
    return Sample(
        account=Account(channel=channel, name="main", settings={"secret": SECRETS[1]}, thread_key=b"k" * 16),
        sign=lambda body, account: {"X-Webhook-Token": account.get("secret")},
        lacking=({}, {"secret": ""}, {"secret": None}, {"secret": []}, {"secret": ["", ""]}),
    )


EMAIL_SETTINGS: Mapping[str, Any] = {
    "host": "127.0.0.1",
    "port": 587,
    "tls": "starttls",
    "username": "hello",
    "password": SECRETS[0],
    "sender": "IBAOHIEM <hello@ibaohiem.example>",
    "secret": SECRETS[1],
}
EMAIL = Account(channel="email", name="smtp", settings=EMAIL_SETTINGS, thread_key=b"k" * 16)


SAMPLES: Mapping[str, Sample] = {
    "webchat": Sample(account=Account(channel="webchat", name="site")),
    "telegram": Sample(
        account=TELEGRAM,
        sign=lambda body, account: {"X-Telegram-Bot-Api-Secret-Token": account.get("secret")},
        outcome=answers.outcome,
        answers=(
            (200, b'{"ok":true,"result":{"message_id":7}}', None),
            (503, b"", Retryable),
            (429, b'{"ok":false,"error_code":429,"parameters":{"retry_after":7}}', RateLimited),
            (502, b"<html>", DeliveryUnknown),
            (401, b'{"ok":false,"error_code":401,"description":"Unauthorized"}', NeedsReauth),
            (403, b'{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}', Permanent),
        ),
        lacking=(
            {},
            {"token": ""},
            {"token": "no"},
            {"token": SECRETS[0], "receive": "carrier pigeon"},
            {"token": SECRETS[0], "receive": "webhook"},
            {"token": SECRETS[0], "receive": "webhook", "secret": "short"},
            {"token": SECRETS[0], "receive": "webhook", "secret": "x" * 31},
            {"token": SECRETS[0], "receive": "webhook", "secret": "đ" * 32},
            {"token": SECRETS[0], "receive": "webhook", "secret": ["a" * 32, "b" * 32, "c" * 32]},
            {"token": SECRETS[0], "receive": "webhook", "secret": ["a" * 32, "short"]},
        ),
    ),
    "viber": Sample(
        account=VIBER,
        sign=sign_viber,
        outcome=viber_answers.outcome,
        answers=(
            (200, b'{"status":0,"status_message":"ok","message_token":5741311803571721087}', None),
            (200, b'{"status":"0","message_token":"5741311803571721088"}', None),
            (503, b"", Retryable),
            (200, b'{"status":99,"status_message":"general error"}', Retryable),
            (200, b'{"status":12}', RateLimited),
            (429, b"", RateLimited),
            (502, b"<html>", DeliveryUnknown),
            (200, b"{}", DeliveryUnknown),
            (200, b'{"status":2,"status_message":"invalidAuthToken"}', NeedsReauth),
            (200, b'{"status":10}', NeedsReauth),
            (401, b'{"status":"5"}', Permanent),
            (200, b'{"status":6}', Permanent),
            (200, b'{"status":24}', Permanent),
        ),
        lacking=(
            {},
            {"token": ""},
            {"token": []},
            {"token": "short"},
            {"token": "đ" * 32},
            {"token": ["a" * 32, "b" * 32, "c" * 32]},
            {"token": "a" * 32, "sender_name": "x" * 29},
        ),
    ),
    "facebook": Sample(
        account=FACEBOOK,
        sign=sign_facebook,
        outcome=facebook_answers.outcome,
        answers=(
            (200, b'{"recipient_id":"24681357902468135","message_id":"m_Ab$-1"}', None),
            (503, b"", Retryable),
            (400, b'{"error":{"message":"x","code":2,"is_transient":true}}', Retryable),
            (400, b'{"error":{"message":"x","code":613}}', RateLimited),
            (429, b"", RateLimited),
            (502, b"<html>", DeliveryUnknown),
            (200, b"{}", DeliveryUnknown),
            (500, b'{"error":{"code":1,"error_subcode":1357046}}', DeliveryUnknown),
            (400, b'{"error":{"code":190,"error_subcode":460}}', NeedsReauth),
            (403, b'{"error":{"code":200,"error_subcode":2018028}}', NeedsReauth),
            (400, b'{"error":{"code":10,"error_subcode":2534122}}', NeedsReauth),
            (400, b'{"error":{"code":10,"error_subcode":2018278}}', Permanent),
            (400, b'{"error":{"code":"551"}}', Permanent),
            (400, b'{"error":{"code":99999}}', Permanent),
        ),
        lacking=(
            {},
            {**FACEBOOK_SETTINGS, "page_id": ""},
            {**FACEBOOK_SETTINGS, "page_id": "my page"},
            {**FACEBOOK_SETTINGS, "app_id": ""},
            {**FACEBOOK_SETTINGS, "page_token": ""},
            {**FACEBOOK_SETTINGS, "app_secret": []},
            {**FACEBOOK_SETTINGS, "app_secret": ["a", "b", "c"]},
            {**FACEBOOK_SETTINGS, "verify_token": ""},
            {**FACEBOOK_SETTINGS, "graph_version": "latest"},
        ),
    ),
    "zalo": Sample(
        account=ZALO,
        sign=sign_zalo,
        body=b'{"event_name":"follow","timestamp":"1795330127451"}',
        outcome=zalo_answers.outcome,
        answers=(
            (200, b'{"error":0,"message":"Success","data":{"message_id":"b8f2c6","user_id":"51"}}', None),
            (200, b'{"error":"0","data":{"msg_id":"b8f2c7"}}', None),
            (503, b"", Retryable),
            (200, b'{"error":-200,"message":"send failed"}', Retryable),
            (200, b'{"error":-32,"message":"rate limit"}', RateLimited),
            (429, b"", RateLimited),
            (502, b"<html>", DeliveryUnknown),
            (200, b"{}", DeliveryUnknown),
            (200, b'{"error":-216,"message":"Access token is invalid"}', NeedsReauth),
            (200, b'{"error":"-220"}', NeedsReauth),
            (200, b'{"error":-230,"message":"not interacted"}', Permanent),
            (200, b'{"error":-99999}', Permanent),
        ),
        lacking=(
            {},
            {**ZALO_SETTINGS, "app_id": ""},
            {**ZALO_SETTINGS, "oa_id": "x y"},
            {**ZALO_SETTINGS, "app_secret": ""},
            {**ZALO_SETTINGS, "oa_secret_key": ""},
            {**ZALO_SETTINGS, "oa_secret_key": ["a", "b", "c"]},
            {**ZALO_SETTINGS, "refresh_token": ""},
            {**ZALO_SETTINGS, "pkce_verifier": "short"},
            {**ZALO_SETTINGS, "site_verification": "<b>"},
        ),
    ),
    "email": Sample(
        account=EMAIL,
        sign=lambda body, account: {"X-Webhook-Token": account.get("secret")},
        outcome=email_answers.outcome,
        answers=(
            (250, b"2.0.0 Ok: queued as 4F2A1", None),
            (451, b"4.7.1 Greylisted, try again later", Retryable),
            (421, b"4.3.0 closing", Retryable),
            (450, b"4.2.1 The user is receiving mail at a rate that is too high", RateLimited),
            (354, b"go ahead", DeliveryUnknown),
            (-1, b"garbage", DeliveryUnknown),
            (535, b"5.7.8 Authentication failed", NeedsReauth),
            (550, b"5.1.1 user unknown", Permanent),
            (552, b"5.3.4 message too large", Permanent),
            (554, b"rejected as spam", Permanent),
        ),
        lacking=(
            {},
            {**EMAIL_SETTINGS, "host": ""},
            {**EMAIL_SETTINGS, "host": "smtp://mail.example"},
            {**EMAIL_SETTINGS, "sender": ""},
            {**EMAIL_SETTINGS, "sender": "IBAOHIEM"},
            {**EMAIL_SETTINGS, "password": ""},
            {**EMAIL_SETTINGS, "password": []},
            {**EMAIL_SETTINGS, "username": ""},
            {**EMAIL_SETTINGS, "host": "mail.example", "tls": "none"},
            {**EMAIL_SETTINGS, "port": 465},
            {**EMAIL_SETTINGS, "bounces": "nobody"},
            {**EMAIL_SETTINGS, "bounces": "returned-letters@ibaohiem.example"},
            {**EMAIL_SETTINGS, "reply_to": "nobody"},
            {**EMAIL_SETTINGS, "ca_file": "/nowhere/authority-certificate.pem"},
        ),
    ),
    "leads": _posted("leads"),
    "hotline": _posted("hotline"),
}


def fixtures() -> list[tuple[str, Path]]:
    return [(name, path) for name in MODULES for path in sorted((FIXTURES / name).glob("*.json"))]


def delivery(name: str, body: bytes) -> Delivery:
    """The fixture's bytes as the platform would post them."""
    sample = SAMPLES[name]
    return Delivery(headers=sample.sign(body, sample.account) if sample.sign else {}, body=body)
