"""What people of ours do in a conversation with somebody who wants to hear no more, and has not written since: it is done, and he
hears nothing of it. storage.may_say says of whom that is true."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from handlers.model import Decision, Refused, Say, Tell

SPEAKING: Final = frozenset({"reply", "ask", "form", "move"})  # acts that are nothing but what they say
DUE: Final = frozenset({"legal", "deliver"})  # purposes: the law or the contract demands it
WHY: Final = {
    "opt-out": "the customer has told us to stop: he writes first",
    "consent withdrawn": "the customer has taken his consent back: he writes first",
}


def says(decision: Decision) -> bool:
    """Whether he would hear something that nothing demands."""
    return any(isinstance(effect, Say | Tell) and effect.purpose not in DUE for effect in decision.effects)


def hushed(decision: Decision, act: str, why: str) -> Decision:
    """Without that.

    :raises Refused: the act is nothing else
    """
    if act in SPEAKING:
        raise Refused("window_closed", WHY[why])
    kept = (one for one in decision.effects if not (isinstance(one, Say | Tell) and one.purpose not in DUE))
    return replace(decision, effects=tuple(kept))
