"""Who did something by having the machine, not by an account: what the log says of them."""

from __future__ import annotations

import getpass
import os

from lockgate.services.approvals.changes import HOST


def by_host() -> str:
    """`host:` and the operating system's name for whoever runs this process; its number where it has no name."""
    try:
        return f"{HOST}:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"{HOST}:{os.getuid()}"
