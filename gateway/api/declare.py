"""Routes of the JSON API, each with everything that is known of it: what is not declared does not exist.

    routes = Routes("conversations")

    @routes.post("/conversations/{conversation_id}/take", may="take", refuses=("taken", "wrong_state"))
    async def take(call: Call, conversation_id: str) -> models.Conversation:
        "Take it: the bot is silent from now on."

A handler's parameters say what it reads (`body`, `query`: pydantic models, `form`: the parts of a multipart body, path
parameters by name), its annotation what it answers, its docstring what it does. The document of `openapi.py` is made of this.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from gateway.api.allow import ACTIONS, Actor, Thing, allow
from gateway.api.errors import CODES, ApiError
from gateway.api.multipart import Form
from storage import idempotency
from storage.killpoints import kp
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.api.service import Api
    from gateway.parts import Parts
    from storage.db import Store

SMALL: Final = 64 * 1024  # what an act needs
Handler = Callable[..., Awaitable[Any]]
_PARAMETER: Final = re.compile(r"{([a-z_]+)}")
PROOF_MS: Final = 15 * 60_000  # how long a password or code that was shown is proof enough for grave acts
_ALWAYS: Final = ("unauthorized", "forbidden", "unavailable", "internal")


@dataclass(slots=True, kw_only=True)
class Call:
    """One request on its way through its handler. `key` -- (scope, Idempotency-Key) when it has one; `status`,
    `headers` -- of the answer, where they are not the declared ones; `token` -- of the session from now on, where it has a new one."""

    request: web.Request
    actor: Actor
    api: Api
    id: str
    key: tuple[str, str] | None = None
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    token: str = field(default="", repr=False)

    @property
    def parts(self) -> Parts:
        return self.api.parts

    @property
    def store(self) -> Store:
        return self.api.parts.store

    async def once(self, unit: Callable[[Tx], str]) -> str:
        """Run a unit that answers with the id of what it made; with an Idempotency-Key, once for ever. The audit
        names the token that acts for a person."""
        key, through = self.key, self.actor.through

        def sourced(tx: Tx) -> str:
            tx.source = through
            try:
                return unit(tx)
            finally:
                tx.source = ""  # the batch goes on with units of others

        def noted(tx: Tx) -> str:
            made = idempotency.acted(tx, *key) if key else None
            if made is None:
                made = sourced(tx)
                if key:
                    idempotency.note(tx, *key, made)
            return made

        done = await self.store.run(noted)
        kp("act.after_commit")
        return done

    def sees(self, thing: Thing) -> bool:
        """May the actor see the personal fields of this thing?"""
        return allow(self.actor, "unmask", thing)

    def require(self, action: str, thing: Thing, holder: tuple[str, str] | None = None) -> None:
        """Raises ApiError unless the actor may do this to that thing; `holder` -- (id, name) of who has it."""
        if not allow(self.actor, action, thing):
            told = {"id": holder[0], "name": holder[1]} if holder else None
            raise ApiError("not_yours", "somebody else has it", holder=told)

    def prove(self) -> None:
        """Raises ApiError unless who holds this session showed a short while ago that it is he. Tokens need not."""
        if self.actor.door == "session" and self.store.now_ms() - self.actor.proved_at > PROOF_MS:
            raise ApiError("proof_needed", "show your password again: POST /me/proof")

    def note(self, action: str, object_type: str, object_id: str, *, fields: tuple[str, ...] = ()) -> None:
        """For the audit: the actor saw personal values."""
        self.api.reads.note(self.actor, action, object_type, object_id, fields=fields, request_id=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A declared route. `keyed` -- an Idempotency-Key applies; `refuses` -- codes it may answer beside the usual;
    `proof` -- for who has just shown that it is he."""

    method: str
    path: str
    may: str
    tag: str
    handler: Handler
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    form: type[BaseModel] | None
    answer: type[BaseModel] | None
    status: int
    cap: int
    keyed: bool
    refuses: tuple[str, ...]
    proof: bool
    parameters: tuple[str, ...]
    open: bool
    adapter: TypeAdapter[Any] | None = field(repr=False)

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def summary(self) -> str:
        return inspect.cleandoc(self.handler.__doc__ or "").partition("\n")[0]

    @property
    def description(self) -> str:
        return inspect.cleandoc(self.handler.__doc__ or "")

    def codes(self) -> list[str]:
        """Every error code that this route may answer."""
        found = [] if self.open else [*_ALWAYS]
        if self.parameters:
            found.append("not_found")
        if self.body or self.form or self.query:
            found.append("invalid")
        if self.body or self.form or self.keyed:
            found += ["unreadable", "timeout", "too_large", "unsupported_media_type"]
        if self.method != "GET":
            found.append("cross_origin")
        if self.keyed:
            found += ["in_progress", "key_reused"]
        if self.proof:
            found.append("proof_needed")
        return sorted({*found, *self.refuses})


class Routes:
    """The routes of one resource; `tag` groups them in the document."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.declared: list[Route] = []

    def get(self, path: str, *, may: str, **more: Any) -> Callable[[Handler], Handler]:
        return self._declare("GET", path, may, keyed=False, **more)

    def post(self, path: str, *, may: str, **more: Any) -> Callable[[Handler], Handler]:
        return self._declare("POST", path, may, **more)

    def patch(self, path: str, *, may: str, **more: Any) -> Callable[[Handler], Handler]:
        return self._declare("PATCH", path, may, **more)

    def delete(self, path: str, *, may: str, **more: Any) -> Callable[[Handler], Handler]:
        return self._declare("DELETE", path, may, **more)

    def _declare(
        self,
        method: str,
        path: str,
        may: str,
        *,
        status: int = 200,
        cap: int = SMALL,
        keyed: bool = True,
        refuses: tuple[str, ...] = (),
        form: type[BaseModel] | None = None,
        anyone: bool = False,
        proof: bool = False,
    ) -> Callable[[Handler], Handler]:
        """`form` -- documents a multipart body; `anyone` -- needs no credentials (the document itself); `proof` -- grave:
        a session needs a fresh proof."""

        def declared(handler: Handler) -> Handler:
            hints = typing.get_type_hints(handler)
            parameters = tuple(_PARAMETER.findall(path))
            wanted = [
                name for name in inspect.signature(handler).parameters if name not in ("call", "body", "query", "form")
            ]
            answer = hints.get("return")
            problems = [
                *(f"{may!r} is no action" for _ in [0] if may not in ACTIONS and not anyone),
                *(f"code {code!r} is unknown" for code in refuses if code not in CODES),
                *(f"parameters {wanted} are not those of {path}" for _ in [0] if sorted(wanted) != sorted(parameters)),
                *("no docstring" for _ in [0] if not handler.__doc__),
                *("no answer declared" for _ in [0] if not inspect.isclass(answer)),
                *("`form` must be of Form" for _ in [0] if form is not None and hints.get("form") is not Form),
            ]
            if problems:
                raise TypeError(f"{method} {path}: {'; '.join(problems)}")
            model = answer if inspect.isclass(answer) and issubclass(answer, BaseModel) else None
            self.declared.append(
                Route(
                    method=method,
                    path=path,
                    may=may,
                    tag=self.tag,
                    handler=handler,
                    body=hints.get("body"),
                    query=hints.get("query"),
                    form=form,
                    answer=model,
                    status=status,
                    cap=cap,
                    keyed=keyed,
                    refuses=refuses,
                    proof=proof,
                    parameters=parameters,
                    open=anyone,
                    adapter=TypeAdapter(model) if model else None,
                )
            )
            return handler

        return declared
