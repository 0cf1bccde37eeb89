"""One reading of the configuration: the file, the environment over it, every key checked, every mistake one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from channels.contract import Account
from gateway import addresses, configfile, readers
from gateway.accounts import CHANNELS, Key
from gateway.config import SECTIONS, Config, ConfigError, Database, Oidc, keys_of
from gateway.configaccounts import SHORT, Entry, lacks_of, short, with_siblings
from gateway.readers import Wrong

OURS: Final = ("channel", "name")  # what makes an account that account: not for overriding
IN_THE_FILE: Final = "{0}: is written in the file itself; write {1}: ${{{2}}} and set the environment variable {2}"
GUESSED: Final = (
    f"{{}}: is shorter than {SHORT} characters, so that it could be guessed; this makes a good one: "
    "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
)
NEEDS: Final = "needs the environment variable {}, which is not set"


class Loading:
    """One run of `load`: the tree, and the problems as they are found, each key at most once."""

    def __init__(self, path: Path, values: dict[str, Any], environ: Mapping[str, str]) -> None:
        self.path = path
        self.base = path.parent
        self.environ = environ
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.secrets: set[str] = set()
        self.tree = configfile.Tree({})
        listed = values.pop("accounts", None)
        self.tree.values = configfile.expand(self.tree, values, environ, ())
        self.listed = self._listed(listed)

    @classmethod
    def of(cls, path: Path, environ: Mapping[str, str]) -> Loading:
        try:
            values = configfile.read(path.read_bytes(), path.name)
        except FileNotFoundError:
            raise ConfigError([f"{path}: no such file; name one with --config FILE"]) from None
        except OSError as err:
            raise ConfigError([f"{path}: cannot be read ({err.strerror})"]) from None
        except configfile.Unreadable as err:
            raise ConfigError(err.problems) from None
        return cls(path.resolve(), values, environ)

    def config(self, port: int | None) -> Config:
        self.problems += self.tree.problems
        self._overlay()
        made: dict[str, Any] = {}
        for name in self.tree.values:
            if name not in SECTIONS:
                self.problems.append(
                    f"{name}: unknown section{configfile.near(str(name), _known()) or _elsewhere(name)}"
                )
        for name, kind in SECTIONS.items():
            made["agency" if name == "business" else name] = self._section(name, kind)
        accounts = with_siblings(tuple(self._accounts()))
        made = self._finish(made, port)
        self._across(made, accounts)
        if self.problems:
            raise ConfigError(list(dict.fromkeys(self.problems)))
        return Config(
            path=self.path,
            accounts=accounts,
            warnings=tuple(self.warnings),
            secrets=frozenset(self.secrets),
            **made,
        )

    def database(self) -> Database | None:
        """This section alone; None when something in it is wrong."""
        self._overlay()
        before = len(self.problems)
        made: Database = self._section("database", Database)
        return made.below(self.base) if len(self.problems) == before else None

    # ---- the environment

    def _overlay(self) -> None:
        for variable, parts, value in configfile.overrides(self.environ):
            if not all(parts) or len(parts) < 2:
                self.problems.append(f"{variable}: is not of the form GATEWAY__SECTION__KEY")
            elif parts[0].lower() == "accounts":
                self._override_account(variable, parts[1:], value)
            else:
                self._override(variable, [part.lower() for part in parts], value)

    def _override(self, variable: str, parts: list[str], value: str) -> None:
        section, name = parts[0], parts[1]
        if section not in SECTIONS:
            self.problems.append(f"{variable}: unknown section{configfile.near(section, _known())}")
            return
        known = keys_of(SECTIONS[section])
        deeper = section == "business" and name == "hours" and len(parts) == 3  # a day of the week
        if name not in known or (len(parts) > 2 and not deeper):
            hint = _near_variable(f"{configfile.PREFIX}{section.upper()}__", name, known)
            self.problems.append(f"{variable}: unknown key{hint}")
            return
        values = self.tree.values.get(section)
        if values is None:
            values = self.tree.values[section] = {}
        if isinstance(values, dict):
            _put(values, parts[1:], value)
            self.tree.sources[(section, name)] = variable
            self.tree.missing.pop((section, name), None)

    def _override_account(self, variable: str, parts: list[str], value: str) -> None:
        who, path = parts[0], [part.lower() for part in parts[1:]]
        named = [entry for entry in self.listed if entry.answers_to(who)]
        if not named or not path:
            ids = ", ".join(entry.label for entry in self.listed) or "none"
            self.problems.append(f"{variable}: names no account and key (accounts of the file: {ids})")
            return
        fitting = [entry for entry in named if path[0] in entry.known and path[0] not in OURS]
        if len(fitting) != 1:
            known = {name for entry in named for name in entry.known if name not in OURS}
            prefix = f"{configfile.PREFIX}ACCOUNTS__{who}__"
            several = " or ".join(f"{configfile.PREFIX}ACCOUNTS__{entry.variable}__…" for entry in fitting)
            hint = f"fits several accounts; write {several}" if fitting else ""
            self.problems.append(f"{variable}: {hint or 'unknown key' + _near_variable(prefix, path[0], known)}")
            return
        _put(fitting[0].values, path, value)
        fitting[0].sources[path[0]] = variable
        fitting[0].missing.pop(path[0], None)

    # ---- sections

    def _section(self, name: str, kind: type[Any]) -> Any:
        values = self.tree.values.get(name)
        known = keys_of(kind)
        if values is not None and not isinstance(values, dict):
            self.problems.append(f"{name}: must be a block of keys ({', '.join(known)})")
            values = None
        made: dict[str, Any] = {}
        for given, value in (values or {}).items():
            if given not in known:
                hint = configfile.near(str(given), known) or _elsewhere(given)
                self.problems.append(f"{name}.{given}: unknown key{hint}")
                continue
            variable = next((v for path, v in self.tree.missing.items() if path[:2] == (name, given)), "")
            if variable:
                self.problems.append(f"{name}.{given}: {NEEDS.format(variable)}")
                continue
            source = self.tree.sources.get((name, given), "")
            if known[given].secret and not source and value and (name, given) in self.tree.written:
                self._in_the_file(name, given, value)
            made |= self._value(f"{name}.{given}", given, known[given], value, source)
        return kind(**made)

    def _in_the_file(self, section: str, name: str, value: object) -> None:
        """A secret that is not read from the environment. A database's address names no secret but its password."""
        label, variable = f"{section}.{name}", f"{section}_{name}".upper()
        if SECTIONS[section] is not Database:
            self.warnings.append(IN_THE_FILE.format(label, name, variable))
        elif isinstance(value, str) and value.partition("://")[2].partition("@")[0].partition(":")[2]:
            self.warnings.append(f"{label}: its password stands in the file; write ${{NAME}} in its place")

    def _value(self, label: str, name: str, known: Key, value: object, source: str) -> dict[str, Any]:
        try:
            read = known.read(value)
        except Wrong as err:
            self.problems.append(f"{label}: {err}{f' (from {source})' if source else ''}")
            return {}
        if known.secret:
            self.secrets |= {read} if isinstance(read, str) else set(read)
        return {name: read}

    def _finish(self, made: dict[str, Any], port: int | None) -> dict[str, Any]:
        """Paths made absolute, the port of the command line put in, secrets of URLs noted."""
        if port is not None:
            if not 0 <= port <= 65535:
                self.problems.append(f"--port: {port} is not a port number (0 to 65535)")
            made["server"] = replace(made["server"], port=port)
        for name in ("files", "keys"):
            made[name] = replace(made[name], path=self.base / made[name].path)
        database: Database = made["database"]
        self.secrets.discard(database.url)
        made["database"] = database.below(self.base)
        if not database.path and (password := urlsplit(database.url).password):
            self.secrets |= {password, unquote(password)}
        self.secrets = {secret for secret in self.secrets if len(secret) >= 6}  # shorter ones would blot out words
        return made

    def _across(self, made: dict[str, Any], accounts: tuple[Account, ...]) -> None:
        """What only several keys together show."""
        server, conversation = made["server"], made["conversation"]
        if conversation.turn_max_ms < conversation.turn_quiet_ms:
            self.problems.append(
                f"conversation.turn_max_ms: {conversation.turn_max_ms} is less than turn_quiet_ms"
                f" ({conversation.turn_quiet_ms}); it is the longest wait of a turn"
            )
        if server.files_url and not server.public_url:
            self.problems.append("server.files_url: needs server.public_url as well")
        if server.metrics_token and len(server.metrics_token) < 16:
            self.problems.append("server.metrics_token: is shorter than 16 characters")
        if not addresses.loopback(server.host) and not server.public_url:
            self.warnings.append(
                "server.public_url: is empty while server.host is not loopback; people elsewhere cannot log in"
            )
        self._across_oidc(made["oidc"])
        if not accounts:
            self.warnings.append("accounts: none is listed; nobody can write to us")
        listed = {account.id for account in accounts}
        for group in made["notices"].groups:
            if (named := group.partition("/")[0]) not in listed:
                self.problems.append(
                    f"notices.groups: {named} is no account of this file (there are {', '.join(sorted(listed))})"
                )
        tokens: dict[str, str] = {}
        for account in accounts:
            token = f"{account.channel} {account.get('token')}"
            if account.get("token") and token in tokens:
                self.problems.append(
                    f"accounts[{account.id}].token: is the same as that of accounts[{tokens[token]}]; one account each"
                )
            tokens.setdefault(token, account.id)

    def _across_oidc(self, oidc: Oidc) -> None:
        if not oidc.issuer:
            return
        for name in ("client_id", "client_secret"):
            if not getattr(oidc, name):
                self.problems.append(f"oidc.{name}: is empty; signing in at oidc.issuer needs it")
        if oidc.new_people and not oidc.allowed_domains:
            self.problems.append(
                "oidc.allowed_domains: is empty while oidc.new_people lets people in by themselves; name your domains"
            )

    # ---- accounts

    def _listed(self, value: object) -> list[Entry]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.problems.append("accounts: must be a list of blocks, each beginning with - {channel: …, name: …}")
            return []
        entries = []
        for index, item in enumerate(value, 1):
            if not isinstance(item, dict):
                self.problems.append(f"accounts[#{index}]: must be a block such as {{channel: webchat, name: site}}")
                continue
            tree = configfile.Tree({})
            values = configfile.expand(tree, item, self.environ, ())
            missing = {path[0]: variable for path, variable in tree.missing.items()}
            written = {path[0] for path in tree.written}
            entries.append(Entry(index, values, missing, written))
            self.problems += [f"accounts[{entries[-1].label}].{line}" for line in tree.problems]
        return entries

    def _accounts(self) -> Iterator[Account]:
        seen: dict[tuple[str, str], int] = {}
        for entry in self.listed:
            if not self._named(entry):
                continue
            where = (entry.channel, entry.name.casefold())
            if where in seen:
                self.problems.append(
                    f"accounts[{entry.label}].name: is taken by account #{seen[where]} of this channel"
                )
                continue
            seen[where] = entry.index
            yield self._account(entry)

    def _named(self, entry: Entry) -> bool:
        """Whether channel and name are sound; else the problems are noted."""
        start = len(self.problems)
        here = f"this version has {', '.join(CHANNELS)}"
        if not entry.channel:
            self.problems.append(f"accounts[{entry.label}].channel: is missing; {here}")
        elif entry.channel not in CHANNELS:
            hint = configfile.near(entry.channel, CHANNELS) or f"; {here}"
            self.problems.append(f'accounts[{entry.label}].channel: "{entry.channel}" is not a channel{hint}')
        if not entry.name:
            self.problems.append(
                f"accounts[{entry.label}].name: is missing; write a short name of your own, such as main"
            )
        elif not readers.NAME.fullmatch(entry.name):
            self.problems.append(
                f"accounts[{entry.label}].name: {readers.shown(entry.name)} is not a name"
                " (letters, digits, single . _ -, at most 63)"
            )
        return len(self.problems) == start

    def _account(self, entry: Entry) -> Account:
        label = f"accounts[{entry.label}]"
        settings: dict[str, Any] = {name: known.default for name, known in entry.known.items()}
        settings["bot"] = None
        bad: set[str] = set()
        for name, value in entry.values.items():
            known = entry.known.get(name)
            if known is None:
                bad.add(name)
                self.problems.append(f"{label}.{name}: unknown key{configfile.near(str(name), entry.known)}")
                continue
            if name in entry.missing:
                if not known.secret:
                    bad.add(name)
                    self.problems.append(f"{label}.{name}: {NEEDS.format(entry.missing[name])}")
                continue  # whether a secret is needed is for the account's mode to say
            if known.secret and name in entry.written and name not in entry.sources and value:
                self.warnings.append(IN_THE_FILE.format(f"{label}.{name}", name, entry.suggested(name, known)))
            read = self._value(f"{label}.{name}", name, known, value, entry.sources.get(name, ""))
            if name == "secret" and short(read.get(name)):
                self.warnings.append(GUESSED.format(f"{label}.{name}"))
            bad |= set() if read else {name}
            settings |= read
        settings = {name: value for name, value in settings.items() if value is not None}
        account = Account(channel=entry.channel, name=entry.name, settings=settings)
        for line in lacks_of(account):
            self._lacks(entry, account, line, bad)
        return account

    def _lacks(self, entry: Entry, account: Account, line: str, bad: set[str]) -> None:
        """One line of the adapter's, `key: what`, told with the variable that would fill it."""
        found = re.match(r"(\w+): ", line)
        name = found[1] if found else ""
        known = entry.known.get(name)
        if name in bad:
            return
        if known is None or account.get(name):
            self.problems.append(f"accounts[{account.id}]{'.' if known else ': '}{line}")
            return
        variable = entry.missing.get(name) or entry.suggested(name, known)
        what = "is empty" if name in entry.values else f"is missing; write {name}: ${{{variable}}}"
        about = f" ({known.about})" if known.about else ""
        joint = "; set" if name in entry.values else " and set"
        self.problems.append(f"accounts[{account.id}].{name}: {what}{joint} the environment variable {variable}{about}")


def _near_variable(prefix: str, name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, [key.upper() for key in known] + list(known), 1, 0.6)
    return f"; did you mean {prefix}{found[0].upper()}?" if found else ""


def _put(values: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        inner = values.get(part)
        values[part] = values = inner if isinstance(inner, dict) else {}
    values[path[-1]] = value


def _known() -> list[str]:
    return [*SECTIONS, "accounts"]


def _elsewhere(name: object) -> str:
    """` it belongs under …` for a key in the wrong section."""
    homes = [section for section, kind in SECTIONS.items() if name in keys_of(kind)]
    return f"; it belongs under {homes[0]}:" if homes else ""
