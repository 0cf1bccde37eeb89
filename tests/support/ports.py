"""Ports for servers that are stopped and started again."""

from __future__ import annotations

import random
import socket
from typing import Final

# Below the range that the kernel takes outgoing connections' ports from: a connection of somebody else's could have ours
# between a choice and its use, or while a gateway is down.
QUIET: Final = range(20_000, 32_000)


def free_port() -> int:
    """One of 127.0.0.1 that nobody listens at."""
    dice = random.SystemRandom()
    while True:
        port = dice.choice(QUIET)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
