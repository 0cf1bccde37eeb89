"""Canned answers: what advisors say often, filled for whom they speak to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from gateway.api import cursors, show
from gateway.api import models_canned as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.fields import Whole
from storage import canned, contacts, listing
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("canned")
VARIABLES: Final = ("xung_ho", "ten", "tu_van_vien", "ma_yeu_cau", "hotline", "cong_ty")
_HOLE: Final = re.compile(r"\{([a-z_]{1,40})\}")


@routes.get("/canned", may="canned.read")
async def list_canned(call: Call, query: Whole) -> models.CannedAnswers:
    """All canned answers, by shortcut, with their variables."""
    found, on = cursors.part(await call.store.read(canned.listed), query)
    return models.CannedAnswers(items=[models.Canned(**_fields(each)) for each in found], next=on)


@routes.post("/canned", may="canned.edit", status=201, refuses=("conflict",))
async def add_canned(call: Call, body: models.NewCanned) -> models.Canned:
    """A new one, for everybody at the desk."""
    _known(body.text)
    by = call.actor.id

    def unit(tx: Tx) -> str:
        made = canned.add(tx, shortcut=body.shortcut, title=body.title, text=body.text, by=by)
        if not made:
            raise _taken()
        return made

    return await _one(call, await call.once(unit))


@routes.patch("/canned/{canned_id}", may="canned.edit", refuses=("conflict",))
async def change_canned(call: Call, canned_id: str, body: models.NewCanned) -> models.Canned:
    """Other words, another shortcut."""
    _known(body.text)
    by = call.actor.id

    def unit(tx: Tx) -> str:
        if canned.one(tx, canned_id) is None:
            raise not_found()
        if not canned.change(tx, canned_id, shortcut=body.shortcut, title=body.title, text=body.text, by=by):
            raise _taken()
        return canned_id

    return await _one(call, await call.once(unit))


@routes.delete("/canned/{canned_id}", may="canned.edit")
async def remove_canned(call: Call, canned_id: str) -> models.Canned:
    """Gone; what was said with it stays said."""
    by = call.actor.id
    found = await call.store.read(lambda tx: canned.one(tx, canned_id))
    if found is None:
        raise not_found()

    def unit(tx: Tx) -> str:
        canned.remove(tx, canned_id, by=by)
        return canned_id

    await call.once(unit)
    return models.Canned(**_fields(found))


@routes.get("/conversations/{conversation_id}/canned", may="canned.read")
async def fill_canned(call: Call, conversation_id: str) -> models.FilledAnswers:
    """Canned answers as they would be said in this conversation by you."""

    def read(tx: Tx) -> tuple[listing.Conversation | None, contacts.Contact | None, list[canned.Canned]]:
        row = listing.one(tx, conversation_id)
        person = contacts.view(tx, row.contact_id) if row is not None else None
        return row, person, canned.listed(tx)

    row, person, found = await call.store.read(read)
    if row is None:
        raise not_found()
    agency = call.parts.config.agency
    sees = call.sees(show.thing(row))
    values = {
        "xung_ho": person.salutation if person is not None else "",
        "ten": _given(person.name) if person is not None and sees else "",
        "tu_van_vien": call.actor.name,
        "ma_yeu_cau": str(row.state.get("code") or ""),
        "hotline": agency.hotline,
        "cong_ty": agency.name,
    }
    values["xung_ho"] = values["xung_ho"] if values["xung_ho"] not in ("", "em") else "anh/chị"
    return models.FilledAnswers(items=[_filled(each, values) for each in found], next=None)


def _given(name: str) -> str:
    """What a person is called: the last word of a Vietnamese name."""
    return name.rpartition(" ")[2]


def _filled(each: canned.Canned, values: Mapping[str, str]) -> models.Filled:
    missing: list[str] = []

    def fill(hole: re.Match[str]) -> str:
        value = values.get(hole[1], "")
        if not value:
            missing.append(hole[1])
            return hole[0]
        begins = not each.text[: hole.start()].strip() or each.text[: hole.start()].rstrip().endswith((".", "!", "?"))
        return value[0].upper() + value[1:] if begins else value

    text = _HOLE.sub(fill, each.text)
    return models.Filled(**{**_fields(each), "text": text}, missing=missing)


def _known(text: str) -> None:
    unknown = sorted(set(_HOLE.findall(text)) - set(VARIABLES))
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in VARIABLES)
        raise ApiError(
            "invalid",
            "some fields are not right",
            fields={"text": f"no such variable: {unknown[0]}; there are {known}"},
        )


def _taken() -> ApiError:
    return ApiError("conflict", "another canned answer has this shortcut", fields={"shortcut": "taken"})


async def _one(call: Call, canned_id: str) -> models.Canned:
    found = await call.store.read(lambda tx: canned.one(tx, canned_id))
    if found is None:
        raise not_found()
    return models.Canned(**_fields(found))


def _fields(each: canned.Canned) -> dict[str, Any]:
    return {
        "id": each.id,
        "shortcut": each.shortcut,
        "title": each.title,
        "text": each.text,
        "updated_at": rfc3339(each.updated_at),
    }
