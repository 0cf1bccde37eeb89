"""Who may act, who is asking, how often; names in headers."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from gateway.addresses import network
from gateway.config import Config, Server
from gateway.web import security
from gateway.web.files import disposition
from gateway.web.limits import KEYS, Limit
from gateway.web.static import Assets
from gateway.web.templates import Pages

CONFIG = Config(path=Path("config.yaml"), server=Server(public_url="https://chat.ibaohiem.example"))


def asked(host: str, **headers: str) -> Any:
    return make_mocked_request(
        "POST", "/", headers={"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    )


@pytest.mark.parametrize(
    ("host", "headers", "may"),
    [
        ("chat.ibaohiem.example", {"Origin": "https://chat.ibaohiem.example"}, True),
        ("chat.ibaohiem.example", {"Origin": "https://chat.ibaohiem.example", "Sec_Fetch_Site": "same-origin"}, True),
        ("chat.ibaohiem.example", {"Origin": "https://chat.ibaohiem.example", "Sec_Fetch_Site": "cross-site"}, False),
        ("chat.ibaohiem.example", {"Origin": "http://chat.ibaohiem.example"}, False),
        ("chat.ibaohiem.example", {"Origin": "https://evil.example"}, False),
        ("evil.example", {"Origin": "http://evil.example"}, False),
        ("chat.ibaohiem.example", {}, False),
        ("chat.ibaohiem.example", {"Origin": "null"}, False),
        ("chat.ibaohiem.example", {"Origin": "null", "Sec_Fetch_Site": "same-origin"}, True),
        ("127.0.0.1:8080", {"Origin": "http://127.0.0.1:8080"}, True),
        ("127.0.0.1:8080", {"Origin": "http://127.0.0.1:9999"}, False),
        ("127.0.0.1:8080", {"Origin": "http://localhost:8080"}, False),
        ("chat.ibaohiem.example", {"Origin": "https://shop.example"}, True),
        ("chat.ibaohiem.example", {"Origin": "https://SHOP.example"}, True),
        ("chat.ibaohiem.example", {"Origin": "https://shop.example.evil.example"}, False),
    ],
)
def test_who_may_act(host: str, headers: dict[str, str], may: bool) -> None:
    assert security.may_act(asked(host, **headers), CONFIG, guests={"https://shop.example"}) is may


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # nobody's proxy: what it says is not believed
        ("10.0.0.2", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # what stands further left was said by the visitor
        ("10.0.0.2", "198.51.100.1, 10.0.0.3", "198.51.100.1"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("10.0.0.2", "not-an-address", "not-an-address"),
    ],
)
def test_the_visitors_address(peer: str, forwarded: str, address: str) -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded} if forwarded else {}).clone(
        remote=peer
    )
    assert security.client_address(request, (network("10.0.0.0/8"),)) == address


def test_a_policy_differs_only_where_it_was_asked_to() -> None:
    framed = security.policy(frame_ancestors="https://shop.example")
    assert framed.replace("https://shop.example", "'none'") == security.policy()
    assert "unsafe" not in security.policy()


def test_a_limit_is_a_sliding_window() -> None:
    now = 0.0
    limit = Limit(2, 10.0, clock=lambda: now)
    assert [limit.wait("a"), limit.wait("a")] == [0, 0]
    now = 4.0
    assert limit.wait("a") == 6.0
    assert limit.wait("b") == 0
    now = 10.5
    assert limit.wait("a") == 0


def test_a_limit_forgets_the_longest_silent_key() -> None:
    limit = Limit(1, 3600.0, clock=lambda: 0.0)
    for number in range(KEYS + 1):
        assert limit.wait(str(number)) == 0
    assert limit.wait("0") == 0
    assert limit.wait(str(KEYS)) > 0


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("quy tắc.pdf", "attachment; filename=\"quy t_c.pdf\"; filename*=UTF-8''quy%20t%E1%BA%AFc.pdf"),
        ('a".pdf', "attachment; filename=\"a_.pdf\"; filename*=UTF-8''a%22.pdf"),
        ("a\r\nX: y.pdf", "attachment; filename=\"a__X_ y.pdf\"; filename*=UTF-8''a%0D%0AX%3A%20y.pdf"),
    ],
)
def test_a_file_name_in_a_header(name: str, header: str) -> None:
    assert disposition(name) == header


def test_a_page_escapes_and_misses_nothing(tmp_path: Path) -> None:
    (tmp_path / "area" / "templates").mkdir(parents=True)
    (tmp_path / "area" / "static").mkdir()
    (tmp_path / "area" / "static" / "a.js").write_text("1", encoding="utf-8")
    (tmp_path / "area" / "templates" / "page.html").write_text(
        "<p>{{ said }}</p>{{ asset('area/a.js') }}", encoding="utf-8"
    )
    assets = Assets(tmp_path)
    pages = Pages(assets, tmp_path)
    made = pages.render("area/page.html", {"said": "<script>'\""})
    assert made == f"<p>&lt;script&gt;&#39;&#34;</p>/assets/{assets.version}/area/static/a.js"
    with pytest.raises(Exception, match="said"):
        pages.render("area/page.html", {})
    (tmp_path / "area" / "static" / "a.js").write_text("2", encoding="utf-8")
    assert Assets(tmp_path).version != assets.version
