"""Telegram. Importing it imports no aiogram (a second and 24 MB, see `calls`): that comes with the first call."""

from channels.telegram.adapter import ADAPTER

__all__ = ["ADAPTER"]
