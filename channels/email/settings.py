"""What an account of config.yaml says, and what it lacks."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Final

from channels import webhook_secret
from channels.contract import Account

STARTTLS: Final = "starttls"
IMPLICIT: Final = "implicit"  # TLS from the first byte, port 465
PLAIN: Final = "none"
LOCAL_PART: Final = 64  # characters that an address may have before its @
MARK: Final = 54  # characters of the mark that a returned letter is known by (channels.email.marks)

_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.IGNORECASE
)
_HOST: Final = re.compile(r"[A-Za-z0-9.:-]{1,253}")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower()


def sender(account: Account) -> Sender:
    name, address = parseaddr(str(account.get("sender") or ""))
    return Sender(" ".join(name.split()), address if _ADDRESS.fullmatch(address) else "")


def reply_to(account: Account) -> str:
    """Where answers go, '' = to the sender."""
    return parseaddr(str(account.get("reply_to") or ""))[1]


def host(account: Account) -> str:
    return str(account.get("host") or "").strip()


def port(account: Account) -> int:
    return int(account.get("port") or 587)


def tls(account: Account) -> str:
    return str(account.get("tls") or STARTTLS)


def username(account: Account) -> str:
    return str(account.get("username") or "")


def password(account: Account) -> str:
    """The newest, where several are listed while one takes the other's place."""
    given = account.get("password")
    return str(next(iter(given), "") if isinstance(given, (list, tuple)) else given or "")


def envelope(account: Account, mark: str) -> str:
    """The address to which a letter that cannot be delivered comes back: with its mark where a mailbox is there for it."""
    local, _, domain = str(account.get("bounces") or "").rpartition("@")
    return f"{local}+{mark}@{domain}" if local and mark else sender(account).address


def near(name: str) -> bool:
    """Is that host this machine itself?"""
    name = name.strip("[]").lower().rstrip(".")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def problems(account: Account) -> list[str]:
    """What keeps the account from starting, a line each, without the values."""
    found = []
    if not host(account):
        found.append("host: is missing; the name of the mail server")
    elif not _HOST.fullmatch(host(account)):
        found.append("host: is no host name; without scheme and port, such as mail.example.vn")
    if not sender(account).address:
        found.append("sender: is missing; who writes, such as IBAOHIEM <hello@example.vn>")
    if username(account) and not password(account):
        found.append("password: is missing; of the account at the mail server")
    if password(account) and not username(account):
        found.append("username: is missing; a password alone logs nobody in")
    if tls(account) == PLAIN and not near(host(account)):
        found.append("tls: none is for a mail server on this machine only")
    if tls(account) == STARTTLS and port(account) == 465:
        found.append("tls: port 465 speaks TLS from the first byte; write tls: implicit")
    return found + webhook_secret.placeholders(account) + _addresses(account) + _authority(account)


def _addresses(account: Account) -> list[str]:
    found = []
    back = str(account.get("bounces") or "")
    if back and not _ADDRESS.fullmatch(back):
        found.append("bounces: is no address, such as bounces@example.vn")
    elif len(back.rpartition("@")[0]) > LOCAL_PART - MARK - 1:
        found.append(f"bounces: at most {LOCAL_PART - MARK - 1} characters before the @; a mark comes between")
    if account.get("reply_to") and not _ADDRESS.fullmatch(reply_to(account)):
        found.append("reply_to: is no address, such as hello@example.vn")
    return found


def _authority(account: Account) -> list[str]:
    given = str(account.get("ca_file") or "")
    if given and not (Path(given).is_absolute() and Path(given).is_file()):
        return ["ca_file: there is no such file; the whole path of the authority's certificate (PEM)"]
    return []
