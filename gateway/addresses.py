"""Addresses as the configuration writes them: hosts, networks, web pages, e-mail, chats. Readers like those of `gateway.readers`."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from gateway.readers import Wrong, needed, shown, text

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HOST: Final = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?"
)
HOST_SUFFIX: Final = re.compile(r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+\.[a-z]{2,63}")
EMAIL: Final = re.compile(r"[^\s@<>,;:\"()]{1,64}@" + HOST.pattern)
CHAT: Final = re.compile(r"(?:telegram|zalo|viber|facebook):[A-Za-z0-9._-]{1,63}/[\x21-\x7e]{1,128}")


def host(value: object) -> str:
    """A name or address to listen on."""
    name = needed(value).strip("[]")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        digits = re.fullmatch(r"[\d.:]+", name)
        if digits or not HOST.fullmatch(name):
            raise Wrong(
                f"{shown(value)} is not an address or a host name, such as 127.0.0.1 (without scheme and port)"
            ) from None
    return name


def loopback(name: str) -> bool:
    """Whether a host name or address is this machine's own."""
    name = name.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def split_url(value: str) -> SplitResult | None:
    """The parts of an http(s) URL with a sound host and port, or None."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    name = parts.hostname or ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        if not HOST.fullmatch(name):
            return None
    sound = parts.scheme in ("http", "https") and port != 0 and not re.search(r"[\s<>\"\\]", value)
    return parts if sound and "@" not in parts.netloc else None


def page(value: object) -> str:
    """A web page: an http(s) URL, or empty."""
    url = text(value)
    if url and not split_url(url):
        raise Wrong(f"{shown(url)} is not a web address, such as https://example.vn/page")
    return url


def origin(value: object) -> str:
    """`https://host[:port]` without a path, lower case, or empty. Plain http only on this machine itself."""
    url = text(value).rstrip("/")
    if not url:
        return ""
    parts = split_url(url)
    if parts is None or parts.path or parts.query or parts.fragment:
        raise Wrong(f"{shown(value)} is not of the form https://host or https://host:port, without a path")
    if parts.scheme == "http" and not loopback(parts.hostname or ""):
        raise Wrong(f"{shown(value)} is plain http; beyond this machine it must be https")
    return url.lower()


def issuer(value: object) -> str:
    """Who signs people in elsewhere: `https://host[:port][/path]`, or empty. Plain http only on this machine itself."""
    url = text(value)
    if not url:
        return ""
    parts = split_url(url)
    if parts is None or parts.query or parts.fragment or parts.username is not None:
        raise Wrong(f"{shown(value)} is not of the form https://host or https://host/path")
    if parts.scheme == "http" and not loopback(parts.hostname or ""):
        raise Wrong(f"{shown(value)} is plain http; beyond this machine it must be https")
    return url


def host_suffix(value: object) -> str:
    """`.example.com`, lower case: every host below it, or empty."""
    suffix = text(value).lower()
    if suffix and not HOST_SUFFIX.fullmatch(suffix):
        raise Wrong(f"{shown(value)} is not the end of a host's name, such as .example.com")
    return suffix


def push_service(value: object) -> str:
    """A host name, lower case, or the http origin of a stand-in on this machine."""
    line = text(value).lower().lstrip(".")
    if line.startswith("http://"):
        parts = split_url(origin(line))
        if parts is None or not loopback(parts.hostname or ""):
            raise Wrong(f"{shown(value)} is not on this machine; a push service is named by its host")
        return line.rstrip("/")
    if line and not (HOST.fullmatch(line) and "." in line):
        raise Wrong(f"{shown(value)} is not a host name, such as fcm.googleapis.com")
    return line


def chat(value: object) -> str:
    """`channel:account/thread`: a chat of one of our accounts."""
    line = text(value)
    if line and not CHAT.fullmatch(line):
        raise Wrong(f"{shown(value)} is not channel:account/chat, such as telegram:main/-1001234567")
    return line


def base_url(value: object) -> str:
    """Where a platform answers: an http(s) URL without query; the slash at its end is cut."""
    url = needed(value).rstrip("/")
    parts = split_url(url)
    if parts is None or parts.query or parts.fragment:
        raise Wrong(f"{shown(value)} is not a web address, such as https://api.example.org")
    return url


def email(value: object) -> str:
    address = text(value)
    if address and not EMAIL.fullmatch(address):
        raise Wrong(f"{shown(address)} is not an e-mail address")
    return address


def sender(value: object) -> str:
    """`name@host` or `A name <name@host>`."""
    line = text(value)
    found = re.fullmatch(r"[^<>]*<([^<>]*)>", line)
    address = found[1] if found else line
    if address and not EMAIL.fullmatch(address):
        raise Wrong(f"{shown(line)} is not a sender, such as IBAOHIEM <hello@example.vn>")
    return line


def domain(value: object) -> str:
    name = text(value).lower()
    if not HOST.fullmatch(name) or "." not in name:
        raise Wrong(f"{shown(value)} is not a domain, such as example.vn")
    return name


def network(value: object) -> Network:
    line = text(value)
    try:
        return ipaddress.ip_network(line, strict=True)
    except ValueError as err:
        hint = "; its host bits are set" if "host bits" in str(err) else ""
        raise Wrong(f"{shown(value)} is not an address or a network such as 10.0.0.0/8{hint}") from None
