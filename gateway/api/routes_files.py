"""Files: certificates and papers that people upload, and those that customers sent."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from gateway.api import models_contacts as models
from gateway.api import show
from gateway.api.allow import Thing, allow
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.multipart import Form
from gateway.api.routes_contacts import thing
from gateway.filecheck import FileRefused, accept
from gateway.web.files import download
from storage import contacts, files
from storage.tx import Tx

routes = Routes("files")
FORM_HEAD: Final = 16 * 1024


@routes.post(
    "/files",
    may="file.add",
    status=201,
    cap=models.LIMIT_FILE + FORM_HEAD,
    form=models.FileForm,
    refuses=("file_refused", "not_found", "not_yours"),
)
async def add_file(call: Call, form: Form) -> models.File:
    """Keep a file: JPEG, PNG, WebP, HEIC or PDF, at most 20 MiB. Pictures lose their metadata, HEIC becomes JPEG.

    `conversation_id` or `contact_id` says whose it is; without either it can be attached to one message of yours."""
    given = form.files.get("file")
    if given is None or set(form.files) != {"file"} or not set(form.fields) <= {"conversation_id", "contact_id"}:
        raise ApiError(
            "invalid", "send one part named file", fields={"file": "one file, and nothing that we do not know"}
        )
    conversation_id, contact_id = form.fields.get("conversation_id", ""), form.fields.get("contact_id", "")
    owner = await call.store.read(lambda tx: _owner(tx, call, conversation_id, contact_id))
    try:
        taken = await accept(given.data, name=given.filename, declared=given.content_type)
    except FileRefused as err:
        raise ApiError("file_refused", str(err), fields={"file": err.code}) from None
    key = files.new_key()
    file_id = await call.api.files.put(taken.data, key)

    def unit(tx: Tx) -> str:
        files.create(
            tx,
            file_id=file_id,
            key=key,
            name=taken.name,
            mime=taken.mime,
            size=len(taken.data),
            sha256=taken.sha256,
            contact_id=owner,
            created_by=call.actor.id,
        )
        return file_id

    made = await call.once(unit)
    if made != file_id:  # an earlier call with this key had kept it already
        await call.api.files.drop(file_id)
    found = await call.store.read(lambda tx: files.find(tx, made))
    if found is None:
        raise not_found()
    return show.file(found)


def _owner(tx: Tx, call: Call, conversation_id: str, contact_id: str) -> str | None:
    """The contact to whom a new file belongs. Raises ApiError."""
    if conversation_id:
        found = tx.value("SELECT contact_id FROM conversation WHERE id = :id", id=conversation_id)
    elif contact_id:
        found = contacts.resolve(tx, contact_id)
    else:
        return None
    if found is None:
        raise not_found()
    owner = str(found)
    call.require("file.read", thing(tx, owner, call.actor.id))
    return owner


@routes.get("/files/{file_id}", may="file.read", refuses=("not_found",))
async def get_file(call: Call, file_id: str) -> web.Response:
    """The bytes, as an attachment."""

    def read(tx: Tx) -> files.StoredFile | None:
        file = files.find(tx, file_id)
        if file is None:
            return None
        whose = Thing(mine=file.created_by == call.actor.id)
        if file.contact_id is not None and not whose.mine:
            whose = thing(tx, contacts.resolve(tx, file.contact_id) or file.contact_id, call.actor.id)
        return file if allow(call.actor, "file.read", whose) else None

    file = await call.store.read(read)
    if file is None:
        raise not_found()
    try:
        data = await call.api.files.get(file.id, file.key)
    except FileNotFoundError:
        raise not_found() from None
    call.note("file.read", "file", file.id, fields=("content",))
    answer = download(data, name=file.name, mime=file.mime)
    answer.headers["X-Request-Id"] = call.id
    return answer
