"""`lockgate logout`, `user`, `agent`, `group`, `token`: who there is, and what opens what."""

from __future__ import annotations

import sys
from typing import Annotated
from urllib.parse import quote

import typer

from lockgate.cli.client import call, forget_session, saved_session
from lockgate.cli.show import Json, console, dump, table
from lockgate.errors import ConfigError

user = typer.Typer(no_args_is_help=True, help="People with a password of their own.")
agent = typer.Typer(no_args_is_help=True, help="Agents and services: each has an owner who answers for it.")
group = typer.Typer(no_args_is_help=True, help="Groups: policy and approval profiles speak of them.")

UserName = Annotated[str, typer.Argument(help="user name")]
AgentName = Annotated[str, typer.Argument(help="an agent's name")]
GroupName = Annotated[str, typer.Argument(help="a group's name")]
PasswordFromInput = Annotated[bool, typer.Option("--password-stdin", help="read the password from standard input")]


def register(app: typer.Typer) -> None:
    app.command(help="End the session, here and on the server. Example: `lockgate logout`")(logout)
    app.command(help="Print a connection string with a one-hour token. Example: `lockgate token clinic --agent bot`")(
        token
    )
    app.command(help="End a token or key before its time. Example: `lockgate revoke crd_…`")(revoke)
    app.add_typer(user, name="user")
    app.add_typer(agent, name="agent")
    app.add_typer(group, name="group")


TERMINAL = "/dev/tty"


def read_password(from_input: bool, prompt: str = "Password", *, confirm: bool = False) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty() and not _has_terminal():
        raise ConfigError(
            "there is no terminal to ask for the password", hint="--password-stdin reads it from standard input"
        )
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm))


def _has_terminal() -> bool:
    """Whether somebody sits there although standard input is a pipe: a password is asked for at the terminal itself."""
    try:
        with open(TERMINAL):
            return True
    except OSError:
        return False


def account(name: str) -> str:
    return name if ":" in name else f"local:{name}"


def logout() -> None:
    call("POST", "/logout")
    forget_session()
    console.print("Logged out.")


def token(
    connection: Annotated[str, typer.Argument(help="a connection")],
    agent: Annotated[str, typer.Option(help="an agent that you own; yourself otherwise")] = "",
    on_behalf: Annotated[bool, typer.Option("--on-behalf", help="the agent acts for you")] = False,
    gateway: Annotated[str, typer.Option(help="host:port of the gateway")] = "localhost:6432",
    as_json: Json = False,
) -> None:
    body = {"connection": connection, "account": account(agent) if agent else "", "on_behalf": on_behalf}
    answer = call("POST", "/tokens", body)
    if as_json:
        dump(answer)
        return
    ca = saved_session()["ca"]
    tls = f"?sslmode=verify-full&sslrootcert={ca}" if ca else ""
    # A name may hold what ends a name in an address.
    name = quote(answer["user"], safe="")
    print(f"postgresql://{name}:{answer['token']}@{gateway}/{connection}{tls}")


def revoke(
    credential: Annotated[str, typer.Argument(help="its id, from `token --json` or `agent key --json`")],
) -> None:
    count = call("POST", f"/credentials/{credential}/revoke")["revoked"]
    console.print(f"{count} ended.")
    if not count:
        raise typer.Exit(1)


@user.command("add", help="Example: `lockgate user add rita --group privacy`")
def add_user(
    name: UserName,
    group: Annotated[list[str], typer.Option("--group", "-g", help="may be given several times")] = [],  # noqa: B006
    password_stdin: PasswordFromInput = False,
) -> None:
    password = read_password(password_stdin, confirm=True)
    made = call("POST", "/users", {"name": name, "password": password, "groups": group})
    console.print(f"{made['id']} ({', '.join(made['groups']) or 'no groups'})")


@user.command("list", help="Everybody, agents too. Example: `lockgate user list`")
def list_users(as_json: Json = False) -> None:
    rows = call("GET", "/people")
    if as_json:
        dump(rows)
    else:
        table(rows, ("id", "kind", "groups", "owners", "active"), empty="Nobody yet.")


@user.command("deactivate", help="No login, no vote, no session from now on. Example: `lockgate user deactivate rita`")
def deactivate(name: UserName) -> None:
    call("POST", f"/people/{account(name)}/deactivate")
    console.print(f"{account(name)} is deactivated.")


@agent.command("add", help="Register an agent that you own. Example: `lockgate agent add billing-bot`")
def add_agent(
    name: AgentName,
    owner: Annotated[list[str], typer.Option("--owner", help="yourself if not given")] = [],  # noqa: B006
    group: Annotated[list[str], typer.Option("--group", "-g", help="may be given several times")] = ["agents"],  # noqa: B006
) -> None:
    made = call("POST", "/agents", {"name": name, "owners": [account(o) for o in owner], "groups": group})
    console.print(f"{made['id']} ({', '.join(made['groups'])})")


@agent.command(
    "key", help="A key for 90 days, shown once: it fetches one-hour tokens. Example: `lockgate agent key billing-bot`"
)
def key(name: AgentName, as_json: Json = False) -> None:
    made = call("POST", f"/agents/{account(name)}/key")
    dump(made) if as_json else print(made["key"])


@agent.command("owner", help="Who answers for it. Example: `lockgate agent owner billing-bot --add ben --remove ana`")
def owner(
    name: AgentName,
    add: Annotated[list[str], typer.Option("--add", help="may be given several times")] = [],  # noqa: B006
    remove: Annotated[list[str], typer.Option("--remove", help="not approving its actions for thirty days")] = [],  # noqa: B006
) -> None:
    body = {"add": [account(o) for o in add], "remove": [account(o) for o in remove]}
    made = call("POST", f"/agents/{account(name)}/owners", body)
    console.print(f"{made['id']}: {', '.join(made['owners'])}")


@user.command("link", help="Two accounts of one human count once. Example: `lockgate user link rita rita2`")
def link(name: UserName, other: Annotated[str, typer.Argument(help="the same human's other user name")]) -> None:
    call("POST", f"/people/{account(name)}/link", {"other": account(other)})
    console.print(f"{account(name)} and {account(other)} are one human.")


@user.command(
    "reviewers", help="How reviewers decide, and what looks like a rubber stamp. Example: `lockgate user reviewers`"
)
def reviewers(as_json: Json = False) -> None:
    rows = call("GET", "/reviewers")
    if as_json:
        dump(rows)
    else:
        table(rows, ("person", "votes", "approvals", "median_s", "flags"), empty="Nobody has voted yet.")


@group.command("join", help="Example: `lockgate group join rita privacy`")
def join(name: UserName, group: GroupName) -> None:
    made = call("POST", f"/people/{account(name)}/groups", {"join": [group]})
    console.print(f"{made['id']}: {', '.join(made['groups'])}")


@group.command("leave", help="Example: `lockgate group leave rita privacy`")
def leave(name: UserName, group: GroupName) -> None:
    made = call("POST", f"/people/{account(name)}/groups", {"leave": [group]})
    console.print(f"{made['id']}: {', '.join(made['groups']) or 'no groups'}")
