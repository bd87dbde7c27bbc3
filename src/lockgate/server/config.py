"""`lockgate.yaml`: read once, checked whole, passed down as values. Every error names the file and the line."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from lockgate.action import PHI_CLASSES
from lockgate.errors import ConfigError, cannot_read
from lockgate.gateways.postgres.lineage import By
from lockgate.gateways.postgres.settings.wishes import Hold
from lockgate.gateways.postgres.wire.target import Target, parse_target
from lockgate.identity.oidc import OidcSettings, issuer_name
from lockgate.phi import Operator
from lockgate.server.oidc_config import read_oidc
from lockgate.services.accounts import LOCAL
from lockgate.store import KeyRing

TOP = (
    "state",
    "store",
    "keys",
    "signing_key",
    "checkpoint_dir",
    "vault",
    "vault_keys",
    "policies",
    "public_url",
    "listen",
    "tls",
    "connections",
    "webhooks",
    "rules",
    "oidc",
)
VAULT = "vault"
"""What policies call the vault; no database is called so."""
CONNECTION = ("upstream", "password", "analyse_on", "analyse_by", "operators", "audit", "hold")


@dataclass(frozen=True, slots=True)
class Listen:
    host: str
    port: int


SALTS_KEPT_DAYS = 6 * 365
FEWEST_DAYS = 100


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    target: Target
    analyse_on: Target | None
    operators: Mapping[str, str] = field(default_factory=dict)
    audit: str = "shape"
    analyse_by: By = By.FUNCTION
    hold: Hold = field(default_factory=Hold)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that `serve` needs; paths are absolute."""

    path: Path
    state: Path
    store: str
    keys: str
    signing_key: Path
    checkpoint_dir: Path | None
    vault: str
    vault_keys: str
    policies: Path
    public_url: str
    postgres: Listen
    console: Listen
    certificate: Path | None
    private_key: Path | None
    connections: Mapping[str, ConnectionConfig]
    webhooks: tuple[str, ...] = ()
    cooling_s: int = 3600
    lookups_per_hour: int = 200
    salts_kept_days: int = SALTS_KEPT_DAYS
    oidc: OidcSettings | None = None

    @property
    def voters(self) -> str:
        """The issuer whose accounts vote."""
        by_provider = self.oidc is not None and self.oidc.voters == "provider"
        return issuer_name(self.oidc.issuer) if self.oidc is not None and by_provider else LOCAL


class _Reader:
    """A YAML mapping with the lines its keys stand on."""

    def __init__(self, path: Path, node: yaml.Node | None, where: str) -> None:
        self.path, self.where = path, where
        self.line = 1 if node is None else node.start_mark.line + 1
        self.items: dict[str, yaml.Node] = {}
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            raise self.error("a mapping is expected here", node)
        for key, value in node.value:
            if key.value in self.items:
                raise self.error(f"{key.value} is given twice", key)
            self.items[str(key.value)] = value

    def error(self, message: str, node: yaml.Node | None = None, hint: str = "") -> ConfigError:
        line = self.line if node is None else node.start_mark.line + 1
        return ConfigError(f"{self.path.name}:{line}: {self.where}{message}", hint=hint)

    def only(self, *known: str) -> None:
        for key, node in self.items.items():
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                raise self.error(f"unknown key {key}", node, f"did you mean {near[0]}?" if near else ", ".join(known))

    def text(self, key: str, default: str | None = None) -> str:
        node = self.items.get(key)
        if node is None:
            if default is None:
                raise self.error(f"{key} is missing")
            return default
        if not isinstance(node, yaml.ScalarNode) or node.tag.endswith(":null"):
            raise self.error(f"{key} takes one value", node)
        return str(node.value)

    def under(self, key: str) -> _Reader:
        return _Reader(self.path, self.items.get(key), f"{key}: ")


def load_config(
    path: Path, *, connections: bool = True, missing: str = "name it with --config; lockgate init makes one"
) -> Config:
    """Read and check the whole file. ConfigError names file and line, and what to do.

    Without `connections` they are left out, and nobody need have the databases' passwords: for what works on the store
    alone, in a shell or a cron job that does not have the service's environment. `missing` is the advice where there is
    no such file.
    """
    try:
        root = yaml.compose(path.read_text())
    except OSError as error:
        raise cannot_read(str(path), error, missing=missing) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path.name}:{line}: not UTF-8", hint="save it as UTF-8") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(
            f"{path.name}:{mark.line + 1 if mark else 1}: not YAML", hint="look at indentation, colons and quotes"
        ) from error
    top = _Reader(path, root, "")
    top.only(*TOP)
    base = path.resolve().parent
    state = base / top.text("state", "state")
    listen, tls, rules = top.under("listen"), top.under("tls"), top.under("rules")
    listen.only("postgres", "console")
    tls.only("cert", "key")
    rules.only("cooling_s", "lookups_per_hour", "salts_kept_days")
    named, provider = top.under("connections"), top.under("oidc")
    if VAULT in named.items:
        raise named.error(f"{VAULT} is what the vault of surrogates is called", named.items[VAULT])
    upstreams = named.items if connections else {}
    hooks = top.items.get("webhooks")
    if hooks is not None and not isinstance(hooks, yaml.SequenceNode):
        raise top.error("webhooks is a list of addresses", hooks)
    return Config(
        path=path.resolve(),
        state=state,
        store=top.text("store", f"sqlite:///{state}/lockgate.db"),
        keys=top.text("keys", f"file:{state}/keys"),
        signing_key=base / top.text("signing_key", str(state / "log.key")),
        checkpoint_dir=_outside(base, top, state),
        vault=top.text("vault", f"sqlite:///{state}/vault.db"),
        vault_keys=top.text("vault_keys", f"file:{state}/vault.keys"),
        policies=base / top.text("policies", "policies"),
        public_url=top.text("public_url", "https://localhost:8443").rstrip("/"),
        postgres=_listen(listen, "postgres", "127.0.0.1:6432"),
        console=_listen(listen, "console", "127.0.0.1:8443"),
        certificate=_file(base, tls, "cert"),
        private_key=_file(base, tls, "key"),
        connections={
            name: _connection(_Reader(path, node, f"connections.{name}: "), base) for name, node in upstreams.items()
        },
        webhooks=tuple(str(item.value) for item in hooks.value) if hooks is not None else (),
        cooling_s=_number(rules, "cooling_s", 3600),
        lookups_per_hour=_number(rules, "lookups_per_hour", 200),
        salts_kept_days=_salts(rules),
        # Like the databases' passwords: whoever works on the store alone need not have its secret.
        oidc=read_oidc(provider, lambda key: secret(provider, key, base)) if connections else None,
    )


def _salts(rules: _Reader) -> int:
    days = _number(rules, "salts_kept_days", SALTS_KEPT_DAYS)
    if days < FEWEST_DAYS:
        what = f"salts_kept_days is {FEWEST_DAYS} or more: what people approved may recur for 90 days"
        raise rules.error(what, rules.items.get("salts_kept_days"))
    return days


def key_ring(config: Config) -> KeyRing:
    """The keys that seal, from where the file says: `env:NAME` or `file:PATH`."""
    return _ring(config, config.keys)


def vault_ring(config: Config) -> KeyRing:
    """The keys of the vault, from where the file says: `env:NAME` or `file:PATH`."""
    return _ring(config, config.vault_keys, of_vault=True)


def _ring(config: Config, written: str, *, of_vault: bool = False) -> KeyRing:
    kind, _, rest = written.partition(":")
    if kind == "env":
        return KeyRing.from_environment(rest)
    return KeyRing.from_file(config.path.parent / rest, of_vault=of_vault)


def secret(reader: _Reader, key: str, base: Path) -> str:
    """`env:NAME` or `file:PATH`, never the secret itself; empty only for `none`, where the server asks for none."""
    written = reader.text(key)
    kind, _, rest = written.partition(":")
    if written == "none":
        return ""
    if kind == "env":
        value = os.environ.get(rest)
        if value is None:
            raise reader.error(
                f"the environment has no {rest}", reader.items.get(key), f"export {rest}, or name a file: file:PATH"
            )
    elif kind == "file":
        try:
            value = (base / rest).read_text().strip()
        except OSError as error:
            raise reader.error(f"{rest} cannot be read", reader.items.get(key)) from error
    else:
        raise reader.error(f"{key} is env:NAME or file:PATH", reader.items.get(key), "never the secret itself")
    if not value:
        # Whoever has no password asks the server for no proof that it knows it.
        raise reader.error(f"{key}: {rest} is empty", reader.items.get(key), "write none where there is no password")
    return value


def _connection(reader: _Reader, base: Path) -> ConnectionConfig:
    reader.only(*CONNECTION)
    password = secret(reader, "password", base)
    operators = reader.under("operators")
    chosen = {cls: operators.text(cls) for cls in operators.items}
    for cls, operator in chosen.items():
        if cls not in PHI_CLASSES or operator not in set(Operator):
            raise operators.error(f"{cls}: {operator} is no operator of a PHI class", hint=", ".join(Operator))
    audit = reader.text("audit", "shape")
    if audit not in ("shape", "each"):
        raise reader.error("audit is shape or each", reader.items.get("audit"))
    analyse_by = reader.text("analyse_by", By.FUNCTION)
    if analyse_by not in set(By):
        raise reader.error("analyse_by is function or log", reader.items.get("analyse_by"))
    try:
        elsewhere = reader.text("analyse_on", "")
        return ConnectionConfig(
            parse_target(reader.text("upstream"), password),
            parse_target(elsewhere, password) if elsewhere else None,
            chosen,
            audit,
            By(analyse_by),
            _hold(reader),
        )
    except ConfigError as error:
        if error.message.startswith(reader.path.name):
            raise
        raise reader.error(error.message, reader.items.get("upstream"), error.hint) from error


def _hold(reader: _Reader) -> Hold:
    """`wait`, `fail`, or how long: `{person_s: 28800, agent_s: 45}`."""
    written = reader.items.get("hold")
    if not isinstance(written, yaml.MappingNode):
        how = reader.text("hold", Hold().how)
        if how not in ("wait", "fail"):
            raise reader.error("hold is wait, fail, or {person_s: …, agent_s: …}", written)
        return Hold(how)
    seconds = reader.under("hold")
    seconds.only("person_s", "agent_s")
    return Hold(
        person_s=_number(seconds, "person_s", int(Hold().person_s)),
        agent_s=_number(seconds, "agent_s", int(Hold().agent_s)),
    )


def _listen(reader: _Reader, key: str, default: str) -> Listen:
    host, _, port = reader.text(key, default).rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise reader.error(f"{key} is written host:port", reader.items.get(key))
    return Listen(host.strip("[]"), int(port))


def _number(reader: _Reader, key: str, default: int) -> int:
    written = reader.text(key, str(default))
    if not written.isdigit():
        raise reader.error(f"{key} is a whole number", reader.items.get(key))
    return int(written)


def _outside(base: Path, top: _Reader, state: Path) -> Path | None:
    """A folder for checkpoints that is not put back together with the state."""
    written = top.text("checkpoint_dir", "")
    if not written:
        return None
    folder = base / written
    if folder.resolve().is_relative_to(state.resolve()):
        raise top.error(
            "checkpoint_dir lies inside of the state folder",
            top.items.get("checkpoint_dir"),
            "whoever puts back the one would put back the other: name a folder elsewhere, best on another machine",
        )
    return folder


def _file(base: Path, reader: _Reader, key: str) -> Path | None:
    written = reader.text(key, "")
    if not written:
        return None
    if not (base / written).is_file():
        raise reader.error(f"no file at {written}", reader.items.get(key))
    return base / written
