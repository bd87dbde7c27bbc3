"""`lockgate standing`: a pass for what is asked again and again, within terms, counted, for eight hours at most."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from lockgate.cli import statements as st
from lockgate.cli.client import call
from lockgate.cli.lending import seconds
from lockgate.cli.show import Json, console, dump, table
from lockgate.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Standing grants: ask for one, see what is in force, revoke.")

Id = Annotated[str, typer.Argument(help="the grant, e.g. req_…")]
LONGEST_S = 8 * 3600


@app.command(
    help="Ask for one by an example. Example: `lockgate standing propose -f done.sql -c clinic --uses 20 --for 2h`"
)
def propose(
    file: st.File,
    connection: st.Connection,
    uses: Annotated[int, typer.Option(min=1, max=100, help="how often it may be used")],
    lasting: Annotated[str, typer.Option("--for", help="90m, 8h; eight hours at most, from the last approval")],
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
    lasts_s = seconds(lasting)
    if lasts_s > LONGEST_S:
        raise ConfigError("a standing grant lasts eight hours at most", hint="write --for 8h, and ask again tomorrow")
    body = st.asker(connection, agent, on_behalf, key, address, reveal, purpose, reason, max_rows)
    body |= {"statement": st.read_statement(file), "uses": uses, "minutes": max(1, lasts_s // 60)}
    answer = call("POST", "/standing", body)
    if as_json:
        dump(answer)
        return
    name = answer["request"]
    console.print(f"{name}: {answer['state']}. Reviewers decide: lockgate requests approve {name}")


@app.command("list", help="Those in force. Example: `lockgate standing list --state pending`")
def list_(
    state: Annotated[str, typer.Option(help="pending, approved, revoked …; empty for all")] = "approved",
    as_json: Json = False,
) -> None:
    rows = call("GET", f"/standing?state={state}")
    if as_json:
        dump(rows)
        return
    told = [row | {"used": f"{row['uses']} of {row['max_uses']}", "until": _until(row)} for row in rows]
    table(told, ("id", "state", "principal", "used", "until", "sentence"), empty="No standing grant.")


@app.command(help="Its terms, uses left, until when, who may revoke it. Example: `lockgate standing show req_…`")
def show(grant: Id, as_json: Json = False) -> None:
    found = call("GET", f"/standing/{grant}")
    if as_json:
        dump(found)
        return
    console.print(f"[bold]{found['id']}[/bold]  {found['state']}")
    for line in found["lines"]:
        console.print(f"  {line}", markup=False)
    left = found["max_uses"] - found["uses"]
    told = (
        f"uses left: {left} of {found['max_uses']}",
        f"until: {_until(found)}",
        f"may be revoked by: {', '.join(found['revocable_by'])}",
    )
    for line in told:
        console.print(f"  {line}", markup=False)


@app.command(help="End it at once. Example: `lockgate standing revoke req_… -r 'the job is done'`")
def revoke(
    grant: Id,
    reason: Annotated[str, typer.Option("--reason", "-r", help="why; needed from whoever decides")] = "",
    as_json: Json = False,
) -> None:
    answer = call("POST", f"/standing/{grant}/revoke", {"reason": reason})
    dump(answer) if as_json else console.print(f"{grant}: {answer['state']}")


def _until(row: dict[str, Any]) -> str:
    if not row["use_by_at"]:
        return "not begun"
    return datetime.fromtimestamp(row["use_by_at"] / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")
