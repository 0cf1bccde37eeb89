"""A strict local stand-in of Viber's bot API: sending with its limits and fees, and the webhook.

fake = FakeViber()
async with fake.running() as url:                  # the account's api_url
    mai = fake.customer("Mai")
    await client.setup("http://127.0.0.1:8080/hooks/viber/main")   # calls that address before it answers
    welcome = await mai.open()                     # the answer to conversation_started
    await mai.say("Em muốn báo giá")               # signed, tried again as Viber does; subscribes
    asked = await mai.next_message()
    fake.next(hang(accepted=True))
    assert fake.violations == []
"""

from gateway.demo.standins.clock import Clock, HandClock
from gateway.demo.standins.faults import Fault, answer, drop, half, hang, refuse

from .customer import Customer
from .records import Call, Delivery, Sent, ViberError
from .server import FakeViber

__all__ = [
    "Call",
    "Clock",
    "Customer",
    "Delivery",
    "FakeViber",
    "Fault",
    "HandClock",
    "Sent",
    "ViberError",
    "answer",
    "drop",
    "half",
    "hang",
    "refuse",
]
