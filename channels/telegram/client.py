"""The part of Telegram that touches the network: aiogram's Bot over our one way to call."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from channels.contract import Account, Delivery, DeliveryUnknown, NeedsReauth, Permanent, RateLimited, Retryable
from channels.http import Http
from channels.telegram.answers import answer, count, file_id, outcome, words
from channels.telegram.settings import API_URL, is_token, receives, secrets_of, token_of, wanted

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.methods import TelegramMethod

FETCH_BYTES: Final = 20 << 20  # getFile gives no more
UPLOADS: Final = 512  # files of ours that need not be sent twice
POLL_S: Final = 25  # a poll waits this long for news; its answer is waited for twice as long
BACK_OFF_S: Final = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
POLL_WAIT_S: Final = 3600.0  # the longest that polling stops for, whatever Telegram says
RECENT_S: Final = 15 * 60  # a failed delivery is news for so long: Telegram shows the last one for ever
MANY: Final = 100  # updates that wait at Telegram: more than a slow minute

_FILE_PATH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


def prepare() -> None:
    """Import aiogram: a second, so in a thread at start."""
    import_module("channels.telegram.calls")


class TelegramClient:
    """One bot. `http` -- to its api_url; `pause` -- how it waits between failed polls; `now` -- Unix seconds."""

    def __init__(
        self,
        account: Account,
        *,
        http: Http | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._account = account
        self._token = token_of(account)
        self._base = str(account.get("api_url") or API_URL)
        self._http = http or Http(self._base)
        self._pause, self._now = pause, now
        self._cleared = False  # a webhook of before is gone
        self._uploaded: OrderedDict[bytes, str] = OrderedDict()  # fingerprint of a file -> its file_id, good for ever
        self.trouble = ""  # why the last poll failed, for people
        self._made: Bot | None = None

    def __repr__(self) -> str:
        return f"TelegramClient({self._account.id})"

    @property
    def _bot(self) -> Bot:
        if self._made is None:
            if not is_token(self._token):
                raise NeedsReauth("telegram: the token is missing, or is none")
            from aiogram.client.telegram import TelegramAPIServer

            from channels.telegram import calls

            server = TelegramAPIServer.from_base(self._base)
            self._made = calls.Bot(self._token, session=calls.LeanSession(self._http, server))
        return self._made

    # ---- sending

    async def call(self, request: TelegramMethod[Any]) -> str:
        """Telegram's message id. A file that it has already goes by its name there. Raises ChannelError."""
        from channels.telegram import calls

        file = calls.upload_of(request)
        if file is None:
            return outcome(*await self._ask(request))
        field, upload = file
        key = hashlib.sha256(f"{field}|{upload.filename}|".encode() + upload.data).digest()
        if (known := self._uploaded.get(key)) is not None:
            try:
                return outcome(*await self._ask(request.model_copy(update={field: known})))
            except Permanent as err:
                if err.reason != "gone":
                    raise
        status, body = await self._ask(request)
        number = outcome(status, body)
        self._remember(key, file_id(body, field))
        return number

    def _remember(self, key: bytes, name_there: str) -> None:
        self._uploaded.pop(key, None)
        if name_there:
            self._uploaded[key] = name_there
        while len(self._uploaded) > UPLOADS:
            self._uploaded.popitem(last=False)

    async def answer_callback(self, callback_id: str) -> None:
        """Stop the tapped button's spinner. Too late is harmless. Raises ChannelError."""
        from channels.telegram import calls

        outcome(*await self._ask(calls.AnswerCallbackQuery(callback_query_id=callback_id)))

    async def close(self) -> None:
        await self._http.close()

    # ---- files

    async def fetch(self, source: str, *, limit: int) -> bytes:
        """A customer's file by its file id, from the account's own api_url. Raises ChannelError."""
        from channels.telegram import calls

        limit = min(limit, FETCH_BYTES)
        file = await self._read(calls.GetFile(file_id=source))
        size, path = (file.get("file_size"), file.get("file_path")) if isinstance(file, dict) else (None, None)
        if isinstance(size, int) and size > limit:
            raise Permanent("telegram: the file is too large", reason="too_large")
        if not isinstance(path, str) or not _FILE_PATH.fullmatch(path):
            raise Permanent("telegram: the file has no address", reason="gone")
        status, data = await self._http.get(f"/file/bot{self._token}/{path}", {}, cap=limit)
        if status == 200:
            return data
        if status == 404:
            raise Permanent("telegram: the file is gone", reason="gone", code="404")
        if status == 401:
            raise NeedsReauth("telegram: the token is not known there", code="401")
        raise Retryable(f"telegram: no file, HTTP {status}", code=str(status))

    # ---- receiving

    async def batches(self) -> AsyncIterator[Sequence[Delivery]]:
        """Long polling. Updates are confirmed by the next poll's offset, and the next poll is made only after the
        caller, having committed these, resumes: what was not committed comes again. Raises NeedsReauth for what only
        a person can mend (token, a second poller, a webhook); everything else is waited out.

        The webhook of before goes once, without what waits at Telegram; one that comes later is somebody's, and is not
        taken from him again and again."""
        from channels.telegram import calls

        offset, failures = None, 0
        while not self._http.closed:
            try:
                if not self._cleared:
                    await self._read(calls.DeleteWebhook(drop_pending_updates=False))
                    self._cleared = True
                updates = await self._poll(offset)
            except NeedsReauth as err:
                self.trouble = str(err)
                raise
            except RateLimited as err:
                self.trouble = str(err)
                await self._pause(min(err.retry_after, POLL_WAIT_S))
                continue
            except (Retryable, DeliveryUnknown, Permanent) as err:
                self.trouble = str(err)
                wait = BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]
                failures += 1
                await self._pause(wait * random.uniform(0.8, 1.2))  # noqa: S311
                continue
            failures, self.trouble = 0, ""
            offset = None  # all before it is confirmed now; after a quiet week Telegram counts anew, perhaps below it
            if updates:
                yield [Delivery(headers={}, body=body) for _, body in updates]
                offset = max(number for number, _ in updates) + 1

    async def _poll(self, offset: int | None) -> list[tuple[int, bytes]]:
        from channels.telegram import calls

        request = calls.GetUpdates(offset=offset, limit=100, timeout=POLL_S, allowed_updates=wanted(self._account))
        began = asyncio.get_running_loop().time()
        status, body = await self._ask(request, timeout=2 * POLL_S)
        updates = split_updates(body) if status == 200 else None
        if updates is None:
            answer(status, body)  # says why
            raise Retryable("telegram: an answer that holds no updates")
        if not updates and asyncio.get_running_loop().time() - began < 0.5:
            await self._pause(0.5)  # a server that does not hold the line must not be asked in a circle
        return updates

    # ---- set-up, for people

    async def setup(self, url: str, *, dry: bool = False) -> AsyncIterator[str]:
        """Tell Telegram where to deliver (nowhere, when the account polls) and what to show: a line for each thing as it is
        done (channels.errands). Raises ChannelError."""
        from channels.telegram import calls, dress

        account = self._account
        if receives(account) == "webhook":
            hook: TelegramMethod[Any] = calls.SetWebhook(
                url=url, secret_token=secrets_of(account)[0], allowed_updates=wanted(account), max_connections=40
            )
            first = (hook, f"webhook set: {url}")
        else:
            first = (calls.DeleteWebhook(drop_pending_updates=False), "webhook removed: this account polls")
        for request, line in (first, *dress.steps()):
            if not dry:
                await self._read(request)
            if line:
                yield line

    async def status(self) -> dict[str, Any]:
        """Telegram's own view: bot, webhook, pending, last_error, last_error_at (Unix seconds). Raises ChannelError."""
        from channels.telegram import calls

        bot = await self._told(calls.GetMe())
        webhook = await self._told(calls.GetWebhookInfo())
        return {
            "bot": words(bot, "username"),
            "receive": receives(self._account),
            "webhook": words(webhook, "url"),
            "pending": count(webhook, "pending_update_count"),
            "last_error": words(webhook, "last_error_message"),
            "last_error_at": count(webhook, "last_error_date"),
        }

    async def check(self, url: str) -> str:
        """Why updates do not reach us at `url`, in words for people; '' when they do, or when we fetch them ourselves
        (`trouble` tells then). Raises ChannelError."""
        from channels.telegram import calls

        if receives(self._account) != "webhook":
            return ""
        info = await self._told(calls.GetWebhookInfo())
        there, pending = words(info, "url"), count(info, "pending_update_count")
        waits = f"; {pending} updates wait there" if pending else ""
        if not there:
            return f"Telegram knows no webhook, nothing arrives: `gateway channels setup`{waits}"
        if there != url:
            host = urlsplit(there).netloc.rpartition("@")[2]
            return f"Telegram delivers to another address, at {host}: stop what is there, or `gateway channels setup`{waits}"
        why = " ".join(words(info, "last_error_message").split())[:200]
        if self._now() - count(info, "last_error_date") < RECENT_S and (pending or why):
            return f"Telegram cannot deliver ({why}){waits}"
        return f"we are slower than Telegram delivers{waits}" if pending >= MANY else ""

    # ---- small things

    async def _ask(self, request: TelegramMethod[Any], *, timeout: int | None = None) -> tuple[int, bytes]:
        answered: tuple[int, bytes] = await self._bot(request, request_timeout=timeout)
        return answered

    async def _told(self, request: TelegramMethod[Any]) -> dict[str, Any]:
        """The result of a call that is answered with an object."""
        found = await self._read(request)
        if not isinstance(found, dict):
            raise Retryable("telegram: an answer of another shape than it should have", answered=True)
        return found

    async def _read(self, request: TelegramMethod[Any]) -> Any:
        """The result of a call that may be made twice: a lost answer is Retryable."""
        try:
            return answer(*await self._ask(request))
        except DeliveryUnknown as err:
            problem = Retryable(str(err), code=err.code)
        raise problem


_RESULT: Final = re.compile(r'\s*\{\s*(?:"ok"\s*:\s*true\s*,\s*)?"result"\s*:\s*\[\s*')
_NEXT: Final = re.compile(r"\s*,?\s*")


def split_updates(body: bytes) -> list[tuple[int, bytes]] | None:
    """The updates of a poll's answer, id and the very bytes of each, so that one that nobody can read is one
    quarantined event and not a poll that fails for ever; None when it is no such answer."""
    text = body.decode("utf-8", "replace")
    start = _RESULT.match(text)
    if start is None:
        return None
    updates: list[tuple[int, bytes]] = []
    at, decoder = start.end(), json.JSONDecoder()
    try:
        while text[at] != "]":
            update, end = decoder.raw_decode(text, at)
            updates.append((int(update["update_id"]), text[at:end].encode()))
            at = _NEXT.match(text, end).end()  # type: ignore[union-attr]
    except (ValueError, LookupError, TypeError, RecursionError):
        return updates or None  # those before it can be had; then it comes first
    return updates
