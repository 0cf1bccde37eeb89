"""A person's copy of everything that we hold of him: one zip that he can read in a browser and a machine can read as JSON."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import IO, Any, Final
from zoneinfo import ZoneInfo

import orjson

from channels.reading import clean_name
from gateway.config import Config
from gateway.erasing import events
from gateway.filestore import FileStore
from gateway.web.static import Assets
from gateway.web.templates import Pages
from storage import dossier
from storage.db import Store
from storage.erasure import Scope
from storage.files import StoredFile
from storage.times import at, rfc3339

SPOOLED: Final = 16 << 20  # bytes in memory; beyond, in a file without a name
PURPOSES: Final = {
    "access": "theo yêu cầu của chủ thể dữ liệu",
    "claim": "giải quyết bồi thường",
    "dispute": "giải quyết tranh chấp",
    "authority": "theo yêu cầu của cơ quan có thẩm quyền",
    "check": "kiểm tra nội bộ",
}
SAID_BY: Final = {"customer": "Khách hàng", "bot": "Trợ lý tự động", "advisor": "Tư vấn viên", "system": "Hệ thống"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """`content` -- at its beginning, to be closed by the caller; `digest` -- SHA-256 of its manifest."""

    content: IO[bytes]
    size: int
    digest: str


class _Zip:
    """The archive as it grows, and what is in it."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(SPOOLED)  # noqa: SIM115 -- the reader closes it
        self._zip = zipfile.ZipFile(self.file, "w", zipfile.ZIP_DEFLATED)
        self.members: list[dict[str, Any]] = []

    async def add(self, name: str, data: bytes) -> None:
        await asyncio.to_thread(self._zip.writestr, name, data)
        self.members.append({"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()})

    def close(self) -> int:
        self._zip.close()
        size = self.file.tell()
        self.file.seek(0)
        return size


async def export(store: Store, files: FileStore, config: Config, contact_id: str, *, purpose: str) -> Copy:
    """Raises storage.erasure.Refused for nobody."""
    which = await store.read(lambda tx: dossier.scope(tx, contact_id))
    which = replace(which, events=tuple([each async for found in events(store, which) for each in found]))
    tables = {table: await _table(store, table, which) for table in dossier.TABLES}
    tables["audit_entry"] = await _trail(store, which)
    tables["erasure"] = await store.read(lambda tx: dossier.jobs(tx, which.contacts))
    made = _Zip()
    for table, rows in tables.items():
        if rows:
            await made.add(f"data/{table}.json", orjson.dumps(rows, option=orjson.OPT_INDENT_2))
    kept = await store.read(lambda tx: dossier.held_files(tx, which))
    names, missing = await _files(made, files, kept)
    ours = await store.read(dossier.people_of_ours)
    now_ms = store.now_ms()
    shown = {
        "agency": config.agency,
        "made_at": _moment(rfc3339(now_ms), config),
        "purpose": PURPOSES[purpose],
        "who": which,
        "contact": _head(tables, contact_id, which),
        "tables": tables,
        "threads": _threads(tables, names, ours, config),
        "names": names,
        "missing": missing,
        "moment": partial(_moment, config=config),
        "ours": ours,
    }
    await made.add("index.html", Pages(Assets()).render("web/dossier.html", shown).encode())
    manifest = {
        "format": 1,
        "made_at": rfc3339(now_ms),
        "purpose": purpose,
        "contacts": list(which.contacts),
        "rows": {table: len(rows) for table, rows in tables.items() if rows},
        "missing": missing,
        "members": made.members,
    }
    data = orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
    await made.add("manifest.json", data)
    return Copy(content=made.file, size=made.close(), digest=hashlib.sha256(data).hexdigest())


async def _table(store: Store, table: str, which: Scope) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: tuple[Any, ...] = ()
    while True:
        some, after = await store.read(partial(dossier.rows, table=table, which=which, after=after))
        found += some
        if not after:
            return found


async def _trail(store: Store, which: Scope) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        some, after = await store.read(partial(dossier.trail, which=which, after=after))
        found += some
        if not after:
            return found


async def _files(made: _Zip, store: FileStore, kept: list[StoredFile]) -> tuple[dict[str, str], list[str]]:
    """Names in the archive by file id, and the ids of those whose bytes are gone."""
    names: dict[str, str] = {}
    missing: list[str] = []
    for number, file in enumerate(kept, 1):
        try:
            data = await store.get(file.id, file.key)
        except FileNotFoundError:
            missing.append(file.id)
            continue
        name = f"files/{number:03d}-{clean_name(file.name).replace('/', '_').replace(chr(92), '_')[:80] or 'tep'}"
        await made.add(name, data)
        names[file.id] = name
    return names, missing


# ---- the page


def _head(tables: Mapping[str, list[dict[str, Any]]], contact_id: str, which: Scope) -> dict[str, Any]:
    by_id = {row["id"]: row for row in tables["contact"]}
    return by_id.get(contact_id) or by_id[which.contacts[0]]


def _threads(
    tables: Mapping[str, list[dict[str, Any]]], names: Mapping[str, str], ours: Mapping[str, str], config: Config
) -> list[dict[str, Any]]:
    """Conversations with their messages, the oldest first."""
    attached: dict[str, list[dict[str, Any]]] = {}
    for row in tables["attachment"]:
        told = {"name": row["name"] or row["kind"], "path": names.get(row["file_id"] or "", "")}
        attached.setdefault(row["message_id"], []).append(told)
    said: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(tables["message"], key=lambda row: (row["conversation_id"], row["seq"])):
        body = row["body"] if isinstance(row["body"], dict) else {}
        who = SAID_BY.get(row["author"], row["author"])
        if row["advisor_id"]:
            who = f"{who} {ours.get(row['advisor_id'], '')}".strip()
        said.setdefault(row["conversation_id"], []).append(
            {
                "who": who,
                "his": row["author"] == "customer",
                "note": row["direction"] == "internal",
                "at": _moment(row["said_at"], config),
                "text": str(body.get("text") or body.get("note") or f"[{row['kind']}]"),
                "files": attached.get(row["id"], []),
            }
        )
    ordered = sorted(tables["conversation"], key=lambda row: str(row["opened_at"]))
    return [{**row, "messages": said.get(row["id"], [])} for row in ordered]


def _moment(value: Any, config: Config) -> str:
    """`22/11/2026 14:05` in the agency's zone; '' for none."""
    if not value:
        return ""
    moment = at(value) if isinstance(value, int) else datetime.fromisoformat(str(value))
    return moment.astimezone(ZoneInfo(config.agency.timezone)).strftime("%d/%m/%Y %H:%M")
