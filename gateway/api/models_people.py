"""Models of people of ours and of tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from gateway.api.fields import Answer, Done, Id, Name, Request, Role, Time, Whole

__all__ = ["Done"]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Address = Annotated[str, BeforeValidator(_lower), StringConstraints(min_length=3, max_length=254)]


class Advisor(Answer):
    id: Id
    name: str
    role: Role
    online: bool
    teams: list[str] = Field(description="ids of the teams that he is of")
    away: bool = Field(description="he has said that he takes nothing new now")
    agent_code: str


class Advisors(Answer):
    items: list[Advisor]
    next: str | None


class Me(Answer):
    """Who you are to us. `csrf`: goes with multipart forms of the desk as X-CSRF."""

    id: Id
    name: str
    role: Role
    door: Literal["token", "session", "socket"]
    may: list[str]
    csrf: str | None
    second_factor: bool


class PasswordChange(Request):
    current: Secret
    new: Secret


class Proof(Request):
    """Your password, before anything of your ways in is changed."""

    password: Secret


class FactorBegun(Answer):
    """What your telephone must know, told once. `secret`: to type in; `uri`, `picture`: the same as an otpauth address
    and as its QR code, an SVG element."""

    secret: str
    uri: str
    picture: str


Code = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class FactorCode(Request):
    code: Code = Field(description="six digits of the telephone")


class FactorEnd(Request):
    password: Secret
    code: Code = Field(description="six digits of the telephone, or a recovery code")


class RecoveryCodes(Answer):
    """Each signs in once in the place of a code of the telephone; told here once."""

    codes: list[str]


class User(Answer):
    id: Id
    email: str | None
    name: str
    role: Role
    agent_code: str
    disabled: bool
    online: bool
    second_factor: bool
    disabled_at: Time | None
    created_at: Time
    seen_at: Time | None


class UserMade(User):
    """`password` is told here once, unless you gave it."""

    password: str | None


class Users(Answer):
    items: list[User]
    next: str | None


class UserQuery(Whole):
    disabled: bool = Field(False, description="those too who may not act any more")


class NewUser(Request):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "lan@example.vn", "name": "Trần Thị Lan", "role": "advisor"}]}
    )
    email: Address
    name: Name
    role: Role
    agent_code: Annotated[str, StringConstraints(max_length=40)] = ""
    password: Secret | None = Field(None, description="left out: we invent one and tell it once")
    invited: bool = Field(False, description="no password yet: he sets one by a link (POST /users/{user_id}/link)")


class Reset(Request):
    password: Secret | None = Field(None, description="left out: we invent one and tell it once")


class PasswordMade(Answer):
    id: Id
    password: str | None


class NewToken(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "crm", "role": "integration"}]})
    name: Name
    role: Role


class Token(Answer):
    id: Id
    name: str
    role: Role
    advisor_id: Id
    created_at: Time
    used_at: Time | None
    revoked_at: Time | None


class TokenMade(Token):
    """`token` is told here once."""

    token: str


class Tokens(Answer):
    items: list[Token]
    next: str | None
