"""`lockgate policy`: check a policy folder, ask it a question, run its decision table; and let what recurs recur.

`check`, `explain`, `test` and `replay` read files and nothing else, so that they run in an editor and in CI; with
`--server` the set in force is asked, by the API, as whoever is logged in. `allow`, `allowed` and `revoke` ask the
server.
Exit status: 0 fine, 1 something was found or failed, 2 the folder or the question cannot be read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from lockgate.action import Kind, Principal, Requester
from lockgate.cli import permits, replaying
from lockgate.cli.client import call
from lockgate.errors import LockgateError
from lockgate.policy import Finding, load, query_from, run_table
from lockgate.policy import check as check_folder
from lockgate.policy.table import FILE as TABLE
from lockgate.policy.table import read_text

app = typer.Typer(name="policy", help="Check, explain and test policies; let what recurs recur.", no_args_is_help=True)
replaying.register(app)
permits.register(app)

FOUND, UNREADABLE = 1, 2
T = TypeVar("T")

Folder = Annotated[Path, typer.Option("--folder", "-f", help="The policy folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Server = Annotated[bool, typer.Option("--server", help="Ask the server (lockgate login): the set in force.")]
DEFAULT_FOLDER = Path("policies")


@app.command(epilog="Example: lockgate policy check --folder policies --strict")
def check(
    folder: Folder = DEFAULT_FOLDER,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as well.")] = False,
    server: Server = False,
    as_json: AsJson = False,
) -> None:
    """Does the folder load, and does it say anything that was not meant? Its decision table is run too."""
    if server:
        table = folder / TABLE
        text = _or_exit(lambda: read_text(table)) if table.is_file() else None
        found = call("POST", "/policy/check", {"table": text})
        findings = [Finding(**finding) for finding in found["findings"]]
        what = f"in force, {found['digest'][:16]} …"
    else:
        findings = check_folder(folder, today=datetime.now(UTC).date())
        what = ""
    if as_json:
        _print_json([finding.body() for finding in findings])
    else:
        for finding in findings:
            typer.echo(str(finding))
        if not findings:
            policies = None if server else load(folder)
            sizes = f"{len(policies.policies)} policies, {len(policies.profiles)} profiles" if policies else what
            typer.echo(f"{sizes}: nothing found")
    if any(strict or finding.severity == "error" for finding in findings):
        raise typer.Exit(FOUND)


@app.command(epilog="Example: lockgate policy reload")
def reload(as_json: AsJson = False) -> None:
    """Have the server read its policy folder again. A broken set is refused, and the old one stays in force.

    Whoever puts another set in force cannot approve what rests on it for a day.
    """
    answer = call("POST", "/policy/reload")
    if as_json:
        _print_json(answer)
        return
    for finding in answer["findings"]:
        typer.echo(str(Finding(**finding)))
    if answer["before"] == answer["after"]:
        typer.echo(f"Nothing has changed: {answer['after'][:16]} … is in force.")
        return
    for what in ("policies", "profiles"):
        for how, names in answer["changes"][what].items():
            if names:
                typer.echo(f"{what} {how}: {', '.join(names)}")
    typer.echo(f"In force: {answer['after'][:16]} …")


@app.command(
    epilog="Example: lockgate policy explain --who billing-bot --kind agent --owner ana "
    '"sql.export clinic/public.patient"'
)
def explain(
    do: Annotated[list[str], typer.Argument(help='What is attempted: "OPERATION RESOURCE", one or several.')],
    who: Annotated[str, typer.Option("--who", help="Name of the principal; yourself with --server.")] = "",
    kind: Annotated[Kind, typer.Option("--kind", help="What the principal is.")] = Kind.HUMAN,
    group: Annotated[list[str] | None, typer.Option("--group", help="A group of the principal.")] = None,
    owner: Annotated[list[str] | None, typer.Option("--owner", help="Who answers for the agent.")] = None,
    classes: Annotated[list[str] | None, typer.Option("--class", help="A PHI class in the output.")] = None,
    reveal: Annotated[list[str] | None, typer.Option("--reveal", help="A class to be shown.")] = None,
    probe: Annotated[list[str] | None, typer.Option("--probe", help="A class searched by.")] = None,
    lookup: Annotated[list[str] | None, typer.Option("--lookup", help="A class looked up by.")] = None,
    clean: Annotated[list[str] | None, typer.Option("--clean", help="A resource without PHI.")] = None,
    satisfied: Annotated[list[str] | None, typer.Option("--satisfied", help="A profile already met.")] = None,
    purpose: Annotated[str, typer.Option("--purpose", help="The stated purpose.")] = "",
    address: Annotated[str, typer.Option("--address", help="Where the client is.")] = "",
    hour: Annotated[int, typer.Option("--hour", min=0, max=23, help="Hour of the day, UTC.")] = 0,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Estimated rows.")] = 0,
    auth: Annotated[str, typer.Option("--auth", help="How it came in: login, delegated or key.")] = "",
    destination: Annotated[str, typer.Option("--destination", help="client, copy or dump.")] = "client",
    break_glass: Annotated[bool, typer.Option("--break-glass", help="In an emergency.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    server: Server = False,
    as_json: AsJson = False,
) -> None:
    """Why may this principal do this, or not? Nothing is executed and nobody is asked."""
    asked: dict[str, Any] = {
        "classes": classes or [],
        "reveal": reveal or [],
        "probes": probe or [],
        "lookups": lookup or [],
        "clean": clean or [],
        "satisfied": satisfied or [],
        "purpose": purpose,
        "address": address,
        "hour": hour,
        "rows": rows,
        "auth": auth,
        "destination": destination,
        "break_glass": break_glass,
    }
    if server:
        if group or owner or kind is not Kind.HUMAN:
            _stop("with --server, kind, groups and owners are those of the directory: leave them out")
        answer = call("POST", "/policy/explain", {"who": who, "do": do, **asked})
        if as_json:
            _print_json(answer["explanation"])
        else:
            typer.echo(answer["text"])
        return
    if not who:
        _stop("say who: --who NAME")
    principal = Principal("local", who, kind, frozenset(group or ()))
    requester = Requester(principal, "explain", address, owners=frozenset(f"local:{o}" for o in owner or ()))
    explanation = _or_exit(lambda: load(folder).explain(query_from(requester, do, **asked)))
    if as_json:
        _print_json(explanation.body())
    else:
        typer.echo(explanation.text())


@app.command("test", epilog="Example: lockgate policy test --folder policies")
def run(
    folder: Folder = DEFAULT_FOLDER,
    table: Annotated[Path | None, typer.Option("--table", help="Default: tests.yaml in the folder.")] = None,
    server: Server = False,
    as_json: AsJson = False,
) -> None:
    """Run the decision table and say which cases come out differently."""
    path = table or folder / TABLE
    if server:
        results = call("POST", "/policy/test", {"table": _or_exit(lambda: read_text(path))})
    else:
        results = [
            {"name": r.name, "line": r.line, "passed": r.passed, "problem": r.problem}
            for r in _or_exit(lambda: run_table(folder, path))
        ]
    failed = [result for result in results if not result["passed"]]
    if as_json:
        _print_json(results)
    else:
        for result in failed:
            typer.echo(f"{path.name}:{result['line']}: {result['name']}: {result['problem']}")
        typer.echo(f"{len(results) - len(failed)} of {len(results)} as the table says")
    if failed:
        raise typer.Exit(FOUND)


def _or_exit(work: Callable[[], T]) -> T:
    try:
        return work()
    except LockgateError as error:
        _stop(f"{error.code}: {error}")


def _stop(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(UNREADABLE)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))
