"""Public addresses of files of ours, for platforms that fetch what we send by its address (Viber).

Whoever has the address has the file: it is unguessable, signed over file, name and time, and good for fifteen days,
since a platform may deliver for fourteen. A file that was erased is gone behind it at once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final

from aiohttp import web

from gateway.web.files import download
from gateway.web.security import Status
from storage import files
from storage.errors import StorageUnavailable
from storage.keys import KeyMissing

if TYPE_CHECKING:
    from gateway.parts import Parts

GOOD_S: Final = 15 * 86_400
PURPOSE: Final = "file links"

_TOKEN: Final = re.compile(r"([0-9a-v]{26})\.([0-9]{1,12})\.([0-9a-f]{64})")


def path(key: bytes, file_id: str, name: str, until: int) -> str:
    """`until` -- Unix seconds; `name` -- ASCII without a slash: platforms read the extension from it."""
    return f"/f/{file_id}.{until}.{_mac(key, file_id, name, until)}/{name}"


def opened(key: bytes, token: str, name: str, now: float) -> str:
    """The file's id; '' for what we did not sign, or whose time is over."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return ""
    file_id, until = found[1], int(found[2])
    good = hmac.compare_digest(found[3].encode(), _mac(key, file_id, name, until).encode())
    return file_id if good and now < until else ""


def _mac(key: bytes, file_id: str, name: str, until: int) -> str:
    return hmac.new(key, f"{file_id}|{until}|{name}".encode(), hashlib.sha256).hexdigest()


class Links:
    """The handler."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def get(self, request: web.Request) -> web.Response:
        """The bytes as they are stored: platforms compare their number with what they were told."""
        parts = self._parts
        asked = request.match_info
        keys, now_s = parts.engine.keys.secrets(PURPOSE), parts.clock.ms() / 1000
        file_id = next(filter(None, (opened(key, asked["token"], asked["name"], now_s) for key in keys)), "")
        if not file_id:
            return Status(status=404)
        try:
            file = await parts.store.read(lambda tx: files.find(tx, file_id))
            data = await parts.read_file(file_id)
        except (FileNotFoundError, KeyMissing):
            return Status(status=404)
        except (StorageUnavailable, OSError):
            return Status(status=503, headers={"Retry-After": "30"})
        if file is None:
            return Status(status=404)
        response = download(data, name=asked["name"], mime=file.mime)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response


def routes(parts: Parts) -> list[web.RouteDef]:
    return [web.get("/f/{token}/{name}", Links(parts).get)]
