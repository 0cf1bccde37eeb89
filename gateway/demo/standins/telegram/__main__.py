"""By hand: `python -m gateway.demo.standins.telegram --port 8081`; what you type, a customer says; [label] taps."""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading

from .customer import Customer
from .server import TOKEN, FakeTelegram


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gateway.demo.standins.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--token", default=TOKEN)
    arguments = parser.parse_args()
    try:
        asyncio.run(_serve(arguments.token, arguments.port))
    except KeyboardInterrupt:
        print()


async def _serve(token: str, port: int) -> None:
    fake = FakeTelegram(token)
    async with fake.running(port) as url:
        print(f"{url}   token {token}", flush=True)
        customer = fake.customer()
        lines: asyncio.Queue[str] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        threading.Thread(target=_read, args=(loop, lines), daemon=True).start()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_show(customer))
            tasks.create_task(_type(customer, lines))


async def _show(customer: Customer) -> None:
    while True:
        sent = await customer.next_message(timeout=float(2**31))
        names = [file.name or file.mime for file in sent.files]
        print(f"  bot: {sent.text}", *names, "".join(f" [{label}]" for label in sent.buttons), flush=True)


async def _type(customer: Customer, lines: asyncio.Queue[str]) -> None:
    while True:
        line = await lines.get()
        try:
            if line.startswith("[") and line.endswith("]"):
                await customer.tap(line[1:-1])
            else:
                await customer.say(line)
        except (LookupError, ValueError) as err:
            print(f"  {err}", flush=True)


def _read(loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str]) -> None:
    for line in sys.stdin:
        if line.strip():
            loop.call_soon_threadsafe(lines.put_nowait, line.strip())


if __name__ == "__main__":
    main()
