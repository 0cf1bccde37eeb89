"""The public page and the web chat: our own channel, whose platform is this gateway."""

from gateway.webchat.routes import mount

__all__ = ["mount"]
