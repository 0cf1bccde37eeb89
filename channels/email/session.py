"""One connection to a mail server, kept for the next letter: greeting, TLS, login, envelope, letter, answer.

Until the last byte of a letter is on its way a failure is `Retryable`: a server acts on the dot that ends it, and on nothing
before. From then on a lost answer is `DeliveryUnknown`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import time
from collections.abc import Mapping
from typing import Final

from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected
from aiosmtplib.protocol import SMTPProtocol
from aiosmtplib.response import SMTPResponse

from channels.contract import Account, ChannelError, DeliveryUnknown, NeedsReauth, Permanent, Retryable
from channels.email import answers, settings
from channels.email.letter import Post

STEP_S: Final = 10.0  # one answer before the letter
OPEN_S: Final = 15.0  # connection, TLS and login together
ENVELOPE_S: Final = 12.0
FINAL_S: Final = 40.0  # the answer to a letter: filters look at it first. All stays within Capabilities.call_s
IDLE_S: Final = 20.0  # a connection that was silent for longer is asked whether it lives
LETTERS: Final = 100  # on one connection: servers end longer ones
DOT: Final = re.compile(rb"(?m)^\.")
TAKEN: Final = range(200, 300)
GO_AHEAD: Final = 354


class Session:
    """Of one account. Used by one call at a time."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._smtp: SMTP | None = None
        self._used = 0.0
        self._letters = 0
        self.opened = 0  # connections since the start

    # ---- the connection

    async def ready(self) -> None:
        """A connection that is logged in. Raises Retryable, RateLimited, NeedsReauth."""
        if self._smtp is not None and await self._lives(self._smtp):
            return
        self.drop()
        try:
            async with asyncio.timeout(OPEN_S):
                self._smtp = await self._open()
        except TimeoutError:
            problem = Retryable("email: the mail server does not answer")
        else:
            self.opened += 1
            self._letters = 0
            self._used = time.monotonic()
            return
        raise problem

    async def _lives(self, smtp: SMTP) -> bool:
        if not smtp.is_connected or self._letters >= LETTERS:
            return False
        if time.monotonic() - self._used < IDLE_S:
            return True
        try:
            return (await smtp.execute_command(b"NOOP", timeout=STEP_S)).code in TAKEN
        except (SMTPException, OSError):
            return False

    async def _open(self) -> SMTP:
        account = self._account
        smtp = SMTP(
            hostname=settings.host(account),
            port=settings.port(account),
            use_tls=settings.tls(account) == settings.IMPLICIT,
            start_tls=False,
            tls_context=None if settings.tls(account) == settings.PLAIN else await asyncio.to_thread(self._trust),
            local_hostname=settings.sender(account).domain,
            timeout=STEP_S,
        )
        try:
            await self._greet(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self._account.get("ca_file") or "") or None)

    async def _greet(self, smtp: SMTP) -> None:
        account, problem = self._account, None
        try:
            await smtp.connect()
            await smtp.ehlo()
            if settings.tls(account) == settings.STARTTLS:
                if not smtp.supports_extension("starttls"):
                    raise NeedsReauth("email: the mail server offers no STARTTLS: nothing is sent in the clear")
                await smtp.starttls()
                await smtp.ehlo()
            if settings.username(account):
                await self._login(smtp)
        except SMTPResponseException as err:
            problem = answers.refusal(err.code, str(err.message), answers.GREETING)
        except (SMTPException, OSError) as err:
            problem = _untrusted(err) or Retryable(f"email: no connection to the mail server: {type(err).__name__}")
        if problem is not None:
            raise problem

    async def _login(self, smtp: SMTP) -> None:
        if not smtp.supported_auth_methods:
            raise NeedsReauth("email: the mail server offers no login that we know (CRAM-MD5, PLAIN, LOGIN)")
        try:
            await smtp.login(settings.username(self._account), settings.password(self._account))
        except SMTPResponseException as err:
            if 400 <= err.code < 500:
                raise
            problem = NeedsReauth(f"email: the mail server refuses our login, {err.code}", code=str(err.code))
        else:
            return
        raise problem

    # ---- a letter

    async def send(self, post: Post) -> str:
        """The server's word. Raises ChannelError."""
        smtp = self._smtp
        assert smtp is not None
        refused = too_large(post, self.size)
        if refused is not None:
            raise refused
        options = mail_options(smtp.esmtp_extensions, post)
        try:
            async with asyncio.timeout(ENVELOPE_S):
                await self._envelope(smtp, post, options)
        except ChannelError:
            raise
        except (SMTPException, OSError, ValueError) as err:  # TimeoutError is an OSError
            self.drop()
            problem = Retryable(f"email: the connection broke before the letter: {type(err).__name__}")
        except BaseException:
            self.drop()
            raise
        else:
            return await self._letter(smtp, post)
        raise problem

    async def _envelope(self, smtp: SMTP, post: Post, options: list[str]) -> None:
        encoding = "utf-8" if post.utf8 else "ascii"
        step = answers.MAIL
        try:
            await smtp.mail(post.sender, options=options, encoding=encoding)
            step = answers.RCPT
            await smtp.rcpt(post.to, encoding=encoding)
            step = answers.DATA
            said = await smtp.execute_command(b"DATA")
        except SMTPResponseException as err:
            problem = answers.refusal(err.code, str(err.message), step)
        else:
            if said.code == GO_AHEAD:
                return
            problem = answers.refusal(said.code, said.message, answers.DATA)
            if isinstance(problem, DeliveryUnknown):  # it did not say go ahead, so nothing was sent
                problem = Retryable(str(problem), code=problem.code)
        await self._again(smtp)
        raise problem

    async def _letter(self, smtp: SMTP, post: Post) -> str:
        """Everything, up to the dot, in one piece: whatever goes wrong from here on, they may have it."""
        self._letters += 1
        try:
            said = await _dotted(smtp, post.data)
        except (SMTPException, OSError) as err:
            self.drop()
            problem = DeliveryUnknown(f"email: no answer to the letter: {type(err).__name__}")
        except BaseException:
            self.drop()
            raise
        else:
            self._used = time.monotonic()
            if said.code == 421 or not 200 <= said.code < 600:
                self.drop()
            return answers.outcome(said.code, said.message.encode("utf-8", "replace"))
        raise problem

    async def _again(self, smtp: SMTP) -> None:
        """The next letter begins anew."""
        try:
            if (await smtp.execute_command(b"RSET", timeout=STEP_S)).code not in TAKEN:
                self.drop()
        except (SMTPException, OSError):
            self.drop()

    # ---- what people ask

    @property
    def size(self) -> int:
        """The largest letter in bytes that the server takes; 0 = it does not say."""
        told = self._smtp.esmtp_extensions.get("size", "") if self._smtp is not None else ""
        return int(told) if re.fullmatch(r"\d{1,12}", told) else 0

    async def look(self) -> dict[str, object]:
        """Log in, and ask whether this sender may write. Raises ChannelError."""
        await self.ready()
        smtp = self._smtp
        assert smtp is not None
        try:
            async with asyncio.timeout(ENVELOPE_S):
                await smtp.execute_command(b"NOOP")
                await smtp.mail(settings.sender(self._account).address)
                await self._again(smtp)
        except SMTPResponseException as err:
            problem = answers.refusal(err.code, str(err.message), answers.MAIL)
        except (SMTPException, OSError) as err:
            problem = Retryable(f"email: no answer of the mail server: {type(err).__name__}")
        else:
            login = "good" if settings.username(self._account) else "none"
            return {
                "server": f"{settings.host(self._account)}:{settings.port(self._account)}",
                "tls": settings.tls(self._account),
                "login": login,
                "largest": self.size or "",
                "smtputf8": "yes" if smtp.supports_extension("smtputf8") else "no",
            }
        self.drop()
        raise problem

    def drop(self) -> None:
        """The connection is not used any more."""
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    async def close(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(SMTPException, OSError):
                await smtp.quit(timeout=1.0)
            smtp.close()


def mail_options(extensions: Mapping[str, str], post: Post) -> list[str]:
    """What MAIL says beside the sender, of what the server knows. A report is to bring our headers back, not the certificate.
    Raises Permanent."""
    options = [f"SIZE={len(post.data)}"] if "size" in extensions else []
    if "dsn" in extensions:
        options += ["RET=HDRS", f"ENVID={post.message_id.partition('@')[0]}"]
    if post.utf8:
        if "smtputf8" not in extensions:
            raise Permanent("email: the mail server knows no addresses beyond ASCII", reason="bad_address")
        options += ["SMTPUTF8", "BODY=8BITMIME"]
    return options


def too_large(post: Post, size: int) -> Permanent | None:
    if size and len(post.data) > size:
        return Permanent(f"email: the mail server takes {size} bytes", reason="too_large")
    return None


async def _dotted(smtp: SMTP, data: bytes) -> SMTPResponse:
    protocol: SMTPProtocol | None = smtp.protocol
    if protocol is None:
        raise SMTPServerDisconnected("Connection lost")
    protocol.write(DOT.sub(b"..", data if data.endswith(b"\r\n") else data + b"\r\n") + b".\r\n")
    return await protocol.read_response(timeout=FINAL_S)


def _untrusted(err: Exception) -> NeedsReauth | None:
    """A certificate that nobody vouches for: nothing is sent there until a person has looked."""
    seen: BaseException | None = err
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return NeedsReauth("email: the mail server's certificate is not trusted")
        seen = seen.__cause__ or seen.__context__
    return None
