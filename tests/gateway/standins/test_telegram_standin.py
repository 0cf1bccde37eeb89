"""The Telegram stand-in is honest: two independent libraries drive it, and each of its rules is seen to bite."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import random
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.demo.standins.telegram import (
    FakeTelegram,
    HandClock,
    answer,
    drop,
    error,
    flood,
    half,
    hang,
    refuse,
    server_error,
)
from gateway.demo.standins.telegram.entities import formatted
from gateway.demo.standins.telegram.methods import METHODS
from gateway.demo.standins.telegram.wire import ApiError, units

ROOT = Path(__file__).resolve().parents[3]
SECRET = "a-shared_SECRET-0123456789"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
INLINE = {"inline_keyboard": [[{"text": "Có", "callback_data": "yes"}, {"text": "Không", "callback_data": "no"}]]}
CONTACT = {
    "keyboard": [[{"text": "Gửi số điện thoại", "request_contact": True}], [{"text": "Thôi"}]],
    "resize_keyboard": True,
    "one_time_keyboard": True,
}


class Client:
    """The bot at its barest: JSON over a plain session."""

    def __init__(self, fake: FakeTelegram, session: aiohttp.ClientSession) -> None:
        self.fake, self.session = fake, session

    async def __call__(self, method: str, **params: Any) -> tuple[int, dict[str, Any]]:
        async with self.session.post(f"{self.fake.url}/bot{self.fake.token}/{method}", json=params) as response:
            return response.status, await response.json()


class Receiver:
    """The bot's webhook: answers from a queue of (status, headers, body), then 200; can be held."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.headers: list[Any] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.inside = self.most = 0
        self.url = ""

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.updates.append(json.loads(await request.read()))
        self.headers.append(request.headers.copy())
        await self.open.wait()
        self.inside -= 1
        status, headers, body = self.answers.pop(0) if self.answers else (200, {}, b"")
        return web.Response(status=status, headers=headers, body=body)

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    telegram = FakeTelegram()
    async with telegram.running():
        yield telegram


@pytest.fixture
async def slow() -> AsyncIterator[FakeTelegram]:
    """On a clock that only the test moves."""
    telegram = FakeTelegram(clock=HandClock(), limits=True)
    async with telegram.running():
        yield telegram


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
def call(fake: FakeTelegram, session: aiohttp.ClientSession) -> Client:
    return Client(fake, session)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    runner = web.ServerRunner(web.Server(one.take), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/telegram/main?x=1"
    yield one
    one.open.set()
    await runner.cleanup()


@pytest.fixture
async def aiogram_bot(fake: FakeTelegram) -> AsyncIterator[Any]:
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer

    bot = Bot(fake.token, session=AiohttpSession(api=TelegramAPIServer.from_base(fake.url)))
    yield bot
    await bot.session.close()


@pytest.fixture
async def ptb_bot(fake: FakeTelegram) -> AsyncIterator[Any]:
    from telegram import Bot

    async with Bot(fake.token, base_url=f"{fake.url}/bot", base_file_url=f"{fake.url}/file/bot") as bot:
        yield bot


# --- two libraries drive it -------------------------------------------------------------------------------------


async def test_aiogram_drives_it(fake: FakeTelegram, aiogram_bot: Any) -> None:
    from aiogram import exceptions, types

    lan = fake.customer(last_name="Nguyễn", username="lan_ng")
    await lan.start("qr_hanoi")
    me = await aiogram_bot.get_me()
    assert (me.id, me.username) == (7011223344, "ibaohiem_bot")

    asked = await aiogram_bot.send_message(
        lan.id, "Chị cần <b>bảo hiểm</b> gì ạ? 🚗", parse_mode="HTML", reply_markup=INLINE
    )
    assert asked.reply_markup.inline_keyboard[0][1].callback_data == "no"
    assert asked.entities[0].extract_from(asked.text) == "bảo hiểm"
    await aiogram_bot.send_message(lan.id, "Số điện thoại của chị?", reply_markup=types.ReplyKeyboardMarkup(**CONTACT))
    sent = await aiogram_bot.send_document(
        lan.id, types.BufferedInputFile(PDF, "hop-dong.pdf"), caption="Hợp đồng bảo hiểm của chị Lan ạ"
    )
    assert (sent.document.file_name, sent.document.mime_type) == ("hop-dong.pdf", "application/pdf")
    assert [one.method for one in lan.inbox] == ["sendMessage", "sendMessage", "sendDocument"]
    assert lan.inbox[0].buttons == ["Có", "Không"]
    assert lan.inbox[1].buttons == ["Gửi số điện thoại", "Thôi"]
    assert lan.inbox[2].text == "Hợp đồng bảo hiểm của chị Lan ạ"
    file = lan.inbox[2].file
    assert file is not None
    assert (file.content, file.sha256) == (PDF, hashlib.sha256(PDF).hexdigest())

    again = await aiogram_bot.send_document(lan.id, sent.document.file_id)
    assert again.document.file_unique_id == sent.document.file_unique_id
    album = await aiogram_bot.send_media_group(
        lan.id, [types.InputMediaDocument(media=types.BufferedInputFile(PDF, f"{n}.pdf")) for n in "ab"]
    )
    assert album[0].media_group_id == album[1].media_group_id
    assert await aiogram_bot.send_chat_action(lan.id, "typing")
    await aiogram_bot.edit_message_reply_markup(chat_id=lan.id, message_id=asked.message_id)
    with pytest.raises(exceptions.TelegramBadRequest, match="message is not modified"):
        await aiogram_bot.edit_message_text(
            "Chị cần bảo hiểm gì ạ? 🚗", chat_id=lan.id, message_id=asked.message_id, entities=asked.entities
        )
    await aiogram_bot.delete_message(lan.id, asked.message_id)
    assert asked.message_id not in lan.messages
    full = await aiogram_bot.get_chat(lan.id)
    assert (full.id, full.active_usernames) == (lan.id, ["lan_ng"])
    await aiogram_bot.send_location(lan.id, 10.77, 106.7)
    await aiogram_bot.send_contact(lan.id, "+842812345678", "IBAOHIEM")
    await aiogram_bot.set_my_commands([types.BotCommand(command="start", description="Bắt đầu")])
    assert fake.violations == []


async def test_aiogram_meets_every_class_of_refusal(fake: FakeTelegram, aiogram_bot: Any) -> None:
    from aiogram import exceptions

    lan, stranger = fake.customer(), fake.customer(first_name="Minh")
    await lan.start()
    fake.next(flood(7), method="sendMessage", chat=lan.id)
    with pytest.raises(exceptions.TelegramRetryAfter) as caught:
        await aiogram_bot.send_message(lan.id, "a")
    assert caught.value.retry_after == 7
    with pytest.raises(exceptions.TelegramForbiddenError, match="can't initiate conversation"):
        await aiogram_bot.send_message(stranger.id, "a")
    await lan.block()
    with pytest.raises(exceptions.TelegramForbiddenError, match="blocked by the user"):
        await aiogram_bot.send_message(lan.id, "a")
    with pytest.raises(exceptions.TelegramBadRequest, match="chat not found"):
        await aiogram_bot.send_message(99, "a")
    fake.next(server_error(502))
    with pytest.raises(exceptions.TelegramServerError):
        await aiogram_bot.get_me()
    fake.next(half())
    with pytest.raises(exceptions.TelegramNetworkError):
        await aiogram_bot.get_me()
    fake.next(hang(accepted=True))
    await lan.unblock()
    with pytest.raises(exceptions.TelegramNetworkError, match="timeout"):
        await aiogram_bot.send_message(lan.id, "may be there twice", request_timeout=2)
    assert [one.text for one in fake.sent] == ["may be there twice"]
    assert fake.calls[-1].status == 0
    assert fake.calls[-1].accepted


async def test_python_telegram_bot_drives_it(fake: FakeTelegram, ptb_bot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    from telegram import InlineKeyboardMarkup, InputFile, ReplyKeyboardMarkup
    from telegram import error as refusals

    lan, stranger = fake.customer(), fake.customer(first_name="Minh")
    await lan.start()
    assert (await ptb_bot.get_me()).username == "ibaohiem_bot"
    asked = await ptb_bot.send_message(
        lan.id,
        "Chị có cần *bảo hiểm* không ạ\\?",
        parse_mode="MarkdownV2",
        reply_markup=InlineKeyboardMarkup.de_json(INLINE, ptb_bot),
    )
    assert asked.parse_entity(asked.entities[0]) == "bảo hiểm"
    assert asked.reply_markup.inline_keyboard[0][0].callback_data == "yes"
    await ptb_bot.send_message(lan.id, "Số điện thoại?", reply_markup=ReplyKeyboardMarkup(CONTACT["keyboard"]))
    sent = await ptb_bot.send_document(
        lan.id, InputFile(PDF, filename="giay-chung-nhan.pdf"), caption="Giấy chứng nhận bảo hiểm ạ"
    )
    assert sent.document.file_size == len(PDF)
    assert (lan.inbox[-1].text, lan.inbox[-1].file and lan.inbox[-1].file.content) == (
        "Giấy chứng nhận bảo hiểm ạ",
        PDF,
    )
    assert lan.inbox[1].buttons == ["Gửi số điện thoại", "Thôi"]

    update = await lan.document("CCCD mặt trước.pdf", "application/pdf", PDF)
    file = await ptb_bot.get_file(update["message"]["document"]["file_id"])
    assert bytes(await file.download_as_bytearray()) == PDF

    fake.next(flood(3), error(400, "Bad Request: BUTTON_DATA_INVALID"), method="sendMessage")
    with pytest.raises(refusals.RetryAfter) as caught:
        await ptb_bot.send_message(lan.id, "a")
    assert caught.value.retry_after.total_seconds() == 3
    with pytest.raises(refusals.BadRequest, match=r"(?i)button_data_invalid"):
        await ptb_bot.send_message(lan.id, "a")
    with pytest.raises(refusals.Forbidden):
        await ptb_bot.send_message(stranger.id, "a")
    with pytest.raises(refusals.BadRequest, match="Chat not found"):
        await ptb_bot.send_message(99, "a")
    fake.next(drop(accepted=True), method="sendMessage")
    with pytest.raises(refusals.NetworkError):
        await ptb_bot.send_message(lan.id, "lost answer")
    assert lan.inbox[-1].text == "lost answer"
    assert fake.violations == []


async def every_update(fake: FakeTelegram) -> list[dict[str, Any]]:
    """One of each kind that customers can make."""
    fake.updates.ask(
        [*("message", "edited_message", "callback_query", "my_chat_member", "message_reaction"), *("channel_post",)]
    )
    lan = fake.customer(last_name="Nguyễn", username="lan_ng")
    group, channel = fake.group(), fake.channel()
    first = await lan.start("qr_1")
    said = await lan.say("Cho em hỏi 🚗 https://ibaohiem.vn/oto hoặc mail a@b.vn, /help #oto", reply_to=1)
    updates = [first, said, await lan.edit(2, "Em hỏi lại ạ"), await lan.share_contact("+84 901 234 567")]
    updates += [await lan.share_contact("84987654321", own=False, name="Chồng em")]
    updates += await lan.photo(3, caption="CCCD hai mặt")  # type: ignore[operator]
    updates += [await lan.photo()]  # type: ignore[list-item]
    updates += [
        await lan.document("Hợp đồng.pdf", "application/pdf", PDF, caption="đây ạ"),
        await lan.voice(),
        await lan.video(caption="tai nạn"),
        await lan.send(dice={"emoji": "🎲", "value": 3}),
        await lan.sticker(),
        await lan.location(),
        await lan.react(1),
        await lan.say("chuyển tiếp", forward_origin={"type": "hidden_user", "sender_user_name": "Bình", "date": 1}),
        await group.add_bot(lan),
        await group.say(lan, "chào cả nhà"),
        await channel.post("tin mới"),
    ]
    return updates


async def tapped(fake: FakeTelegram, call: Client) -> list[dict[str, Any]]:
    lan = fake.customer()
    await lan.start()
    await call("sendMessage", chat_id=lan.id, text="Có ạ?", reply_markup=INLINE)
    await call("sendMessage", chat_id=lan.id, text="Số?", reply_markup=CONTACT)
    taps = [await lan.tap("Có"), await lan.tap("no", inaccessible=True), await lan.tap_old("old")]
    return [*taps, await lan.tap("Gửi số điện thoại"), await lan.block(), await lan.unblock()]


def unknown_fields(thing: Any, path: str = "") -> Iterator[str]:
    """What aiogram kept although it knows no such field."""
    if isinstance(thing, list):
        for one in thing:
            yield from unknown_fields(one, path)
    elif hasattr(type(thing), "model_fields"):
        yield from (f"{path}.{name}" for name in thing.model_extra or {})
        for name in type(thing).model_fields:
            yield from unknown_fields(getattr(thing, name), f"{path}.{name}")


async def test_both_libraries_read_every_update_alike(fake: FakeTelegram, call: Client) -> None:
    import telegram
    from aiogram.types import Update

    updates = [*await every_update(fake), *await tapped(fake, call)]
    kinds = [next(kind for kind in update if kind != "update_id") for update in updates]
    assert set(kinds) == fake.updates.allowed
    for update, kind in zip(updates, kinds, strict=True):
        one, other = Update.model_validate(update), telegram.Update.de_json(update, None)
        assert list(unknown_fields(one)) == []
        assert one.update_id == other.update_id == update["update_id"]
        ours, theirs, body = getattr(one, kind), getattr(other, kind), update[kind]
        assert not theirs.api_kwargs
        assert ours.model_dump(mode="json", exclude_unset=True, by_alias=True).keys() == body.keys()
        if kind == "callback_query":
            assert (ours.data, ours.from_user.id) == (theirs.data, theirs.from_user.id)
            assert (ours.message.date == 0) == (body["message"]["date"] == 0)
        else:
            assert ours.chat.id == theirs.chat.id == body["chat"]["id"]
        if "text" in body:
            assert ours.text == theirs.text == body["text"]
            found = [entity.extract_from(ours.text) for entity in ours.entities or []]
            assert found == [theirs.parse_entity(entity) for entity in theirs.entities]
        if "photo" in body:
            assert max(theirs.photo, key=lambda size: size.width * size.height).file_id == ours.photo[-1].file_id


async def test_customers_update_hold_what_the_platform_says(fake: FakeTelegram, call: Client) -> None:
    lan = fake.customer()
    assert lan.id > 2**31
    start = await lan.start("ref-1_x")
    said = await lan.say("🚗🚗 gọi /help nhé")
    assert start["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert said["message"]["entities"] == [{"type": "bot_command", "offset": 9, "length": 5}]
    assert said["update_id"] == start["update_id"] + 1
    assert [update["message"]["message_id"] for update in (start, said)] == [1, 2]
    assert fake.customer().next_id() == 1, "message ids are counted in each chat"
    long = await lan.say_long("á🚗" * 3000)
    assert [units(update["message"]["text"]) for update in long] == [4096, 4095, 809]  # no letter is cut in two
    album = await lan.photo(2, caption="CCCD")
    assert isinstance(album, list)
    assert len({update["message"]["media_group_id"] for update in album}) == 1
    assert ["caption" in update["message"] for update in album] == [True, False]
    await call("sendMessage", chat_id=lan.id, text="Số?", reply_markup=CONTACT)
    shared = (await lan.tap("Gửi số điện thoại"))["message"]
    assert shared["contact"]["user_id"] == shared["from"]["id"]
    assert shared["reply_to_message"]["text"] == "Số?"
    with pytest.raises(LookupError, match="nothing to tap"):
        await lan.tap("Thôi")  # a one-time keyboard is gone after one tap
    assert "user_id" not in (await lan.share_contact("84900000000", own=False))["message"]["contact"]
    await lan.block()
    with pytest.raises(RuntimeError, match="unblock"):
        await lan.say("a")
    member, start = (await lan.unblock())["my_chat_member"], await lan.start()
    assert (member["old_chat_member"]["status"], member["new_chat_member"]["status"]) == ("kicked", "member")
    assert start["message"]["text"] == "/start"
    assert (await lan.react(1))["update_id"] == 0, "reactions come only when asked for"


def test_every_method_takes_what_aiogram_says_it_takes() -> None:
    from aiogram import methods, types

    from gateway.demo.standins.telegram import markup, sending

    outlived = {"allow_sending_without_reply", "reply_to_message_id", "disable_web_page_preview"}
    for method in METHODS.values():
        fields = getattr(methods, method.name[0].upper() + method.name[1:]).model_fields
        assert method.params == fields.keys() - outlived, method.name
    assert types.ReplyParameters.model_fields.keys() == sending.REPLY_MEMBERS
    assert types.InlineKeyboardButton.model_fields.keys() == markup.INLINE_ACTIONS | markup.LOOKS
    assert types.KeyboardButton.model_fields.keys() - {"request_user"} == markup.KEY_ACTIONS | markup.LOOKS
    for kind, members in sending.MEDIA_MEMBERS.items():
        assert getattr(types, f"InputMedia{kind.title()}").model_fields.keys() == members


# --- what it refuses --------------------------------------------------------------------------------------------


async def test_token_and_method(fake: FakeTelegram, session: aiohttp.ClientSession, call: Client) -> None:
    for path, status in {
        "/bot7011223344:wrong/getMe": 401,
        "/file/bot7011223344:wrong/documents/file_1.pdf": 401,
        "/botnonsense/getMe": 404,
        "/": 404,
        f"/bot{fake.token}/sendCarrierPigeon": 404,
        f"/file/bot{fake.token}/documents/file_1.pdf": 404,
    }.items():
        async with session.get(fake.url + path) as response:
            body = await response.json()
            assert (response.status, body["ok"], body["error_code"]) == (status, False, status), path
    assert fake.violations == ["sendCarrierPigeon: a method that this stand-in does not play"]
    assert (await call("GETME"))[1]["result"]["is_bot"] is True
    async with session.put(f"{fake.url}/bot{fake.token}/getMe") as response:
        assert response.status == 405
    assert [one.status for one in fake.calls] == [401, 401, 404, 404, 404, 404, 200, 405]


async def test_parameters_come_in_four_ways(fake: FakeTelegram, session: aiohttp.ClientSession, call: Client) -> None:
    lan = fake.customer()
    await lan.start()
    url = f"{fake.url}/bot{fake.token.replace(':', '%3A')}/sendMessage"
    form = {"chat_id": str(lan.id), "text": "dạ", "reply_markup": json.dumps(INLINE)}
    multipart = aiohttp.FormData(form, default_to_multipart=True)
    for body in ({"params": form}, {"json": {**form, "reply_markup": INLINE}}, {"data": form}, {"data": multipart}):
        async with session.post(url, **body) as response:  # type: ignore[arg-type]
            assert response.status == 200, await response.text()
    assert [(one.text, one.buttons) for one in lan.inbox] == [("dạ", ["Có", "Không"])] * 4
    async with session.get(url, params=form) as response:
        assert (await response.json())["result"]["reply_markup"] == INLINE
    async with session.post(url, data=json.dumps(form), headers={"Content-Type": "text/plain"}) as response:
        assert (await response.json())["description"] == "Bad Request: message text is empty"
    for junk, type_ in ((b"{", "application/json"), (b"[1]", "application/json"), (b"x", "multipart/form-data")):
        async with session.post(url, data=junk, headers={"Content-Type": type_}) as response:
            assert response.status == 400
    assert (await call("sendMessage", chat_id=lan.id, text="a", colour="red"))[0] == 200
    assert fake.violations == ["sendMessage: unknown parameter: colour"]


BUTTON = {"text": "a", "callback_data": "b"}
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("sendMessage", {"text": ""}, "message text is empty"),
    ("sendMessage", {"text": " \n "}, "message text is empty"),
    ("sendMessage", {"text": "a" * 4097}, "message is too long"),
    ("sendMessage", {"text": "🚗" * 2049}, "message is too long"),
    ("sendMessage", {"text": "<b>a", "parse_mode": "HTML"}, "can't parse entities: Can't find end tag"),
    ("sendMessage", {"text": "1 < 2", "parse_mode": "HTML"}, "can't parse entities"),
    ("sendMessage", {"text": "<p>a</p>", "parse_mode": "HTML"}, 'Unsupported start tag "p" at byte offset 0'),
    ("sendMessage", {"text": "ở <i>a</b>", "parse_mode": "HTML"}, "Unmatched end tag at byte offset 8"),
    ("sendMessage", {"text": "a.", "parse_mode": "MarkdownV2"}, "Character '.' is reserved"),
    ("sendMessage", {"text": "a", "parse_mode": "RTF"}, "unsupported parse_mode"),
    ("sendMessage", {"text": "a", "entities": [{"type": "bold", "offset": 0, "length": 2}]}, "can't parse entities"),
    ("sendMessage", {"text": "a", "chat_id": ""}, "chat_id is empty"),
    ("sendMessage", {"text": "a", "chat_id": "@nobody"}, "chat not found"),
    ("sendMessage", {"text": "a", "reply_parameters": {"message_id": 77}}, "message to be replied not found"),
    ("sendMessage", {"text": "a", "reply_markup": "no"}, "can't parse reply markup JSON object"),
    ("sendMessage", {"text": "a", "reply_markup": [[]]}, "object expected as reply markup"),
    ("sendMessage", {"text": "a", "reply_markup": {**INLINE, **CONTACT}}, "can't parse reply keyboard markup"),
    ("sendMessage", {"text": "a", "reply_markup": {"inline_keyboard": [BUTTON]}}, "must be an Array of Arrays"),
    ("sendMessage", {"text": "a", "reply_markup": {"inline_keyboard": [[BUTTON] * 101]}}, "reply markup is too long"),
    (
        "sendMessage",
        {"text": "a", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}},
        "Text buttons are unallowed",
    ),
    ("sendMessage", {"text": "a", "reply_markup": {"inline_keyboard": [[{**BUTTON, "text": ""}]]}}, "non-empty"),
    (
        "sendMessage",
        {"text": "a", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "ấ" * 22}]]}},
        "BUTTON_DATA_INVALID",
    ),
    (
        "sendMessage",
        {"text": "a", "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "http://localhost/x"}]]}},
        "Wrong HTTP URL",
    ),
    ("sendPhoto", {"photo": ""}, "there is no photo in the request"),
    ("sendDocument", {"document": "BQACxyz"}, "wrong file identifier"),
    ("sendDocument", {"document": "https://ibaohiem.vn/a.docx"}, "wrong type of the web page content"),
    ("sendDocument", {"document": "http://localhost/a.pdf"}, "wrong HTTP URL"),
    ("sendMediaGroup", {"media": [{"type": "photo", "media": "x"}]}, "2-10"),
    ("sendChatAction", {"action": "dancing"}, "wrong parameter action"),
    ("sendLocation", {"latitude": 91, "longitude": 0}, "wrong coordinates"),
    ("sendContact", {"phone_number": "1"}, 'parameter "first_name" is required'),
    ("editMessageText", {"message_id": 1, "text": "a"}, "message can't be edited"),
    ("editMessageText", {"message_id": 99, "text": "a"}, "message to edit not found"),
    ("deleteMessage", {"message_id": 99}, "message to delete not found"),
    ("answerCallbackQuery", {"callback_query_id": "1"}, "query is too old"),
    ("getFile", {"file_id": "1"}, "wrong file_id"),
    ("setMyCommands", {"commands": [{"command": "Bắt đầu", "description": "a"}]}, "BOT_COMMAND_INVALID"),
    ("setWebhook", {"url": "http://example.com/"}, "HTTPS URL must be provided"),
    ("setWebhook", {"url": "https://a.vn/", "secret_token": "có dấu"}, "unallowed characters"),
]


async def test_refusals(fake: FakeTelegram, call: Client) -> None:
    lan = fake.customer()
    await lan.start()
    for method, params, expected in REFUSED:
        status, body = await call(method, **{"chat_id": lan.id, **params} if "Webhook" not in method else params)
        assert (status, body["ok"], body["error_code"]) == (400, False, 400), (method, params)
        assert body["description"].startswith("Bad Request: ")
        assert expected in body["description"]
    assert fake.sent == []
    assert [(one.status, one.accepted) for one in fake.calls] == [(400, False)] * len(REFUSED)


async def test_limits_are_met_exactly(fake: FakeTelegram, call: Client) -> None:
    lan = fake.customer()
    await lan.start()
    data = {"text": "a", "callback_data": "ấ" * 21 + "b"}
    for text, mode in (("a" * 4096, None), ("🚗" * 2048, None), ("<b>" + "a" * 4096 + "</b>", "HTML")):
        markup = {"inline_keyboard": [[data, {"text": "web", "url": "https://ibaohiem.vn/?a=1"}]]}
        status, body = await call("sendMessage", chat_id=lan.id, text=text, parse_mode=mode, reply_markup=markup)
        assert status == 200, body
    assert fake.violations == []
    assert len(lan.inbox[-1].text) == 4096


FORMATTED: list[tuple[str, str | None, str, list[tuple[str, int, int]]]] = [
    ("xin <b>chào <i>chị</i></b> &lt;3 &#272;", "HTML", "xin chào chị <3 Đ", [("bold", 4, 8), ("italic", 9, 3)]),
    ("🚗 <u>ô tô</u>", "HTML", "🚗 ô tô", [("underline", 3, 4)]),
    ("<pre><code class='language-py'>x=1</code></pre>", "HTML", "x=1", [("pre", 0, 3)]),
    ("<blockquote expandable>a</blockquote>&nbsp;", "html", "a&nbsp;", [("expandable_blockquote", 0, 1)]),
    ("<b></b>a", "HTML", "a", []),
    (
        "*đậm* _nghiêng_ `x.y` \\!",
        "MarkdownV2",
        "đậm nghiêng x.y !",
        [("bold", 0, 3), ("italic", 4, 7), ("code", 12, 3)],
    ),
    ("[ở đây](https://a.vn/\\))", "MarkdownV2", "ở đây", [("text_link", 0, 5)]),
    ("__u__ ~s~ ||z||", "MarkdownV2", "u s z", [("underline", 0, 1), ("strikethrough", 2, 1), ("spoiler", 4, 1)]),
    ("a_b *c*. [x](http://y.vn)", "MarkdownV2", "", []),
    ("5 - 3 *c*. [x](http://y.vn)", "Markdown", "5 - 3 c. x", [("bold", 6, 1), ("text_link", 9, 1)]),
    ("  hai  đầu \n", None, "hai  đầu", []),
    ("gọi +84 901 234 567 anh/chị nhé", None, "gọi +84 901 234 567 anh/chị nhé", [("phone_number", 4, 15)]),
    ("xem ibaohiem.vn, @ibaohiem_bot", None, "xem ibaohiem.vn, @ibaohiem_bot", [("url", 4, 11), ("mention", 17, 13)]),
    ("<code>/start a.vn</code>", "HTML", "/start a.vn", [("code", 0, 11)]),
]


@pytest.mark.parametrize("given, mode, plain, entities", FORMATTED)
def test_formatted(given: str, mode: str | None, plain: str, entities: list[tuple[str, int, int]]) -> None:
    if not plain:
        with pytest.raises(ApiError, match="can't parse entities"):
            formatted(given, mode, None)
        return
    text, found = formatted(given, mode, None)
    assert text == plain
    assert [(one["type"], one["offset"], one["length"]) for one in found] == entities


async def test_uploads_have_their_limits(fake: FakeTelegram, session: aiohttp.ClientSession) -> None:
    lan = fake.customer()
    await lan.start()

    async def upload(kind: str, content: bytes, name: str) -> tuple[int, str]:
        form = aiohttp.FormData({"chat_id": str(lan.id)})
        form.add_field(kind, io.BytesIO(content), filename=name)
        async with session.post(f"{fake.url}/bot{fake.token}/send{kind.title()}", data=form) as response:
            return response.status, (await response.json()).get("description", "")

    assert await upload("photo", b"GIF89a not that much of one", "a.gif") == (200, "")
    assert await upload("photo", b"MZ", "a.exe") == (400, "Bad Request: IMAGE_PROCESS_FAILED")
    assert "too big for a photo" in (await upload("photo", b"\xff\xd8\xff" + bytes(10 * 1024 * 1024), "a.jpg"))[1]
    assert await upload("document", b"", "a.pdf") == (400, "Bad Request: file must be non-empty")
    assert fake.violations == []
    assert await upload("document", PDF, "Hợp đồng.pdf") == (200, "")
    assert "beyond ASCII" in fake.violations[0]
    headers = {"Content-Length": str(60 * 1024 * 1024), "Content-Type": "multipart/form-data; boundary=x"}
    async with session.post(f"{fake.url}/bot{fake.token}/sendDocument", headers=headers) as response:
        assert (response.status, (await response.json())["description"]) == (413, "Request Entity Too Large")


async def test_files_come_down(fake: FakeTelegram, session: aiohttp.ClientSession, call: Client) -> None:
    lan = fake.customer()
    photo = await lan.photo()
    assert isinstance(photo, dict)
    contents = set()
    for size in photo["message"]["photo"]:
        path = (await call("getFile", file_id=size["file_id"]))[1]["result"]["file_path"]
        async with session.get(f"{fake.url}/file/bot{fake.token}/{path}") as response:
            contents.add(await response.read())
    assert len(contents) == 3
    assert all(content.startswith(b"\xff\xd8\xff") for content in contents)
    large = await lan.document("phim.mp4", "video/mp4", b"x", size=20 * 1024 * 1024 + 1)
    refused = await call("getFile", file_id=large["message"]["document"]["file_id"])
    assert refused[1]["description"] == "Bad Request: file is too big"
    fake.files.expire_links()
    async with session.get(f"{fake.url}/file/bot{fake.token}/{path}") as response:
        assert response.status == 404


async def test_sending_limits(slow: FakeTelegram, session: aiohttp.ClientSession) -> None:
    call, lan = Client(slow, session), slow.customer()
    await lan.start()
    statuses = [(await call("sendMessage", chat_id=lan.id, text="a"))[0] for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    _, body = await call("sendMessage", chat_id=lan.id, text="a")
    assert body["parameters"] == {"retry_after": 1}
    slow.clock.advance(1.0)  # type: ignore[attr-defined]
    assert (await call("sendMessage", chat_id=lan.id, text="a"))[0] == 200
    others = [slow.customer() for _ in range(40)]
    for other in others:
        await other.start()
    statuses = [(await call("sendMessage", chat_id=other.id, text="a"))[0] for other in others]
    assert (statuses.count(200), statuses.count(429)) == (29, 11)


async def test_a_tap_is_answered_once_and_in_time(slow: FakeTelegram, session: aiohttp.ClientSession) -> None:
    call, lan = Client(slow, session), slow.customer()
    await lan.start()
    await call("sendMessage", chat_id=lan.id, text="?", reply_markup=INLINE)
    first, second = [(await lan.tap("yes"))["callback_query"]["id"] for _ in range(2)]
    assert (await call("answerCallbackQuery", callback_query_id=first))[0] == 200
    assert (await call("answerCallbackQuery", callback_query_id=first))[0] == 400
    slow.clock.advance(151.0)  # type: ignore[attr-defined]
    assert (await call("answerCallbackQuery", callback_query_id=second))[0] == 400
    slow.clock.advance(48 * 3600.0)  # type: ignore[attr-defined]
    assert "can't be deleted" in (await call("deleteMessage", chat_id=lan.id, message_id=2))[1]["description"]


# --- long polling -----------------------------------------------------------------------------------------------


async def test_polling_confirms_by_offset(fake: FakeTelegram, aiogram_bot: Any, ptb_bot: Any) -> None:
    lan = fake.customer()
    first = await lan.start()
    await lan.say("a")
    assert [one.update_id for one in await aiogram_bot.get_updates()] == [first["update_id"], first["update_id"] + 1]
    got = await ptb_bot.get_updates(offset=first["update_id"] + 1, limit=1)
    assert [one.message.text for one in got] == ["a"]
    waiting = asyncio.create_task(ptb_bot.get_updates(offset=first["update_id"] + 2, timeout=30))
    await fake.until(lambda: not fake.updates.pending)
    last = await lan.say("đợi mãi")
    assert [one.message.text for one in await waiting] == ["đợi mãi"]
    await fake.deliver_again(last["update_id"])
    got = await aiogram_bot.get_updates(offset=last["update_id"] + 1)
    assert [one.message.text for one in got] == ["đợi mãi"], "repeated although confirmed"
    await fake.settled()


async def test_one_poller_and_no_webhook(fake: FakeTelegram, call: Client, receiver: Receiver) -> None:
    first = asyncio.create_task(call("getUpdates", timeout=30))
    await fake.until(lambda: fake.updates.polled)
    second = asyncio.create_task(call("getUpdates", timeout=30))
    status, body = await first
    assert (status, body["description"].partition(";")[0]) == (409, "Conflict: terminated by other getUpdates request")
    assert (await call("setWebhook", url=receiver.url))[0] == 200
    assert (await second)[0] == 409
    assert "while webhook is active" in (await call("getUpdates"))[1]["description"]
    assert (await call("deleteWebhook"))[0] == 200
    assert (await call("getUpdates"))[1] == {"ok": True, "result": []}


async def test_an_empty_poll_ends(slow: FakeTelegram, session: aiohttp.ClientSession) -> None:
    clock, call = slow.clock, Client(slow, session)
    assert isinstance(clock, HandClock)
    poll = asyncio.create_task(call("getUpdates", timeout=30, allowed_updates=["message"]))
    await clock.sleepers()
    lan = slow.customer()
    assert (await lan.block())["update_id"] == 0, "not among the allowed updates"
    clock.advance(30.0)
    assert (await poll)[1]["result"] == []
    await lan.start()
    clock.advance(86_401.0)
    assert (await call("getUpdates"))[1]["result"] == [], "a day later it is gone"


# --- webhook ----------------------------------------------------------------------------------------------------


async def test_webhook_brings_the_secret(fake: FakeTelegram, aiogram_bot: Any, receiver: Receiver) -> None:
    lan = fake.customer()
    early = await lan.start()
    await aiogram_bot.set_webhook(receiver.url, secret_token=SECRET, max_connections=7, allowed_updates=["message"])
    late = await lan.say("chào em")
    await fake.settled()
    assert receiver.updates == [early, late]
    assert {headers["X-Telegram-Bot-Api-Secret-Token"] for headers in receiver.headers} == {SECRET}
    assert [(one.status, one.attempt, one.chat) for one in fake.deliveries] == [(200, 1, lan.id)] * 2
    assert all(one.latency > 0 for one in fake.deliveries)
    hook = await aiogram_bot.get_webhook_info()
    assert (hook.url, hook.max_connections, hook.allowed_updates) == (receiver.url, 7, ["message"])
    await aiogram_bot.delete_webhook()
    await lan.say("nữa")
    assert (await aiogram_bot.get_webhook_info()).pending_update_count == 1
    await aiogram_bot.set_webhook(receiver.url, drop_pending_updates=True)
    await fake.settled()
    assert len(receiver.updates) == 2


async def test_webhook_retries_as_told(slow: FakeTelegram, receiver: Receiver, session: aiohttp.ClientSession) -> None:
    clock, call, lan = slow.clock, Client(slow, session), slow.customer()
    assert isinstance(clock, HandClock)
    await call("setWebhook", url=receiver.url)
    receiver.answers += [(503, {"Retry-After": "5"}, b""), (302, {"Location": "/"}, b""), (500, {}, b"x")]
    await lan.start()
    for wait in (5.0, 2.0, 4.0):
        await clock.sleepers()
        clock.advance(wait)
        if wait == 4.0:
            break
    await slow.settled()
    assert clock.waits == [5.0, 2.0, 4.0]
    assert [(one.status, one.attempt, one.wait) for one in slow.deliveries] == [
        *((503, 1, 5.0), (302, 2, 2.0), (500, 3, 4.0), (200, 4, None)),
    ]
    assert "500 Internal" in (await call("getWebhookInfo"))[1]["result"]["last_error_message"]
    assert len({update["update_id"] for update in receiver.updates}) == 1


async def test_webhook_gives_up(slow: FakeTelegram, receiver: Receiver, session: aiohttp.ClientSession) -> None:
    clock, call, lan = slow.clock, Client(slow, session), slow.customer()
    assert isinstance(clock, HandClock)
    await lan.start()
    await call("sendMessage", chat_id=lan.id, text="?", reply_markup=INLINE)
    await call("setWebhook", url=receiver.url, drop_pending_updates=True)
    receiver.answers += [(503, {"Retry-After": "100"}, b""), (503, {"Retry-After": "100"}, b"")]
    await lan.tap("Có")
    await clock.sleepers()
    clock.advance(100.0)
    await slow.settled()
    assert [one.given_up for one in slow.deliveries] == [False, True]
    assert receiver.answers == []


async def test_webhook_that_is_not_there(
    slow: FakeTelegram, receiver: Receiver, session: aiohttp.ClientSession
) -> None:
    clock, call, lan = slow.clock, Client(slow, session), slow.customer()
    assert isinstance(clock, HandClock)
    await call("setWebhook", url="http://127.0.0.1:1/nobody")
    await lan.start()
    await clock.sleepers()
    assert [one.error for one in slow.deliveries] == ["Connection refused"] * 2
    receiver.open.clear()
    slow.updates.habits.read_timeout = 0.05
    await call("setWebhook", url=receiver.url)
    await clock.sleepers()
    assert slow.deliveries[-1].error == "Read timeout expired"
    receiver.open.set()
    clock.advance(60.0)
    await slow.settled()


async def test_order_in_a_chat_waits_for_the_ack(fake: FakeTelegram, call: Client, receiver: Receiver) -> None:
    lan, minh = fake.customer(), fake.customer(first_name="Minh")
    await call("setWebhook", url=receiver.url, max_connections=2)
    receiver.open.clear()
    for number in range(3):
        await lan.say(f"lan {number}")
        await minh.say(f"minh {number}")
    await fake.customer().say("must wait for a free connection")
    while len(receiver.updates) < 2:
        await call("getMe")
    for _ in range(5):
        await call("getMe")  # time enough for whatever would come too early
    assert sorted(receiver.texts) == ["lan 0", "minh 0"], "the next of a chat only after the ack"
    receiver.open.set()
    await fake.settled()
    assert receiver.most == 2
    for name in ("lan", "minh"):
        assert [text for text in receiver.texts if text.startswith(name)] == [f"{name} {n}" for n in range(3)]


async def test_redelivery(fake: FakeTelegram, call: Client, receiver: Receiver) -> None:
    lan = fake.customer()
    await call("setWebhook", url=receiver.url)
    fake.redeliver = 1.0
    ids = [(await lan.say(text))["update_id"] for text in "abc"]
    await fake.settled()
    assert receiver.texts == ["a", "a", "b", "b", "c", "c"]
    assert [one.again for one in fake.deliveries] == [False, True] * 3
    fake.redeliver = 0.0
    repeats = await fake.deliver_again(*ids, times=3, shuffled=True)
    assert sorted(receiver.texts[6:]) == sorted("abc" * 3)
    assert receiver.texts[6:] != list("aaabbbccc")
    assert {one.status for one in repeats} == {200}
    unknown = await fake.push("carrier_pigeon", {"legs": 2}, chat=lan.id)
    await fake.settled()
    assert receiver.updates[-1] == unknown


async def test_a_webhook_may_answer_with_a_call(fake: FakeTelegram, call: Client, receiver: Receiver) -> None:
    lan = fake.customer()
    receiver.answers.append((200, {}, json.dumps({"method": "sendMessage", "chat_id": lan.id, "text": "dạ"}).encode()))
    await call("setWebhook", url=receiver.url)
    await lan.start()
    assert (await lan.next_message()).text == "dạ"
    assert fake.calls[-1].fault == "webhook reply"


async def test_chunked_and_closed_answers_are_read(fake: FakeTelegram, call: Client) -> None:
    seen = 0

    async def take(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal seen
        await request.read()
        seen += 1
        response = web.StreamResponse()
        if seen == 1:
            response.enable_chunked_encoding()
        else:
            response.force_close()
        await response.prepare(request)
        await response.write(b"o" * 300)
        await response.write_eof(b"k")
        return response

    runner = web.ServerRunner(web.Server(take))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await call("setWebhook", url=f"http://127.0.0.1:{runner.addresses[0][1]}/")
    lan = fake.customer()
    for text in "abcd":
        await lan.say(text)
    await fake.settled()
    assert [one.status for one in fake.deliveries] == [200] * 4
    await runner.cleanup()


# --- faults -----------------------------------------------------------------------------------------------------


async def test_faults_meet_the_calls_they_are_for(fake: FakeTelegram, call: Client) -> None:
    lan, minh = fake.customer(), fake.customer()
    await lan.start()
    await minh.start()
    fake.next(server_error(500, accepted=True), flood(2), chat=lan.id)
    fake.next(answer(418, {"ok": False}), method="getMe")
    assert (await call("sendMessage", chat_id=minh.id, text="a"))[0] == 200
    assert (await call("sendMessage", chat_id=lan.id, text="there all the same"))[0] == 500
    assert (await call("sendMessage", chat_id=lan.id, text="not"))[0] == 429
    assert (await call("sendMessage", chat_id=lan.id, text="b"))[0] == 200
    assert (await call("getMe"))[0] == 418
    assert fake.faults.waiting == []
    assert [one.text for one in lan.inbox] == ["there all the same", "b"]
    assert [(one.status, one.accepted) for one in fake.calls] == [
        *((200, True), (500, True), (429, False), (200, True), (418, False)),
    ]
    fake.next(hang())
    assert (await call("getUpdates"))[0] == 200, "a poller meets only faults that name it"


@pytest.mark.parametrize(
    "fault, accepted",
    [(drop(), False), (drop(accepted=True), True), (half(), True), (refuse(), False), (hang(), False)],
)
async def test_answers_get_lost(fake: FakeTelegram, call: Client, fault: Any, accepted: bool) -> None:
    lan = fake.customer()
    await lan.start()
    fake.next(fault, method="sendMessage")
    with pytest.raises((aiohttp.ClientError, TimeoutError)):
        async with asyncio.timeout(1 if fault.kind == "hang" else 30):
            await call("sendMessage", chat_id=lan.id, text="a")
    assert [one.text for one in lan.inbox] == (["a"] if accepted else [])
    assert (fake.calls[-1].status, fake.calls[-1].accepted) == (0, accepted)
    assert (await call("sendMessage", chat_id=lan.id, text="b"))[0] == 200


async def test_what_hangs_is_released(fake: FakeTelegram, call: Client) -> None:
    lan = fake.customer()
    await lan.start()
    fake.next(hang(accepted=True))
    waiting = asyncio.create_task(call("sendMessage", chat_id=lan.id, text="a"))
    await lan.wait_for(1)
    fake.release()
    assert (await waiting)[0] == 200


async def test_nobody_listens_for_a_while(fake: FakeTelegram, call: Client) -> None:
    assert (await call("getMe"))[0] == 200
    url = fake.url
    async with fake.refusing():
        with pytest.raises(aiohttp.ClientConnectionError):
            await call("getMe")  # on the kept connection
        with pytest.raises(aiohttp.ClientConnectorError):
            await call("getMe")
    assert (await call("getMe"))[0] == 200
    assert fake.url == url


async def test_downloads_fail_too(fake: FakeTelegram, call: Client, session: aiohttp.ClientSession) -> None:
    voice = await fake.customer().voice()
    path = (await call("getFile", file_id=voice["message"]["voice"]["file_id"]))[1]["result"]["file_path"]
    fake.next(half(), method="download")
    for complete in (False, True):
        async with session.get(f"{fake.url}/file/bot{fake.token}/{path}?x=1") as response:
            if complete:
                assert (await response.read()).startswith(b"OggS")
            else:
                with pytest.raises(aiohttp.ClientPayloadError):
                    await response.read()
    assert fake.calls[-1].params["path"] == path


async def test_it_comes_back_as_it_was(fake: FakeTelegram, call: Client, receiver: Receiver) -> None:
    lan = fake.customer()
    await call("setWebhook", url=receiver.url)
    port = int(fake.url.rpartition(":")[2])
    await fake.stop()
    said = await lan.say("lúc nghỉ")
    assert await fake.start(port) == fake.url
    await fake.acked(said)
    assert receiver.texts == ["lúc nghỉ"]
    assert (await call("sendMessage", chat_id=lan.id, text="dạ"))[0] == 200


async def test_a_bot_that_leaves_in_the_middle_violates_nothing(fake: FakeTelegram, call: Client) -> None:
    port = int(fake.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /bot{fake.token}/sendMessage HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: 100\r\n\r\n{{".encode())
    await fake.until(lambda: len(fake.calls) == 1 or not writer.transport.get_write_buffer_size())
    await call("getMe")
    writer.transport.abort()
    await call("getMe")
    assert fake.violations == []
    assert [one.status for one in fake.calls] == [0, 200, 200]


async def test_chaos_has_a_rate(fake: FakeTelegram, call: Client) -> None:
    fake.default_fault(0.25, [server_error(500), flood(1)], random.Random(4))
    statuses = [(await call("getMe"))[0] for _ in range(80)]
    assert 10 <= 80 - statuses.count(200) <= 30
    assert {500, 429} <= set(statuses)
    fake.default_fault(0.0)
    assert (await call("getMe"))[0] == 200


async def test_waiting_is_woken_by_the_message(fake: FakeTelegram, call: Client) -> None:
    lan = fake.customer()
    await lan.start()
    waiting = asyncio.create_task(lan.next_message())
    for text in ("một", "hai"):
        await call("sendMessage", chat_id=lan.id, text=text)
    assert (await waiting).text == "một"
    assert (await lan.next_message()).text == "hai"
    with pytest.raises(TimeoutError, match=r"2 messages after 0\.01 s, not 3"):
        await lan.wait_for(3, timeout=0.01)
    with pytest.raises(ZeroDivisionError):
        await fake.until(lambda: bool(1 / 0))


async def test_by_hand() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.demo.standins.telegram", "--token", "1:x"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().split()[0]
    process.stdin.write("xin chào\n".encode())
    await process.stdin.drain()
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/bot1:x/getUpdates", params={"timeout": 5}) as response:
            message = (await response.json())["result"][0]["message"]
        params = {"chat_id": message["chat"]["id"], "text": "chào chị"}
        await (await session.get(f"{url}/bot1:x/sendMessage", params=params)).read()
    assert message["text"] == "xin chào"
    assert (await process.stdout.readline()).decode().strip() == "bot: chào chị"
    process.terminate()
    await process.communicate()
