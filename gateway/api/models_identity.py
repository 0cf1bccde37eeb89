"""Models of sessions, of proofs and of links with which a password is set."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.api.fields import Answer, Id, Name, Request, Role, Time
from gateway.api.models_people import Address, Secret


class Session(Answer):
    """An open log-in. `device`: browser and system, as far as it says; `place`: the network it was begun from, `local`
    for this machine, '' unknown; `current`: the one that asks."""

    id: Id
    device: str
    place: str
    created_at: Time
    seen_at: Time
    current: bool


class Sessions(Answer):
    items: list[Session]


class Ended(Answer):
    """How many sessions ended."""

    ended: int


class Shown(Request):
    """That it is you: the password; where a second factor is in use, its code may stand for it."""

    password: Secret | None = None
    code: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None


class Proven(Answer):
    """Good until then for what wants a fresh proof."""

    until: Time


class UserChange(Request):
    """What is left out stays."""

    name: Name | None = None
    role: Role | None = None
    agent_code: Annotated[str, StringConstraints(max_length=40)] | None = None
    email: Address | None = None


class LinkWanted(Request):
    """`invite`: good for a day, for somebody new; `reset`: good for half an hour."""

    kind: Literal["invite", "reset"]


class LinkMade(Answer):
    """`link` is told here once. `mailed`: it also goes to his e-mail address."""

    id: Id
    kind: Literal["invite", "reset"]
    link: str = Field(description="where he sets his password, once")
    expires_at: Time
    mailed: bool
