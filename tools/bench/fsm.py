"""Yardstick (b): the intake as a plain aiogram bot with its own state machine, in memory, as its manual shows."""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiogram import Bot, Dispatcher, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

SECRET = "bench-secret-0123456789abcdefghijklmnop"  # noqa: S105


class Intake(StatesGroup):
    consent = State()
    name = State()
    phone = State()
    time = State()
    confirm = State()


router = Router()
STEPS = (
    (None, Intake.consent, "Dạ em chào anh/chị. Anh/chị có đồng ý không ạ?"),
    (Intake.consent, Intake.name, "Dạ em xin tên anh/chị?"),
    (Intake.name, Intake.phone, "Anh/chị cho em xin số điện thoại?"),
    (Intake.phone, Intake.time, "Anh/chị muốn gọi lúc nào?"),
    (Intake.time, Intake.confirm, "Thông tin đã đúng chưa ạ?"),
    (Intake.confirm, None, "Dạ em cảm ơn anh/chị."),
)


def _step(now: State | None, then: State | None, answer: str) -> None:
    @router.message(StateFilter(now))
    async def handle(message: Message, state: FSMContext) -> None:
        await state.update_data({str(now): message.text})
        await state.set_state(then)
        await message.answer(answer)


for _now, _then, _answer in STEPS:
    _step(_now, _then, _answer)


async def main(port: int, api: str, token: str) -> None:
    bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(api)))
    dispatcher = Dispatcher()
    dispatcher.include_router(router)
    app = web.Application()
    SimpleRequestHandler(dispatcher, bot, secret_token=SECRET, handle_in_background=True).register(
        app, "/hooks/telegram/main"
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
