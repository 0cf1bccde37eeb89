"""Our scripts and styles, read once at start and served from memory under a name that changes with their content.

`/assets/<version>/web/static/dom.js` is `gateway/web/static/dom.js`: the address mirrors the folders, so a relative
`import` means the same file to a browser and to the type checker. A page's own module comes with those that it imports
(`joining`). No request ever reaches the file system.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from gateway.web import security
from gateway.web.joining import joined

GATEWAY: Final = Path(__file__).resolve().parent.parent
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".webmanifest": "application/manifest+json; charset=utf-8",
    ".woff2": "font/woff2",
}
TALKED: Final = frozenset({".js", ".css"})
PIECES: Final = ("text/javascript", "text/css")
SMALL: Final = 1024  # below this gzip saves nothing worth a header


@dataclass(frozen=True, slots=True)
class Asset:
    """One file. `packed` -- gzipped, b'' where that does not pay."""

    body: bytes
    packed: bytes
    type: str
    etag: str


@lru_cache(maxsize=256)
def lean(body: bytes) -> bytes:
    """A script or a style sheet without what only people read: comments that have lines of their own, and indentation.
    No template of ours goes over several lines (a test sees to that), so no text is touched."""
    kept, inside = [], False
    for line in body.decode().split("\n"):
        words = line.strip()
        if inside or words.startswith("/*"):
            _, ends, words = words.partition("*/")
            inside, words = not ends, words.strip()  # what stands behind it is said: `/** @type {X} */ box: null,`
        if words and not words.startswith("//"):
            kept.append(words)
    return "\n".join(kept).encode() + b"\n"


class Assets:
    """Every file in a `static/` folder of the gateway's packages."""

    def __init__(self, root: Path = GATEWAY) -> None:
        paths = {
            path.relative_to(root).as_posix(): path
            for path in sorted(root.glob("*/static/**/*"))
            if path.suffix in TYPES and path.is_file()
        }
        talked = {name: lean(path.read_bytes()).decode() for name, path in paths.items() if path.suffix in TALKED}
        found = {name: path.read_bytes() for name, path in paths.items() if name not in talked}
        found |= _travelling(frozenset(talked.items()))
        whole = hashlib.sha256()
        for name, body in found.items():
            whole.update(f"{name}\0{len(body)}\0".encode() + body)
        self.version = whole.hexdigest()[:16]
        self.files = {name: _asset(name, body) for name, body in found.items()}

    def url(self, name: str) -> str:
        """Where a page finds `web/dom.js` (the `static` of the path is understood). KeyError when there is none."""
        area, _, rest = name.partition("/")
        path = f"{area}/static/{rest}"
        if path not in self.files:
            raise KeyError(path)
        return f"/assets/{self.version}/{path}"

    def mount(self, app: web.Application) -> None:
        app.router.add_get("/assets/{version}/{name:.+}", self.serve)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """This version's files never change; a page of an earlier version gets ours and asks again next time."""
        asset = self.files.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        current = request.match_info["version"] == self.version
        return answer(request, asset, "public, max-age=31536000, immutable" if current else "no-cache")


def answer(request: web.Request, asset: Asset, cache: str) -> web.Response:
    """The file, or 304 when the browser has it."""
    packed = asset.packed and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "")
    headers = {hdrs.ETAG: asset.etag, hdrs.CACHE_CONTROL: cache, hdrs.VARY: "Accept-Encoding"}
    if asset.etag in (tag.strip() for tag in request.headers.get(hdrs.IF_NONE_MATCH, "").split(",")):
        return web.Response(status=304, headers=headers)
    headers[hdrs.CONTENT_TYPE] = asset.type
    if packed:
        headers[hdrs.CONTENT_ENCODING] = "gzip"
    kind = security.Piece if asset.type.startswith(PIECES) else web.Response
    return kind(body=asset.packed if packed else asset.body, headers=headers)


@lru_cache(maxsize=2)
def _travelling(talked: frozenset[tuple[str, str]]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in joined(dict(sorted(talked))).items()}


@lru_cache(maxsize=256)  # pages, chat and desk each ask for all: packed once, kept once
def _asset(name: str, body: bytes) -> Asset:
    kind = TYPES[Path(name).suffix]
    packed = (
        gzip.compress(body, mtime=0) if len(body) > SMALL and "image/png" not in kind and "font" not in kind else b""
    )
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return Asset(body=body, packed=packed, type=kind, etag=etag)
