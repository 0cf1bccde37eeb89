"""Zalo Official Account."""

from channels.zalo.adapter import ADAPTER

__all__ = ["ADAPTER"]
