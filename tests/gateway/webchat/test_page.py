"""The public page: who we are, what it costs by law, in two languages; its headers; its files."""

import re
from typing import Any

import aiohttp
import pytest
import yaml

from gateway.web.static import Assets
from gateway.webchat.page import HERE, amount, gross
from tests.support.webchat import Site


async def page(client: aiohttp.ClientSession, site: Site, path: str = "/") -> str:
    async with client.get(site.url + path) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
        return await answer.text()


async def test_it_says_who_we_are(site: Site, client: aiohttp.ClientSession) -> None:
    text = await page(client, site)
    assert '<html lang="vi">' in text
    for said in (
        "không phải công ty bảo hiểm", "Công ty TNHH Đại lý Bảo hiểm IBAOHIEM (thử)", "1 Lê Lợi", "DL-00123", "dulieu@ibaohiem.example",
        "1900 6868", "https://ibaohiem.example/chinh-sach", "khiếu nại",
    ):  # fmt: skip
        assert said in text, said
    english = await page(client, site, "/?lang=en")
    assert '<html lang="en">' in english
    assert "An online insurance agency, not an insurance company" in english
    assert '<html lang="vi">' in await page(client, site, "/?lang=xx")


async def test_compulsory_and_voluntary_stand_apart(site: Site, client: aiohttp.ClientSession) -> None:
    compulsory, voluntary = (await page(client, site)).split('<div class="shelf">')[1:3]
    assert set(re.findall(r'id="product-(\w+)"', compulsory)) == {"tnds_xe_may", "tnds_o_to"}
    assert set(re.findall(r'id="product-(\w+)"', voluntary)) == {
        "vat_chat_o_to",
        "suc_khoe",
        "du_lich",
        "nha_tu_nhan",
        "tai_nan",
        "nhan_tho",
    }
    assert compulsory.count("Phí theo biểu phí Nhà nước") == 2
    assert voluntary.count("Phí do công ty bảo hiểm báo") == 6


async def test_the_tariff_of_the_law_is_told_with_vat(site: Site, client: aiohttp.ClientSession) -> None:
    text = re.sub(r"\s+", " ", await page(client, site))
    for net, with_vat in (
        ("60.000", "66.000"),
        ("437.000", "480.700"),
        ("794.000", "873.400"),
        ("1.825.000", "2.007.500"),
        ("3.200.000", "3.520.000"),
    ):
        assert f"<td>{net}</td><td><b>{with_vat}</b></td>" in text
    english = re.sub(r"\s+", " ", await page(client, site, "/?lang=en"))
    assert "<td>437,000</td><td><b>480,700</b></td>" in english
    for promise in ("giảm phí", "ưu đãi", "tặng", "rẻ nhất"):
        assert promise not in text.lower()


def test_amounts() -> None:
    assert gross(437_000, 10) == 480_700
    assert amount(1_270_000, "vi") == "1.270.000"
    assert amount(1_270_000, "en") == "1,270,000"


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return sorted(re.findall(r"\{\w+\}", value))


def test_both_languages_say_the_same_things() -> None:
    vi, en = (yaml.safe_load((HERE / f"words.{lang}.yaml").read_text("utf-8")) for lang in ("vi", "en"))
    assert shape(vi) == shape(en)


async def test_every_word_that_the_scripts_ask_for_is_there(site: Site, client: aiohttp.ClientSession) -> None:
    words = site.parts.texts.section("chat", "vi") | yaml.safe_load((HERE / "words.vi.yaml").read_text("utf-8"))["chat"]
    asked = set()
    for script in (HERE / "static").glob("*.js"):
        text = script.read_text("utf-8")
        asked |= set(re.findall(r'words\["(\w+)"\]|#word\("(\w+)"\)', text))
    missing = {one or other for one, other in asked} - set(words)
    assert not missing


async def test_every_answer_carries_the_headers(site: Site, client: aiohttp.ClientSession) -> None:
    for path in ("/", "/nothing/here", "/chat/session", "/assets/x/web/static/icons.svg"):
        async with client.get(site.url + path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "'unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert "microphone=()" in answer.headers["Permissions-Policy"]


async def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(
    site: Site, client: aiohttp.ClientSession
) -> None:
    text = await page(client, site)
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))", text)
    assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", text)
    for address in re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', text):
        assert address.startswith("/assets/"), address
        async with client.get(site.url + address) as answer:
            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_static_files(site: Site, client: aiohttp.ClientSession) -> None:
    assets = Assets()
    async with client.get(site.url + assets.url("webchat/chat.css")) as answer:
        assert answer.content_type == "text/css"
        etag = answer.headers["ETag"]
        assert answer.headers["Content-Encoding"] == "gzip"
        whole = await answer.read()
    async with client.get(site.url + assets.url("webchat/chat.css"), headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304
    async with client.get(f"{site.url}/assets/an-older-version/webchat/static/chat.css") as answer:
        assert answer.headers["Cache-Control"] == "no-cache"
        assert await answer.read() == whole
    for path in (
        "webchat/routes.py",
        "webchat/words.vi.yaml",
        "../config.py",
        "webchat/static/",
        "webchat/static/../routes.py",
        "%2e%2e/%2e%2e/pyproject.toml",
    ):
        async with client.get(f"{site.url}/assets/{assets.version}/{path}") as answer:
            assert answer.status == 404
    with pytest.raises(KeyError):
        assets.url("webchat/routes.py")


async def test_a_script_carries_what_concerns_a_script(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{site.url}/assets/x/web/static/base.css") as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Content-Security-Policy" not in answer.headers
