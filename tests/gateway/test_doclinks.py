"""Protected addresses at their door: where nobody reaches us none is made; what is over and what is busy are two pages;
digits count however they arrive."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from channels.contract import Account, Permanent
from gateway import doclinks
from gateway.config import Config, Server
from gateway.doclinks import DocumentLinks
from gateway.parts import Parts
from storage import document_links
from storage.document_links import Answer, Fate
from storage.errors import StorageUnavailable
from storage.ids import new_id

KEY = b"k" * 32
NOW = 1_795_330_127_451
PUBLIC = "https://chat.example.vn"
LOCAL = "http://127.0.0.1:8080"
TOKEN = doclinks.token(KEY, new_id(), NOW + 1)


def account(**settings: object) -> Account:
    return Account(channel="zalo", name="oa", settings=settings)


class Away:
    """A store whose database does not answer."""

    async def read(self, unit: Any) -> Any:
        raise StorageUnavailable("away")

    run = read


class Asked:
    """A store that notes the digits of each claim."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.digits: list[str] = []
        monkeypatch.setattr(document_links, "claim", self._claim)

    async def run(self, unit: Any) -> Any:
        return unit(None)

    def _claim(self, tx: object, link_id: str, digits: str) -> Answer:
        self.digits.append(digits)
        return Answer(fate=Fate.WRONG, left=4)


def parts_of(store: object, origin: str = PUBLIC, *accounts: Account) -> Parts:
    parts: Any = SimpleNamespace(
        store=store,
        accounts={one.id: one for one in accounts},
        config=Config(path=Path("config.yaml"), server=Server(public_url=origin)),
        clock=SimpleNamespace(ms=lambda: NOW),
        engine=SimpleNamespace(keys=SimpleNamespace(secrets=lambda purpose: (KEY,))),
    )
    return cast("Parts", parts)


def content() -> StreamReader:
    loop = asyncio.get_running_loop()
    protocol = BaseProtocol(loop)
    protocol.connection_made(asyncio.Transport())
    return StreamReader(protocol, 1 << 16, loop=loop)


def posted(body: StreamReader) -> web.Request:
    return make_mocked_request("POST", f"/d/{TOKEN}", match_info={"token": TOKEN}, payload=body)


@pytest.mark.parametrize(
    ("origin", "settings", "good"),
    [
        (PUBLIC, {}, True),
        (PUBLIC, {"api_url": "https://openapi.example"}, True),
        (LOCAL, {"api_url": "http://127.0.0.1:9000"}, True),
        (LOCAL, {"api_url": "https://openapi.example"}, False),
        (LOCAL, {}, False),
        (LOCAL, {"host": "127.0.0.1", "port": 25}, False),  # a real relay may stand on this machine
    ],
    ids=["public", "public platform", "stand-in", "platform", "nothing said", "local relay"],
)
async def test_no_address_is_made_that_nobody_outside_can_open(
    origin: str, settings: dict[str, object], good: bool
) -> None:
    assert doclinks.reachable(origin, account(**settings)) is good
    parts = parts_of(Away(), origin, account(**settings))
    with pytest.raises(StorageUnavailable if good else Permanent) as caught:
        await doclinks.address(parts, account_id="zalo:oa", file_id=new_id(), link_id=new_id())
    assert good or getattr(caught.value, "reason", "") == "hosting"


async def test_a_busy_house_does_not_say_that_the_link_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    links = DocumentLinks(parts_of(Away()))
    whole = content()
    whole.feed_data(b"digits=5678")
    whole.feed_eof()
    looked = make_mocked_request("GET", f"/d/{TOKEN}", match_info={"token": TOKEN})
    monkeypatch.setattr(doclinks, "READ_S", 0.001)
    for answer, status in (
        (await links.look(looked), 503),
        (await links.open(posted(whole)), 503),
        (await links.open(posted(content())), 408),
    ):
        assert isinstance(answer, web.Response)
        page = str(answer.text)
        assert (answer.status, answer.headers["Retry-After"]) == (status, "60")
        assert "thử lại sau một phút" in page
        assert "hết hạn" not in page
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"


async def test_each_link_has_its_own_measure_and_whoever_is_too_quick_reads_why() -> None:
    links = DocumentLinks(parts_of(Away()))
    other = doclinks.token(KEY, new_id(), NOW + 1)
    asked = [TOKEN] * (doclinks.A_MINUTE + 1) + [other] + ["guess"] * doclinks.A_MINUTE + ["another"]
    answers = [await links.look(make_mocked_request("GET", f"/d/{one}", match_info={"token": one})) for one in asked]
    busy = [at for at, answer in enumerate(answers) if answer.status == 429]
    assert busy == [doclinks.A_MINUTE, len(asked) - 1]
    for answer in (answers[at] for at in busy):
        assert isinstance(answer, web.Response)
        assert "đợi một phút" in str(answer.text)
        assert 1 <= int(answer.headers["Retry-After"]) <= 61


async def test_digits_that_come_in_pieces_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Asked(monkeypatch)
    links = DocumentLinks(parts_of(store))
    body = content()
    body.feed_data(b"digits=")
    opening = asyncio.ensure_future(links.open(posted(body)))
    await asyncio.sleep(0)  # it has read what is there
    body.feed_data(b"56")
    await asyncio.sleep(0)
    body.feed_data(b"78")
    body.feed_eof()
    assert (await opening).status == 403
    assert store.digits == ["5678"]


async def test_no_more_is_read_than_a_form_has(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Asked(monkeypatch)
    endless = content()  # never ends
    endless.feed_data(b"digits=5678&x=" + b"x" * doclinks.BODY)
    assert (await DocumentLinks(parts_of(store)).open(posted(endless))).status == 403
    assert store.digits == ["5678"]
