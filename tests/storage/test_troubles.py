"""An account that does not work: whom it concerns hears of it once, when it is time, and until it works again."""

from __future__ import annotations

import pytest

from storage import notices, troubles
from storage.accounts import ensure, stand
from storage.db import Store
from storage.tx import Tx
from tests.storage.conftest import ACCOUNT, Hand

MINUTE: int = 60_000


def told(tx: Tx) -> list[tuple[str, bool]]:
    """What the ladder would tell now: what of which account, and whether it is urgent."""
    notices.watch(tx)
    found = [one for one in notices.due(tx, limit=50) if one.kind == "account"]
    matters = notices.matters(tx, found)
    for one in found:
        notices.settle(tx, one, state="told" if matters[one.id].open else "over", step=0, look_at=tx.now_ms)
    return [(troubles.named(one.key)[1], one.urgent) for one in found if matters[one.id].open]


@pytest.mark.parametrize(
    ("state", "after_min", "heard"),
    [
        ("auth_broken", 0, [("auth_broken", True)]),
        ("down", 0, []),
        ("down", 4, []),
        ("down", 5, [("down", False)]),
        ("throttled", 5, [("throttled", False)]),
        ("ok", 5, []),
    ],
)
async def test_an_account_that_does_not_work_is_told_once(
    store: Store, hand: Hand, state: str, after_min: int, heard: list[tuple[str, bool]]
) -> None:
    store.gates.configure(ACCOUNT, rate=0, chat_rate=0)
    await store.run(lambda tx: stand(tx, ACCOUNT, state, "", None))
    hand.ms += after_min * MINUTE
    assert await store.run(told) == heard
    hand.ms += MINUTE // 2
    await store.run(lambda tx: stand(tx, ACCOUNT, state, "something else", None))
    assert await store.run(told) == []


async def test_a_trouble_that_is_mended_for_a_moment_is_the_same_one(store: Store, hand: Hand) -> None:
    """A platform that slows us down again and again lets one message through between."""
    store.gates.configure(ACCOUNT, rate=0, chat_rate=0)

    def turn(tx: Tx, state: str) -> list[tuple[str, bool]]:
        stand(tx, ACCOUNT, state, "", None)
        return told(tx)

    heard = []
    for _ in range(12):
        heard += await store.run(lambda tx: turn(tx, "throttled"))
        hand.ms += MINUTE // 2
        heard += await store.run(lambda tx: turn(tx, "ok"))
        hand.ms += 1000
    assert heard == [("throttled", False)]
    hand.ms += 2 * MINUTE
    assert await store.run(lambda tx: turn(tx, "throttled")) == []
    hand.ms += 5 * MINUTE
    assert await store.run(told) == [("throttled", False)]  # another one


async def test_it_ends_when_the_account_works_again(store: Store, hand: Hand) -> None:
    store.gates.configure(ACCOUNT, rate=0, chat_rate=0)
    await store.run(lambda tx: stand(tx, ACCOUNT, "auth_broken", "Unauthorized", None))
    await store.run(notices.watch)
    (found,) = await store.run(lambda tx: notices.due(tx, limit=5))
    assert (await store.run(lambda tx: notices.matters(tx, [found])))[found.id].open
    assert (await store.run(lambda tx: troubles.of(tx, ACCOUNT))) == troubles.Trouble(ACCOUNT, "auth_broken", hand.ms)
    await store.run(lambda tx: stand(tx, ACCOUNT, "ok", "", None))
    assert await store.run(lambda tx: troubles.of(tx, ACCOUNT)) is None
    hand.ms += 2 * MINUTE
    assert not (await store.run(lambda tx: notices.matters(tx, [found])))[found.id].open
    await store.run(lambda tx: stand(tx, ACCOUNT, "auth_broken", "Unauthorized", None))  # another one
    assert not (await store.run(lambda tx: notices.matters(tx, [found])))[found.id].open
    await store.run(lambda tx: ensure(tx, [(ACCOUNT, "telegram", "main")]))
    assert await store.run(troubles.lasting) == []


@pytest.mark.parametrize(
    ("gate", "shown"),
    [
        ({"deaf": "Conflict"}, "deaf"),
        ({"deaf": "Unauthorized", "broken": "Unauthorized"}, "auth_broken"),
        ({"lapsed": "consent is needed"}, "auth_broken"),
        ({}, "auth_broken"),  # another process knows why
    ],
)
async def test_who_only_does_not_hear_still_sends(store: Store, gate: dict[str, str], shown: str) -> None:
    made = store.gates.configure(ACCOUNT, rate=0, chat_rate=0)
    for name, why in gate.items():
        setattr(made, name, why)
    await store.run(lambda tx: stand(tx, ACCOUNT, "auth_broken", "…", None))
    (found,) = await store.run(troubles.lasting)
    assert found.shown == shown
    assert made.state(0)[0] == ("auth_broken" if gate else "ok")


async def test_an_account_that_is_configured_no_more_is_nobodys_trouble(store: Store) -> None:
    await store.run(lambda tx: stand(tx, ACCOUNT, "auth_broken", "Unauthorized", None))
    assert await store.run(told) == []


async def test_a_silence_is_told_until_something_comes(store: Store) -> None:
    def begin(tx: Tx) -> list[bool]:
        notices.silent(tx, [(ACCOUNT, 5)])
        (found,) = notices.due(tx, limit=5)
        seen = []
        for last_ms in (5, 6):
            tx.run("DELETE FROM setting WHERE name = :name", name=f"activity:{ACCOUNT}")
            tx.insert(
                "setting",
                name=f"activity:{ACCOUNT}",
                value=f'{{"events":1,"since_ms":1,"last_ms":{last_ms},"hours":{{}}}}',
                updated_at=tx.now_ms,
            )
            seen.append(notices.matters(tx, [found])[found.id].open)
        return seen

    assert await store.run(begin) == [True, False]
