"""Every channel by its name. A channel is imported when it is asked for, and its heavy library later still.

`python -m channels.registry` prints the table of channels for README.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from channels.contract import Adapter, Capabilities

MODULES: Final[Mapping[str, str]] = {
    "webchat": "channels.webchat",
    "telegram": "channels.telegram",
    "zalo": "channels.zalo",
    "viber": "channels.viber",
    "facebook": "channels.facebook",
    "leads": "channels.leads",
    "hotline": "channels.hotline",
    "email": "channels.email",
}


class _Adapters(Mapping[str, Adapter]):
    def __getitem__(self, name: str) -> Adapter:
        found = import_module(MODULES[name]).ADAPTER
        assert isinstance(found, Adapter)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


ADAPTERS: Final[Mapping[str, Adapter]] = _Adapters()


def adapter(name: str) -> Adapter:
    """The channel of that name. Raises KeyError."""
    return ADAPTERS[name]


def table() -> str:
    """What each channel carries, in Markdown."""
    heads = (
        "Channel", "Received by", "Text", "Buttons", "Phone button", "Files out", "Files in", "Receipts", "Window",
        "Same message twice",
    )  # fmt: skip
    rows = [heads, ("---",) * len(heads), *(_row(adapter.capabilities) for adapter in ADAPTERS.values())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(carries: Capabilities) -> tuple[str, ...]:
    if not carries.conversational:
        return (carries.title, carries.inbound, "nothing goes out: somebody calls", *("no",) * 5, "–", "–")
    return (
        carries.title,
        carries.inbound,
        f"{carries.text_limit} characters",
        str(carries.buttons) if carries.buttons else "numbered lines",
        "yes" if carries.asks_contact else "no",
        _size(carries.file_bytes),
        _size(carries.fetch_bytes),
        ", ".join(carries.receipts) or "no",
        f"{carries.window_hours} h" if carries.window_hours else "always open",
        "shown once" if carries.idempotent else "shown twice",
    )


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count else "no"


if __name__ == "__main__":
    print(table())
