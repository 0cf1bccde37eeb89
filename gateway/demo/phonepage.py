"""The customers' side of the demonstration as a page: four telephones, one an app, each as its platform's stand-in has it.

Of this machine and of the demonstration only. What is shown was taken by a stand-in; what is typed goes the way of its
webhooks. POST takes JSON or a file of this page's own origin; GET /api/people/ID?after=N waits for what is new.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import puremagic
from aiohttp import web

from gateway.demo.phones import Phone
from gateway.demo.platforms import APPS, Platforms
from gateway.web import security

STATIC: Final = Path(__file__).parent / "static"
SHARED: Final = Path(security.__file__).parent / "static"
HOST: Final = "127.0.0.1"
WAIT_S: Final = 20.0
PEOPLE: Final = 40
PICTURE_BYTES: Final = 10 << 20
PAGES: Final = {"": "phones.html", "phones.css": "phones.css", "phones.js": "phones.js"}
SHOWN_AS: Final = frozenset({"image/jpeg", "image/png", "image/webp", "application/pdf"})


@dataclass(slots=True)
class Person:
    """Who holds a telephone. `lines` -- what his app shows, the oldest first."""

    phone: Phone
    lines: list[dict[str, Any]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    reader: asyncio.Task[None] | None = None

    def add(self, line: dict[str, Any]) -> None:
        self.lines.append(line)
        self.changed.set()
        self.changed = asyncio.Event()


class PhonePage:
    """See the module."""

    def __init__(self, platforms: Platforms) -> None:
        self._platforms = platforms
        self._people: dict[str, Person] = {}
        self._files: dict[str, bytes] = {}
        self.url = ""

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[str]:
        app = web.Application(client_max_size=PICTURE_BYTES, middlewares=[self._guarded])
        app.router.add_get("/{name:(?:phones\\.(?:css|js))?}", self._page)
        app.router.add_get("/{name:base\\.css|favicon\\.svg}", self._shared)
        app.router.add_post("/api/people", self._enter)
        app.router.add_get("/api/people/{id}", self._lines)
        app.router.add_post("/api/people/{id}", self._act)
        app.router.add_post("/api/people/{id}/picture", self._picture)
        app.router.add_get("/files/{id}", self._file)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, HOST, port).start()
        self.url = f"http://{HOST}:{runner.addresses[0][1]}"
        try:
            yield self.url
        finally:
            for person in self._people.values():
                await self._leave(person)
            await runner.cleanup()

    @web.middleware
    async def _guarded(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Asked by this page, under its own name: a page elsewhere cannot write as one of these people."""
        origin = request.headers.get("Origin", self.url)
        if request.host != self.url.partition("//")[2] or (request.method == "POST" and origin != self.url):
            raise web.HTTPForbidden(text="this page is for this machine\n")
        response = await handler(request)
        for name, value in security.HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    # ---- the page

    async def _page(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / PAGES[request.match_info["name"]])

    async def _shared(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(SHARED / request.match_info["name"])

    # ---- people

    async def _enter(self, request: web.Request) -> web.Response:
        told = await _json(request)
        app = told.get("app")
        if app not in APPS:
            raise web.HTTPUnprocessableEntity(text=f"app: one of {', '.join(APPS)}\n")
        if len(self._people) >= PEOPLE:
            await self._leave(self._people.pop(next(iter(self._people))))
        name = str(told.get("name") or "Khách thử")[:40]
        phone = self._platforms.enter(app, name, f"0900{secrets.randbelow(10**6):06}")
        person = Person(phone)
        person.reader = asyncio.create_task(self._read(person), name=f"telephone {app}")
        person_id = secrets.token_hex(8)
        self._people[person_id] = person
        return web.json_response({"id": person_id, "thread": phone.thread, "name": name})

    async def _leave(self, person: Person) -> None:
        if person.reader is not None:
            person.reader.cancel()
            await asyncio.gather(person.reader, return_exceptions=True)
        await person.phone.close()

    async def _read(self, person: Person) -> None:
        while True:
            got = await person.phone.inbox.get()
            line: dict[str, Any] = {"from": "us", "text": got.text, "buttons": got.buttons, "contact": got.contact}
            if got.file is not None:
                line["file"] = self._keep(got.file, got.file_name)
            person.add(line)

    def _keep(self, data: bytes, name: str) -> dict[str, Any]:
        key = secrets.token_hex(8)
        self._files[key] = data
        return {"url": f"/files/{key}", "name": name, "size": len(data), "picture": _mime(data).startswith("image/")}

    def _person(self, request: web.Request) -> Person:
        try:
            return self._people[request.match_info["id"]]
        except KeyError:
            raise web.HTTPNotFound(text="this telephone is gone: the demonstration was started anew\n") from None

    async def _lines(self, request: web.Request) -> web.Response:
        person = self._person(request)
        try:
            after = int(request.query.get("after", "0"))
        except ValueError:
            raise web.HTTPUnprocessableEntity(text="after: a number\n") from None
        if len(person.lines) <= after:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WAIT_S):
                    await person.changed.wait()
        return web.json_response({"lines": person.lines[after:], "next": len(person.lines)})

    async def _act(self, request: web.Request) -> web.Response:
        """What he does: {"say": words}, {"tap": id, "label"}, {"start": true}, {"phone": true}."""
        person, told = self._person(request), await _json(request)
        phone = person.phone
        match told:
            case {"say": str(words)} if words.strip():
                person.add({"from": "me", "text": words[:4000]})
                await phone.say(words[:4000])
            case {"tap": str(button)}:
                person.add({"from": "me", "text": str(told.get("label") or button)[:200], "tapped": True})
                await phone.tap(button)
            case {"start": True}:
                await phone.press_start()
            case {"phone": True}:
                person.add({"from": "me", "text": "☎", "tapped": True})
                await phone.share_phone()
            case _:
                raise web.HTTPUnprocessableEntity(text="say, tap, start or phone\n")
        return web.json_response({})

    async def _picture(self, request: web.Request) -> web.Response:
        person = self._person(request)
        data = await request.read()
        if _mime(data) not in ("image/jpeg", "image/png"):
            raise web.HTTPUnprocessableEntity(text="a picture: JPEG or PNG\n")
        person.add({"from": "me", "text": "", "file": self._keep(data, "anh.jpg")})
        await person.phone.send_picture(data, "")
        return web.json_response({})

    async def _file(self, request: web.Request) -> web.Response:
        data = self._files.get(request.match_info["id"])
        if data is None:
            raise web.HTTPNotFound
        mime = _mime(data)
        return web.Response(body=data, content_type=mime if mime in SHOWN_AS else "application/octet-stream")


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        told = await request.json()
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise web.HTTPUnprocessableEntity(text="a JSON object\n")
    return told


def _mime(data: bytes) -> str:
    try:
        return str(puremagic.from_string(data, mime=True))
    except (puremagic.PureError, ValueError):
        return "application/octet-stream"
