"""What edits, batches and standing grants share on the command line: statements from files, and whose session it is.

A statement is never an argument, which everybody on the machine can read, but a file or standard input.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lockgate.cli.people import account
from lockgate.errors import ConfigError

File = Annotated[str, typer.Option("--file", "-f", help="a file with the statement; - is standard input")]
Connection = Annotated[str, typer.Option("--connection", "-c", help="the connection it will be sent on")]
Agent = Annotated[str, typer.Option("--agent", help="an agent you own; yourself if left out")]
OnBehalf = Annotated[bool, typer.Option("--on-behalf", help="the agent acts for you")]
Key = Annotated[str, typer.Option("--key", help="id of the agent's key that fetches its tokens; else one you mint")]
Address = Annotated[str, typer.Option("--from", help="where it will connect from; here if left out")]
Reveal = Annotated[list[str], typer.Option("--reveal", help="a PHI class, as in lockgate.reveal; may be repeated")]
Purpose = Annotated[str, typer.Option("--purpose", help="as in lockgate.purpose")]
Why = Annotated[str, typer.Option("--reason", "-r", help="told to reviewers, masked and marked unverified")]
MostRows = Annotated[int, typer.Option("--max-rows", min=0, help="as in lockgate.max_rows; 0 is no cap")]


def read_statement(path: str) -> str:
    """The text of the file without the white space around it, as psql sends it. ConfigError when there is none."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as text", hint="give a file with one statement, or -") from error
    if not text.strip():
        raise ConfigError("there is no statement in it", hint="give a file with one statement, or -")
    return text.strip()


def asker(
    connection: str,
    agent: str,
    on_behalf: bool,
    key: str,
    address: str,
    reveal: list[str],
    purpose: str,
    reason: str,
    max_rows: int,
) -> dict[str, Any]:
    """The part of the API's bodies that says whose session will send it."""
    return {
        "connection": connection,
        "account": account(agent) if agent else "",
        "on_behalf": on_behalf,
        "key": key,
        "address": address,
        "reveal": reveal,
        "purpose": purpose,
        "reason": reason,
        "max_rows": max_rows,
    }
