"""A visitor's files: taken by their content, said in his thread, given to nobody else."""

import io
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from PIL import Image

from gateway.webchat import uploads
from storage import files
from tests.support.webchat import Guest, Site

Come = Callable[[], Awaitable[Guest]]


def photo(size: int = 40) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (size, size), "teal").save(data, "JPEG")
    return data.getvalue()


async def send(
    visitor: Guest, data: bytes, name: str = "xe.jpg", mime: str = "image/jpeg"
) -> tuple[int, dict[str, Any]]:
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(data), filename=name, content_type=mime)
    headers = {"Origin": visitor.url, "X-Chat-Token": visitor.token}
    async with visitor.session.post(f"{visitor.url}/chat/files", data=form, headers=headers) as answer:
        return answer.status, await answer.json()


async def get(visitor: Guest, path: str) -> tuple[int, bytes, Any]:
    async with visitor.session.get(visitor.url + path, headers={"X-Chat-Token": visitor.token}) as answer:
        return answer.status, await answer.read(), answer.headers


async def test_a_photo_goes_up_is_said_and_comes_back(guest: Come) -> None:
    visitor = await guest()
    status, stored = await send(visitor, photo(), name="Ảnh đăng ký xe.jpg")
    assert status == 201
    assert (stored["name"], stored["mime"]) == ("Ảnh đăng ký xe.jpg", "image/jpeg")
    client_id = secrets.token_hex(16)
    await visitor.send(
        {"type": "file", "id": client_id, "file": stored["id"], "name": "../evil.html", "mime": "text/html", "size": 1}
    )
    await visitor.frame("ack", id=client_id)
    said = await visitor.frame("message", client_id=client_id)
    assert said["kind"] == "image"
    (attachment,) = said["attachments"]
    assert (attachment["name"], attachment["mime"], attachment["state"]) == (
        "Ảnh đăng ký xe.jpg",
        "image/jpeg",
        "stored",
    )
    status, data, headers = await get(visitor, attachment["url"])
    assert (status, data[:3]) == (200, b"\xff\xd8\xff")
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Content-Disposition"].startswith(
        "attachment; filename=\"_nh __ng k_ xe.jpg\"; filename*=UTF-8''%E1%BA%A2nh"
    )
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


async def test_nobody_else_gets_it(guest: Come) -> None:
    visitor, stranger = await guest(), await guest()
    _, stored = await send(visitor, photo())
    assert (await get(stranger, f"/chat/files/{stored['id']}"))[0] == 404
    assert (await get(visitor, f"/chat/files/{'0' * 26}"))[0] == 404
    await stranger.send({"type": "file", "id": "f" * 32, "file": stored["id"]})
    assert (await stranger.frame("refused"))["code"] == "no_file"
    async with visitor.session.get(f"{visitor.url}/chat/files/{stored['id']}") as answer:
        assert answer.status == 401


async def test_another_site_cannot_show_it(guest: Come) -> None:
    visitor = await guest()
    _, stored = await send(visitor, photo())
    headers = {"X-Chat-Token": visitor.token, "Sec-Fetch-Site": "cross-site"}
    async with visitor.session.get(f"{visitor.url}/chat/files/{stored['id']}", headers=headers) as answer:
        assert answer.status == 403


async def test_a_file_of_the_advisor_is_the_visitors_too(site: Site, guest: Come) -> None:
    visitor, stranger = await guest(), await guest()
    await visitor.say("cho tôi gặp tư vấn viên")
    await visitor.frame("message", author="bot")
    hang = await site.advisor()
    await site.act(visitor.thread, "take", hang)
    key, store = files.new_key(), uploads.FileStore(site.parts.config.files.path)
    file_id = await store.put(b"%PDF-1.4 quy tac %%EOF", key)
    await site.parts.store.run(
        lambda tx: files.create(
            tx,
            file_id=file_id,
            key=key,
            name="quy tắc.pdf",
            mime="application/pdf",
            size=22,
            sha256="x",
            created_by=hang.id,
        )
    )
    assert (await get(visitor, f"/chat/files/{file_id}"))[0] == 404
    await site.act(visitor.thread, "reply", hang, text="em gửi quy tắc", file_ids=[file_id])
    said = await visitor.frame("message", author="advisor")
    assert said["attachments"][0]["name"] == "quy tắc.pdf"
    assert (await get(visitor, said["attachments"][0]["url"]))[:2] == (200, b"%PDF-1.4 quy tac %%EOF")
    assert (await get(stranger, said["attachments"][0]["url"]))[0] == 404


async def test_what_is_no_picture_and_no_pdf_is_refused_in_words(guest: Come) -> None:
    visitor = await guest()
    for data, name, mime in (
        (b"<html><script>alert(1)</script>", "anh.jpg", "image/jpeg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "anh.svg", "image/svg+xml"),
        (b"MZ\x90\x00" * 100, "hoa-don.pdf", "application/pdf"),
        (b"", "rong.pdf", "application/pdf"),
        (b"PK\x03\x04" + b"\0" * 100, "hop-dong.docx", "application/pdf"),
        (photo(), "anh.html", "text/html"),
    ):
        status, told = await send(visitor, data, name, mime)
        assert (status, told["error"]["code"]) == (422, "file_refused"), name
        assert "ạ." in told["error"]["message"]


async def test_what_is_too_large_is_refused_before_it_is_read(guest: Come) -> None:
    visitor = await guest()
    status, told = await send(visitor, b"\xff\xd8\xff" + b"\0" * (20 * 1024 * 1024))
    assert status == 413
    assert "20 MB" in told["error"]["message"]


async def test_uploads_are_taken_slowly(guest: Come) -> None:
    visitor = await guest()
    answers = [(await send(visitor, b""))[0] for _ in range(uploads.A_MINUTE + 1)]
    assert answers == [422] * uploads.A_MINUTE + [429]


async def test_what_is_no_form_is_refused(guest: Come) -> None:
    visitor = await guest()
    headers = {"Origin": visitor.url, "X-Chat-Token": visitor.token}
    other = b"--x\r\nContent-Disposition: form-data; name=other\r\n\r\nabc\r\n--x--\r\n"
    for body, mime, status in (
        (b"{}", "application/json", 415),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x", 400),
        (other, "multipart/form-data; boundary=x", 400),
    ):
        form = headers | {"Content-Type": mime}
        async with visitor.session.post(f"{visitor.url}/chat/files", data=body, headers=form) as answer:
            assert answer.status == status
