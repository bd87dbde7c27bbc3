"""Pages that are made and not written: the code's doors from their docstrings, the HTTP API from its OpenAPI file, the
commands from their help, the events and error codes from the tables in the code."""

from __future__ import annotations

import inspect
import json
from typing import Any, cast

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from lockgate import errors
from lockgate.audit import TYPES
from lockgate.cli import app as command_line
from lockgate.server.api import create_app, guard
from lockgate.server.assemble import Assembly

DOORS = (
    "lockgate.errors",
    "lockgate.action",
    "lockgate.phi",
    "lockgate.phi.columns",
    "lockgate.phi.replacing",
    "lockgate.phi.vault",
    "lockgate.phi.fpe",
    "lockgate.policy",
    "lockgate.approvals",
    "lockgate.audit",
    "lockgate.identity",
    "lockgate.store",
    "lockgate.store.vault",
    "lockgate.services.accounts",
    "lockgate.services.approvals",
    "lockgate.services.catalog",
    "lockgate.pipeline",
    "lockgate.sdk",
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the made pages; the schema needs no running services, so none are given."""
    schema = create_app(cast(Assembly, None)).openapi()
    made = {
        "reference/code.md": "# Code\n\n" + "\n\n".join(f"::: {door}" for door in DOORS) + "\n",
        "reference/api.md": api_page(schema),
        "reference/commands.md": commands_page(),
        "reference/events.md": events_page(),
        "reference/errors.md": errors_page(),
        "reference/openapi.json": json.dumps(schema, indent=1),
    }
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


def api_page(schema: dict[str, Any]) -> str:
    """One heading an operation, with what its docstring says."""
    lines = [
        "# HTTP API",
        "",
        f"{schema['info']['description']} Errors are RFC 9457 problems with a stable `code`. The whole schema is "
        "[openapi.json](openapi.json).",
        "",
    ]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            said = operation.get("description") or operation["summary"] + "."
            lines += [f"## `{method.upper()} {path}`", "", said, ""]
    return "\n".join(lines)


def commands_page() -> str:
    """One heading a command: its help, arguments and options."""
    lines = [
        "# Commands",
        "",
        "Exit status: 0 done, 1 refused or not found, 2 wrong usage; `audit verify` has more, said there. What fails "
        "is one line on standard error, and below it what to do. `--json` prints JSON for programs.",
        "",
    ]
    return "\n".join([*lines, *_commands(typer.main.get_command(command_line), "lockgate")])


def _commands(command: Any, name: str) -> list[str]:
    if inner := getattr(command, "commands", None):
        return [line for word, one in inner.items() for line in _commands(one, f"{name} {word}")]
    lines = [f"## `{name}`", "", " ".join(said for said in (command.help, command.epilog) if said), ""]
    for parameter in command.params:
        called = parameter.name.upper() if parameter.param_type_name == "argument" else ", ".join(parameter.opts)
        if called != "--help":
            lines.append(f"- `{called}`: {parameter.help}")
    return [*lines, ""]


def events_page() -> str:
    """A row a type."""
    rows = [f"| `{kind}` | {meaning} |" for kind, meaning in TYPES.items()]
    return "\n".join(
        [
            "# Events of the log",
            "",
            "Each event is canonical JSON: `type`, `id`, `time` (microseconds, UTC), `v`, and a `body` without PHI: "
            "what was executed is there as a salted commitment. `lockgate audit export --type` takes these words.",
            "",
            "| type | what happened |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def errors_page() -> str:
    """A row a code. Several classes may share one: each says what it means."""
    classes = [
        kind
        for module in (errors, guard)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, errors.LockgateError) and kind.__module__ == module.__name__
    ]
    rows = [
        f"| `{kind.code}` | {' '.join((kind.__doc__ or '').split())} |"
        for kind in sorted(classes, key=lambda kind: str(kind.code))
        if kind is not errors.LockgateError
    ]
    return "\n".join(
        [
            "# Error codes",
            "",
            "What a client of the database sees (`LG001` to `LG005`) is in [Connect an existing application]"
            "(../how-to/connect-an-application.md). The HTTP API has these in `code`, and the command line "
            "says their words:",
            "",
            "| code | meaning |",
            "|---|---|",
            "| `LG005` | Lockgate itself failed; nothing was executed. |",
            *rows,
            "| `LG020` | Fields of a request to the API are missing or wrong. |",
            "",
        ]
    )
