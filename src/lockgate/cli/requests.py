"""`lockgate requests`: read what waits, and decide on exactly that."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from lockgate.cli import batches
from lockgate.cli import statements as st
from lockgate.cli.client import call
from lockgate.cli.show import Json, console, dump, left, table
from lockgate.cli.watching import watch

app = typer.Typer(no_args_is_help=True, help="Approval requests: list, read, decide.")
app.add_typer(batches.app, name="batch")
app.command("watch", help="Say what waits, and whatever changes. Example: `lockgate requests watch --bell`")(watch)

Id = Annotated[str, typer.Argument(help="the request, e.g. req_…")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="do not ask again")]
Reason = Annotated[str, typer.Option("--reason", "-r", help="why; masked before it is kept")]


@app.command("list", help="What waits. Example: `lockgate requests list --state approved`")
def list_(
    state: Annotated[str, typer.Option(help="pending, approved, denied …; empty for all")] = "pending",
    as_json: Json = False,
) -> None:
    rows = call("GET", f"/requests?state={state}")
    if as_json:
        dump(rows)
    else:
        table(rows, ("id", "state", "risk", "sentence"), empty="Nothing waits.")


@app.command(help="The masked view of one request. Example: `lockgate requests show req_…`")
def show(request: Id, as_json: Json = False) -> None:
    found = call("GET", f"/requests/{request}")
    dump(found) if as_json else _print(found)


@app.command(help="Approve exactly what is shown. Example: `lockgate requests approve req_… -r 'agreed'`")
def approve(request: Id, reason: Reason = "", yes: Yes = False) -> None:
    _decide(request, True, reason, yes)


@app.command(help="Deny it, with a reason. Example: `lockgate requests deny req_… -r 'too many rows'`")
def deny(request: Id, reason: Reason, yes: Yes = False) -> None:
    _decide(request, False, reason, yes)


@app.command(help="Put an edited statement in its place. Example: `lockgate requests edit req_… -f narrower.sql`")
def edit(
    request: Id,
    file: st.File,
    reveal: Annotated[
        list[str] | None, typer.Option("--reveal", help="a PHI class; as it was asked if left out, none if empty")
    ] = None,
    max_rows: Annotated[int | None, typer.Option("--max-rows", min=0, help="as it was asked if left out")] = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """You cannot approve what you edited; the requester sends exactly the edited statement once it is approved."""
    classes = None if reveal is None else [cls for cls in reveal if cls]
    body = {"statement": st.read_statement(file), "reveal": classes, "max_rows": max_rows, "reason": reason}
    answer = call("POST", f"/requests/{request}/edit", body)
    if as_json:
        dump(answer)
        return
    console.print(f"{answer['request']}: {answer['state']}, in place of {request}. Somebody else decides on it.")


@app.command(help="Ask more people besides. Example: `lockgate requests escalate req_… --group data-owner`")
def escalate(
    request: Id,
    group: Annotated[str, typer.Option(help="who is asked besides")],
    count: Annotated[int, typer.Option(min=1, max=10, help="how many of them")] = 1,
) -> None:
    answer = call("POST", f"/requests/{request}/escalate", {"group": group, "count": count})
    console.print(f"{request}: {answer['state']}")


@app.command(help="Take back what you (or your agent) asked for. Example: `lockgate requests withdraw req_…`")
def withdraw(request: Id) -> None:
    console.print(f"{request}: {call('POST', f'/requests/{request}/withdraw')['state']}")


@app.command(
    help="Settle what a crash left unknown: look whether the effect is there, then say so. "
    "Example: `lockgate requests reconcile req_… --no-effect`"
)
def reconcile(
    request: Id, done: Annotated[bool, typer.Option("--done/--no-effect", help="whether the effect is there")]
) -> None:
    console.print(f"{request}: {call('POST', f'/requests/{request}/reconcile', {'done': done})['state']}")


@app.command(help="Notices that did not arrive. Example: `lockgate requests undelivered --again msg_…`")
def undelivered(
    again: Annotated[str, typer.Option(help="a notice that was given up: try it anew")] = "", as_json: Json = False
) -> None:
    if again:
        console.print(f"{again}: {call('POST', f'/notices/{again}/again')['state']}")
        return
    rows = call("GET", "/notices/undelivered")
    if as_json:
        dump(rows)
    else:
        table(rows, ("id", "state", "to", "request", "attempts", "error"), empty="Everything arrived.")


def _decide(request: str, approve: bool, reason: str, yes: bool) -> None:
    """The digests that are sent are those of the view that has just been shown."""
    found = call("GET", f"/requests/{request}")
    _print(found)
    if not yes and not typer.confirm("Approve exactly this?" if approve else "Deny it?"):
        raise typer.Exit(1)
    body = {
        "approve": approve,
        "reason": reason,
        "action_digest": found["action_digest"],
        "view_digest": found["view_digest"],
    }
    console.print(f"{request}: {call('POST', f'/requests/{request}/vote', body)['state']}")


def _print(found: dict[str, Any]) -> None:
    console.print(f"[bold]{found['id']}[/bold]  {found['state']}")
    if found["state"] == "PENDING":
        waits_for = ", ".join(found["asked"]) or "nobody"
        console.print(f"  waits for: {waits_for}; {left(found['decide_by_at'], time.time())}", markup=False)
        if found["gone_at"]:
            console.print("  caller gone: whoever asked waits no more; ten minutes later it is cancelled", markup=False)
    for line in found["lines"]:
        console.print(f"  {line}", markup=False)
    for vote in found["votes"]:
        console.print(
            f"  {'approved' if vote['approve'] else 'denied'} by {vote['person']}: {vote['reason']}", markup=False
        )
