"""The `lockgate` command. Whatever changes something is a client of the HTTP API, except `init`, `restore` and
`upgrade`, with the server stopped, and keys and the making of a vault, on the machine that has their files.

A command imports what it needs when it runs: no help text waits for the server's modules.

Exit status: 0 done, 1 refused or not found, 2 wrong usage; `audit verify` has statuses of its own.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lockgate import __version__
from lockgate.cli import (
    audit,
    catalog,
    deidentifying,
    detecting,
    emergency,
    keeping,
    keys,
    lending,
    logging_in,
    people,
    phi,
    policy,
    requests,
    serving,
    setup,
    slack,
    standing,
    vault,
)
from lockgate.errors import LockgateError

app = typer.Typer(
    name="lockgate",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Identity-aware gateway for protected health information: masked by default, approved by people.",
)
setup.register(app)
serving.register(app)
logging_in.register(app)
people.register(app)
emergency.register(app)
keeping.register(app)
detecting.register(app)
deidentifying.register(app)
app.add_typer(requests.app, name="requests")
app.add_typer(standing.app, name="standing")
app.add_typer(lending.app, name="lend")
app.add_typer(keys.app, name="keys")
app.add_typer(catalog.app, name="catalog")
app.add_typer(policy.app, name="policy")
app.add_typer(audit.app, name="audit")
app.add_typer(vault.app, name="vault")
app.add_typer(phi.app, name="phi")
app.add_typer(slack.app, name="slack")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"lockgate {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", help="print the version and end", is_eager=True, callback=_version)
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command; an expected failure is one line on standard error and exit status 1."""
    try:
        app()
    except LockgateError as error:
        print(f"lockgate: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        raise SystemExit(1) from None
    except OSError as error:
        if error.filename is None:
            raise  # no file of somebody's: then it is ours to mend, and the traceback says where
        print(f"lockgate: {error.filename}: {error.strerror}", file=sys.stderr)
        raise SystemExit(1) from None
