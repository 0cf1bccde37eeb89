"""Telegram. Importing it imports no aiogram (a second and 25 MB, see `calls`): that comes with the first call."""

from channels.telegram.adapter import ADAPTER

__all__ = ["ADAPTER"]
