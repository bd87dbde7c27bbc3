"""Where a key is: never in an argument or in code, which others can read."""

from __future__ import annotations

import os
from pathlib import Path

from lockgate.errors import ConfigError


def read_secret(written: str) -> str:
    """What `file:PATH` (closed to others) or `env:NAME` holds. ConfigError says what is wrong, never the secret."""
    kind, _, rest = written.partition(":")
    if kind == "env" and rest in os.environ:
        return os.environ[rest].strip()
    if kind == "file":
        try:
            if Path(rest).stat().st_mode & 0o077:
                raise ConfigError(f"{rest} may be read by others than its owner", hint=f"chmod 600 {rest}")
            return Path(rest).read_text().strip()
        except OSError as error:
            raise ConfigError(f"{rest} cannot be read") from error
    raise ConfigError("a key is given as file:PATH or env:NAME", hint="never the key itself")
