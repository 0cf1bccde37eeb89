"""A strict local stand-in of the Telegram Bot API: a real HTTP server that keeps the only record that counts.

fake = FakeTelegram(token="7011223344:stand-in")
async with fake.running() as url:                  # the account's api_url
    lan = fake.customer(first_name="Lan")
    await lan.start("qr_hanoi")                    # an update: to the webhook, or for getUpdates
    asked = await lan.next_message()               # woken by the bot's message; asked.text, asked.buttons, asked.file
    fake.next(hang(accepted=True), method="sendMessage", chat=lan.id)
    await lan.tap("Có")
    assert fake.violations == []
"""

from gateway.demo.standins.clock import Clock, HandClock
from gateway.demo.standins.faults import Fault, answer, drop, half, hang, refuse

from .customer import Customer, Group
from .faults import error, flood, server_error
from .records import Call, Delivery, Sent, SentFile
from .server import TOKEN, FakeTelegram

__all__ = [
    "TOKEN",
    "Call",
    "Clock",
    "Customer",
    "Delivery",
    "FakeTelegram",
    "Fault",
    "Group",
    "HandClock",
    "Sent",
    "SentFile",
    "answer",
    "drop",
    "error",
    "flood",
    "half",
    "hang",
    "refuse",
    "server_error",
]
