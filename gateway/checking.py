"""What `gateway check-config` says of a lawful configuration: warnings, and texts that can never be sent."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from channels.planned import everywhere
from handlers.model import Business, Say, State
from handlers.preview import faults
from handlers.texts import LANGUAGES, Texts, check
from handlers.wording import variables

if TYPE_CHECKING:
    from gateway.config import Config

SHOWN = 6  # texts named in a line


def findings(config: Config) -> list[str]:
    """Lines for people; none of them stops a start."""
    texts = Texts.load()
    lines = [f"warning: {line}" for line in config.warnings]
    lines += [
        f"accounts[{account.id}]: a test account; its conversations are in no figure"
        for account in config.accounts
        if account.get("test")
    ]
    lines += [f"text: {line}" for line in [*check(texts), *faults(texts, everywhere())]]
    for key, unsaid in unsayable(config.business(), texts).items():
        more = f" and {len(unsaid) - SHOWN} more" if len(unsaid) > SHOWN else ""
        lines.append(f"business.{key}: is empty, so these texts are never sent: {', '.join(unsaid[:SHOWN])}{more}")
    if "example" in config.agency.policy_url or config.agency.agency_code.startswith("DEMO"):
        lines.append("warning: business: still has the demonstration's values; customers would be told them")
    return lines


def unsayable(business: Business, texts: Texts) -> dict[str, list[str]]:
    """The agency's empty keys -> texts that need them."""
    keys = [item.name for item in fields(Business) if item.type == "str"]
    marks: dict[str, Any] = {key: f"<{key}>" for key in keys if key != "timezone"}
    marked = replace(business, **marks)
    found: dict[str, set[str]] = {}
    for lang in LANGUAGES:
        for name in texts.templates[lang]:
            filled = variables(Say(key=name), state=State(lang=lang), business=marked, texts=texts)
            for key in {value[1:-1] for value in filled.values() if value.startswith("<")}:
                if not getattr(business, key):
                    found.setdefault(key, set()).add(name)
    return {key: sorted(names) for key, names in sorted(found.items())}
