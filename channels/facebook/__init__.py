"""Facebook Messenger."""

from channels.facebook.adapter import ADAPTER

__all__ = ["ADAPTER"]
