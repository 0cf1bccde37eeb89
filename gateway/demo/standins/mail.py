"""A strict mail server on this machine, which keeps the only record of what arrived: TLS under an authority of its own,
login demanded, letters looked at line by line, and what goes wrong with mail servers on demand."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import email
import ipaddress
import re
import ssl
from collections import Counter, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST: Final = "127.0.0.1"
USER, PASSWORD = "hello", "smtp-password-Nobody-May-See"
ONCE: Final = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Reply-To", "In-Reply-To", "References")
PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Arrived:
    """A letter that the server took, or had whole when something was done to its answer."""

    sender: str
    to: str
    data: bytes = field(repr=False)
    answered: bool

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.data, policy=policy.default)

    @property
    def id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        return "" if body is None else str(body.get_content()).replace("\r\n", "\n")

    @property
    def files(self) -> list[tuple[str, bytes]]:
        return [(str(part.get_filename()), part.get_content()) for part in self.message.iter_attachments()]


class Authority:
    """Vouches for HOST. `pem` -- its certificate, for clients; the files lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        key, name = ec.generate_private_key(ec.SECP256R1()), _name("The stand-in's own authority")
        root = _signed(name, name, key.public_key(), key, ca=True)
        theirs = ec.generate_private_key(ec.SECP256R1())
        leaf = _signed(_name(HOST), name, theirs.public_key(), key, ca=False)
        self.pem, served = folder / "authority.pem", folder / "server.pem"
        self.pem.write_bytes(root.public_bytes(serialization.Encoding.PEM))
        private = theirs.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        served.write_bytes(private + leaf.public_bytes(serialization.Encoding.PEM))
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(served)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _signed(subject: x509.Name, issuer: x509.Name, public: Any, key: Any, *, ca: bool) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if ca:
        usage = {"digital_signature": True, "key_cert_sign": True, "crl_sign": True}
        rest = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")  # fmt: skip
        made = made.add_extension(x509.KeyUsage(**usage, **dict.fromkeys(rest, False)), critical=True)
    else:
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
        made = made.add_extension(alternative, critical=False)
    return made.sign(key, hashes.SHA256())


class MailServer:
    """`arrived` -- every letter, in order · `violations` -- what no client may do, whatever it is answered · `opened` --
    connections.

    Faults, each taken once: `rcpt` and `data` -- answers in place of 250 · `drops` -- letters taken without an answer, the
    connection lost · `hangs` -- answered only once `release` is called. `password` -- a new one makes the old wrong · `tls` --
    False: none is offered · `size` -- the largest letter, announced and held to.
    """

    def __init__(self, authority: Authority, *, size: int = 20 << 20, tls: bool = True) -> None:
        self.authority = authority
        self.size = size
        self.tls = tls
        self.password = PASSWORD
        self.arrived: list[Arrived] = []
        self.violations: list[str] = []
        self.opened = 0
        self.rcpt: deque[str] = deque()
        self.data: deque[str] = deque()
        self.mail: deque[str] = deque()
        self.drops = 0
        self.hangs = 0
        self.port = 0
        self._released = asyncio.Event()
        self._servers: list[Any] = []
        self._news = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[int]:
        self._released = asyncio.Event()
        server = await asyncio.get_running_loop().create_server(self._protocol, HOST, port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self.port
        finally:
            server.close()
            self.release()
            self.hang_up()
            await server.wait_closed()
            await asyncio.sleep(0)

    def release(self) -> None:
        self._released.set()

    def hang_up(self) -> None:
        """On everybody."""
        for one in self._servers:
            if one.transport is not None:
                one.transport.abort()
        self._servers.clear()

    def ids(self) -> Counter[str]:
        """How often each Message-ID arrived."""
        return Counter(one.id for one in self.arrived)

    async def wait(self, count: int) -> list[Arrived]:
        """Until so many letters have arrived."""
        async with asyncio.timeout(PATIENCE):
            while len(self.arrived) < count:
                self._news.clear()
                await self._news.wait()
        return self.arrived

    def _protocol(self) -> Any:
        self.opened += 1
        made = SMTP(
            self,
            hostname=HOST,
            data_size_limit=self.size,
            enable_SMTPUTF8=True,
            tls_context=self.authority.context if self.tls else None,
            require_starttls=self.tls,
            auth_required=self.tls,
            auth_require_tls=True,
            authenticator=self._login,
            timeout=60,
        )
        self._servers.append(made)
        return made

    def _login(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> Any:
        good = (given.login, given.password) == (USER.encode(), self.password.encode())
        return AuthResult(success=good, handled=False)

    # ---- what aiosmtpd calls

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.mail:
            return self.mail.popleft()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.rcpt and (answer := self.rcpt.popleft()):
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        if self.data and (answer := self.data.popleft()):
            return answer
        data: bytes = envelope.original_content
        drop, self.drops = self.drops > 0, max(0, self.drops - 1)
        self.violations += faults(data, [option.upper() for option in envelope.mail_options])
        if len(envelope.rcpt_tos) != 1:
            self.violations.append(f"{len(envelope.rcpt_tos)} readers of one letter")
        self.arrived.append(Arrived(envelope.mail_from, envelope.rcpt_tos[0], data, answered=not drop))
        self._news.set()
        if self.hangs:
            self.hangs -= 1
            await self._released.wait()
        if drop:
            server.transport.abort()
        return "250 2.0.0 Ok: queued as 4F2A1"


def faults(data: bytes, options: list[str]) -> list[str]:
    """What is wrong with a letter's bytes."""
    found = []
    if re.search(rb"(?<!\r)\n|\r(?!\n)", data):
        found.append("a line that does not end in CRLF")
    if any(len(line) > 998 for line in data.split(b"\r\n")):
        found.append("a line of more than 998 bytes")
    if not data.isascii() and "BODY=8BITMIME" not in options:
        found.append("eight bits, unannounced")
    message = email.message_from_bytes(data, policy=policy.default)
    found += [f"{name}, {len(message.get_all(name, []))} times" for name in ONCE if len(message.get_all(name, [])) > 1]
    found += [f"no {name}" for name in ("From", "To", "Subject", "Date", "Message-ID") if not message[name]]
    found += [f"defect: {one}" for part in message.walk() for one in part.defects]
    return found
