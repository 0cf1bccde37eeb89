"""Telling people of ours what concerns them, wherever they are: docs/adr/0133."""

from gateway.notices.herald import Herald, attach

__all__ = ["Herald", "attach"]
