"""Links that lead a customer of one chat into another of ours, and tell there who he is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from channels.contract import ChannelError

if TYPE_CHECKING:
    from channels.contract import Account
    from gateway.parts import Parts

CARRY: Final = ("telegram", "facebook", "viber")  # what arrives there carries our reference
TYPED: Final = ("zalo",)  # its link carries nothing: he sends the reference as his first message


def places(parts: Parts, but: str) -> list[str]:
    """Accounts to which a customer of the account `but` can be led."""
    return [one.id for one in parts.accounts.values() if one.channel in (*CARRY, *TYPED) and one.id != but]


async def link(parts: Parts, account: Account) -> str:
    """The address, to end with the reference where the platform hands that on; '' when its name there is not known now."""
    if account.channel == "facebook":
        page = str(account.get("page_id") or "")
        return f"https://m.me/{quote(page)}?ref=" if page else ""
    if account.channel == "zalo":
        oa = str(account.get("oa_id") or "")
        return f"https://zalo.me/{quote(oa)}" if oa else ""
    name = await _name(parts, account)
    if not name:
        return ""
    if account.channel == "telegram":
        return f"https://t.me/{quote(name)}?start="
    return f"viber://pa?chatURI={quote(name)}&context="


async def _name(parts: Parts, account: Account) -> str:
    """What the bot is called at its platform, as that says."""
    status = getattr(parts.clients.get(account.id), "status", None)
    if status is None:
        return ""
    try:
        told = await status()
    except ChannelError:
        return ""
    return str(told.get("bot" if account.channel == "telegram" else "uri") or "")
