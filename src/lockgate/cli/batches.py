"""`lockgate requests batch`: several statements on one screen, and one decision for each."""

from __future__ import annotations

from typing import Annotated

import typer

from lockgate.cli import statements as st
from lockgate.cli.client import call
from lockgate.cli.show import Json, console, dump

app = typer.Typer(no_args_is_help=True, help="Several requests on one screen, one decision for each.")

Id = Annotated[str, typer.Argument(help="the batch, e.g. batch_…")]
Some = list[str]


@app.command(help="Ask for several at once. Example: `lockgate requests batch propose one.sql two.sql -c clinic`")
def propose(
    files: Annotated[Some, typer.Argument(help="files with one statement each")],
    connection: st.Connection,
    agent: st.Agent = "",
    on_behalf: st.OnBehalf = False,
    key: st.Key = "",
    address: st.Address = "",
    reveal: st.Reveal = [],  # noqa: B006 - never changed; typer wants a list
    purpose: st.Purpose = "",
    reason: st.Why = "",
    max_rows: st.MostRows = 0,
    as_json: Json = False,
) -> None:
    body = st.asker(connection, agent, on_behalf, key, address, reveal, purpose, reason, max_rows)
    answer = call("POST", "/batches", {**body, "statements": [st.read_statement(file) for file in files]})
    if as_json:
        dump(answer)
    else:
        console.print(f"{answer['batch']}: one screen for all of it, lockgate requests batch show {answer['batch']}")
        for file, item in zip(files, answer["items"], strict=True):
            told = f"refused: {item['refused']}" if "refused" in item else f"{item['request']} {item['state']}"
            known = " (asked already, and not in this batch)" if item.get("existing") else ""
            console.print(f"  {file}: {told}{known}", markup=False)
    if any("refused" in item for item in answer["items"]):
        raise typer.Exit(1)


@app.command(help="The masked view of all of it. Example: `lockgate requests batch show batch_…`")
def show(batch: Id, as_json: Json = False) -> None:
    found = call("GET", f"/batches/{batch}")
    if as_json:
        dump(found)
        return
    _print(found["lines"])


@app.command(help="Decide item by item. Example: `lockgate requests batch vote batch_… --approve req_… --deny req_…`")
def vote(
    batch: Id,
    approve: Annotated[Some, typer.Option("--approve", help="a request of the batch; may be repeated")] = [],  # noqa: B006
    deny: Annotated[Some, typer.Option("--deny", help="a request of the batch; may be repeated")] = [],  # noqa: B006
    reason: Annotated[str, typer.Option("--reason", "-r", help="why; a deny needs one")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask again")] = False,
    as_json: Json = False,
) -> None:
    if not approve and not deny:
        raise typer.BadParameter("say what to --approve and what to --deny; what is not named is not decided")
    found = call("GET", f"/batches/{batch}")
    if not as_json:
        _print(found["lines"])
    if not yes and not typer.confirm(f"Approve {len(approve)} and deny {len(deny)} of {len(found['items'])}?"):
        raise typer.Exit(1)
    decisions = [
        {"request": name, "approve": approved, "reason": reason}
        for names, approved in ((approve, True), (deny, False))
        for name in names
    ]
    answer = call("POST", f"/batches/{batch}/vote", {"view_digest": found["view_digest"], "decisions": decisions})
    if as_json:
        dump(answer)
    else:
        for name, item in answer.items():
            told = f"not counted: {item['refused']}" if "refused" in item else item["state"]
            console.print(f"{name}: {told}", markup=False)
    if any("refused" in item for item in answer.values()):
        raise typer.Exit(1)


def _print(lines: Some) -> None:
    for line in lines:
        console.print(line, markup=False)
