"""What may become a file of ours: decided by its content, made harmless in a child process, named by us.

The sender's name is cleaned first and looked at afterwards; his declared type counts only where it contradicts.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import puremagic

from channels.contract import OutboundFile
from channels.reading import clean_name

LARGEST: Final = 20 * 1024 * 1024
CHILD_S: Final = 12.0  # the child limits itself to 10 s of CPU; this is for one that hangs
CHILDREN: Final = 2
WORK: Final = Path(__file__).with_name("filework.py")

EXTENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "image/jpeg": ("jpg", "jpeg", "jfif"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/heic": ("heic", "heif"),
    "image/gif": ("gif",),
    "application/pdf": ("pdf",),
    "audio/ogg": ("ogg", "oga", "opus"),
    "audio/mpeg": ("mp3",),
    "audio/mp4": ("m4a", "mp4"),
    "audio/aac": ("aac",),
    "audio/amr": ("amr", "3ga"),
    "video/mp4": ("mp4", "m4v", "3gp"),
    "video/quicktime": ("mov", "qt"),
}
# Endings that mean another kind of file to somebody's computer; what else follows a dot is part of the name ("so 12.2026").
ENDINGS: Final = frozenset(
    "apk app bat bin bmp bz2 chm cmd com cpl css csv dll dmg doc docm docx dot dotm eml exe gz hta htm html ics inf iso jar js"
    " jse json lnk mht mhtml msg msi odp ods odt pif php ppt pptm pptx ps1 py rar reg rtf scr sh shtml svg svgz swf sys tar"
    " tgs tif tiff txt url vb vbe vbs wav webm wma wmv wsf xhtml xls xlsb xlsm xlsx xlt xml xps xz zip 7z".split()
).union(*EXTENSIONS.values())
_PICTURED: Final = frozenset(end for mime, ends in EXTENSIONS.items() if mime.startswith("image/") for end in ends)
DOCUMENTS: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf"})
MEDIA: Final = frozenset(EXTENSIONS)  # what a platform delivers: voice and video too
_REWORKED: Final = DOCUMENTS | {"image/gif"}  # by the child
_HEIC: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_MP4_AUDIO: Final = (b"M4A ", b"M4B ")
_MP4: Final = (b"iso", b"mp4", b"avc", b"M4V", b"3g", b"dash", b"MSNV", b"mmp4")
_SLOTS: dict[int, asyncio.Semaphore] = {}


class FileRefused(Exception):
    """`code` empty, too_large, type, mismatch, unsafe, locked, pages, unreadable; the text is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A file as we keep it: `data` without metadata, `name` safe anywhere, `mime` of its content."""

    name: str
    mime: str
    data: bytes = field(repr=False)
    sha256: str


async def accept(
    data: bytes,
    *,
    name: str = "",
    declared: str = "",
    allowed: frozenset[str] = DOCUMENTS,
    largest: int = LARGEST,
    sound: bool = False,
) -> Accepted:
    """Check, strip, name. Raises FileRefused. `allowed` -- DOCUMENTS from people, MEDIA from platforms; `sound` -- a voice,
    whose container may be that of a film."""
    if not data:
        raise FileRefused("empty", "the file is empty")
    if len(data) > largest:
        raise FileRefused("too_large", f"a file has at most {largest // 1_048_576} MiB")
    mime = kind_of(data)
    if sound and mime == "video/mp4":
        mime = "audio/mp4"
    if mime not in allowed:
        raise FileRefused("type", "only JPEG, PNG, WebP, HEIC and PDF are taken")
    cleaned = safe_name(name, mime)
    if declared and not _agrees(declared, mime):
        raise FileRefused("mismatch", "the file is not what its type says")
    if mime in _REWORKED:
        data = await _harmless(data, mime)
    if mime == "image/heic" and kind_of(data) == "image/jpeg":
        mime, cleaned = "image/jpeg", safe_name(cleaned, "image/jpeg")
    return Accepted(name=cleaned, mime=mime, data=data, sha256=hashlib.sha256(data).hexdigest())


def kind_of(data: bytes) -> str:
    """The media type that the first bytes say, where we know it and a second opinion does not contradict; else ''."""
    mine = _signature(data[:64])
    if not mine:
        return ""
    with contextlib.suppress(puremagic.PureError, ValueError):
        guesses = {guess.mime_type for guess in puremagic.magic_string(data[:4096])} - {""}
        family = mine.partition("/")[0]
        if guesses and not any(guess.startswith((family, "application/", "audio/", "video/")) for guess in guesses):
            return ""
    return mine


def _signature(head: bytes) -> str:
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"OggS"):
        return "audio/ogg"
    if head.startswith(b"ID3") or (
        len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 == 0x02
    ):
        return "audio/mpeg"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _HEIC:
            return "image/heic"
        if brand == b"qt  ":
            return "video/quicktime"
        return "audio/mp4" if brand in _MP4_AUDIO else "video/mp4" if brand.startswith(_MP4) else ""
    if head.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return "audio/amr"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    return "image/gif" if head.startswith((b"GIF87a", b"GIF89a")) else ""


def safe_name(name: str, mime: str) -> str:
    """A cleaned name whose extension is that of its content; `file.pdf` when nothing is left. A picture of one kind under
    the ending of another is common, and encoded anew in any case: it gets its own ending."""
    cleaned = clean_name(name)
    stem, dot, extension = cleaned.rpartition(".")
    extension, right = extension.lower(), EXTENSIONS[mime]
    if dot and extension in right:
        return cleaned if stem else f"file.{right[0]}"
    if dot and extension in ENDINGS:
        if not (extension in _PICTURED and mime.startswith("image/")):
            raise FileRefused("mismatch", "the file is not what its name says")
        cleaned = stem
    return clean_name(f"{cleaned or 'file'}.{right[0]}")


def _agrees(declared: str, mime: str) -> bool:
    declared = declared.partition(";")[0].strip().lower()
    if declared in ("", "application/octet-stream", "binary/octet-stream", mime):
        return True
    alike = {
        "image/jpg": "image/jpeg",
        "image/pjpeg": "image/jpeg",
        "image/heif": "image/heic",
        "audio/mp3": "audio/mpeg",
        "audio/opus": "audio/ogg",
    }
    if alike.get(declared) == mime:
        return True
    return {declared, mime} <= {"audio/mp4", "video/mp4", "audio/x-m4a", "audio/m4a"}


async def smaller(file: OutboundFile, most: int) -> OutboundFile:
    """This picture, with its data, as a JPEG of at most so many bytes. Raises FileRefused."""
    data = await _harmless(file.data, file.mime, str(most))
    return replace(file, name=safe_name(file.name, "image/jpeg"), mime="image/jpeg", size=len(data), data=data)


async def _harmless(data: bytes, mime: str, *asked: str) -> bytes:
    """The same content without metadata, made by a child that may use 10 s of CPU and 512 MB and has no secrets."""
    loop = asyncio.get_running_loop()
    slots = _SLOTS.setdefault(id(loop), asyncio.Semaphore(CHILDREN))
    async with slots:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(WORK),
            mime,
            *asked,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PYTHONDONTWRITEBYTECODE": "1"},
        )
        try:
            async with asyncio.timeout(CHILD_S):
                out, _ = await child.communicate(data)
        except TimeoutError:
            raise FileRefused("unreadable", "the file takes too long to be checked") from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    if child.returncode == 0 and out:
        return out
    code = out.decode("ascii", "replace").strip() if child.returncode == 1 else ""
    messages = {
        "too_large": "the picture is too large: at most 50 megapixels and 10,000 a side",
        "unsafe": "this document carries something active: a person must look at it first",
        "pages": "the document has too many pages",
        "locked": "the document is locked with a password",
    }
    raise FileRefused(code if code in messages else "unreadable", messages.get(code, "the file is damaged"))
