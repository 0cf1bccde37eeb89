"""Files in and out on every platform, through the whole gateway in this process, against the strict stand-ins: what a
customer sends is with us to the byte and at the API, what is harmful is not even asked for and he learns why, what an
advisor sends is in the platform's own record under its Vietnamese name."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import FormData
from fpdf import FPDF
from PIL import Image

from gateway.demo.standins.clock import Clock as TheirClock
from gateway.demo.standins.facebook import FakeFacebook
from gateway.demo.standins.telegram import FakeTelegram
from gateway.demo.standins.telegram.files import OGG
from gateway.demo.standins.viber import FakeViber
from gateway.demo.standins.zalo import FakeZalo
from gateway.parts import Clock, Parts
from handlers.texts import Texts
from storage import tokens
from storage.contacts_write import add_value
from tests.support.place import gateway
from tests.support.waits import until

VOICES = {
    "facebook": (b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42" + bytes(400), "audio/mp4"),
    "viber": (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(400), "audio/mp4"),
    "zalo": (b"#!AMR\n" + bytes(400), "audio/amr"),
    "telegram": (OGG + bytes(400), "audio/ogg"),
}
NAME = "Hợp đồng số 12 – Đỗ Thị Ánh.pdf"
WORDS = Texts.load()


def paper() -> bytes:
    document = FPDF()
    document.add_page()
    return bytes(document.output())


def picture(size: tuple[int, int] = (64, 48)) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "10.7769,106.7009"
    out = io.BytesIO()
    Image.effect_noise(size, 50).convert("RGB").save(out, "JPEG", exif=exif)
    return out.getvalue()


def large_pdf() -> bytes:
    """One page, and a stream that cannot be made smaller."""
    noise = Image.effect_noise((2400, 2400), 60)
    out = io.BytesIO()
    noise.save(out, "PDF", quality=100)
    return out.getvalue()


class Shared(TheirClock):
    """The platform's time is the gateway's."""

    def __init__(self, ours: Clock) -> None:
        super().__init__()
        self._ours = ours

    def now(self) -> float:
        return self._ours.ms() / 1000


class Platform:
    """One of them with a customer. `media` -- files by address; Telegram keeps them by id."""

    def __init__(self, channel: str, fake: Any, customer: Any, thread: str) -> None:
        self.channel, self.fake, self.customer, self.thread = channel, fake, customer, thread

    def keep(self, data: bytes) -> str:
        path = f"/media/{len(self.fake.media)}"
        self.fake.media[path] = data
        return f"{self.fake.url}{path}"

    async def say(self, text: str) -> None:
        await self.customer.say(text)

    async def send(self, kind: str, data: bytes, *, name: str = "", url: str = "", size: int = 0) -> None:
        """kind -- image, audio or file · url -- in place of the file's own address."""
        person = self.customer
        if self.channel == "telegram":
            if kind == "image" and not size:
                await person.photo(content=data)
            elif kind == "audio":
                await person.voice(data)
            else:
                await person.document(name or "a.jpg", "image/jpeg" if kind == "image" else "application/pdf", data, size=size or None)  # fmt: skip
            return
        url = url or self.keep(data)
        if self.channel == "facebook":
            await person.does(message={"mid": self.fake.new_id(), "attachments": [{"type": kind, "payload": {"url": url}}]})  # fmt: skip
        elif self.channel == "zalo":
            said = {"name": name, "size": str(size or len(data)), "type": name.rpartition(".")[2]}
            await person.send(kind, {"url": url} | (said if kind == "file" else {}))
        else:
            what = {"image": "picture", "audio": "audio", "file": "file"}[kind]
            more: dict[str, Any] = {"file_name": name, "size": size or len(data)} if kind == "file" else {}
            await person.send(what, media=url, **more)

    async def received(self) -> list[tuple[bytes, str]]:
        """Files in the platform's own record: bytes and name as the customer reads it."""
        found = []
        for one in self.fake.sent:
            if self.channel == "telegram" and one.file is not None:
                caption = str(one.message.get("caption", ""))
                found.append((one.file.content, caption or one.file.name))
            elif self.channel == "viber" and one.media:
                data = await self.fake.webhook.get(one.media)
                assert data is not None
                assert one.kind == "picture" or one.size == len(data)
                found.append((data, one.file_name))
            elif self.channel in ("facebook", "zalo") and one.file:
                found.append((one.file, one.file_name))
        return found


class Place:
    def __init__(self, parts: Parts, platform: Platform, session: aiohttp.ClientSession, secret: str) -> None:
        self.parts, self.platform, self.session = parts, platform, session
        self.base = f"{parts.config.public_url}/api/v1"
        self.headers = {"Authorization": f"Bearer {secret}"}

    async def api(self, path: str, *, method: str = "GET", **more: Any) -> Any:
        async with self.session.request(method, self.base + path, headers=self.headers, **more) as answer:
            data = await answer.json() if answer.content_type == "application/json" else await answer.read()
            assert answer.status < 300, data
            return data

    async def until(self, done: Callable[[], Any], what: str) -> Any:
        return await until(done, what)

    async def messages(self) -> tuple[str, list[Any]]:
        listed = (await self.api("/conversations", params={"thread": self.platform.thread}))["items"]
        if not listed:
            return "", []
        return listed[0]["id"], (await self.api(f"/conversations/{listed[0]['id']}/messages"))["items"]

    async def attachments(self, number: int, *states: str) -> list[Any]:
        """Of the customer's messages, once so many are in one of these states."""

        async def look() -> list[Any]:
            _, messages = await self.messages()
            found = [one for m in messages if m["direction"] == "inbound" for one in m["attachments"]]
            return found if len(found) >= number and all(one["state"] in states for one in found) else []

        return list(await self.until(look, f"{number} {states}"))

    async def said(self) -> list[str]:
        _, messages = await self.messages()
        return [m["text"] for m in messages if m["author"] == "bot"]

    async def told(self, key: str) -> None:
        """The customer has read it, on the platform itself."""
        words = WORDS.render(key, "vi", xung_ho="anh/chị")
        words = words[0].upper() + words[1:]

        async def look() -> bool:
            return any(words in one.text for one in self.platform.fake.sent)

        await self.until(look, f"{key}: {await self.said()}")


@contextlib.asynccontextmanager
async def fakes(channel: str, clock: Clock) -> AsyncIterator[tuple[Any, str, dict[str, str], Callable[[], Any]]]:
    """The stand-in, the account's block, its secrets, and somebody who writes."""
    theirs = Shared(clock)
    fake: Any
    match channel:
        case "facebook":
            fake = FakeFacebook(clock=theirs)
            block = f'{{channel: facebook, name: main, page_id: "{fake.page_id}", app_id: "{fake.app_id}", page_token: "${{A}}", app_secret: "${{B}}", verify_token: "${{C}}", api_url: "URL"}}'
            secrets = {"A": fake.token, "B": fake.app_secret, "C": "our-word"}
        case "viber":
            fake = FakeViber(clock=theirs, answer_s=30)
            block, secrets = '{channel: viber, name: main, token: "${A}", api_url: "URL"}', {"A": fake.token}
        case "zalo":
            fake = FakeZalo(clock=theirs, answer_s=30)
            block = f'{{channel: zalo, name: main, app_id: "{fake.app_id}", oa_id: "{fake.oa_id}", app_secret: "${{A}}", oa_secret_key: "${{B}}", refresh_token: "${{C}}", api_url: "URL", oauth_url: "URL", zbs_url: "URL"}}'
            secrets = {"A": fake.app_secret, "B": fake.oa_secret_key, "C": fake.grants.first()}
        case _:
            fake = FakeTelegram(clock=theirs)
            block, secrets = '{channel: telegram, name: main, token: "${A}", api_url: "URL"}', {"A": fake.token}
    async with fake.running() as url:
        yield fake, block.replace("URL", url), secrets, fake.customer
        assert fake.violations == []


@contextlib.asynccontextmanager
async def place(channel: str, folder: Path) -> AsyncIterator[Place]:
    clock = Clock()
    async with (
        fakes(channel, clock) as (fake, block, secrets, customer),
        aiohttp.ClientSession() as session,
        gateway(folder, block, secrets, clock=clock) as parts,
    ):
        hook = f"{parts.config.public_url}/hooks/{channel}/main"
        if channel in ("facebook", "zalo"):
            fake.hook(hook)
        elif channel == "viber":
            fake.webhook.url = hook
        secret = tokens.new_secret()
        await parts.store.run(lambda tx: tokens.create(tx, secret, name="Lan", role="admin", by="test"))
        person = customer()
        yield Place(parts, Platform(channel, fake, person, str(person.id)), session, secret)


CHANNELS = ("telegram", "facebook", "viber", "zalo")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_files_come_and_go(channel: str, tmp_path: Path) -> None:
    pdf, photo, (voice, sound) = paper(), picture(), VOICES[channel]
    async with place(channel, tmp_path) as here:
        customer = here.platform
        await customer.say("Chào shop")
        await customer.send("image", photo)
        await customer.send("audio", voice)
        await customer.send("file", pdf, name="Giấy đề nghị.pdf")
        image, heard, paper_ = await here.attachments(3, "stored")
        assert [one["kind"] for one in (image, heard, paper_)] == ["image", "audio", "file"]
        assert [one["mime"] for one in (image, heard, paper_)] == ["image/jpeg", sound, "application/pdf"]
        for one, data in ((heard, voice), (paper_, pdf)):
            assert await here.api(one["url"].removeprefix("/api/v1")) == data
            assert one["size"] == len(data)
        shown = await here.api(image["url"].removeprefix("/api/v1"))
        assert Image.open(io.BytesIO(shown)).size == (64, 48)
        assert b"106.7009" not in shown, "where it was taken is nobody's business"
        if channel in ("telegram", "viber", "zalo"):
            assert paper_["name"] == "Giấy đề nghị.pdf"
        for path in (tmp_path / "var" / "files").rglob("*"):
            assert not path.is_file() or pdf[:40] not in path.read_bytes(), "sealed"

        conversation, _ = await here.messages()
        await here.api(f"/conversations/{conversation}/take", method="POST", json={})
        files = []
        for data, name, mime in ((pdf, NAME, "application/pdf"), (photo, "ảnh xe.jpg", "image/jpeg")):
            form = FormData()
            form.add_field("file", io.BytesIO(data), filename=name, content_type=mime)
            form.add_field("conversation_id", conversation)
            files.append(await here.api("/files", method="POST", data=form))
        await here.api(f"/conversations/{conversation}/messages", method="POST", json={"attachment_ids": [one["id"] for one in files]})  # fmt: skip

        async def arrived() -> list[tuple[bytes, str]]:
            found = await customer.received()
            return found if len(found) == 2 else []

        certificate, car = await here.until(arrived, "both files there")
        assert certificate == (pdf, NAME)
        assert hashlib.sha256(car[0]).hexdigest() == files[1]["sha256"]


HOMES = ("127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:127.0.0.1]", "127.1", "localhost", "x@127.0.0.1")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_what_is_harmful_is_refused_in_words_and_runs_nowhere(channel: str, tmp_path: Path) -> None:
    active = paper().replace(b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >>")
    assert b"/JavaScript" in active
    async with place(channel, tmp_path) as here:
        customer = here.platform
        await customer.say("Chào shop")
        harmful = (
            ("file", active, "unsafe", "file.unsafe"),
            ("file", b"<html><script>alert(1)</script></html>", "type", "file.type"),
            ("image", b"\xff\xd8\xff\xe0" + bytes(25_000_000), "too_large", "file.too_large"),
        )
        for number, (kind, data, reason, text) in enumerate(harmful, 1):
            size = len(data) if kind == "image" else 0
            await customer.send(kind, data, name="hop-dong.pdf" if kind == "file" else "a.jpg", size=size)
            found = await here.attachments(number, "refused")
            assert (found[-1]["reason"], found[-1]["url"]) == (reason, None)
            await here.told(text)
        if channel != "telegram":
            await no_way_home(here, len(harmful))
        kept = [path for path in (tmp_path / "var" / "files").rglob("*") if path.is_file()]
        assert kept == []


async def no_way_home(here: Place, already: int) -> None:
    """Addresses in an event that lead to this machine: nobody comes."""
    customer, canary = here.platform, []

    async def came(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        canary.append("came")
        writer.close()

    server = await asyncio.start_server(came, "127.0.0.1", 0)
    port, asked = server.sockets[0].getsockname()[1], list(customer.fake.media.asked)
    for home in HOMES:
        await customer.send("image", b"", url=f"http://{home}:{port}/a.jpg")
    found = await here.attachments(already + len(HOMES), "refused")
    assert [one["reason"] for one in found[already:]] == ["bad_address"] * len(HOMES)
    assert (canary, customer.fake.media.asked) == ([], asked)
    await here.told("file.lost")
    server.close()


async def test_after_its_life_a_file_is_gone_and_both_sides_know(tmp_path: Path) -> None:
    """Viber keeps a file for an hour. Its servers were away for longer."""
    async with place("viber", tmp_path) as here:
        customer = here.platform
        await customer.say("Chào shop")
        client: Any = here.parts.clients["viber:main"]
        reached = client._outside.file
        client._outside.file = _away
        await customer.send("image", picture())
        await customer.send("file", paper(), name="a.pdf")
        await here.attachments(2, "pending")

        async def tried() -> bool:
            return bool(await here.parts.store.read(lambda tx: tx.value("SELECT MIN(attempts) FROM attachment")))

        await here.until(tried, "tried in vain")
        here.parts.clock.offset_ms += 3_600_000
        client._outside.file = reached
        found = await here.attachments(2, "gone")
        assert {(one["reason"], one["url"]) for one in found} == {("expired", None)}
        assert len(customer.fake.media.asked) == 2, "the platform itself said that it is over"
        await here.told("file.lost")
        assert sum("chưa tải được tệp" in one for one in await here.said()) == 1, "once for both"
        await customer.customer.send("file", file_name="b.pdf")
        nowhere = (await here.attachments(3, "gone"))[2]
        assert (nowhere["kind"], nowhere["name"], nowhere["source"], nowhere["reason"]) == ("file", "b.pdf", "", "gone")


async def test_what_zalo_does_not_carry_comes_by_a_protected_address(tmp_path: Path) -> None:
    """A PDF of more than five megabytes: no document there."""
    async with place("zalo", tmp_path) as here:
        await here.platform.say("Chào shop")
        conversation, _ = await here.until(lambda: _known(here), "a conversation")
        contact = (await here.api(f"/conversations/{conversation}"))["contact_id"]
        await here.parts.store.run(lambda tx: add_value(tx, contact, "phone", "+84912345678", source="form"))
        await here.api(f"/conversations/{conversation}/take", method="POST", json={})
        form = FormData()
        form.add_field("file", io.BytesIO(large_pdf()), filename="hiện trường.pdf", content_type="application/pdf")
        form.add_field("conversation_id", conversation)
        file = await here.api("/files", method="POST", data=form)
        assert file["size"] > 5 << 20
        path = f"/conversations/{conversation}/messages"
        await here.api(path, method="POST", json={"text": "Ảnh đây ạ", "attachment_ids": [file["id"]]})

        async def told() -> str:
            texts = [one.text for one in here.platform.fake.sent if "Ảnh đây ạ" in one.text]
            return texts[0] if texts else ""

        text = await here.until(told, "the address")
        assert "hiện trường.pdf" in text
        link = text.splitlines()[-1]
        assert link.startswith(f"{here.parts.config.public_url}/d/")
        assert await here.platform.received() == []

        page = ""
        for _ in range(7):  # robots
            async with here.session.get(link) as answer:
                page = await answer.text()
                assert answer.status == 200
                assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
                assert "no-store" in answer.headers["Cache-Control"]
        assert 'name="digits"' in page
        assert "hiện trường" not in page
        async with here.session.post(link, data={"digits": "0000"}) as answer:
            assert answer.status == 403
            assert "còn 4 lần" in await answer.text()
        async with here.session.post(link, data={"digits": "5678"}) as answer:
            assert answer.status == 200
            assert hashlib.sha256(await answer.read()).hexdigest() == file["sha256"]
            assert answer.headers["Content-Disposition"].startswith("attachment;")
            assert "sandbox" in answer.headers["Content-Security-Policy"]
        for wrong in (link[:-1] + ("0" if link[-1] != "0" else "1"), link.replace("/d/", "/d/0"), f"{link}/x", link.rpartition(".")[0]):  # fmt: skip
            async with here.session.get(wrong) as answer:
                assert answer.status in (404, 410)
        here.parts.clock.offset_ms += 72 * 3_600_000
        async with here.session.post(link, data={"digits": "5678"}) as answer:
            assert answer.status == 410
            assert "hết hạn" in await answer.text()


async def _known(here: Place) -> tuple[str, list[Any]] | None:
    conversation, messages = await here.messages()
    return (conversation, messages) if conversation else None


async def _away(source: str, *, cap: int) -> bytes:
    from channels.contract import Retryable

    raise Retryable("not reached")
