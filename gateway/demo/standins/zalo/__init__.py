"""A strict local stand-in of Zalo's Official Account platform: OAuth, the OA's API, template messages and the webhook.

fake = FakeZalo()
async with fake.running() as url:                  # the account's api_url, oauth_url and zbs_url
    lan = fake.customer("Lan")
    await fake.hook("http://127.0.0.1:8080/hooks/zalo/oa")
    await lan.say("Em muốn báo giá")               # signed, tried again as Zalo does
    asked = await lan.next_message()
    fake.next(hang(accepted=True), path="/v3.0/oa/message/cs")
    assert fake.violations == []
"""

from gateway.demo.standins.clock import Clock, HandClock
from gateway.demo.standins.faults import Fault, answer, drop, half, hang, refuse

from .customer import Customer
from .records import Call, Delivery, Sent, ZaloError
from .server import FakeZalo

__all__ = [
    "Call",
    "Clock",
    "Customer",
    "Delivery",
    "FakeZalo",
    "Fault",
    "HandClock",
    "Sent",
    "ZaloError",
    "answer",
    "drop",
    "half",
    "hang",
    "refuse",
]
