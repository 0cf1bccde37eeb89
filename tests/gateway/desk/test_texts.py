"""The page of texts: for who decides about the bot, every text on every channel, with what does not fit marked."""

from __future__ import annotations

import html
import re
from dataclasses import replace

from channels.planned import everywhere
from gateway.desk.texts import Choice, Gallery
from handlers.texts import Texts
from tests.gateway.desk.conftest import Clerk
from tests.support.desk import Office

TEXTS = Texts.load()


async def test_every_text_on_every_channel(office: Office, clerk: Clerk) -> None:
    await office.hire("Phạm Thu", "supervisor", email="thu@x.vn")
    await clerk.sign_in("lan@x.vn")
    assert await clerk.status("GET", "/desk/texts") == 404  # an advisor
    await clerk.sign_in("thu@x.vn")
    async with clerk.ask("GET", "/desk/texts?as=bác") as answer:
        assert answer.status == 200
        page = html.unescape(await answer.text())
    for key in TEXTS.messages():
        assert f"<code>{key}</code>" in page, key
    for carrier in everywhere().values():
        assert page.count(f">{carrier.title} <small>") > 100 or page.count(f">{carrier.title}<") > 100, carrier.title
    assert "Dạ em chào bác!" in page
    assert "1. TNDS xe máy" in page  # where there are no buttons
    assert '<li class="planned">Zalo Bot' in page
    assert "{" not in "".join(re.findall(r'<p class="said"[^>]*>(.*?)</p>', page, re.DOTALL))
    async with clerk.ask("GET", "/desk/texts?in=en&on=viber&long=on&as=nobody") as answer:
        english = html.unescape(await answer.text())
    assert "I am the automated assistant" in english
    assert english.count(">Viber <small>") > 100
    assert ">Messenger <small>" not in english
    assert '<option value="viber" selected>' in english


async def test_what_does_not_fit_is_marked(office: Office) -> None:
    gallery = Gallery(office.parts)
    narrow = replace(everywhere()["telegram"], text_limit=150, buttons=2, button_label_limit=6)
    gallery.__dict__["_carriers"] = {"telegram": narrow}
    found = {text.key: text for texts in gallery.sections(Choice()).values() for text in texts}
    assert found["consent.layer1"].wrong
    assert len(found["consent.layer1"].shown[0].seen.parts) > 1
    assert found["error.spam"].shown[0].seen.cut == ("Gặp t…",)
    assert not found["ask.time"].shown[0].seen.cut  # four choices: lines
