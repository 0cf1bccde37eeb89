"""What platforms carry whose adapter is not written yet, so that texts are held to their limits from the start.

From the platforms' own pages as read in November 2026. An adapter that is registered speaks for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from channels.contract import Capabilities
from channels.registry import ADAPTERS

PLANNED: Final[Mapping[str, Capabilities]] = {
    "zalobot": Capabilities(title="Zalo Bot", text_limit=2000),  # no buttons at all: numbered lines
}


def everywhere() -> dict[str, Capabilities]:
    """Every channel that we speak on, or will."""
    here = {name: adapter.capabilities for name, adapter in ADAPTERS.items()}
    return {**PLANNED, **{name: carries for name, carries in here.items() if carries.conversational}}
