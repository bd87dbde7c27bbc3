"""`lockgate.yaml`: read once, checked whole, passed down as values. Every error names the file and the line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from lockgate.action import PHI_CLASSES
from lockgate.channels.slack import SlackSettings
from lockgate.channels.telling import Teller
from lockgate.errors import ConfigError, cannot_read
from lockgate.gateways.postgres.lineage import By
from lockgate.gateways.postgres.settings.wishes import Hold
from lockgate.gateways.postgres.wire.target import Target, parse_target
from lockgate.identity.oidc import OidcSettings, issuer_name
from lockgate.phi import Operator
from lockgate.server.config_reader import Reader, secret
from lockgate.server.oidc_config import read_oidc
from lockgate.server.slack_config import slack_settings
from lockgate.server.tellers_config import mail, pagerduty
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
    "slack",
    "mail",
    "pagerduty",
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
    slack: SlackSettings | None = None
    tellers: tuple[Teller, ...] = ()
    cooling_s: int = 3600
    lookups_per_hour: int = 200
    salts_kept_days: int = SALTS_KEPT_DAYS
    oidc: OidcSettings | None = None

    @property
    def voters(self) -> str:
        """The issuer whose accounts vote."""
        by_provider = self.oidc is not None and self.oidc.voters == "provider"
        return issuer_name(self.oidc.issuer) if self.oidc is not None and by_provider else LOCAL


def load_config(
    path: Path, *, connections: bool = True, missing: str = "name it with --config; lockgate init makes one"
) -> Config:
    """Read and check the whole file. ConfigError names file and line, and what to do.

    Without `connections` they and what people are told by are left out, and nobody need have their secrets: for what
    works on the store alone, in a shell or a cron job that does not have the service's environment. `missing` is the
    advice where there is no such file.
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
    top = Reader(path, root, "")
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
    public_url = top.text("public_url", "https://localhost:8443").rstrip("/")
    slack = "slack" in top.items and connections
    console = f"{public_url}/console/requests"
    tellers: list[Teller] = [mail(top.under("mail"), base, console)] if "mail" in top.items and connections else []
    if "pagerduty" in top.items and connections:
        tellers.append(pagerduty(top.under("pagerduty"), base, console))
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
        public_url=public_url,
        postgres=_listen(listen, "postgres", "127.0.0.1:6432"),
        console=_listen(listen, "console", "127.0.0.1:8443"),
        certificate=_file(base, tls, "cert"),
        private_key=_file(base, tls, "key"),
        connections={
            name: _connection(Reader(path, node, f"connections.{name}: "), base) for name, node in upstreams.items()
        },
        webhooks=tuple(str(item.value) for item in hooks.value) if hooks is not None else (),
        slack=slack_settings(top.under("slack"), base, console) if slack else None,
        tellers=tuple(tellers),
        cooling_s=_number(rules, "cooling_s", 3600),
        lookups_per_hour=_number(rules, "lookups_per_hour", 200),
        salts_kept_days=_salts(rules),
        # Like the databases' passwords: whoever works on the store alone need not have its secret.
        oidc=read_oidc(provider, lambda key: secret(provider, key, base)) if connections else None,
    )


def _salts(rules: Reader) -> int:
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


def _connection(reader: Reader, base: Path) -> ConnectionConfig:
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


def _hold(reader: Reader) -> Hold:
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


def _listen(reader: Reader, key: str, default: str) -> Listen:
    host, _, port = reader.text(key, default).rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise reader.error(f"{key} is written host:port", reader.items.get(key))
    return Listen(host.strip("[]"), int(port))


def _number(reader: Reader, key: str, default: int) -> int:
    written = reader.text(key, str(default))
    if not written.isdigit():
        raise reader.error(f"{key} is a whole number", reader.items.get(key))
    return int(written)


def _outside(base: Path, top: Reader, state: Path) -> Path | None:
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


def _file(base: Path, reader: Reader, key: str) -> Path | None:
    written = reader.text(key, "")
    if not written:
        return None
    if not (base / written).is_file():
        raise reader.error(f"no file at {written}", reader.items.get(key))
    return base / written
