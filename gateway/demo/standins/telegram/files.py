"""Files as the platform keeps them: identifiers, download links, the shapes in which messages speak of them."""

from __future__ import annotations

import base64
import mimetypes
import struct
from dataclasses import dataclass
from typing import Final

from .wire import Json, bad

DOWNLOAD_BYTES: Final = 20 * 1024 * 1024

_FOLDERS: Final = {
    "photo": ("AgACAgUAAxkB", "photos"),
    "document": ("BQACAgUAAxkB", "documents"),
    "voice": ("AwACAgUAAxkB", "voice"),
    "sticker": ("CAACAgUAAxkB", "stickers"),
    "video": ("BAACAgUAAxkB", "videos"),
    "audio": ("CQACAgUAAxkB", "music"),
}
_ENDINGS: Final = {"photo": ".jpg", "voice": ".oga", "sticker": ".webp", "video": ".mp4", "audio": ".mp3"}

_JPEG: Final = base64.b64decode(
    b"/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////////////////////////////////////////"
    b"////////////wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAv/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AT//Z"
)
OGG: Final = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x01" + bytes(9)
WEBP: Final = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
_IMAGES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8", b"BM")


def jpeg(comment: str = "") -> bytes:
    """A small picture that decoders open; the comment makes it a file of its own."""
    if not comment:
        return _JPEG
    text = comment.encode()
    return _JPEG[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + _JPEG[2:]


def is_image(content: bytes) -> bool:
    return content.startswith(_IMAGES)


@dataclass(frozen=True, slots=True)
class Stored:
    number: int
    file_id: str
    unique_id: str
    kind: str
    name: str
    mime: str
    content: bytes
    size: int  # what the platform says; a test may claim more than it keeps

    def brief(self) -> Json:
        return {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": self.size}


class FileStore:
    """One bot's files; a link exists once `getFile` made it."""

    def __init__(self) -> None:
        self._files: dict[str, Stored] = {}
        self._links: dict[str, Stored] = {}

    def keep(self, kind: str, content: bytes, *, name: str = "", mime: str = "", size: int | None = None) -> Stored:
        number = len(self._files) + 1
        unique = base64.urlsafe_b64encode(f"{kind[0]}{number:08x}".encode()).decode().rstrip("=")
        stored = Stored(
            number=number,
            file_id=f"{_FOLDERS[kind][0]}{unique}{unique[::-1]}",
            unique_id=f"AQAD{unique}",
            kind=kind,
            name=name,
            mime=_mime(name, mime),
            content=content,
            size=len(content) if size is None else size,
        )
        self._files[stored.file_id] = stored
        return stored

    def find(self, file_id: str) -> Stored | None:
        return self._files.get(file_id)

    def link(self, file_id: str) -> Json:
        """The answer of getFile."""
        stored = self._files.get(file_id)
        if stored is None:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if stored.size > DOWNLOAD_BYTES:
            raise bad("file is too big")
        ending = stored.name[dot:] if (dot := stored.name.rfind(".")) > 0 and stored.name[dot + 1 :].isalnum() else ""
        path = f"{_FOLDERS[stored.kind][1]}/file_{stored.number}{_ENDINGS.get(stored.kind, ending)}"
        self._links[path] = stored
        return {**stored.brief(), "file_path": path}

    def open(self, path: str) -> Stored | None:
        return self._links.get(path)

    def expire_links(self) -> None:
        """An hour later: every link is dead until getFile is called again."""
        self._links.clear()


def _mime(name: str, mime: str) -> str:
    """The platform trusts the form's type unless it says nothing."""
    if mime and mime != "application/octet-stream":
        return mime.partition(";")[0].strip()
    return mimetypes.guess_type(name)[0] or mime


def photo_sizes(store: FileStore, content: bytes) -> list[Json]:
    """The smaller copies the platform makes, and the original as the largest and last."""
    sizes = []
    for width, height in ((90, 67), (320, 240)):
        small = store.keep("photo", jpeg(f"{width}x{height}"))
        sizes.append({**small.brief(), "width": width, "height": height})
    original = store.keep("photo", content, mime="image/jpeg")
    return [*sizes, {**original.brief(), "width": 1280, "height": 960}]


def shape(stored: Stored) -> Json:
    """The object a message carries for a file that is not a photo."""
    more: Json = {}
    if stored.mime and stored.kind != "sticker":
        more["mime_type"] = stored.mime
    match stored.kind:
        case "document":
            if stored.name:
                more["file_name"] = stored.name
        case "sticker":
            more.update(type="regular", width=512, height=512, is_animated=False, is_video=False)
        case "video":
            more.update(width=1280, height=720, duration=3)
        case _:
            more["duration"] = 3
    return {**stored.brief(), **more}
