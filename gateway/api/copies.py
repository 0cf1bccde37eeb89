"""A person's copy on its way out: made, written down, then sent piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import web

from gateway import exporting
from gateway.api.declare import Call
from gateway.api.errors import HEADERS, ApiError, not_found
from storage import audit
from storage.erasure import Refused
from storage.tx import Tx

PIECE: Final = 1 << 18


async def send(
    call: Call, contact_id: str, purpose: str, *, beside: Callable[[Tx, str], None] | None = None
) -> web.StreamResponse:
    """`beside` -- what is written in the audit entry's own transaction, with the manifest's digest. Raises ApiError."""
    by, through = call.actor.id, call.actor.through
    try:
        copy = await exporting.export(call.store, call.api.files, call.parts.config, contact_id, purpose=purpose)
    except Refused as err:
        raise not_found() if err.code == "not_found" else ApiError(err.code, str(err)) from None

    def note(tx: Tx) -> None:
        audit.write(
            tx,
            actor=by,
            action="contact.export",
            object_type="contact",
            object_id=contact_id,
            fields=(f"purpose:{purpose}", f"manifest:{copy.digest}"),
            request_id=call.id,
            source=through,
        )
        if beside is not None:
            beside(tx, copy.digest)

    with copy.content as content:
        await call.store.run(note)
        answer = web.StreamResponse(
            headers={
                **HEADERS,
                "Content-Type": "application/zip",
                "Content-Length": str(copy.size),
                "Content-Disposition": f'attachment; filename="export-{contact_id}.zip"',
                "X-Manifest-SHA256": copy.digest,
                "X-Request-Id": call.id,
            }
        )
        await answer.prepare(call.request)
        while piece := await asyncio.to_thread(content.read, PIECE):
            await answer.write(piece)
        await answer.write_eof()
    return answer
