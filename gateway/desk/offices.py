"""The pages beside the inbox: their navigation and the inbox's menu are made of this list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Office:
    """A page. `needs` -- of gateway.api.allow; `word` -- its name among the words of the page; `icon` -- in the inbox's
    menu, of the desk's own icons, with a `/` before it of the shared ones; '' = not in the menu."""

    href: str
    needs: str
    word: str
    icon: str = ""


OFFICES: Final = (
    Office("/desk/wall", "wall.read", "wall_title", "wall"),
    Office("/desk/users", "user.read", "users", "people"),
    Office("/desk/teams", "team.read", "teams", "hand"),
    Office("/desk/hours", "routing.read", "hours"),
    Office("/desk/routing", "routing.read", "routing", "swap"),
    Office("/desk/switches", "switch.set", "switches", "switch"),
    Office("/desk/channels", "switch.set", "channels_title", "/globe"),
    Office("/desk/canned", "canned.read", "canned"),
    Office("/desk/tasks", "task.read", "tasks", "calendar"),
    Office("/desk/blocked", "block.read", "blocked_title", "shield"),
    Office("/desk/texts", "switch.set", "texts", "/bot"),
    Office("/desk/webhooks", "webhook.manage", "webhooks"),
    Office("/desk/audit", "audit.read", "audit_title", "shield"),
    Office("/desk/guide", "guide.see", "guide_title", "done"),
    Office("/desk/notices", "me", "notices_page", "bell"),
    Office("/desk/account", "me", "account"),
)
