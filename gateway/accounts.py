"""The keys that an account of each channel may carry, with their defaults: what config.yaml's `accounts` is checked with.

What an account *needs* in its mode is the adapter's to say (`Adapter.problems`); here is only what a key looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway import addresses, readers


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the configuration. `about` -- what it is, for the docs and for problem lines; `variable` -- the one
    that the shipped file reads a secret from."""

    read: Callable[[object], Any]
    about: str
    default: Any = ""
    secret: bool = False
    variable: str = ""


COMMON: Final[Mapping[str, Key]] = {
    "channel": Key(readers.text, "which platform", None),
    "name": Key(readers.text, "our own short name of it; part of its webhook's path", None),
    "limits": Key(
        readers.limits,
        "{inbound_per_s, outbound_per_s, per_chat_per_s}: calls a second, 0 = off; default: the platform's own numbers",
        None,
    ),
    "bot": Key(readers.switch, "false: people only on this account; default: conversation.bot", None),
    "test": Key(readers.switch, "true: for trying things out; its conversations are marked and in no figure", False),
}


def _secret(about: str, variable: str) -> Key:
    return Key(readers.secrets, about, secret=True, variable=variable)


def _hosts(*suffixes: str) -> Key:
    return Key(readers.several(addresses.host_suffix), "hosts that customers' files are fetched from", suffixes)


def _url(default: str) -> Key:
    return Key(addresses.base_url, "where the platform answers", default)


CHANNELS: Final[Mapping[str, Mapping[str, Key]]] = {
    "webchat": {
        "origins": Key(
            readers.several(addresses.origin), "sites that may embed the widget: https://www.example.vn", ()
        ),
    },
    "telegram": {
        "token": _secret("the bot's token from BotFather", "TELEGRAM_TOKEN"),
        "secret": _secret("for webhook only: 32 or more of A-Z a-z 0-9 _ -, made by you", "TELEGRAM_SECRET"),
        "receive": Key(readers.choice("polling", "webhook"), "polling, or webhook (needs public_url)", "polling"),
        "business": Key(
            readers.switch, "true: what customers write to advisors who connected the bot is kept too", False
        ),
        "api_url": _url("https://api.telegram.org"),
    },
    "zalo": {
        "app_id": Key(readers.text, "the app's id"),
        "oa_id": Key(readers.text, "the official account's id"),
        "app_secret": _secret("the app's secret key", "ZALO_APP_SECRET"),
        "oa_secret_key": _secret("the webhook's secret key", "ZALO_OA_SECRET_KEY"),
        "refresh_token": _secret("the first refresh token", "ZALO_REFRESH_TOKEN"),
        "api_url": _url("https://openapi.zalo.me"),
        "oauth_url": _url("https://oauth.zaloapp.com"),
        "zbs_url": _url("https://business.openapi.zalo.me"),
        "media_hosts": _hosts(".zdn.vn", ".zadn.vn", ".zalo.me", ".zaloapp.com"),
        "bad_mac_status": Key(
            readers.choice("401", "403", "200"),
            "answer to a wrong signature; 200 while the console checks the address, whose probe is unsigned",
            "401",
        ),
        "billed": Key(readers.switch, "true: answer from 48 hours to 7 days too, which Zalo bills", False),
        "buttons": Key(readers.switch, "true: buttons instead of numbered lines; not documented for v3.0", False),
        "catch_up": Key(readers.switch, "false: do not read what the webhook missed from the conversations", True),
        "templates": Key(readers.mapping, "purpose: template id, of approved ZBS templates", ()),
        "ascii_file_names": Key(readers.switch, "true: files go out under names without Vietnamese letters", False),
        "contact_image_url": Key(addresses.page, "picture of the card that asks for name and number", ""),
        "appsecret_proof": Key(readers.switch, "true: sign calls with the app's secret, if the app demands it", False),
        "pkce_verifier": Key(
            readers.secrets, "only if the console fixes the code challenge: its verifier (secret)", secret=True
        ),
        "site_verification": Key(readers.text, "the code of zalo_verifier<code>.html, which is served at the root", ""),
    },
    "viber": {
        "token": _secret("the bot's authentication token", "VIBER_TOKEN"),
        "api_url": _url("https://chatapi.viber.com"),
        "media_hosts": _hosts(".viber.com"),
        "sender_name": Key(readers.text, "who speaks, as the customer sees it; at most 28 characters", "IBAOHIEM"),
        "avatar_url": Key(addresses.page, "picture beside what we say", ""),
        "billed": Key(readers.switch, "true: write outside the free 24 hours too, which Viber bills", False),
    },
    "facebook": {
        "page_id": Key(readers.text, "the page's id"),
        "page_token": _secret("the page's access token", "FB_PAGE_TOKEN"),
        "app_id": Key(readers.text, "the app's id"),
        "app_secret": _secret("the app's secret", "FB_APP_SECRET"),
        "verify_token": _secret("the handshake's word, made by you", "FB_VERIFY_TOKEN"),
        "api_url": _url("https://graph.facebook.com"),
        "media_hosts": _hosts(".fbcdn.net", ".fbsbx.com"),
        "graph_version": Key(readers.text, "the Graph API's version; each dies after about two years", "v26.0"),
        "ascii_file_names": Key(readers.switch, "true: files go out under names without Vietnamese letters", False),
        "human_agent": Key(
            readers.switch, "true: advisors answer for 7 days; Meta must have granted Human Agent", False
        ),
        "templates": Key(readers.mapping, "purpose: name language parameters, of approved utility templates", ()),
        "profiles": Key(readers.switch, "true: look up what people are called; Meta must have granted it", False),
        "seen": Key(readers.switch, "true: show customers that they were seen: a call more for each message", False),
        "appsecret_proof": Key(readers.switch, "true: sign calls with the app's secret, if the app demands it", False),
    },
    "leads": {
        "secret": _secret("the form's secret, made by you", "LEADS_SECRET"),
        "fields": Key(readers.mapping, "our field names and the form's", ()),
    },
    "hotline": {
        "secret": _secret("the call centre's secret, made by you", "HOTLINE_SECRET"),
        "fields": Key(readers.mapping, "our field names and the call centre's", ()),
    },
    "email": {
        "host": Key(readers.text, "the mail server (relay)"),
        "port": Key(readers.number(1, 65535, "a port number"), "the mail server's port", 587),
        "tls": Key(
            readers.choice("starttls", "implicit", "none"),
            "starttls; implicit: TLS from the first byte (port 465); none: a server on this machine only",
            "starttls",
        ),
        "username": Key(readers.text, "the account's name; empty: no login"),
        "password": _secret("the account's password", "SMTP_PASSWORD"),
        "sender": Key(addresses.sender, "IBAOHIEM <name@host>"),
        "reply_to": Key(addresses.sender, "where answers go, a mailbox that people read; empty: to the sender"),
        "secret": _secret("for bounces: the secret of the relay's webhook, made by you", "EMAIL_HOOK_SECRET"),
        "fields": Key(readers.mapping, "for bounces: our field names and the relay's", ()),
        "bounces": Key(
            addresses.email, "for bounces: the mailbox to which letters come back, which takes name+mark@host"
        ),
        "ca_file": Key(readers.text, "certificate (PEM) of the mail server's own authority, the whole path"),
    },
}
