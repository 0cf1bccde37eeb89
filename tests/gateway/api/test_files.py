"""Files: what is taken, what becomes of it, who may have it again."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import FormData
from fpdf import FPDF
from PIL import Image

from channels.contract import OutboundFile
from gateway import filework
from gateway.api import models_contacts as models
from gateway.filecheck import DOCUMENTS, MEDIA, FileRefused, accept, kind_of, safe_name, smaller
from gateway.filestore import FileStore
from storage import files as rows
from tests.gateway.api.conftest import Caller, House

# 96 by 64, red with a blue corner, as an iPhone packs it; the decoder here cannot make one
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAZdtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAA"
    "AAAERAAAIAAQAAAAABuwABAAAAAAAAAG0AAgAAAAACKAABAAAAAAAAAEIAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVp"
    "bmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA1mlwcnAAAAC3aXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGE"
    "ABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoDCBBZbqSSmubgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAi"
    "QAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABgAAAAQAAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAAB"
    "ppcmVmAAAAAAAAAA5jZHNjAAIAAQABAAAAt21kYXQAAABpKAGvE4B3qO0nEzf/r6iv7FdX7GukW50oS0vAXcfcR5dyGgKg3qSOg4QoKso7O2A7"
    "yHkQSVzvxDBIvRPgjqSpXUsHoPr9RpT+lKdgcSFa7R//76TvW36KOU//DEF9ufhZh2rzkoqiQrqAAAAABkV4aWYAAE1NACoAAAAIAAIBDgACAA"
    "AAEQAAACYBEgADAAAAAQAGAAAAAAAAMTAuNzc2OSwxMDYuNzAwOQAA"
)


def picture(form: str = "JPEG", size: tuple[int, int] = (64, 48)) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "10.7769,106.7009 bí mật"
    exif[0x0112] = 6  # lies on its side
    out = io.BytesIO()
    Image.effect_noise(size, 50).convert("RGB").save(out, form, exif=exif)
    return out.getvalue() + b"<?php hidden behind the picture"


def paper(pages: int = 1) -> bytes:
    document = FPDF()
    for _ in range(pages):
        document.add_page()
    return bytes(document.output())


async def send(caller: Caller, data: bytes, name: str, kind: str = "", **fields: str) -> tuple[int, dict]:  # type: ignore[type-arg]
    form = FormData()
    form.add_field("file", io.BytesIO(data), filename=name, content_type=kind or "application/octet-stream")
    for key, value in fields.items():
        form.add_field(key, value)
    return await caller("POST", "/files", data=form)


async def test_a_certificate_from_upload_to_the_customer(house: House) -> None:
    conversation = await house.conversation("f", lead=True)
    lan, minh, dpo = (
        await house.as_role("advisor", "Lan"),
        await house.as_role("advisor", "Minh"),
        await house.as_role("dpo"),
    )
    pdf = paper()
    status, file = await send(lan, pdf, "../Giấy chứng nhận\u202e.pdf", "application/pdf")
    assert status == 201
    assert (file["name"], file["mime"], file["size"]) == ("_Giấy chứng nhận.pdf", "application/pdf", len(pdf))
    assert await lan("GET", f"/files/{file['id']}") == (200, pdf)
    assert (await minh("GET", f"/files/{file['id']}"))[0] == 404, "nobody's business yet but hers"
    assert (await dpo("GET", f"/files/{file['id']}"))[0] == 403

    status, message = await lan(
        "POST", f"/conversations/{conversation}/messages", {"text": "Em gửi giấy", "attachment_ids": [file["id"]]}
    )
    assert status == 202, message
    (attachment,) = message["attachments"]
    assert (attachment["name"], attachment["state"], attachment["url"]) == (
        file["name"],
        "stored",
        f"/api/v1/files/{file['id']}",
    )
    await house.settled()
    (sent,) = [
        request
        for request in house.clients["telegram:main"].sent
        if "ocument" in type(request).__name__ or "document" in str(request)
    ]
    assert sent is not None
    kept = [path for path in house.parts.config.files.path.rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [file["id"]]
    assert oct(kept[0].stat().st_mode & 0o777) == "0o600"
    assert b"%PDF" not in kept[0].read_bytes()

    other = await house.conversation("g", lead=True)
    status, answer = await lan("POST", f"/conversations/{other}/messages", {"attachment_ids": [file["id"]]})
    assert (status, answer["error"]["code"]) == (422, "invalid"), "one customer's paper is never sent to another"
    async with house.session.get(
        f"{house.url}/api/v1/files/{file['id']}", headers={"Authorization": f"Bearer {lan.token}"}
    ) as answer_:
        assert answer_.headers["Content-Disposition"].startswith("attachment;")
        assert "%E1%BA%A5y" in answer_.headers["Content-Disposition"]
        assert answer_.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer_.headers["X-Content-Type-Options"] == "nosniff"


async def test_nothing_is_put_to_a_customer_whom_another_has(house: House) -> None:
    conversation = await house.conversation("f", lead=True)
    lan, minh = await house.as_role("advisor", "Lan"), await house.as_role("advisor", "Minh")
    await lan.post(f"/conversations/{conversation}/take")
    contact = (await lan.get(f"/conversations/{conversation}"))["contact_id"]
    for whose in ({"conversation_id": conversation}, {"contact_id": contact}):
        status, answer = await send(minh, paper(), "hop-dong.pdf", **whose)
        assert (status, answer["error"]["code"]) == (403, "not_yours")
        assert (await send(lan, paper(), "hop-dong.pdf", **whose))[0] == 201


async def test_what_is_refused_and_how_it_is_said(house: House) -> None:
    lan = await house.as_role("advisor", "Lan")
    for data, name, kind, wanted in (
        (b"", "a.pdf", "", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "image/svg+xml", "type"),
        (b"PK\x03\x04" + bytes(40), "a.docx", "", "type"),
        (picture(), "a.pdf", "", "mismatch"),
        (picture(), "a.jpg", "application/pdf", "mismatch"),
        (b"%PDF-1.7 /OpenAction << /S /JavaScript /JS (x) >> %%EOF", "a.pdf", "", "unsafe"),
        (b"\xff\xd8\xff\xe0" + bytes(90), "a.jpg", "", "unreadable"),
    ):
        status, answer = await send(lan, data, name, kind)
        assert (status, answer["error"]["code"], answer["error"]["fields"]) == (
            422,
            "file_refused",
            {"file": wanted},
        ), name
    status, answer = await send(lan, bytes(models.LIMIT_FILE + 20_000), "a.pdf")
    assert (status, answer["error"]["code"]) == (413, "too_large")
    status, answer = await lan("POST", "/files", {"file": "x"})
    assert (status, answer["error"]["code"]) == (415, "unsupported_media_type")
    for body in (b"", b"--x--", b"--x\r\n\r\n\r\n--x--", b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--"):
        status, answer = await lan(
            "POST", "/files", data=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        assert status in (400, 422), body
    status, answer = await send(lan, paper(), "a.pdf", contact_id="0" * 26)
    assert status == 404
    status, answer = await send(lan, paper(), "a.pdf", colour="red")
    assert (status, answer["error"]["code"]) == (422, "invalid")
    assert list(house.parts.config.files.path.rglob("*")) == []


async def test_the_same_upload_twice_is_one_file(house: House) -> None:
    lan = await house.as_role("advisor", "Lan")
    kept, pdf = [], paper()
    for _ in range(2):  # the boundary differs, the content does not
        form = FormData()
        form.add_field("file", pdf, filename="a.pdf", content_type="application/pdf")
        status, body = await lan("POST", "/files", data=form, headers={"Idempotency-Key": "up"})
        kept.append((status, body["id"]))
    assert kept[0] == kept[1]
    assert len(house.api.files.names()) == 1
    house.parts.clock.offset_ms += rows.ORPHANED_MS + 1
    await house.api._forget()
    assert house.api.files.names() == [], "a file that was never attached is not kept"
    assert (await lan("GET", f"/files/{kept[0][1]}"))[0] == 404


# ---- the check itself


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
async def test_pictures_lose_everything_but_the_picture(form: str) -> None:
    given = picture(form)
    taken = await accept(given, name=f"a.{form.lower()}")
    assert b"106.7009" in given
    assert b"106.7009" not in taken.data
    assert b"<?php" not in taken.data
    assert Image.open(io.BytesIO(taken.data)).size == (48, 64), "it stands upright"


@pytest.mark.parametrize(
    ("form", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB")]
)
def test_a_picture_is_made_as_small_as_it_must_be_and_no_smaller(form: str, mode: str) -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "10.7769,106.7009", 6
    given = io.BytesIO()
    Image.effect_noise((900, 600), 20).convert(mode).save(given, form, exif=exif)
    sizes = []
    for most in (1_000_000, 60_000, 12_000):
        made = filework.fitted(given.getvalue(), form, most)
        shown = Image.open(io.BytesIO(made))
        assert (shown.format, len(made) <= most, b"106.7009" in made) == ("JPEG", True, False)
        assert abs(shown.width / shown.height - 2 / 3) < 0.01, "it stands upright"
        sizes.append(shown.height)
    assert sizes[0] == 900 > sizes[1] > sizes[2]
    with pytest.raises(filework.Refused, match="too_large"):
        filework.fitted(given.getvalue(), form, 100)


def test_what_was_clear_is_white() -> None:
    given = io.BytesIO()
    Image.new("RGBA", (40, 30), (0, 0, 0, 0)).save(given, "PNG")
    assert Image.open(io.BytesIO(filework.fitted(given.getvalue(), "PNG", 9_000))).getpixel((5, 5)) == (255, 255, 255)


async def test_the_child_makes_it_smaller_and_names_it() -> None:
    data = picture("PNG", (300, 200))
    file = OutboundFile(id="f", name="ảnh xe.png", mime="image/png", size=len(data), data=data)
    made = await smaller(file, 40_000)
    assert (made.name, made.mime, made.size) == ("ảnh xe.jpg", "image/jpeg", len(made.data))
    assert kind_of(made.data) == "image/jpeg"
    assert made.size <= 40_000
    with pytest.raises(FileRefused):
        await smaller(replace(file, data=data[:100]), 40_000)


async def test_bombs_do_not_go_off() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10_000_000))) + chunk(b"IEND", b"")
    with pytest.raises(FileRefused) as caught:
        await accept(bomb, name="bomb.png")
    assert caught.value.code == "too_large"
    with pytest.raises(FileRefused, match="pages"):
        await accept(b"%PDF-1.4\n" + b"<< /Type /Page >>\n" * 201 + b"%%EOF", name="a.pdf")


def stream(head: bytes, body: bytes) -> bytes:
    return b"1 0 obj\n<< " + head + b" >>\nstream\n" + body + b"\nendstream\nendobj\n"


def test_active_parts_are_found_where_they_hide() -> None:
    packed = zlib.compress(b"<< /S /JavaScript /JS (app.alert(1)) >>")
    for body in (
        b"%PDF-1.7\n<< /S /Launch >>\n%%EOF",
        b"%PDF-1.7\n<< /S /J#61vaScript >>\n%%EOF",
        b"%PDF-1.7\n<< /Type /ObjStm /Filter /FlateDecode >>\nstream\n" + packed + b"\nendstream\n%%EOF",
        b"%PDF-1.7\n<html>\n%%EOF",
        b"%PDF-1.7\n" + stream(b"/Type /Obj#53tm /Filter /Fl#61teDecode", packed) + b"%%EOF",
        b"%PDF-1.7\n" + stream(b"/Type /ObjStm /Filter [/FlateDecode]", packed[:-6] + b"damaged") + b"%%EOF",
        b"%PDF-1.7\n" + stream(b"/Type /ObjStm /Filter /LZWDecode", b"whatever") + b"%%EOF",
        b"%PDF-1.7\n"
        + stream(b"/Type /ObjStm /Filter /FlateDecode /DecodeParms << /Predictor 12 >>", packed)
        + b"%%EOF",
        b"%PDF-1.7\n" + stream(b"/Type /ObjStm /Filter /FlateDecode", zlib.compress(bytes(40 << 20))) + b"%%EOF",
        b"%PDF-1.7\n1 0 obj\n(>> stream\n) << /S /JavaScript >> (endstream)\nendobj\n%%EOF",
        b"%PDF-1.7\n<< /OpenAction << /S /URI /URI (https://example.com) >> >>\n%%EOF",
        b"%PDF-1.7\n<< /OpenAction 7 0 R >>\n7 0 obj\n<< /S /URI /URI (https://example.com) >>\nendobj\n%%EOF",
        b"%PDF-1.7\n<< /XFA 3 0 R >>\n%%EOF",
        b"%PDF-1.7\n%%EOF\nPK\x05\x06" + bytes(18),
    ):
        with pytest.raises(filework.Refused, match="unsafe"):
            filework.pdf(body)
    assert filework.pdf(paper())


def test_a_locked_document_is_called_so() -> None:
    hidden = stream(b"/Type /ObjStm /Filter /FlateDecode", zlib.compress(b"<< >>"))
    with pytest.raises(filework.Refused, match="locked"):
        filework.pdf(b"%PDF-1.7\n" + hidden + b"trailer << /Encrypt 9 0 R >>\n%%EOF")


def test_a_scan_is_not_refused_for_what_its_pixels_spell() -> None:
    """Three letters come up by chance in one scan of a hundred."""
    pixels = stream(b"/Type /XObject /Filter /DCTDecode", b"\xff\xd8 /JS( MZ\x90 /XFA /AA" + bytes(range(256)) * 40)
    opens = b"<< /OpenAction [3 0 R /Fit] >> << /OpenAction << /S /GoTo /D [3 0 R /Fit] >> >>"
    for body in (pixels + opens, stream(b"/Type /ObjStm /Filter /FlateDecode", zlib.compress(b"<< /Type /Page >>"))):
        assert filework.pdf(b"%PDF-1.7\n" + body + b"\n%%EOF")


def test_heic_metadata_is_blanked_in_place() -> None:
    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", 8 + len(body)) + kind + body

    secret = b"Exif\0\0 10.7769,106.7009"
    infe = box(b"infe", b"\x02\0\0\0" + struct.pack(">HH", 7, 0) + b"Exif\0")
    iinf = box(b"iinf", bytes(4) + struct.pack(">H", 1) + infe)

    def file(offset: int) -> bytes:
        iloc = box(
            b"iloc",
            bytes(4) + bytes([0x44, 0x00]) + struct.pack(">H", 1) + struct.pack(">HHHII", 7, 0, 1, offset, len(secret)),
        )
        return box(b"ftyp", b"heic" + bytes(4)) + box(b"meta", bytes(4) + iinf + iloc) + box(b"mdat", secret)

    given = file(len(file(0)) - len(secret))
    clean = filework.heic(given)
    assert len(clean) == len(given)
    assert b"106.7009" not in clean
    for broken in (given[:30], b"\0\0\0\x10ftypheic", bytes(100)):
        with pytest.raises(filework.Refused):
            filework.heic(broken)


async def test_an_iphones_picture_is_kept_as_one_that_everybody_can_see() -> None:
    for name in ("IMG_0042.HEIC", "IMG_0042.jpg"):
        taken = await accept(HEIC, name=name, declared="image/heic")
        assert (taken.name, taken.mime) == ("IMG_0042.jpg", "image/jpeg")
        assert b"106.7009" in HEIC
        assert b"106.7009" not in taken.data
        shown = Image.open(io.BytesIO(taken.data))
        corner, middle = shown.getpixel((5, 5)), shown.getpixel((90, 60))
        assert isinstance(corner, tuple)
        assert isinstance(middle, tuple)
        assert (shown.format, shown.size, corner[2] > 150, middle[0] > 150) == ("JPEG", (96, 64), True, True)


async def test_one_that_cannot_be_decoded_is_kept_as_it_came_without_its_metadata() -> None:
    broken = HEIC.replace(b"hvc1", b"xyz1")
    taken = await accept(broken, name="a.heic")
    assert (taken.name, taken.mime, len(taken.data)) == ("a.heic", "image/heic", len(broken))
    assert b"106.7009" not in taken.data


def test_kinds_and_names() -> None:
    for head, kind in (
        (b"OggS" + bytes(60), "audio/ogg"),
        (b"ID3\x04" + bytes(60), "audio/mpeg"),
        (b"\0\0\0\x18ftypisom" + bytes(60), "video/mp4"),
        (b"\0\0\0\x18ftypM4A " + bytes(60), "audio/mp4"),
        (b"\0\0\0\x18ftypqt  " + bytes(60), "video/quicktime"),
        (b"\0\0\0\x18ftypavif" + bytes(60), ""),
        (b"#!AMR\n" + bytes(60), "audio/amr"),
        (b"\xff\xf1\x50\x80" + bytes(60), "audio/aac"),
        (b"\xff\xfb\x90\x64" + bytes(60), "audio/mpeg"),
        (b"GIF89a" + bytes(60), "image/gif"),
        (b"PK\x03\x04" + bytes(60), ""),
        (b"<!DOCTYPE html>", ""),
        (b"MZ" + bytes(60), ""),
    ):
        assert kind_of(head) == kind
        assert kind in MEDIA | {""}
        assert kind not in DOCUMENTS
    for name, wanted in (
        ("a.PDF", "a.PDF"),
        ("", "file.pdf"),
        ("....", "file.pdf"),
        ("hợp đồng", "hợp đồng.pdf"),
        ("con.pdf", "_con.pdf"),
        ("a\u0000b/../c.pdf", "a b_.._c.pdf"),
        ("hoá đơn số 1.234/2026", "hoá đơn số 1.234_2026.pdf"),
        ("Giấy chứng nhận số 12.2026", "Giấy chứng nhận số 12.2026.pdf"),
        ("bản v1.2b", "bản v1.2b.pdf"),
    ):
        assert safe_name(name, "application/pdf") == wanted, name
    assert safe_name("ảnh.PNG", "image/jpeg") == "ảnh.jpg"
    for name, mime in (
        ("certificate.exe", "application/pdf"),
        ("a.HTML", "application/pdf"),
        ("a.docm", "image/jpeg"),
        ("a.jpg", "application/pdf"),
        ("a.pdf", "image/png"),
        ("a.svg", "image/png"),
    ):
        with pytest.raises(FileRefused):
            safe_name(name, mime)


async def test_a_moving_picture_is_kept_moving_and_a_bomb_of_frames_is_not() -> None:
    frames = [Image.new("L", (40, 30), shade) for shade in (0, 90, 180)]
    given = io.BytesIO()
    frames[0].save(given, "GIF", save_all=True, append_images=frames[1:], comment=b"10.7769,106.7009")
    taken = await accept(given.getvalue(), name="a.gif", allowed=MEDIA)
    assert getattr(Image.open(io.BytesIO(taken.data)), "n_frames", 1) == 3
    assert b"106.7009" not in taken.data
    with pytest.raises(FileRefused) as caught:
        await accept(given.getvalue(), name="a.gif")
    assert caught.value.code == "type", "people at the desk and visitors send none"


async def test_the_store_keeps_whole_sealed_files_only(tmp_path: Path) -> None:
    store, key = FileStore(tmp_path / "files"), rows.new_key()
    file_id = await store.put(b"%PDF-1.4 secret", key)
    assert await store.get(file_id, key) == b"%PDF-1.4 secret"
    path = next(path for path in (tmp_path / "files").rglob(file_id))
    for spoilt in (path.read_bytes()[:-1], b"", path.read_bytes().replace(b"IBG", b"XBG")):
        path.write_bytes(spoilt)
        with pytest.raises(FileNotFoundError):
            await store.get(file_id, key)
    for bad in ("../../etc/passwd", "", "x" * 26, file_id[:-1]):
        with pytest.raises(FileNotFoundError):
            await store.get(bad, key)
    await store.drop(file_id)
    await store.drop(file_id)
    assert store.names() == []
