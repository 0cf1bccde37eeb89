"""The desk: the handoff inbox where advisors work."""

from gateway.desk.routes import mount

__all__ = ["mount"]
