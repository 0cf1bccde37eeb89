"""A strict local stand-in of Messenger: the part of Meta's Graph API and webhooks that one page's app meets.

fake = FakeFacebook()
async with fake.running() as url:                  # the account's api_url
    lan = fake.customer("Lan")
    fake.hook("http://127.0.0.1:8080/hooks/facebook/page")
    await lan.say("Em muốn báo giá")               # signed over escaped ASCII, as Meta does
    fake.next(hang(accepted=True), path="messages")
    assert fake.violations == []
"""

from gateway.demo.standins.clock import Clock, HandClock
from gateway.demo.standins.faults import Fault, answer, drop, half, hang, refuse

from .customer import Customer
from .records import Call, GraphError, Sent
from .server import FakeFacebook

__all__ = [
    "Call",
    "Clock",
    "Customer",
    "FakeFacebook",
    "Fault",
    "GraphError",
    "HandClock",
    "Sent",
    "answer",
    "drop",
    "half",
    "hang",
    "refuse",
]
