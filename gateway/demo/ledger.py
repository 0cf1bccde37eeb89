"""Two records side by side: what our API says that we said to somebody, and what his platform took, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.demo.platforms import APPS, Shown

if TYPE_CHECKING:
    from gateway.demo.player import Player
    from gateway.demo.stage import Stage
    from gateway.demo.standins.mail import Arrived

WEB: str = "webchat"


@dataclass(slots=True)
class Page:
    """One platform's. `ours`, `theirs` -- messages · `files` -- of them with a file · `wrong` -- what differs."""

    app: str
    people: int = 0
    ours: int = 0
    theirs: int = 0
    files: int = 0
    wrong: list[str] = field(default_factory=list)

    def line(self) -> str:
        return (
            f"{self.app}: {self.people} khách, ta ghi {self.ours} tin, nền tảng nhận {self.theirs} lượt gửi"
            f" ({self.files} tệp): {'khớp, đúng thứ tự, không lặp' if not self.wrong else '; '.join(self.wrong)}"
        )


async def pages(stage: Stage) -> list[Page]:
    """Of every app that somebody wrote from. Who has closed his page of the web chat saw no more of it: he is left out."""
    found: dict[str, Page] = {}
    for player in stage.players:
        channel = player.character.channel
        if channel == WEB and player.wire.thread not in stage.tasks:
            continue
        page = found.setdefault(channel, Page(APPS.get(channel, "Web chat")))
        said = await ours(stage, channel, player.wire.thread)
        took = theirs(stage, channel, player)
        page.people += 1
        page.ours += len(said)
        page.theirs += len(took)
        page.files += sum(bool(one.size) for one in took)
        if wrong := differs(said, took):
            page.wrong.append(f"{player.name}: {wrong}")
    return [*(found[channel] for channel in (*APPS, WEB) if channel in found), await letters(stage)]


async def letters(stage: Stage) -> Page:
    """What went by e-mail to who filled a form or called: our record beside the mail server's."""
    page, server = Page("E-mail"), stage.platforms.mail
    for conversation in await stage.api.every("/conversations", channel="email"):
        said = await ours(stage, "email", conversation["thread"])
        contact = await stage.api.get(f"/contacts/{conversation['contact_id']}")
        took = [one for one in server.arrived if one.to in contact["emails"]]
        page.people += 1
        page.ours += len(said)
        page.theirs += len(took)
        page.files += sum(len(one.files) for one in took)
        if wrong := misses(said, took):
            page.wrong.append(f"{contact['name']}: {wrong}")
    if doubled := [name for name, times in server.ids().items() if times > 1]:
        page.wrong.append(f"{len(doubled)} thư tới hai lần")
    return page


def misses(said: Sequence[Said], took: Sequence[Arrived]) -> str:
    """'' when every message of ours is in a letter of its own or, of several files, in the letters that follow it, in
    order, and there is no other letter. Around our words a letter has its greeting and its foot."""
    rest = list(took)
    for message in said:
        words, sizes = _plain(message.text), list(message.sizes)
        while words or sizes:
            if not rest:
                return f"máy chủ thư không có: {message.text[:40] or 'tệp'}"
            letter = rest.pop(0)
            if words and words not in _plain(letter.text):
                return f"sai chỗ hoặc lặp: {letter.text[:40]}"
            words = ""
            for _, data in letter.files:
                if len(data) not in sizes:
                    return f"một tệp {len(data)} byte không đúng chỗ"
                sizes.remove(len(data))
    return f"thừa: {rest[0].text[:40]}" if rest else ""


@dataclass(frozen=True, slots=True)
class Said:
    """A message of ours: its words and the sizes of its files."""

    text: str
    sizes: tuple[int, ...] = ()


async def ours(stage: Stage, channel: str, thread: str) -> list[Said]:
    """What went out to him, over all his conversations."""
    found: list[dict[str, Any]] = []
    for conversation in await stage.api.every("/conversations", channel=channel, thread=thread):
        found += await stage.api.all_messages(conversation["id"])
    out = [one for one in found if one["direction"] == "outbound" and one["status"] not in ("cancelled", "failed")]
    return [
        Said(one["text"], tuple(file["size"] for file in one["attachments"]))
        for one in sorted(out, key=lambda one: one["seq"])
    ]


def theirs(stage: Stage, channel: str, player: Player) -> list[Shown]:
    """On the page of the web chat it is what the visitor saw."""
    if channel in APPS:
        return stage.platforms.record(channel, player.wire.thread)
    return [Shown(one.text, len(one.file or b"")) for one in player.heard]


def differs(said: Sequence[Said], took: Sequence[Shown]) -> str:
    """'' when one is the other: every word and file once, in the same order. A platform's message may hold a part of
    ours (a long text, a file on its own), and beneath our words the numbered choices that it has no buttons for."""
    rest = list(took)
    for message in said:
        words, sizes = _plain(message.text), list(message.sizes)
        while words or sizes:
            if not rest:
                return f"nền tảng không có: {message.text[:40] or 'tệp'}"
            shown = rest.pop(0)
            if shown.size:
                if shown.size not in sizes:
                    return f"một tệp {shown.size} byte không đúng chỗ"
                sizes.remove(shown.size)
            text = _plain(shown.text)
            if not text:
                continue
            if not (text.startswith(words) or words.startswith(text)) or not words:
                return f"sai chỗ hoặc lặp: {shown.text[:40]}"
            words = words[len(text) :].strip()
    return f"thừa: {rest[0].text[:40] or 'tệp'}" if rest else ""


def _plain(text: str) -> str:
    return " ".join(text.split())
