"""The child process of `filecheck`: reads a file from stdin, writes it to stdout without metadata, or says why not.

Runs alone (`python -I`), limits itself, imports nothing of the gateway. Exit 0: stdout is the file; 1: stdout is a code.
"""

from __future__ import annotations

import io
import re
import resource
import sys
import zlib
from collections.abc import Iterator
from typing import Any, Final

MEMORY: Final = 512 * 1024 * 1024
CPU_S: Final = 10
PIXELS: Final = 50_000_000
SIDE: Final = 10_000
PAGES: Final = 200
EDGE: Final = 64 * 1024
UNPACKED: Final = 32 * 1024 * 1024
_FOREIGN: Final = (b"<html", b"<script", b"MZ\x90", b"\x7fELF", b"PK\x05\x06")
_ACTIVE: Final = re.compile(
    rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData)(?![A-Za-z])"
)
_HASHED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")


class Refused(Exception):
    """The text is the code."""


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes to a pipe only


def image(data: bytes, form: str) -> bytes:
    """Decoded and encoded anew: no EXIF, no place, no maker's notes, nothing hidden behind the picture."""
    from PIL import Image, ImageOps, JpegImagePlugin

    Image.MAX_IMAGE_PIXELS = PIXELS
    picture = Image.open(io.BytesIO(data), formats=[form])
    if picture.width * picture.height > PIXELS or max(picture.size) > SIDE:
        raise Refused("too_large")
    picture.load()
    out = io.BytesIO()
    same: dict[str, Any] = {}  # as fine as it was, no finer: a phone's picture must not double in size
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        same = {"qtables": picture.quantization, "subsampling": JpegImagePlugin.get_sampling(picture)}
    upright = ImageOps.exif_transpose(picture)
    del picture  # two copies of 50 megapixels are all that fits
    upright.info = {key: value for key, value in upright.info.items() if key == "transparency"}
    if form == "JPEG":
        mode = upright if upright.mode in ("RGB", "L", "CMYK") else upright.convert("RGB")
        mode.save(out, "JPEG", exif=b"", **(same if same.get("subsampling", -1) >= 0 else {"quality": 92}))
    elif form == "PNG":
        upright.save(out, "PNG")
    else:
        upright.save(out, "WEBP", quality=92, exif=b"", xmp=b"")
    return out.getvalue()


def heic(data: bytes) -> bytes:
    """There is no decoder for it here: the boxes' items of metadata are overwritten in place instead."""
    return blank_metadata(data)


def blank_metadata(data: bytes) -> bytes:
    """Zeroes over the Exif and XMP items of an ISO base media file. Raises Refused when its boxes make no sense."""
    meta = next((body for kind, body in boxes(data, 0, len(data)) if kind == b"meta"), None)
    if meta is None:
        raise Refused("unreadable")
    inner = list(boxes(data, meta[0] + 4, meta[1]))
    items: set[int] = set()
    for kind, (start, end) in inner:
        if kind == b"iinf":
            items = metadata_items(data, start, end)
    out = bytearray(data)
    for kind, (start, end) in inner:
        if kind == b"iloc":
            for item, offset, length in locations(data, start, end):
                if item in items and 0 < offset <= len(out) and offset + length <= len(out):
                    out[offset : offset + length] = bytes(length)
    return bytes(out)


def boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """(kind, (start of its body, end)) of every box in a stretch."""
    while at + 8 <= end:
        size, kind, head = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16]), 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            raise Refused("unreadable")
        yield kind, (at + head, at + size)
        at += size


def metadata_items(data: bytes, start: int, end: int) -> set[int]:
    wide = data[start] != 0
    found: set[int] = set()
    for kind, (at, _) in boxes(data, start + (8 if wide else 6), end):
        if kind != b"infe" or data[at] not in (2, 3):
            continue
        id_bytes = 2 if data[at] == 2 else 4
        item = int.from_bytes(data[at + 4 : at + 4 + id_bytes])
        name = data[at + 6 + id_bytes : at + 10 + id_bytes]
        if name in (b"Exif", b"mime"):
            found.add(item)
    return found


def locations(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(item, offset in the file, length) of every extent that lies in the file itself."""
    version, sizes = data[start], int.from_bytes(data[start + 4 : start + 6])
    offset_bytes, length_bytes, base_bytes, index_bytes = (
        (sizes >> 12) & 15,
        (sizes >> 8) & 15,
        (sizes >> 4) & 15,
        sizes & 15,
    )
    at = start + 6
    wide = 4 if version == 2 else 2

    def take(count: int) -> int:
        nonlocal at
        if at + count > end:
            raise Refused("unreadable")
        at += count
        return int.from_bytes(data[at - count : at])

    for _ in range(take(wide)):
        item = take(wide)
        method = take(2) & 15 if version in (1, 2) else 0
        take(2)
        base = take(base_bytes)
        for _ in range(take(2)):
            if version in (1, 2):
                take(index_bytes)
            offset, length = take(offset_bytes), take(length_bytes)
            if method == 0:
                yield item, base + offset, length


def pdf(data: bytes) -> bytes:
    """Looked at, not rewritten: signatures of insurers must stay valid."""
    if b"%%EOF" not in data[-2048:]:
        raise Refused("unreadable")
    edges = (data[:EDGE] + data[-EDGE:]).lower()
    if any(mark.lower() in edges for mark in _FOREIGN):
        raise Refused("unsafe")
    plain = data + unpacked(data)
    plain = _HASHED.sub(lambda found: bytes([int(found[1], 16)]), plain)
    if _ACTIVE.search(plain):
        raise Refused("unsafe")
    if len(re.findall(rb"/Type\s*/Page(?![A-Za-z])", plain)) > PAGES:
        raise Refused("pages")
    return data


def unpacked(data: bytes) -> bytes:
    """The object streams, where active parts could hide."""
    out = b""
    for found in re.finditer(rb"/ObjStm", data):
        start = data.find(b"stream", found.start(), found.start() + 2000)
        if start < 0:
            continue
        start += 6
        start += 2 if data[start : start + 2] == b"\r\n" else 1
        try:
            out += zlib.decompressobj().decompress(data[start:], UNPACKED - len(out))
        except zlib.error:
            continue
        if len(out) >= UNPACKED:
            raise Refused("unsafe")
    return out


WORK: Final = {
    "image/jpeg": lambda data: image(data, "JPEG"),
    "image/png": lambda data: image(data, "PNG"),
    "image/webp": lambda data: image(data, "WEBP"),
    "image/heic": heic,
    "application/pdf": pdf,
}


def main() -> int:
    limit()
    try:
        out = WORK[sys.argv[1]](sys.stdin.buffer.read())
    except Refused as err:
        sys.stdout.write(str(err))
        return 1
    except Exception as err:
        sys.stdout.write("too_large" if type(err).__name__ == "DecompressionBombError" else "unreadable")
        return 1
    sys.stdout.buffer.write(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
