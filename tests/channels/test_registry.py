"""What importing a channel costs: nothing heavy until it is used; and the table of channels."""

import subprocess
import sys
from pathlib import Path

import pytest

from channels import registry

ROOT = Path(__file__).parents[2]


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_aiogram_comes_only_with_the_first_message() -> None:
    code = """
import sys
import channels.registry, channels.contract, channels.fit, channels.reading
assert not [name for name in sys.modules if name.startswith(("channels.telegram", "channels.webchat"))]
assert "aiohttp" not in sys.modules
from channels.contract import Account, Delivery
for adapter in channels.registry.ADAPTERS.values():
    assert adapter.capabilities.text_limit
    account = Account(channel=adapter.name, name="x", settings={"token": "1:x"})
    adapter.problems(account)
    adapter.client and adapter.client(account)
channels.registry.adapter("telegram").parse(Delivery(headers={}, body=b'{"update_id":1}'), account)
import handlers.core, handlers.engine, storage.db, gateway.config
assert "aiogram" not in sys.modules
print("light")
"""
    assert python(code) == "light"


def test_aiogram_is_imported_in_a_thread_with_its_models_unbuilt() -> None:
    code = """
import asyncio, sys
from channels.contract import Account, OutboundMessage
from channels.registry import adapter
telegram = adapter("telegram")

async def main():
    await asyncio.gather(*(asyncio.to_thread(telegram.prepare) for _ in range(4)))
    request = telegram.render(OutboundMessage(id="o", thread="1", text="x"), Account(channel="telegram", name="m"))
    print(request.__api_method__)

asyncio.run(main())
from aiogram.types import Message, Update
from pydantic import BaseModel
assert not Message.__pydantic_complete__, "the models were built after all: a second and 100 MB"
assert BaseModel.model_rebuild.__module__ == "pydantic.main"
chat = {"id": 1, "type": "private"}
update = Update.model_validate({"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": chat, "text": "x"}})
assert isinstance(update.message, Message)
"""
    assert python(code) == "sendMessage"


def test_aiogram_that_was_there_before_us_is_left_alone() -> None:
    code = """
from aiogram.types import Message
assert Message.__pydantic_complete__
from channels.telegram import calls
print(all(method.__pydantic_complete__ for method in calls.METHODS))
"""
    assert python(code) == "True"


def test_the_table_of_channels() -> None:
    lines = python("import runpy; runpy.run_module('channels.registry', run_name='__main__')").splitlines()
    assert lines == registry.table().splitlines()
    assert len(lines) == 2 + len(registry.ADAPTERS)
    assert len({line.count("|") for line in lines}) == 1
    assert (
        "| Telegram | long polling or webhook | 4096 characters | 24 | yes | 50 MiB | 20 MiB | no | always open |"
        in lines[3]
    )


def test_names() -> None:
    assert {name: made.name for name, made in registry.ADAPTERS.items()} == {name: name for name in registry.MODULES}
    with pytest.raises(KeyError):
        registry.adapter("carrier pigeon")
