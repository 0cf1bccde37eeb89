"""Idempotency-Key: one answer a key, also when two come at once, and also when we died in between."""

from __future__ import annotations

import asyncio
from typing import Any

from gateway.api.idempotency import ORPHANED_MS
from storage import idempotency
from tests.gateway.api.conftest import House


async def test_the_first_answer_again(house: House) -> None:
    conversation = await house.conversation("once")
    lan, minh = await house.as_role("advisor", "Lan"), await house.as_role("advisor", "Minh")
    path, body, key = f"/conversations/{conversation}/messages", {"text": "chỉ một lần"}, {"Idempotency-Key": "k-1"}
    first = await lan("POST", path, body, headers=key)
    again = await lan("POST", path, body, headers=key)
    assert first[0] == 202
    assert again == first
    await house.settled()
    assert (await lan.get(path))["items"][-1]["id"] == first[1]["id"]
    assert [each["text"] for each in (await lan.get(path))["items"]].count("chỉ một lần") == 1

    status, answer = await lan("POST", path, {"text": "etwas anderes"}, headers=key)
    assert (status, answer["error"]["code"]) == (422, "key_reused")
    status, answer = await lan("POST", f"/conversations/{conversation}/notes", body, headers=key)
    assert (status, answer["error"]["code"]) == (422, "key_reused"), "another call is another request"
    status, answer = await minh("POST", path, body, headers=key)
    assert (status, answer["error"]["code"]) == (403, "not_yours"), "keys are each token's own"

    refused = await minh("POST", f"/conversations/{conversation}/take", headers={"Idempotency-Key": "k-2"})
    await lan.post(f"/conversations/{conversation}/return")
    assert await minh("POST", f"/conversations/{conversation}/take", headers={"Idempotency-Key": "k-2"}) == refused
    assert (await minh("POST", f"/conversations/{conversation}/take", headers={"Idempotency-Key": "k-3"}))[0] == 200

    for key_ in ("", " ", "x" * 256, "ä"):
        status, answer = await lan("POST", path, body, headers={"Idempotency-Key": key_})
        assert (status, set(answer["error"]["fields"])) == (422, {"Idempotency-Key"})
    house.parts.clock.offset_ms += idempotency.KEPT_MS
    status, _ = await lan("POST", path, {"text": "ngày mai"}, headers=key)
    assert status == 403, "a day later the key is free; the conversation is Minh's by now"
    assert await house.parts.store.run(idempotency.forget_old) > 0


async def test_ten_at_once_do_it_once(house: House) -> None:
    conversation = await house.conversation("race")
    lan = await house.as_role("advisor", "Lan")
    path = f"/conversations/{conversation}/messages"
    answers = await asyncio.gather(
        *(lan("POST", path, {"text": "mười lần"}, headers={"Idempotency-Key": "same"}) for _ in range(10))
    )
    assert {status for status, _ in answers} == {202}
    assert len({body["id"] for _, body in answers}) == 1
    assert [each["text"] for each in (await lan.get(path))["items"]].count("mười lần") == 1


async def test_a_call_that_died_after_its_act_only_looks_up_the_answer(house: House) -> None:
    conversation = await house.conversation("died")
    lan = await house.as_role("advisor", "Lan")
    path, key = f"/conversations/{conversation}/messages", {"Idempotency-Key": "d"}
    status, first = await lan("POST", path, {"text": "đã gửi rồi"}, headers=key)
    assert status == 202
    store = house.parts.store

    def as_if_we_had_died(tx: object) -> None:  # between the act's commit and the answer's
        scope = tx.value("SELECT actor_id FROM idempotency WHERE key = 'd'")  # type: ignore[attr-defined]
        idempotency.note(tx, scope, "d", first["id"])  # type: ignore[arg-type]

    await store.run(as_if_we_had_died)
    status, again = await lan("POST", path, {"text": "đã gửi rồi"}, headers=key)
    assert (status, again["id"]) == (202, first["id"])
    assert [each["text"] for each in (await lan.get(path))["items"]].count("đã gửi rồi") == 1

    def as_if_we_had_died_before(tx: object) -> None:
        tx.run("UPDATE idempotency SET status = 0, answer_sealed = NULL WHERE key = 'd'")  # type: ignore[attr-defined]

    await store.run(as_if_we_had_died_before)
    house.parts.clock.offset_ms += ORPHANED_MS + 1
    status, again = await lan("POST", path, {"text": "đã gửi rồi"}, headers=key)
    assert status == 202
    assert again["id"] != first["id"], "nothing was noted: it is done now"


async def test_a_key_is_free_again_when_nothing_was_done(house: House) -> None:
    store, scope = house.parts.store, "token:x"

    async def fails() -> tuple[int, bytes]:
        raise RuntimeError("a bug")

    async def works() -> tuple[int, bytes]:
        return 200, b"{}"

    once = house.api.once
    for _ in range(2):
        try:
            await once.run(scope, "k", b"print", fails)
        except RuntimeError:
            continue
    assert await once.run(scope, "k", b"print", works) == (200, b"{}", False)
    assert await once.run(scope, "k", b"print", fails) == (200, b"{}", True)
    sealed = await store.read(lambda tx: tx.value("SELECT answer_sealed FROM idempotency WHERE key = 'k'"))
    assert b"{}" not in bytes(sealed)


async def test_what_is_told_once_is_told_again_to_whom_it_was_told(house: House) -> None:
    admin = await house.as_role("admin")
    body, key = {"name": "crm", "role": "integration"}, {"Idempotency-Key": "t"}
    first = await admin("POST", "/tokens", body, headers=key)
    assert first[0] == 201
    assert await admin("POST", "/tokens", body, headers=key) == first
    assert len([each for each in (await admin.get("/tokens"))["items"] if each["name"] == "crm"]) == 1
    user, key = {"email": "x@example.vn", "name": "X", "role": "advisor"}, {"Idempotency-Key": "u"}
    first = await admin("POST", "/users", user, headers=key)
    assert await admin("POST", "/users", user, headers=key) == first
    for path, body, name in (("/tokens", {"name": "crm", "role": "integration"}, "t"), ("/users", user, "u")):
        made = (await admin.get(path))["items"]

        def as_if_the_answer_was_lost(tx: Any, name: str = name, made: Any = made) -> None:
            scope = tx.value("SELECT actor_id FROM idempotency WHERE key = :key", key=name)
            idempotency.note(tx, scope, name, next(each["id"] for each in made if each["name"] in ("crm", "X")))

        await house.parts.store.run(as_if_the_answer_was_lost)
        status, answer = await admin("POST", path, body, headers={"Idempotency-Key": name})
        assert (status, answer["error"]["code"]) == (409, "conflict"), "we do not know the secret any more"
