"""The pages beside the inbox: their navigation and the inbox's menu are made of this list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Office:
    """A page. `needs` -- of gateway.api.allow; `word` -- its name among the words of the page; `icon` -- in the inbox's
    menu, of the desk's own icons, with a `/` before it of the shared ones; '' = not in the menu; `group` -- under which
    word it stands beside the pages, those of one group one after the other."""

    href: str
    needs: str
    word: str
    icon: str = ""
    group: str = "group_mine"


OFFICES: Final = (
    Office("/desk/wall", "wall.read", "wall_title", "wall", group="group_work"),
    Office("/desk/tasks", "task.read", "tasks", "calendar", group="group_work"),
    Office("/desk/blocked", "block.read", "blocked_title", "shield", group="group_work"),
    Office("/desk/users", "user.read", "users", "people", group="group_people"),
    Office("/desk/teams", "team.read", "teams", "hand", group="group_people"),
    Office("/desk/hours", "routing.read", "hours", group="group_people"),
    Office("/desk/routing", "routing.read", "routing", "swap", group="group_people"),
    Office("/desk/switches", "switch.set", "switches", "switch", group="group_bot"),
    Office("/desk/channels", "switch.set", "channels_title", "/globe", group="group_bot"),
    Office("/desk/texts", "switch.set", "texts", "/bot", group="group_bot"),
    Office("/desk/canned", "canned.read", "canned", group="group_bot"),
    Office("/desk/webhooks", "webhook.manage", "webhooks", group="group_house"),
    Office("/desk/privacy", "export.approve", "privacy_title", "/lock", group="group_house"),
    Office("/desk/audit", "audit.read", "audit_title", "shield", group="group_house"),
    Office("/desk/notices", "me", "notices_page", "bell"),
    Office("/desk/guide", "guide.see", "guide_title", "done"),
    Office("/desk/account", "me", "account"),
)
