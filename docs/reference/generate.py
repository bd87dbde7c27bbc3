"""Pages that are made and not written: the code's doors from their docstrings, the HTTP API from its OpenAPI file."""

from __future__ import annotations

import json
from typing import Any, cast

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from lockgate.server.api import create_app
from lockgate.server.assemble import Assembly

DOORS = (
    "lockgate.errors",
    "lockgate.action",
    "lockgate.phi",
    "lockgate.policy",
    "lockgate.approvals",
    "lockgate.audit",
    "lockgate.identity",
    "lockgate.store",
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
