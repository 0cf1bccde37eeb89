"""Names that the engine and the tables share."""

from __future__ import annotations

from typing import Final

from handlers.model import Stage

CONSENT_OPEN: Final = frozenset({Stage.NEW.value, Stage.GREETED.value, Stage.CONSENT_PENDING.value})  # no C1 yet
CONSENT_UNSAID: Final = frozenset({Stage.QUEUED.value, Stage.WITH_ADVISOR.value})  # a person first, C1 perhaps later
TIMER: Final = "timer"
ACT: Final = "act"
SEND_ENDED: Final = "send_ended"
FILLED: Final = "filled"
ARRIVED: Final = "arrived"  # storage.arrivals
OURS: Final = frozenset({TIMER, ACT, SEND_ENDED})  # kinds of events of our own making
