"""`lockgate policy`: check a policy folder, ask it a question, run its decision table.

Reads a folder and nothing else: no server, no login, so that it runs in an editor and in CI.
Exit status: 0 fine, 1 something was found or failed, 2 the folder or the question cannot be read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

from lockgate.action import JSON, PHI_CLASSES, Kind, Principal, Question, Requester
from lockgate.cli import replaying
from lockgate.errors import LockgateError
from lockgate.policy import Context, Query, load, run_table
from lockgate.policy import check as check_folder

app = typer.Typer(name="policy", help="Check, explain and test policies.", no_args_is_help=True)
replaying.register(app)

FOUND, UNREADABLE = 1, 2
T = TypeVar("T")

Folder = Annotated[Path, typer.Option("--folder", "-f", help="The policy folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DEFAULT_FOLDER = Path("policies")


@app.command(epilog="Example: lockgate policy check --folder policies --strict")
def check(
    folder: Folder = DEFAULT_FOLDER,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """Does the folder load, and does it say anything that was not meant? Its decision table is run too."""
    findings = check_folder(folder, today=datetime.now(UTC).date())
    if as_json:
        _print_json([finding.body() for finding in findings])
    else:
        for finding in findings:
            typer.echo(str(finding))
        if not findings:
            policies = load(folder)
            typer.echo(f"{len(policies.policies)} policies, {len(policies.profiles)} profiles: nothing found")
    if any(strict or finding.severity == "error" for finding in findings):
        raise typer.Exit(FOUND)


@app.command(
    epilog="Example: lockgate policy explain --who billing-bot --kind agent --owner ana "
    '"sql.export clinic/public.patient"'
)
def explain(
    do: Annotated[list[str], typer.Argument(help='What is attempted: "OPERATION RESOURCE", one or several.')],
    who: Annotated[str, typer.Option("--who", help="Name of the principal.")],
    kind: Annotated[Kind, typer.Option("--kind")] = Kind.HUMAN,
    group: Annotated[list[str] | None, typer.Option("--group", help="A group of the principal.")] = None,
    owner: Annotated[list[str] | None, typer.Option("--owner", help="Who answers for the agent.")] = None,
    classes: Annotated[list[str] | None, typer.Option("--class", help="A PHI class in the output.")] = None,
    reveal: Annotated[list[str] | None, typer.Option("--reveal", help="A class to be shown.")] = None,
    probe: Annotated[list[str] | None, typer.Option("--probe", help="A class searched by.")] = None,
    lookup: Annotated[list[str] | None, typer.Option("--lookup", help="A class looked up by.")] = None,
    clean: Annotated[list[str] | None, typer.Option("--clean", help="A resource without PHI.")] = None,
    satisfied: Annotated[list[str] | None, typer.Option("--satisfied", help="A profile already met.")] = None,
    purpose: Annotated[str, typer.Option("--purpose")] = "",
    address: Annotated[str, typer.Option("--address", help="Where the client is.")] = "",
    hour: Annotated[int, typer.Option("--hour", min=0, max=23, help="Hour of the day, UTC.")] = 0,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Estimated rows.")] = 0,
    break_glass: Annotated[bool, typer.Option("--break-glass")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Why may this principal do this, or not? Nothing is executed and nobody is asked."""
    revealed = _classes(reveal)
    in_play = _classes(classes) | revealed
    principal = Principal("local", who, kind, frozenset(group or ()))
    query = Query(
        requester=Requester(principal, "explain", address, owners=frozenset(f"local:{o}" for o in owner or ())),
        questions=tuple(_question(text) for text in do),
        probes=_classes(probe),
        lookups=_classes(lookup),
        classes=in_play,
        reveal=revealed,
        context=Context(
            purpose=purpose,
            satisfied=frozenset(satisfied or ()),
            break_glass=break_glass,
            classes=in_play,
            rows=rows,
            address=address,
            hour=hour,
        ),
        clean=frozenset(clean or ()),
    )
    explanation = _or_exit(lambda: load(folder)).explain(query)
    if as_json:
        _print_json(explanation.body())
    else:
        typer.echo(explanation.text())


@app.command("test", epilog="Example: lockgate policy test --folder policies")
def run(
    folder: Folder = DEFAULT_FOLDER,
    table: Annotated[Path | None, typer.Option("--table", help="Default: tests.yaml in the folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the decision table and say which cases come out differently."""
    path = table or folder / "tests.yaml"
    results = _or_exit(lambda: run_table(folder, path))
    failed = [result for result in results if not result.passed]
    if as_json:
        _print_json([{"name": r.name, "line": r.line, "passed": r.passed, "problem": r.problem} for r in results])
    else:
        for result in failed:
            typer.echo(f"{path.name}:{result.line}: {result.name}: {result.problem}")
        typer.echo(f"{len(results) - len(failed)} of {len(results)} as the table says")
    if failed:
        raise typer.Exit(FOUND)


def _question(text: str) -> Question:
    operation, _, resource = text.strip().partition(" ")
    if not operation or not resource.strip():
        _stop('write "OPERATION RESOURCE", for example "sql.select clinic/public.patient"')
    return Question(operation, resource.strip())


def _classes(names: list[str] | None) -> frozenset[str]:
    for name in names or ():
        if name not in PHI_CLASSES:
            _stop(f'"{name}" is no PHI class; known are {", ".join(PHI_CLASSES)}')
    return frozenset(names or ())


def _or_exit(work: Callable[[], T]) -> T:
    try:
        return work()
    except LockgateError as error:
        _stop(f"{error.code}: {error}")


def _stop(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(UNREADABLE)


def _print_json(value: JSON) -> None:
    typer.echo(json.dumps(value, indent=2))
