"""A gateway beside its own test, on a machine that others keep busy: its loop may be late, and nobody is refused for it."""

from __future__ import annotations

from gateway.parts import Parts
from gateway.pressure import Pressure


class Calm(Pressure):
    """Never late."""

    @property
    def lag_s(self) -> float:
        return 0.0


def calm(parts: Parts) -> None:
    parts.pressure = Calm()
