"""What people write stays words: through every text field of every channel and of the desk, into every page that there is.

The fields are those of the channels' fixtures: whatever text of them may be another without the event becoming another.
The pages are those of the application. Once as we serve them, once without the Content-Security-Policy and its Trusted
Types, for what holds only by a header does not hold.
"""

from __future__ import annotations

import asyncio
import json
import re
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from aiohttp import ClientSession
from playwright.async_api import BrowserContext, Page, Request, expect

from channels.contract import Delivery, InboundEvent, Kind, MalformedPayload, Permanent
from channels.registry import adapter
from gateway.desk.offices import OFFICES
from storage import accounts, sessions, tokens
from tests.channels.samples import SAMPLES, SECRETS, fixtures
from tests.support.browser import Visitors
from tests.support.desk import CONFIG, Office, Platform
from tests.support.xss import EVIL, LOOK, PAYLOADS, PROBE, TRAP, leaves, replaced

NAME: Final = "</script><script data-evil>xss(32)</script>"
SILENT: Final = {Kind.IGNORED, Kind.RECEIPT}
MARK: Final = "xss("  # of a payload that is there to be read
SKIPPED: Final = {"/desk/events", "/desk/login", "/oauth/{channel}/{account}", "/chat/ws"}
SHOWING: Final = (
    "blocked canned channels hours tasks teams users webhooks".split()
)  # pages that certainly have one to show
ACCOUNTS: Final = """
  - {{channel: zalo, name: oa, app_id: "9301774650812263549", oa_id: "2745501938264417082", app_secret: "${{LONG}}",
     oa_secret_key: "${{SECRET}}", refresh_token: "${{TOKEN}}"}}
  - {{channel: viber, name: main, token: "${{SECRET}}"}}
  - {{channel: facebook, name: page, page_id: "102938475610293", page_token: "${{TOKEN}}", app_id: "731905522817364",
     app_secret: "${{SECRET}}", verify_token: "${{LONG}}"}}
  - {{channel: leads, name: main, secret: "${{SECRET}}"}}
  - {{channel: hotline, name: main, secret: "${{SECRET}}"}}
  - {{channel: email, name: smtp, host: 127.0.0.1, username: hello, password: "${{TOKEN}}", sender: "IBAOHIEM <hello@ibaohiem.example>",
     secret: "${{SECRET}}"}}
"""
HIDDEN: Final = {"TELEGRAM_TOKEN": SECRETS[0], "TELEGRAM_SECRET": SECRETS[1]}
GIVEN: Final = {"TOKEN": SECRETS[0], "SECRET": SECRETS[1], "LONG": "app-Nobody-May-See-0123"}


class Keeper(Platform):
    """A platform that has none of its files any more."""

    async def fetch(self, source: str, *, limit: int) -> bytes:
        raise Permanent("gone", reason="gone")


@cache
def spoilt() -> tuple[tuple[str, bytes], ...]:
    """Each channel's fixtures as they would come from somebody who puts a payload wherever he can."""
    found: list[tuple[str, bytes]] = []
    payloads = cycle(PAYLOADS)
    for channel, path in fixtures():
        given = path.read_bytes()
        try:
            value = json.loads(given)
        except ValueError:
            continue
        plain = _shape(channel, given)
        wanted = {leaf: next(payloads) for leaf in leaves(value)}
        texts = _free(channel, value, plain, wanted) if plain else {}
        body = json.dumps(replaced(value, texts)).encode()
        if texts and _shape(channel, body) == plain:
            found.append((channel, body))
    return tuple(found)


def _free(channel: str, value: Any, plain: Any, texts: dict[Any, str]) -> dict[Any, str]:
    """Those texts that may be others: all of them, or those of each half."""
    if _shape(channel, json.dumps(replaced(value, texts)).encode()) == plain:
        return texts
    if len(texts) < 2:
        return {}
    half = len(texts) // 2
    one, other = dict(list(texts.items())[:half]), dict(list(texts.items())[half:])
    return _free(channel, value, plain, one) | _free(channel, value, plain, other)


def _events(channel: str, body: bytes) -> list[InboundEvent]:
    try:
        return adapter(channel).parse(Delivery(headers={}, body=body), SAMPLES[channel].account)
    except MalformedPayload:
        return []


def _shape(channel: str, body: bytes) -> list[Any]:
    """What would be heard of it: [] for nothing."""
    return [(one.kind, one.thread, one.said_at) for one in _events(channel, body) if one.kind not in SILENT]


def forms() -> list[tuple[str, bytes]]:
    """What comes with keys of its own."""
    more = {one: one for one in PAYLOADS[:40]}
    form = {"name": NAME, "phone": "0912345678", "message": PAYLOADS[6], "utm_source": PAYLOADS[7], **more}
    call = {
        "call_id": PAYLOADS[2],
        "event": "missed",
        "direction": "inbound",
        "from": "0912345678",
        "agent": NAME,
        **more,
    }
    return [("leads", json.dumps(form).encode()), ("hotline", json.dumps(call).encode())]


async def write(office: Office) -> None:
    """The customers."""
    for channel, body in (*spoilt(), *forms()):
        account = next(one for one in office.parts.accounts.values() if one.channel == channel)
        events = adapter(channel).parse(Delivery(headers={}, body=body), account)
        await office.parts.ingest(account, events)
    for at in range(0, len(PAYLOADS), 8):  # all of them, one below the other
        await office.say("4711", "\n".join(PAYLOADS[at : at + 8]), name=PAYLOADS[at])
    for at, one in enumerate(PAYLOADS[:20]):
        await office.say(f"v_{at:032x}", one, channel="webchat", name=one)
    await office.settled()


async def work(office: Office, chief: str) -> None:
    """Our own people, who copy what they are sent."""
    secret = tokens.new_secret()
    await office.parts.store.run(lambda tx: tokens.create(tx, secret, name=NAME, role="admin", by="test"))
    found = await talks(office)
    one = found["telegram"]
    contact = await office.parts.store.read(
        lambda tx: tx.value("SELECT contact_id FROM conversation WHERE id = :id", id=one)
    )
    async with ClientSession(headers={"Authorization": f"Bearer {secret}"}) as http:

        async def ask(method: str, path: str, **said: Any) -> Any:
            async with http.request(method, f"{office.url}/api/v1{path}", json=said) as answer:
                told = await answer.json()
                assert answer.status < 300, (path, told)
                return told

        for at in (0, 6, 31, 41, 50):
            text = PAYLOADS[at]
            await ask("POST", "/canned", shortcut=f"x{at}", title=text, text=text)
            await ask("POST", f"/conversations/{one}/notes", text=text)
            await ask("POST", f"/conversations/{one}/labels", add=[text[:60]], remove=[])
            await ask("POST", f"/conversations/{one}/tasks", due_at="2031-01-01T00:00:00Z", note=text, owner=chief)
            hook = await ask(
                "POST", "/webhooks", url=f"https://x.vn/{quote(text)}", name=text[:80], types=["care.answered"]
            )
            await ask("PATCH", f"/webhooks/{hook['id']}", enabled=False)
        await ask("POST", "/teams", name=PAYLOADS[6])
        await ask("POST", "/holidays", day="2031-01-01", name=PAYLOADS[6])
        await ask("POST", "/filters", name=PAYLOADS[6], query={"status": "waiting"}, shared=True)
        await ask("POST", "/cases", conversation_id=one, product="tnds_o_to", insurer=PAYLOADS[6])
        await ask("POST", f"/conversations/{one}/attempts", result="no_answer", note=PAYLOADS[6])
        await ask("PATCH", f"/contacts/{contact}", name=PAYLOADS[6])
        await ask("POST", f"/conversations/{found['viber']}/block", why="spam", note=PAYLOADS[6])
        await ask("POST", "/users", email="x@x.vn", name=PAYLOADS[6], role="advisor", agent_code="<b data-evil>1</b>")
    await office.parts.store.run(
        lambda tx: tx.run("UPDATE account SET state = 'auth_broken', reason = :said", said=PAYLOADS[6])
    )


async def talks(office: Office) -> dict[str, str]:
    """Of each channel the conversation in which most was said."""
    rows = await office.parts.store.read(
        lambda tx: tx.all(
            "SELECT c.channel, c.id FROM conversation c JOIN message m ON m.conversation_id = c.id"
            " GROUP BY c.channel, c.id ORDER BY COUNT(*)"
        )
    )
    return {row.channel: row.id for row in rows}


def pages(office: Office, found: dict[str, str]) -> tuple[list[str], list[str]]:
    """Every page of the application: those that show what people wrote, and all of them with a payload wherever the
    address has room for a word."""
    wicked = quote(NAME, safe="")
    shown, told = [one.href for one in OFFICES], [f"/desk/login?next={wicked}", f"/{wicked}"]
    for resource in office._runner.app.router.resources():  # type: ignore[union-attr]
        path = resource.canonical
        if not any(route.method == "GET" for route in resource) or path in SKIPPED:
            continue
        if path.startswith("/desk/") and "{id}" in path and path != "/desk/c/{id}":
            shown.append(path.replace("{id}", found["telegram"]))
        elif path.startswith(("/desk", "/d/", "/f/", "/oauth", "/chat/frame", "/{")) or path == "/":
            for name in re.findall(r"{[a-z_]+}", path):
                path = path.replace(name, wicked)
            told += [
                f"{path}?lang={wicked}&error={wicked}&q={wicked}&state={wicked}&code={wicked}",
                f"{path}?again={wicked}",
            ]
    return shown, told


class Watch:
    """A browser's own view of it. `wrong` -- what was not as it should be, with the page."""

    def __init__(self, office: Office, context: BrowserContext) -> None:
        self.office = office
        self.context = context
        self.wrong: list[str] = []
        self.seen: set[str] = set()
        context.on("request", self._asked)
        context.on("dialog", lambda dialog: self.wrong.append(f"dialog {dialog.message}"))

    def _asked(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in ("http", "https") and (f"{url.scheme}://{url.netloc}" != self.office.url or PROBE in url.path):
            self.wrong.append(f"asked for {request.url[:120]}")
        if EVIL in url.netloc:
            self.wrong.append(f"asked {EVIL}")

    async def look(self, page: Page) -> None:
        where = urlsplit(page.url).path
        self.wrong += [f"{where}: {one}" for one in await page.evaluate(LOOK)]
        if MARK in await page.locator("body").inner_text():
            self.seen.add(where)


async def sweep(office: Office, visitors: Visitors, person: str, found: dict[str, str], *, guarded: bool) -> None:
    context = await visitors.context(
        base_url=office.url, viewport={"width": 1500, "height": 900}, bypass_csp=not guarded
    )
    await context.add_init_script(TRAP)
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, person))
    await context.add_cookies([{"name": "sid", "value": token, "url": office.url}])
    page = await context.new_page()
    await page.goto("/desk/")
    held = await page.evaluate(
        """async () => {
          try { document.body.insertAdjacentHTML("beforeend", "<img data-evil src=x onerror=xss(0)>"); } catch { return true; }
          await new Promise((done) => addEventListener("error", () => setTimeout(done), { capture: true, once: true }));
          return window.__hits.length === 0;
        }"""
    )
    assert held is guarded  # the one thing that differs between the two; and the trap catches
    visitors.troubles.clear()
    watch = Watch(office, context)
    shown, mirrors = pages(office, found)
    if guarded:  # what a server says is the same to both
        for path in mirrors:
            answer = await page.request.get(path, max_redirects=0)
            if "<script data-evil>" in await answer.text():
                watch.wrong.append(f"{path} says it back")
    for path in shown:
        await page.goto(path)
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)
        await watch.look(page)
    await page.goto("/desk/")
    await page.locator("#tab-all").click()
    for one in found.values():
        async with page.expect_response(lambda answer, one=one: f"/{one}/messages" in answer.url):
            await page.locator(f"#rows a[href$='{one}']").click()
        await expect(page.locator("#messages .msg").first).to_be_visible()
        await expect(page.locator("#panel-body")).not_to_be_empty()
        await watch.look(page)
    for word in ("xss", PAYLOADS[6]):
        await page.locator("#search").fill(word)
        await expect(page.locator("#finds[aria-busy=true]")).to_have_count(0)
        await watch.look(page)
    await chat(watch, office)
    await context.close()  # before the gateway goes
    visitors.troubles[:] = [one for one in visitors.troubles if "Failed to load resource" not in one]
    assert watch.wrong == []
    assert {f"/desk/c/{one}" for one in found.values()} <= watch.seen
    assert {"/", *(f"/desk/{name}" for name in SHOWING)} <= watch.seen


async def chat(watch: Watch, office: Office) -> None:
    """The customer's side: what he says, and what our advisors say to him."""
    page = await watch.context.new_page()
    await page.goto("/")
    await page.wait_for_function("document.documentElement.dataset.ready === ''")
    for one in (PAYLOADS[0], PAYLOADS[6]):
        await page.locator("#chat-text").fill(one)
        await page.keyboard.press("Enter")
    await expect(page.locator(".turn.mine .bubble")).to_have_count(2)
    await expect(page.locator(".mark-line:not([hidden])").last).to_contain_text("Đã nhận")
    thread = await page.evaluate(
        """async () => (await (await fetch("/chat/session", { method: "POST", headers: { "Content-Type": "application/json" },
          body: '{"keep": "cookie"}' })).json()).thread"""
    )
    newest = ""
    async with asyncio.timeout(60):
        while not newest:  # a bubble is there before the server has it
            await asyncio.sleep(0.05)
            newest = await office.parts.store.read(
                lambda tx: tx.value(
                    "SELECT p.conversation_id FROM contact_point p WHERE p.thread = :thread"
                    " AND (SELECT COUNT(*) FROM message m WHERE m.point_id = p.id AND m.direction = 'inbound') >= 2",
                    thread=thread,
                )
            )
    lan = await office.hire(NAME, email=f"{newest}@x.vn")
    await office.act(newest, "take", lan)
    for at in range(0, len(PAYLOADS), 30):
        await office.act(newest, "reply", lan, text="\n".join(PAYLOADS[at : at + 30]))
    await expect(page.locator(".turn.advisor .bubble")).to_have_count(3)
    await watch.look(page)
    await page.close()


async def test_what_people_write_stays_words(tmp_path: Path, visitors: Visitors) -> None:
    office = Office(tmp_path, config=CONFIG + ACCOUNTS, secrets=HIDDEN | GIVEN)
    office.platforms = {channel: Keeper() for channel in SAMPLES}
    async with office:
        await office.parts.store.run(lambda tx: accounts.switch(tx, False))
        office.parts.engine.switches.bot = False
        await write(office)
        chief = await office.hire(NAME, "admin", email="chief@x.vn")
        await work(office, chief.id)
        found = await talks(office)
        assert set(found) >= set(SAMPLES) - {"email"}
        async with asyncio.TaskGroup() as both:
            both.create_task(sweep(office, visitors, chief.id, found, guarded=True))
            both.create_task(sweep(office, visitors, chief.id, found, guarded=False))


def test_enough_of_them_through_enough_fields() -> None:
    assert len(PAYLOADS) >= 60
    assert {channel for channel, _ in spoilt()} >= set(SAMPLES) - {"email"}  # which only hears of letters
    reached: set[str] = set()
    for channel, body in spoilt():
        for event in _events(channel, body):
            words = {
                "text": event.text,
                "payload": event.payload,
                "sender": event.profile.name if event.profile else "",
                "file": "".join(file.name + file.source for file in event.files),
                "contact": event.contact.name if event.contact else "",
                "more": "".join(event.extra.values()),
            }
            reached |= {field for field, text in words.items() if "evil" in text or MARK in text}
    assert reached == {"text", "payload", "sender", "file", "contact", "more"}
