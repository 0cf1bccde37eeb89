"""Is anybody outside to be told what happens here? Known without asking the database, so that where nobody is, telling
costs a look at one attribute."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Listening:
    """`anybody` -- there is a subscription that is on. Looked at anew with each heartbeat: what another process was
    told to do counts here a second later. `last` -- the id that was given last: the next one is greater."""

    anybody: bool = False
    last: str = ""
