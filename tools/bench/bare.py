"""Yardstick (a): a bare aiohttp handler that answers through an aiohttp client, everything in memory. It keeps no
promise at all; nothing in Python on this stack is faster by much."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import orjson
import uvloop
from aiohttp import ClientSession, TCPConnector, web

QUESTIONS = ("Dạ em chào anh/chị", "Tên anh/chị?", "Số điện thoại?", "Nhu cầu?", "Khi nào?", "Dạ em cảm ơn")


async def main(port: int, api: str, token: str) -> None:
    steps: dict[int, int] = {}
    session = ClientSession(connector=TCPConnector(limit=100))
    url = f"{api}/bot{token}/sendMessage"
    sends: set[asyncio.Task[None]] = set()

    async def send(chat: int, text: str) -> None:
        body = orjson.dumps({"chat_id": chat, "text": text})
        async with session.post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
            orjson.loads(await answer.read())

    async def hook(request: web.Request) -> web.Response:
        update: dict[str, Any] = orjson.loads(await request.read())
        chat = update["message"]["chat"]["id"]
        step = steps[chat] = steps.get(chat, -1) + 1
        task = asyncio.create_task(send(chat, QUESTIONS[step % len(QUESTIONS)]))
        sends.add(task)
        task.add_done_callback(sends.discard)
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks/telegram/main", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
