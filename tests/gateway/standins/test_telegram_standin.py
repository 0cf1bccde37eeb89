"""The Telegram stand-in is honest: two independent libraries drive it, and each of its rules is seen to bite."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from gateway.demo.standins.telegram import (
    FakeTelegram,
    drop,
    error,
    flood,
    half,
    hang,
    server_error,
)
from gateway.demo.standins.telegram.entities import formatted
from gateway.demo.standins.telegram.methods import METHODS
from gateway.demo.standins.telegram.wire import ApiError, units
from tests.support.botapi import CONTACT, INLINE, PDF, Client

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
