"""Where an upstream is, and how to prove to each other who we are: a parsed `postgresql://` address."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from lockgate.errors import ConfigError

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Target:
    """One upstream server and the gateway's own login there.

    `socket_dir` names a folder with a Unix socket and then wins over `host`; `sslmode` is `verify-full`, `require`
    (encrypts, trusts any certificate) or `disable`; off loopback anything below `verify-full` must be asked for.
    """

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    sslmode: str
    root_certificate: str = ""
    socket_dir: str = ""

    @property
    def identity(self) -> str:
        """What an approval binds to: which database on which server, as whom; never the password."""
        return f"postgresql://{self.user}@{self.socket_dir or self.host}:{self.port}/{self.database}"

    @property
    def socket_path(self) -> str:
        return f"{self.socket_dir}/.s.PGSQL.{self.port}" if self.socket_dir else ""

    def ssl_context(self) -> ssl.SSLContext | None:
        if self.sslmode == "disable" or self.socket_dir:
            return None
        context = ssl.create_default_context(cafile=self.root_certificate or None)
        if self.sslmode == "require":
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def parse_target(url: str, password: str) -> Target:
    """Read `postgresql://user@host:port/database?sslmode=…&sslrootcert=…&host=/socket/folder`."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ConfigError("an upstream is written postgresql://user@host:port/database")
    if parts.password:
        raise ConfigError("an upstream address holds a password", hint="use `password: env:NAME` or `file:PATH`")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = set(options) - {"sslmode", "sslrootcert", "host"}
    if unknown:
        raise ConfigError(f"unknown option in an upstream address: {', '.join(sorted(unknown))}")
    host = parts.hostname or "127.0.0.1"
    socket_dir = options.get("host", "")
    database = unquote(parts.path.lstrip("/"))
    if not parts.username or not database:
        raise ConfigError("an upstream address needs a user and a database")
    sslmode = options.get("sslmode", "disable" if host in LOOPBACK or socket_dir else "verify-full")
    if sslmode not in ("disable", "require", "verify-full"):
        raise ConfigError(f"sslmode {sslmode} is not known here", hint="verify-full, require or disable")
    root = options.get("sslrootcert", "")
    if root and not Path(root).is_file():
        raise ConfigError(f"no certificate at {root}")
    try:
        port = parts.port or 5432
    except ValueError as error:
        raise ConfigError("an upstream address has a port that is no number") from error
    return Target(host, port, database, unquote(parts.username), password, sslmode, root, socket_dir)
