"""config.yaml and the environment as frozen values; any doubt is a `ConfigError` with one line a mistake.

The classes are the model: a field's `key(default, reader, about)` is what is checked, what the docs say
(docs/configuration.md is printed from here) and what a typo is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from channels.contract import Account, Limits
from gateway import addresses, readers
from gateway.accounts import Key
from gateway.addresses import Network
from gateway.readers import Hours

if TYPE_CHECKING:
    from handlers.model import Business as BusinessFacts

T = TypeVar("T")


class ConfigError(Exception):
    """The configuration is refused; `problems` are lines for people, one a mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def key(default: T, read: Callable[[object], T], about: str, *, secret: bool = False) -> T:
    """A dataclass field; the type checker sees its default."""
    return field(default=default, repr=not secret, metadata={"key": Key(read, about, secret=secret)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the gateway listens and how it is reached from outside."""

    host: str = key(
        "127.0.0.1", addresses.host, "address to listen on; 0.0.0.0 for all, then behind a proxy with https"
    )
    port: int = key(8080, readers.number(0, 65535, "a port number"), "port to listen on; 0 takes any free one")
    public_url: str = key(
        "",
        addresses.origin,
        "how browsers and platforms reach us, https://host; empty: derived from the bound port (this machine only)",
    )
    files_url: str = key("", addresses.origin, "another host name for document links; empty: public_url")
    trusted_proxies: tuple[Network, ...] = key(
        (), readers.several(addresses.network), "proxies whose X-Forwarded-For is believed: addresses or networks"
    )
    metrics_token: str = key(
        "",
        readers.text,
        "lets /metrics be read from elsewhere with this bearer token; empty: loopback only",
        secret=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where everything is kept: one SQLite file, or PostgreSQL."""

    url: str = key(
        "sqlite:///var/gateway.db",
        readers.database,
        "sqlite:///path (three slashes relative, four absolute) or postgresql+psycopg://user:password@host:5432/name",
        secret=True,
    )

    @property
    def path(self) -> Path | None:
        """The SQLite file; None on PostgreSQL."""
        found = self.url.startswith("sqlite:///")
        return Path(self.url.removeprefix("sqlite:///")) if found else None

    @property
    def socket(self) -> Path | None:
        """The admin socket of the running gateway, beside the SQLite file; None on PostgreSQL."""
        return self.path.with_name("gateway.sock") if self.path else None

    def below(self, base: Path) -> Database:
        """With its file's whole path: a relative one is told from the configuration's folder."""
        return replace(self, url=f"sqlite:///{base / self.path.expanduser()}") if self.path else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where files of customers and certificates are kept (sealed)."""

    path: Path = key(  # noqa: RUF009
        Path("var/files"), readers.folder, "folder of the stored files"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Where the master keys are kept. Back them up apart from the database: without them it cannot be read."""

    path: Path = key(  # noqa: RUF009
        Path("var/keys"), readers.folder, "folder of the keys; created (0600) at the first start when absent"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """The agency, as customers may be told. What is empty is not said: `gateway check-config` lists the texts."""

    name: str = key("IBAOHIEM", readers.needed, "trade name")
    legal_name: str = key("", readers.text, "the company's registered name")
    address: str = key("", readers.text, "registered address")
    hotline: str = key("", readers.hotline, "telephone number told to customers")
    dpo_email: str = key("", addresses.email, "e-mail address of the data-protection officer")
    policy_url: str = key("", addresses.page, "privacy policy, told with the consent question")
    product_url: str = key("", addresses.page, "product pages")
    agency_code: str = key("", readers.text, "agency code shown to customers")
    domains: tuple[str, ...] = key((), readers.several(addresses.domain), "our own domains; the only ones we link to")
    timezone: str = key("Asia/Ho_Chi_Minh", readers.zone, "time zone of everything a customer feels")
    languages: tuple[str, ...] = key(("vi", "en"), readers.languages, "languages we speak, the first one by default")
    hours: Hours | None = key(  # noqa: RUF009
        None,
        readers.hours,
        'always, or a block of days: {mon: ["08:00-12:00", "13:00-17:30"], …}; a day left out is closed',
    )
    holidays: tuple[str, ...] = key((), readers.several(readers.day), "days without working hours, YYYY-MM-DD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """How the bot listens."""

    turn_quiet_ms: int = key(
        800,
        readers.number(0, 60_000, "a number of milliseconds"),
        "answer after this silence; 0: what is there at once",
    )
    turn_max_ms: int = key(
        3000, readers.number(0, 120_000, "a number of milliseconds"), "answer at the latest after this"
    )
    bot: bool = key(True, readers.switch, "false: people only; also a switch at the desk, and a key of each account")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRules:
    """Who may work at the desk."""

    second_factor: str = key(
        "optional",
        readers.choice("optional", "required"),
        "required: whoever signs in sets up codes of his telephone before anything else; optional: it is offered",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRules:
    """How people of ours are told of what concerns them, and what when nobody hears. Each chooses his own part at the desk."""

    patience_s: int = key(
        30,
        readers.number(1, 3600, "a number of seconds"),
        "how long one way has to reach somebody before the next one is tried as well",
    )
    on_call: tuple[str, ...] = key(
        (),
        readers.several(addresses.email),
        "e-mail addresses of those on call: written to when a customer waits and nobody could be told",
    )
    groups: tuple[str, ...] = key(
        (),
        readers.several(addresses.chat),
        "chats that hear of waiting customers, without personal data: telegram:main/-1001234567, zalo:oa/group:<group id>, zalo:oa/<user id>",
    )
    push_contact: str = key(
        "", addresses.email, "told to browsers' push services, for their complaints; empty: business.dpo_email"
    )
    push_services: tuple[str, ...] = key(
        ("fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com"),
        readers.several(addresses.push_service),
        "hosts (and all below them) of the push services that are written to: browsers name the rest themselves",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc:
    """Signing in at the desk through the company's own account (OpenID Connect). Empty issuer: not offered."""

    issuer: str = key("", addresses.issuer, "as the provider names itself, such as https://accounts.google.com")
    client_id: str = key(
        "", readers.text, "what the provider calls us; its redirect address: public_url + /desk/oidc/back"
    )
    client_secret: str = key("", readers.text, "that it is us", secret=True)
    label: str = key("", readers.text, "on the button of the log-in page; empty: the provider's host")
    allowed_domains: tuple[str, ...] = key(
        (),
        readers.several(addresses.domain),
        "only verified addresses of these domains; empty: whoever has an account here",
    )
    new_people: str = key(
        "",
        readers.choice("", "advisor", "intake"),
        "role of whoever comes with an allowed address and has no account here yet; empty: nobody comes in uninvited",
    )
    second_factor: str = key(
        "ours",
        readers.choice("ours", "provider"),
        "ours: who has a second factor here is asked for it all the same; provider: the provider has seen to that",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    """What the process writes to stderr."""

    level: str = key(
        "info",
        readers.choice("debug", "info", "warning", "error"),
        "least grave line written: debug, info, warning, error",
    )
    format: str = key(
        "auto",
        readers.choice("auto", "json", "console"),
        "auto (readable at a terminal, else JSON lines), json or console",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Numbers an operator may have to move. Everything else is a constant next to its reason."""

    disk_free_mb: int = key(500, readers.number(0, 10_000_000, "a number of megabytes"), "not ready below this")
    disk_free_percent: int = key(5, readers.number(0, 99, "a percentage"), "not ready below this")
    heartbeat_s: int = key(
        5, readers.number(1, 600, "a number of seconds"), "not ready when the last committed heartbeat is older"
    )


SECTIONS: Final[Mapping[str, type[Any]]] = {
    "server": Server,
    "database": Database,
    "files": Files,
    "keys": Keys,
    "business": Agency,
    "conversation": Conversation,
    "desk": DeskRules,
    "oidc": Oidc,
    "notices": NoticeRules,
    "logging": Logging,
    "limits": Thresholds,
}


def keys_of(section: type[Any]) -> dict[str, Key]:
    """A section's keys by name."""
    return {item.name: item.metadata["key"] for item in fields(section)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole of it. `path` -- the file; `warnings` -- lawful, but look again; `limits` -- operators' thresholds."""

    path: Path
    server: Server = Server()
    database: Database = Database()
    files: Files = Files()
    keys: Keys = Keys()
    agency: Agency = Agency()
    conversation: Conversation = Conversation()
    desk: DeskRules = DeskRules()
    oidc: Oidc = Oidc()
    notices: NoticeRules = NoticeRules()
    logging: Logging = Logging()
    limits: Thresholds = Thresholds()
    accounts: tuple[Account, ...] = ()
    warnings: tuple[str, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)  # known values, for the logs' last net

    def business(self) -> BusinessFacts:
        """What the core knows of the agency."""
        from handlers.model import Business

        given = self.agency
        known = (item.name for item in fields(Business) if item.name != "rules")  # those are set at the desk
        return Business(**{name: getattr(given, name) for name in known})

    def account(self, name: str) -> Account | None:
        """An account by its id, `telegram:main`."""
        return next((account for account in self.accounts if account.id == name), None)

    def bound(self, port: int) -> Config:
        """This configuration once the listener is bound to `port`."""
        return replace(self, server=replace(self.server, port=port))

    @property
    def public_url(self) -> str:
        """Our own origin. Derived from host and port when it is not configured; then call it after `bound`."""
        if self.server.public_url:
            return self.server.public_url
        name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.server.host, self.server.host)  # noqa: S104 -- compared
        name = f"[{name}]" if ":" in name and not name.startswith("[") else name
        return f"http://{name}:{self.server.port}"

    @property
    def files_url(self) -> str:
        return self.server.files_url or self.public_url

    @property
    def local(self) -> bool:
        """Reached from this machine only: plain http and the demonstration's clock are lawful."""
        url = addresses.split_url(self.public_url)
        return addresses.loopback(self.server.host) and url is not None and addresses.loopback(url.hostname or "")

    def origin_allowed(self, origin: str, host: str, *, scheme: str = "http") -> bool:
        """Whether a browser's `Origin` is ours: public_url, or `scheme://Host` when that Host is this machine.

        host -- the request's Host header.
        """
        if not origin or origin == "null":
            return False
        if origin.lower() == self.public_url.lower():
            return True
        own = addresses.split_url(f"{scheme}://{host}")
        return (
            own is not None
            and addresses.loopback(own.hostname or "")
            and origin.lower() == f"{scheme}://{host}".lower()
        )

    @property
    def socket(self) -> Path | None:
        """See Database."""
        return self.database.socket

    def limits_of(self, account: Account, usual: Limits) -> Limits:
        """An account's limits: the configured ones over the platform's published (`usual`) numbers."""
        return replace(usual, **account.get("limits", {}))


def load(path: Path, environ: Mapping[str, str], *, port: int | None = None) -> Config:
    """Read, overlay, expand, check. `port` wins over file and environment. Raises ConfigError with every mistake."""
    from gateway.configload import Loading

    return Loading.of(path, environ).config(port)


def socket_of(path: Path, environ: Mapping[str, str]) -> Path | None:
    """Where the gateway of this file listens for commands, whatever else the file or this environment lacks: the secrets
    are the running gateway's, and it was started with them. None on PostgreSQL, or where it cannot be known."""
    from gateway.configload import Loading

    try:
        database = Loading.of(path, environ).database()
    except ConfigError:
        return None
    return database.socket if database else None
