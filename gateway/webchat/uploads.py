"""A visitor's files: taken by their content, kept sealed, given back only to the thread in which they were said."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from gateway import filecheck
from gateway.api import body, multipart
from gateway.api.errors import ApiError, not_found
from gateway.filestore import FileStore
from gateway.web.files import download
from gateway.web.limits import Limit
from gateway.webchat import history
from gateway.webchat.sessions import Visitor
from gateway.webchat.socket import OWNER
from storage import deliveries, files, policies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.parts import Parts

ENVELOPE: Final = 64 * 1024  # what a form adds to its file
UPLOAD_S: Final = 180.0
A_MINUTE: Final = 10
AT_ONCE: Final = 4  # uploads in memory at one time
WAIT_S: Final = 10.0
WORDS: Final = {
    "too_large": "file_too_big",
    "empty": "file_empty",
    "unsafe": "file_unsafe",
    "unreadable": "file_unreadable",
}


class Uploads:
    """The two handlers' work."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store = FileStore(parts.config.files.path)
        self._limit = Limit(A_MINUTE, 60.0)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def take(self, request: web.Request, visitor: Visitor, words: Mapping[str, str]) -> dict[str, Any]:
        """Keep an upload. Raises ApiError, its text for the visitor."""
        wait = self._limit.wait(visitor.thread)
        if wait:
            raise ApiError("too_many", words["too_fast"], retry_s=wait)
        try:
            async with asyncio.timeout(WAIT_S):
                await self._slots.acquire()
        except TimeoutError:
            raise ApiError("busy", words["upload_failed"], retry_s=WAIT_S) from None
        try:
            return await self._keep(request, visitor, words)
        finally:
            self._slots.release()

    async def _keep(self, request: web.Request, visitor: Visitor, words: Mapping[str, str]) -> dict[str, Any]:
        try:
            data = await body.read(request, filecheck.LARGEST + ENVELOPE, deadline_s=UPLOAD_S)
        except ApiError as err:
            if err.code == "too_large":
                raise ApiError("too_large", _said("too_large", words), close=True) from None
            raise
        form = multipart.parse(request.headers.get("Content-Type", ""), data)
        given = form.files.get("file")
        if given is None:
            raise ApiError("unreadable", "the form has no file")
        try:
            accepted = await filecheck.accept(given.data, name=given.filename, declared=given.content_type)
        except filecheck.FileRefused as err:
            raise ApiError("too_large" if err.code == "too_large" else "file_refused", _said(err.code, words)) from None
        key = files.new_key()
        file_id = await self._store.put(accepted.data, key)
        await self._parts.store.run(
            lambda tx: files.create(
                tx,
                file_id=file_id,
                key=key,
                name=accepted.name,
                mime=accepted.mime,
                size=len(accepted.data),
                sha256=accepted.sha256,
                purpose="chat",
                created_by=OWNER + visitor.thread,
            )
        )
        return {"id": file_id, "name": accepted.name, "mime": accepted.mime, "size": len(accepted.data)}

    async def give(self, visitor: Visitor, file_id: str) -> web.Response:
        """The bytes, if this thread may have them; else they are not there."""
        owner = OWNER + visitor.thread

        awaited: list[str] = []

        def find(tx: Any) -> files.StoredFile | None:
            found = files.find(tx, file_id)
            if found is None or (
                found.created_by != owner and not history.may_fetch(tx, visitor.account_id, visitor.thread, file_id)
            ):
                return None
            awaited[:] = (
                deliveries.awaited(tx, file_id, visitor.account_id, visitor.thread)
                if found.mime == policies.PDF
                else []
            )
            return found

        found = await self._parts.store.read(find)
        if found is None:
            raise not_found()
        try:
            data = await self._store.get(file_id, found.key)
        except FileNotFoundError:
            raise not_found() from None
        for message_id in awaited:  # a certificate: who fetches it has it
            await self._parts.store.run(partial(deliveries.arrived, message_id=message_id))
        return download(data, name=found.name, mime=found.mime)


def _said(code: str, words: Mapping[str, str]) -> str:
    return words[WORDS.get(code, "file_type")].replace("{gioi_han}", f"{filecheck.LARGEST // 1_048_576} MB")
