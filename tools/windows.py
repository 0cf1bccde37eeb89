"""What may be said when, on every channel: `python -m tools.windows > tests/channels/windows.golden.txt`.

Every combination of channel (with the settings that open windows), sender, purpose, wishes, hour of the day and age of
the customer's last word is asked of `channels.windows.rule`; those that come to the same share a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Final

from channels.contract import Account, Adapter
from channels.registry import ADAPTERS
from channels.windows import (
    ADS_ENOUGH,
    ADS_OFF,
    C1_WITHDRAWN,
    C4_GIVEN,
    REMINDERS_OFF,
    VIET_NAM,
    Purpose,
    Ruling,
    Sender,
    rule,
)

HOUR: Final = timedelta(hours=1)
# His last word, and the one that opened the session where sessions do not slide.
AGES: Final[Mapping[str, tuple[timedelta | None, timedelta | None]]] = {
    "1h": (HOUR, HOUR),
    "1h, opened 23h ago": (HOUR, 23 * HOUR),
    "5h, opened 25h ago": (5 * HOUR, 25 * HOUR),
    "23h59": (24 * HOUR - timedelta(minutes=1),) * 2,
    "24h": (24 * HOUR,) * 2,
    "47h59": (48 * HOUR - timedelta(minutes=1),) * 2,
    "48h": (48 * HOUR,) * 2,
    "6d23h": (167 * HOUR,) * 2,
    "7d": (168 * HOUR,) * 2,
    "never": (None, None),
}
TIMES: Final = ("06:59", "07:59", "10:00", "21:00", "22:00")
WISHES: Final[Mapping[str, frozenset[str]]] = {
    "nothing": frozenset(),
    "C4": frozenset({C4_GIVEN}),
    "C4, three today": frozenset({C4_GIVEN, ADS_ENOUGH}),
    "C4, ads off": frozenset({C4_GIVEN, ADS_OFF}),
    "reminders off": frozenset({REMINDERS_OFF}),
    "C1 withdrawn": frozenset({C1_WITHDRAWN, C4_GIVEN}),
}
ALL_TEMPLATES: Final = {purpose.value: "template" for purpose in Purpose}
SETTINGS: Final[Mapping[str, tuple[Mapping[str, object], ...]]] = {
    "zalo": ({}, {"billed": True}, {"templates": ALL_TEMPLATES}, {"billed": True, "templates": ALL_TEMPLATES}),
    "viber": ({}, {"billed": True}),
    "facebook": ({}, {"human_agent": True}, {"templates": ALL_TEMPLATES}),
}


def table(adapters: Mapping[str, Adapter] = ADAPTERS) -> dict[str, str]:
    """The page's sections, by channel."""
    return {name: "\n".join(_section(name, adapter)) for name, adapter in sorted(adapters.items())}


def _section(name: str, adapter: Adapter) -> Iterator[str]:
    limits = adapter.capabilities.limits
    yield f"# {name}"
    yield f"rates: {limits.outbound_per_s:g}/s an account, {limits.per_chat_per_s:g}/s a chat (0: none published)"
    for window in adapter.capabilities.windows:
        yield (
            f"window: {'any age' if window.hours is None else f'{window.hours} h'}{' of a session' if window.fixed else ''}, "
            f"{window.way} {window.tag or '-'}, needs {window.needs or '-'}; {window.source}"
        )
    if not adapter.capabilities.windows:
        yield "window: none" if adapter.capabilities.conversational else "window: nothing is written here"
    for settings in SETTINGS.get(name, ({},)):
        yield ""
        yield f"## {name}: {' + '.join(settings) or 'as shipped'}"
        yield from _rows(adapter, Account(channel=name, name="x", settings=settings))


def _rows(adapter: Adapter, account: Account) -> Iterator[str]:
    carries = adapter.carries(account)
    for purpose in Purpose:
        found: dict[tuple[str, ...], list[tuple[str, str, str]]] = {}
        for sender, wish, time in product(Sender, WISHES, TIMES):
            now = _moment(time)
            cells = tuple(
                _cell(
                    rule(
                        carries,
                        sender=sender,
                        purpose=purpose,
                        now=now,
                        last=None if last is None else now - last,
                        opened=None if opened is None else now - opened,
                        wishes=WISHES[wish],
                    )
                )
                for last, opened in AGES.values()
            )
            found.setdefault(cells, []).append((sender.value, wish, time))
        for cells, who in found.items():
            yield f"{purpose}: {_who(who)}"
            yield f"    {_run(cells)}"


def _moment(time: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-23T{time}").replace(tzinfo=VIET_NAM).astimezone(UTC)


def _cell(ruled: Ruling) -> str:
    if ruled.not_before is not None:
        return f"not before {ruled.not_before.astimezone(VIET_NAM):%H:%M}"
    if ruled.why:
        return f"never, {ruled.why}{' -> ' + ', '.join(ruled.elsewhere) if ruled.elsewhere else ''}"
    return f"{ruled.way} {ruled.tag}".strip()


def _run(cells: tuple[str, ...]) -> str:
    """Neighbouring ages that come to the same, together."""
    parts: list[tuple[list[str], str]] = []
    for age, cell in zip(AGES, cells, strict=True):
        if parts and parts[-1][1] == cell:
            parts[-1][0].append(age)
        else:
            parts.append(([age], cell))
    return " | ".join(f"{ages[0] if len(ages) == 1 else f'{ages[0]} .. {ages[-1]}'}: {cell}" for ages, cell in parts)


def _who(who: list[tuple[str, str, str]]) -> str:
    """The combinations, shortest: `anybody` where all of a kind are there and the rest does not depend on it."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for sender in dict.fromkeys(one[0] for one in who):
        by_wish: dict[tuple[str, ...], list[str]] = {}
        for wish in dict.fromkeys(one[1] for one in who if one[0] == sender):
            times = tuple(one[2] for one in who if one[:2] == (sender, wish))
            by_wish.setdefault(times, []).append(wish)
        for times, wished in by_wish.items():
            groups.setdefault((tuple(wished), times), []).append(sender)
    return "; ".join(
        f"{_all(senders, len(Sender), 'anybody')} to who said {_all(wished, len(WISHES), 'anything')} at "
        f"{_all(times, len(TIMES), 'any time')}"
        for (wished, times), senders in groups.items()
    )


def _all(named: list[str] | tuple[str, ...], of: int, words: str) -> str:
    return words if len(named) == of else " / ".join(named)


if __name__ == "__main__":
    print("\n\n".join(table().values()))
