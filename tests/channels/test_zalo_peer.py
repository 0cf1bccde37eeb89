"""Another program's client of Zalo's API against our stand-in and our reading of the answers: two that agree are no proof,
two that differ are a question. It covers text, files, the token and the table of errors."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import requests
import zalo_sdk
from zalo_sdk import oa
from zalo_sdk.oa.ZaloMessage import ZaloAttachment, ZaloMessageBody, ZaloRecipient

from channels.contract import ChannelError, NeedsReauth, Permanent, RateLimited
from channels.zalo.answers import outcome
from gateway.demo.standins.zalo import FakeZalo, HandClock

# what theirs calls by name and ours decides on: what we do about it
DECISIONS: dict[int, tuple[type[ChannelError], str]] = {
    -32: (RateLimited, ""),
    -201: (Permanent, "bad_request"),
    -211: (RateLimited, ""),
    -213: (Permanent, ""),
    -216: (NeedsReauth, ""),
    -230: (Permanent, "window"),
    -320: (Permanent, "billing"),
    -321: (Permanent, "billing"),
}


async def test_what_it_sends_passes_the_checks_that_ours_passes() -> None:
    clock = HandClock()
    fake = FakeZalo(clock=clock)
    async with fake.running() as url:
        lan = fake.customer("Lan")
        await lan.follow()
        peer = oa.Client(fake.app_id, fake.app_secret, endpoint_prefix=url, refresh_token=fake.grants.first())
        await asyncio.to_thread(_refreshed, peer, url)
        to = ZaloRecipient(user_id=lan.id)

        said = await asyncio.to_thread(peer.send_message, to, ZaloMessageBody(text="Dạ em chào chị"))
        paper = await asyncio.to_thread(peer.upload_file, b"%PDF-1.7 x", "file", "hop-dong.pdf", "application/pdf")
        file = ZaloAttachment("file", {"token": paper["data"]["token"]})
        await asyncio.to_thread(peer.send_message, to, ZaloMessageBody(attachment=file))
        first, second = lan.inbox
        assert (first.text, first.id) == ("Dạ em chào chị", said["data"]["message_id"])
        assert (second.file, second.file_name) == (b"%PDF-1.7 x", "hop-dong.pdf")
        assert outcome(200, json.dumps(said).encode()) == first.id

        clock.advance(8 * 86_400)
        await asyncio.to_thread(_refreshed, peer, url)
        with pytest.raises(zalo_sdk.ZaloOAException) as late:
            await asyncio.to_thread(peer.send_message, to, ZaloMessageBody(text="Anh còn đó không?"))
        assert late.value._code == -230
        assert fake.violations == []


def _refreshed(peer: Any, url: str) -> None:
    """Its address of the token is written in: it is sent here instead."""
    real = requests.post
    try:
        requests.post = lambda target, **more: real(target.replace("https://oauth.zaloapp.com", url), **more)
        peer.refresh_acccess_token()
    finally:
        requests.post = real


@pytest.mark.parametrize("code", sorted(DECISIONS))
def test_its_names_of_errors_are_our_decisions(code: int) -> None:
    assert code in zalo_sdk.ZaloOAException.ERROR_CODE_TO_STR
    kind, reason = DECISIONS[code]
    with pytest.raises(kind) as refused:
        outcome(200, b'{"error": %d, "message": "x"}' % code)
    assert reason in ("", getattr(refused.value, "reason", ""))


def test_no_error_that_it_knows_is_taken_for_success() -> None:
    for code in set(zalo_sdk.ZaloOAException.ERROR_CODE_TO_STR) - {0}:
        with pytest.raises(ChannelError):
            outcome(200, b'{"error": %d, "message": "x"}' % code)
