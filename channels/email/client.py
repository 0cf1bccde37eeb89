"""The part of e-mail that touches the network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import structlog

from channels.contract import Account, Permanent, RateLimited, Retryable
from channels.email import letter as letters
from channels.email.letter import Letter, Post
from channels.email.session import Session
from channels.errands import by_hand
from channels.house import House, Letterhead

ATTACHED: Final = (
    10 << 20
)  # bytes of a file that goes along; many mailboxes take no letter above 20 MB, and a file grows by a third

log = structlog.get_logger("email")


class EmailClient:
    """One sender. Letters need what the gateway knows of their readers (`attach`)."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._session = Session(account)
        self._house: House | None = None
        self._line = asyncio.Lock()

    def __repr__(self) -> str:
        return f"EmailClient({self._account.id})"

    def attach(self, house: House) -> None:
        self._house = house

    async def call(self, request: Letter) -> str:
        """The letter's Message-ID, without angle brackets. Raises ChannelError."""
        house = self._house
        if house is None:
            raise Retryable("email: nobody knows the reader", answered=None)
        head = await house.letter(request.row)
        if self._line.locked():  # people are asking how it is; its own letters come one at a time
            raise RateLimited("email: the connection is busy", retry_after=1.0, whole_account=False)
        async with self._line:
            return await self._write(request, head, house)

    async def _write(self, request: Letter, head: Letterhead, house: House) -> str:
        """A file that is too large for a letter, or for their server, is linked to."""
        file = request.file
        linked = file is not None and len(file.data) > ATTACHED
        post = await self._composed(request, head, house, linked=linked)
        await self._session.ready()
        try:
            said = await self._session.send(post)
        except Permanent as err:
            if err.reason != "too_large" or file is None or linked:
                raise
            said = ""
        if not said:
            log.info("email.linked", account=self._account.id, outbox=request.row, size=len(post.data))
            post = await self._composed(request, head, house, linked=True)
            await self._session.ready()
            await self._session.send(post)
        return post.message_id

    async def _composed(self, request: Letter, head: Letterhead, house: House, *, linked: bool) -> Post:
        file, now_ms = request.file, house.now_ms()
        link = await house.protected(file.id, request.row) if file is not None and linked else ""
        if file is None or link:
            return letters.compose(request, head, self._account, now_ms=now_ms, link=link)
        return await asyncio.to_thread(letters.compose, request, head, self._account, now_ms=now_ms)

    async def post(self, letter: Post) -> None:
        """A letter that is no message to a customer: it is ready, and in no outbox. Raises ChannelError."""
        async with self._line:
            await self._session.ready()
            await self._session.send(letter)

    async def fetch(self, source: str, *, limit: int) -> bytes:
        """Nobody sends us anything here."""
        del source, limit
        raise Permanent(f"{self._account.id} keeps no files", reason="gone")

    # ---- people's side

    async def status(self) -> dict[str, Any]:
        """The mail server's own view: is it there, is the login good, may this sender write? Raises ChannelError."""
        async with self._line:
            return await self._session.look()

    async def setup(self, url: str, *, dry: bool = False) -> AsyncIterator[str]:
        """Looks whether letters can leave, and says what a person enters at the relay (channels.errands). Raises
        ChannelError."""
        if dry:
            yield "the mail server is asked whether the login is good and the sender may write"
        else:
            said = await self.status()
            yield f"reached {said['server']}, tls {said['tls']}, login {said['login']}"
        if self._account.get("secret"):
            yield by_hand(f"at the relay, webhook of delivered, bounced, complained, unsubscribed: {url}/<secret>")
        else:
            yield by_hand("no secret is set: bounces are not taken in (docs/channels/email.md)")
        yield by_hand("in the domain's DNS: SPF, DKIM and DMARC as the relay says, else large mailboxes refuse letters")

    async def close(self) -> None:
        if self._line.locked():  # somebody waits for an answer there: no QUIT, which would wait for the same one
            self._session.drop()
        else:
            await self._session.close()
