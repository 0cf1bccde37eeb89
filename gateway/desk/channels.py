"""The page that says how each account stands and what to do about it; and its one button, to try again now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import web

from gateway import pump, standing
from gateway.api.allow import TABLE, Actor
from gateway.standing import Standing
from gateway.web.security import may_act
from handlers import schedule
from handlers.model import Business
from storage import activity, audit, notices
from storage.times import at

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("channels")
EVERY_S: Final = 60.0
AGAIN: Final = frozenset({"auth_broken", "down"})  # states that trying again may end; who is throttled is asked to wait


class Channels:
    """What the page shows."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._silent: set[str] = set()
        parts.starters.append(self._note)  # what comes in the first minute is news already
        parts.ticks.append(("activity", EVERY_S, self._note))

    async def _note(self) -> None:
        """Count what came; a silence that begins to be unusual is told to our people, and to whoever watches the log."""
        parts = self._parts
        await parts.store.run(activity.note)
        now, business = parts.now(), parts.engine.business
        begun: list[tuple[str, int]] = []
        for account_id, came in (await parts.store.read(activity.came)).items():
            hours = standing.silence(came, now, business) if account_id in parts.accounts else 0
            if hours and account_id not in self._silent:
                log.warning("account.silent", account=account_id, reason=f"no event for {hours:g} working hours")
                begun.append((account_id, max(came.last_ms, came.since_ms)))
            (self._silent.add if hours else self._silent.discard)(account_id)
        if begun:
            await parts.store.run(lambda tx: notices.silent(tx, begun))

    async def cards(self, words: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A card an account, those that need somebody first. `words` -- `channels` of the page's."""
        now, business = self._parts.now(), self._parts.engine.business
        found = await standing.look(self._parts)
        found.sort(key=lambda one: not one.todo)
        return [card(one, words, now, business) for one in found]

    async def retry(self, request: web.Request, actor: Actor) -> web.Response:
        """Ask the platform now, and let what waits leave if it answers."""
        account_id = f"{request.match_info['channel']}:{request.match_info['account']}"
        if "switch.set" not in TABLE[actor.role] or account_id not in self._parts.accounts:
            raise web.HTTPNotFound
        if not may_act(request, self._parts.config):
            raise web.HTTPForbidden
        await self._parts.store.run(
            lambda tx: audit.write(
                tx, actor=actor.id, action="account.retry", object_type="account", object_id=account_id
            )
        )
        state = await pump.retry(self._parts, account_id)
        told = {"ok": "again", "down": "asked"}.get(state, "still")
        return web.Response(status=303, headers={"Location": f"/desk/channels?{told}={account_id}"})


def card(one: Standing, words: Mapping[str, Any], now: datetime, business: Business) -> dict[str, Any]:
    """The texts of one account."""

    def when(ms: int) -> str:
        return said(ms, words, now, business)

    facts = [(words["last_in"], when(one.in_ms) if one.in_ms else words["never_in"])]
    if one.speaks:
        facts += [
            (words["last_out"], when(one.out_ms) if one.out_ms else words["never_out"]),
            (
                words["errors"],
                words["of"].format(failed=one.failed, calls=one.calls) if one.calls else words["no_calls"],
            ),
            (words["waiting"], _waiting(one, words, when)),
        ]
    if one.keyed:
        facts.append((words["token"], _token(one, words, when)))
    if one.quotas:
        facts.append((words["quota"], "; ".join(_quota(what, *told, words) for what, told in one.quotas.items())))
    state = one.state if one.state in words["states"] else "off"
    return {
        "id": one.id,
        "channel": one.channel,
        "title": words["titles"].get(one.channel, one.title),
        "name": one.name,
        "state": "warn" if one.todo and state == "ok" else state,
        "state_words": words["states"][state].format(until=when(one.until_ms) if one.until_ms else "…"),
        "reason": "" if one.state == "down" else one.reason,  # its state has said it
        "bot": one.bot,
        "facts": facts,
        "todo": [
            words["todo"][code].format(
                hours=f"{one.silent_h:g}", closing=one.closing, failed=one.failed, calls=one.calls, since=when(one.oldest_ms),
                until=when(one.token_ms),
            )
            for code in one.todo
        ],
        "consent": one.consent if one.state == "auth_broken" else "",
        "retry": f"/desk/channels/{one.channel}/{one.name}/retry" if one.state in AGAIN else "",
    }  # fmt: skip


def _waiting(one: Standing, words: Mapping[str, Any], when: Any) -> str:
    if not one.waiting:
        return str(words["nothing"])
    return str(words["waits"].format(count=one.waiting, since=when(one.oldest_ms)))


def _quota(what: str, left: str, total: str, words: Mapping[str, Any]) -> str:
    said = "quota_left" if left and total else "quota_count" if left else "quota_unsaid"
    return str(words[said].format(kind=words["quotas"].get(what, what), left=left, total=total))


def _token(one: Standing, words: Mapping[str, Any], when: Any) -> str:
    if one.state == "auth_broken" and one.token in ("", "ends", "unknown"):
        return str(words["tokens"]["refused"])
    if one.token:
        return str(words["tokens"][one.token].format(until=when(one.token_ms)))
    return str(words["tokens"]["fixed"])


def said(ms: int, words: Mapping[str, Any], now: datetime, business: Business) -> str:
    """A moment as people say it: minutes, else the clock where the agency is, with the day when it is not today."""
    minutes = round((now - at(ms)).total_seconds() / 60)
    if 0 <= minutes < 60:
        return str(words["minutes"].format(count=minutes) if minutes else words["now"])
    here, today = schedule.local(at(ms), business), schedule.local(now, business).date()
    return here.strftime("%H:%M" if here.date() == today else "%H:%M %d/%m")
