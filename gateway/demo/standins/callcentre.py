"""A call centre that tells of its calls: JSON events with a bearer token, sometimes twice, the end before the answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import aiohttp

OURS: Final = "19000000"


class CallCentre:
    """`now` -- the gateway's time, aware."""

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: str, *, now: Callable[[], datetime]) -> None:
        self._session = session
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._now = now
        self._numbers = itertools.count(1)

    async def missed(self, phone: str) -> None:
        """It rang and nobody took it; the centre says so twice."""
        call = self._call(phone)
        for event in ("ringing", "missed", "missed"):
            await self._tell({**call, "event": event})

    async def answered(self, phone: str, *, agent: str, seconds: int) -> None:
        """Somebody spoke; the end is told before the answer, the recording later."""
        call = {**self._call(phone), "agent": agent}
        await self._tell({**call, "event": "ringing"})
        await self._tell({**call, "event": "ended", "duration_s": seconds})
        await self._tell({**call, "event": "answered"})
        recording = f"https://tongdai.example/ghi-am/{call['call_id']}.mp3"
        await self._tell({**call, "event": "ended", "duration_s": seconds, "recording_url": recording})

    def _call(self, phone: str) -> dict[str, Any]:
        call_id = f"demo-{self._now():%Y%m%d%H%M%S}-{next(self._numbers)}"
        at = self._now().isoformat()
        return {"call_id": call_id, "direction": "inbound", "from": phone, "to": OURS, "started_at": at}

    async def _tell(self, event: dict[str, Any]) -> None:
        async with self._session.post(self._url, json=event, headers=self._headers) as answer:
            answer.raise_for_status()
