"""Viber bots."""

from channels.viber.adapter import ADAPTER

__all__ = ["ADAPTER"]
