"""The child process of `filecheck`: reads a file from stdin, writes it to stdout without metadata, or says why not.
With a second argument, a number of bytes, it writes a picture as a JPEG that has no more.

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
FRAMES: Final = 200
# (the longer side, quality), the finest first: a paper's small print goes with the pixels sooner than with the quality
STEPS: Final = (
    (2560, 85), (2560, 75), (2048, 80), (2048, 70), (1600, 75), (1280, 75), (1024, 70), (800, 60), (640, 50), (320, 40),
)  # fmt: skip
_FORMS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_FOREIGN: Final = (b"<html", b"<script", b"mz\x90\0\x03\0", b"run in dos mode", b"\x7felf", b"pk\x05\x06")  # lower case
# Long words are looked for in every byte. Three letters would be found by chance in one scan of a hundred, so those are
# looked for where no picture is.
_ACTIVE: Final = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|Rendition|SubmitForm|ImportData|GoToE)(?![A-Za-z])"
)
_SHORT: Final = re.compile(rb"/(?:JS|XFA)(?![A-Za-z])")
_OPENS: Final = re.compile(rb"/OpenAction\s*(?:<<(?P<here>.*?)>>|(?P<there>\d{1,10}\s+\d{1,5})\s+R)", re.DOTALL)
_DOES: Final = re.compile(rb"/S\s*/(?!GoTo(?![A-Za-z])|Named(?![A-Za-z]))[A-Za-z]")
_HASHED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM: Final = re.compile(rb">>\s*stream\r?\n")
_PACKED: Final = re.compile(rb"/Type\s*/ObjStm(?![A-Za-z])")
_PLAINLY: Final = re.compile(rb"/Filter\s*(?:/FlateDecode|\[\s*/FlateDecode\s*\])(?![A-Za-z])")
_TRANSFORMED: Final = re.compile(rb"/Predictor\s+(?!1\s)\d")


class Refused(Exception):
    """The text is the code."""


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes to a pipe only


def image(data: bytes, form: str) -> bytes:
    """Decoded and encoded anew: no EXIF, no place, no maker's notes, nothing hidden behind the picture."""
    from PIL import ImageOps, JpegImagePlugin

    picture = opened(data, form)
    out = io.BytesIO()
    if form == "GIF":
        frames = getattr(picture, "n_frames", 1)
        moves = 1 < frames <= FRAMES and frames * picture.width * picture.height <= PIXELS
        picture.info = {
            key: value for key, value in picture.info.items() if key in ("transparency", "duration", "loop")
        }
        picture.save(out, "GIF", save_all=moves)
        return out.getvalue()
    picture.load()
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


def opened(data: bytes, form: str) -> Any:
    """The picture, its pixels not read yet."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = PIXELS
    picture = Image.open(io.BytesIO(data), formats=[form])
    if picture.width * picture.height > PIXELS or max(picture.size) > SIDE:
        raise Refused("too_large")
    return picture


def fitted(data: bytes, form: str, most: int) -> bytes:
    """A JPEG of at most so many bytes, upright, on white where it was clear, as fine as that allows."""
    from PIL import Image, ImageOps

    picture = opened(data, form)
    picture.draft("RGB", (STEPS[0][0], STEPS[0][0]))  # a JPEG is read no larger than it is wanted
    if picture.mode in ("1", "P"):  # those are made smaller by leaving out
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    picture.thumbnail((STEPS[0][0], STEPS[0][0]), reducing_gap=2.0)
    upright = ImageOps.exif_transpose(picture)
    if upright.has_transparency_data:
        whole = upright.convert("RGBA")
        upright = Image.new("RGB", whole.size, "white")
        upright.paste(whole, mask=whole.getchannel("A"))
    plain = upright.convert("RGB")
    plain.info = {}
    for side, quality in STEPS:
        plain.thumbnail((side, side), reducing_gap=2.0)
        out = io.BytesIO()
        plain.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= most:
            return out.getvalue()
    raise Refused("too_large")


def heic(data: bytes) -> bytes:
    """A JPEG, which browsers and platforms show. Of what the decoder does not know the boxes' items of metadata are
    overwritten in place, and it stays as it came."""
    import pi_heif

    pi_heif.register_heif_opener()
    pi_heif.options.DECODE_THREADS = 1
    clean = blank_metadata(data)
    out = io.BytesIO()
    try:
        opened(data, "HEIF").convert("RGB").save(out, "JPEG", quality=85, exif=b"")  # the decoder has set it upright
    except Refused:
        raise
    except (OSError, ValueError, RuntimeError, SyntaxError, EOFError, MemoryError):
        return clean
    return out.getvalue()


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
    if any(mark in edges for mark in _FOREIGN):
        raise Refused("unsafe")
    frame, packed = taken_apart(data)
    plain = frame + packed
    if _ACTIVE.search(named(data)) or _ACTIVE.search(plain) or _SHORT.search(plain) or opens_something(plain):
        raise Refused("unsafe")
    if len(re.findall(rb"/Type\s*/Page(?![A-Za-z])", plain)) > PAGES:
        raise Refused("pages")
    return data


def named(data: bytes) -> bytes:
    """Names as readers take them: #61 is an a."""
    return _HASHED.sub(lambda found: bytes([int(found[1], 16)]), data)


def taken_apart(data: bytes) -> tuple[bytes, bytes]:
    """What stands between the streams; and the object streams unpacked, where active parts could hide. Raises Refused
    for those that cannot be looked into."""
    frame, packed, at = bytearray(), bytearray(), 0
    while found := _STREAM.search(data, at):
        head = named(data[at : found.end()])
        frame += head
        own = head[head.rfind(b" obj") + 1 :]
        if _PACKED.search(own):
            if not _PLAINLY.search(own) or _TRANSFORMED.search(own):
                raise Refused("unsafe")
            packed += unpacked(data, found.end(), UNPACKED - len(packed)) + b"\n"
        end = data.find(b"endstream", found.end())
        at = len(data) if end < 0 else end
    frame += named(data[at:])
    if packed and re.search(rb"/Encrypt(?![A-Za-z])", frame):
        raise Refused("locked")
    return bytes(frame), bytes(packed)


def unpacked(data: bytes, at: int, room: int) -> bytes:
    """A deflated stream as far as it goes: readers show what comes before a damaged place too."""
    out, inflate, step = bytearray(), zlib.decompressobj(), 4096
    while at < len(data) and not inflate.eof and len(out) < room:
        before = inflate.copy()
        try:
            out += inflate.decompress(inflate.unconsumed_tail + data[at : at + step], room - len(out))
        except zlib.error:
            if step == 1:
                break
            inflate, step = before, 1
            continue
        at += step
    if len(out) >= room:
        raise Refused("unsafe")
    return named(bytes(out))


def opens_something(plain: bytes) -> bool:
    """Whether opening it does more than going to a page."""
    for found in _OPENS.finditer(plain):
        does = found["here"]
        if does is None:
            number = rb"\s+".join(found["there"].split())
            there = re.search(rb"(?<!\d)" + number + rb"\s+obj(.*?)endobj", plain, re.DOTALL)
            does = there[1] if there else b""
        if _DOES.search(does):
            return True
    return False


WORK: Final = {
    "image/jpeg": lambda data: image(data, "JPEG"),
    "image/png": lambda data: image(data, "PNG"),
    "image/webp": lambda data: image(data, "WEBP"),
    "image/gif": lambda data: image(data, "GIF"),
    "image/heic": heic,
    "application/pdf": pdf,
}


def main() -> int:
    limit()
    try:
        data, most = sys.stdin.buffer.read(), sys.argv[2:]
        out = fitted(data, _FORMS[sys.argv[1]], int(most[0])) if most else WORK[sys.argv[1]](data)
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
