"""`lockgate init`: what a first evening needs, in one folder: keys, a local CA, policies, the first admin."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from lockgate.cli.people import PasswordFromInput, read_password
from lockgate.cli.show import console
from lockgate.errors import ConfigError
from lockgate.policy import STARTERS, write_starters

CONFIG = """\
# Lockgate. Every path is relative to this file; a secret is env:NAME or file:PATH, never written here.
state: state                       # the store (SQLite), keys; back it up, and keep it to yourself
# store: postgresql://user@host/db # instead of SQLite, once one process is not enough
# checkpoint_dir: /mnt/elsewhere   # signed checkpoints, on another disk or machine: an old store put back is noticed
policies: policies                 # Cedar policies and profiles.yaml; `lockgate policy check policies`
public_url: https://localhost:8443 # where links in notices lead
listen:
  postgres: 127.0.0.1:6432
  console: 127.0.0.1:8443
tls:
  cert: {cert}
  key: {key}
# rules:
#   cooling_s: 3600                # how young an account or membership may not vote
#   lookups_per_hour: 200          # records that one principal may look up by their identifier
# webhooks:
#   - https://chat.example.org/lockgate
# slack:                           # docs/how-to/review-in-slack.md
#   bot_token: env:SLACK_BOT_TOKEN
#   signing_secret: env:SLACK_SIGNING_SECRET
#   team: T0123ABCD
#   channel: C0123ABCD
connections: {{}}
# connections:
#   clinic:
#     upstream: postgresql://lockgate_gw@db.example.org/clinic   # a role that is no superuser and owns nothing
#     password: env:CLINIC_PASSWORD
#     # analyse_on: postgresql://lockgate_gw@primary.example.org/clinic   # when upstream is a standby
#     # analyse_by: log            # without TEMP, or on a standby; every statement is then in the server's log
#     # operators: {{name: token, date: generalise, text: detect}}
#     # audit: each                # one event for every statement, not one for each shape
"""

MADE = ("state", "policies", "log.pub", "lockgate.yaml")


def register(app: typer.Typer) -> None:
    app.command(
        help="Make a new installation. Example: `lockgate init /etc/lockgate --admin rita --starter ai-agents`"
    )(init)


def init(
    folder: Annotated[Path, typer.Argument(help="a new folder, or one that holds none of the files that are made")],
    admin: Annotated[str, typer.Option(prompt="Name of the first administrator", help="their user name")] = "admin",
    starter: Annotated[list[str], typer.Option(help=f"policies to start with: {', '.join(STARTERS)}")] = [],  # noqa: B006
    cert: Annotated[Path | None, typer.Option(help="your own certificate; otherwise a local CA is made")] = None,
    key: Annotated[Path | None, typer.Option(help="its private key")] = None,
    host: Annotated[list[str], typer.Option(help="names that the local certificate is for")] = ["localhost"],  # noqa: B006
    password_stdin: PasswordFromInput = False,
) -> None:
    if (folder / "lockgate.yaml").exists():
        raise ConfigError(f"{folder} is an installation already")
    if (cert is None) != (key is None):
        raise ConfigError("--cert and --key go together")
    starter = starter or _ask_starters()
    unknown = set(starter) - set(STARTERS)
    if unknown:
        raise ConfigError(f"no such starter set: {', '.join(sorted(unknown))}", hint=", ".join(STARTERS))
    password = read_password(password_stdin, f"Password for {admin}", confirm=True)
    with _all_or_nothing(folder, [*MADE, *([] if cert else ["tls"])]):
        _make(folder, admin, password, starter, cert, key, host)


def _make(
    folder: Path, admin: str, password: str, starter: list[str], cert: Path | None, key: Path | None, host: list[str]
) -> None:
    from lockgate.audit import SigningKey
    from lockgate.cli.certificates import fingerprint, make_certificates
    from lockgate.services.accounts import Accounts
    from lockgate.store import open_store, write_key_file

    state = folder / "state"
    state.mkdir(mode=0o700)
    keys = write_key_file(state / "keys")
    signer = SigningKey.from_seed(f"lockgate-{secrets.token_hex(4)}", secrets.token_bytes(32))
    _secret(state / "log.key", signer.to_text() + "\n")
    (folder / "log.pub").write_text(signer.verifier.to_text() + "\n")
    authority = None
    if cert is None or key is None:
        cert, key = make_certificates(folder / "tls", host)
        authority = folder / "tls" / "ca.pem"
    write_starters(tuple(starter), folder / "policies")

    async def first_admin() -> None:
        async with open_store(f"sqlite:///{state.resolve()}/lockgate.db", keys=keys) as store:
            await Accounts(store).create_user(admin, password, by="init", groups=["admins"])

    asyncio.run(first_admin())
    relative = [
        p.resolve().relative_to(folder.resolve()) if p.resolve().is_relative_to(folder.resolve()) else p.resolve()
        for p in (cert, key)
    ]
    (folder / "lockgate.yaml").write_text(CONFIG.format(cert=relative[0], key=relative[1]))
    console.print(f"Made {folder}/lockgate.yaml. The log's key is {signer.verifier.name}:")
    console.print(f"  {signer.verifier.fingerprint}  (write it down elsewhere)")
    console.print(f"The key that seals payloads (state/keys) is {keys.fingerprint}")
    if authority is not None:
        console.print(f"Hand out {authority} to clients; its SHA-256 fingerprint, to compare with:")
        console.print(f"  {fingerprint(authority)}")
    console.print("Next: name a connection in lockgate.yaml, then")
    console.print(
        f"  lockgate doctor --config {folder}/lockgate.yaml\n  lockgate serve --config {folder}/lockgate.yaml"
    )


@contextlib.contextmanager
def _all_or_nothing(folder: Path, names: Sequence[str]) -> Iterator[None]:
    """What is made within stands whole or is gone again, so that whoever mistyped can simply repeat the command."""
    for name in names:
        if (folder / name).exists():
            raise ConfigError(f"{folder} holds {name} already", hint="give a new folder, or move it away")
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for name in names:
            made = folder / name
            if made.is_dir():
                shutil.rmtree(made)
            else:
                made.unlink(missing_ok=True)
        if new:
            folder.rmdir()
        raise


def _ask_starters() -> list[str]:
    """Which to start with; where nobody can be asked, that for AI agents."""
    if not sys.stdin.isatty():
        return ["ai-agents"]
    asked = typer.prompt(f"Policies to start with ({', '.join(STARTERS)}; several with commas)", default="ai-agents")
    return [name.strip() for name in str(asked).split(",") if name.strip()]


def _secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
