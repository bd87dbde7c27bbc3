"""Reading YAML by its lines: a mapping that knows where each key stands, and secrets by reference."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import yaml

from lockgate.errors import ConfigError


class Reader:
    """A YAML mapping with the lines its keys stand on."""

    def __init__(self, path: Path, node: yaml.Node | None, where: str) -> None:
        self.path, self.where = path, where
        self.line = 1 if node is None else node.start_mark.line + 1
        self.items: dict[str, yaml.Node] = {}
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            raise self.error("a mapping is expected here", node)
        for key, value in node.value:
            if key.value in self.items:
                raise self.error(f"{key.value} is given twice", key)
            self.items[str(key.value)] = value

    def error(self, message: str, node: yaml.Node | None = None, hint: str = "") -> ConfigError:
        line = self.line if node is None else node.start_mark.line + 1
        return ConfigError(f"{self.path.name}:{line}: {self.where}{message}", hint=hint)

    def only(self, *known: str) -> None:
        for key, node in self.items.items():
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                raise self.error(f"unknown key {key}", node, f"did you mean {near[0]}?" if near else ", ".join(known))

    def text(self, key: str, default: str | None = None) -> str:
        node = self.items.get(key)
        if node is None:
            if default is None:
                raise self.error(f"{key} is missing")
            return default
        if not isinstance(node, yaml.ScalarNode) or node.tag.endswith(":null"):
            raise self.error(f"{key} takes one value", node)
        return str(node.value)

    def under(self, key: str) -> Reader:
        return Reader(self.path, self.items.get(key), f"{key}: ")


def secret(reader: Reader, key: str, base: Path) -> str:
    """`env:NAME` or `file:PATH`, never the secret itself; empty only for `none`, where the server asks for none."""
    written = reader.text(key)
    kind, _, rest = written.partition(":")
    if written == "none":
        return ""
    if kind == "env":
        value = os.environ.get(rest)
        if value is None:
            raise reader.error(
                f"the environment has no {rest}", reader.items.get(key), f"export {rest}, or name a file: file:PATH"
            )
    elif kind == "file":
        try:
            value = (base / rest).read_text().strip()
        except OSError as error:
            raise reader.error(f"{rest} cannot be read", reader.items.get(key)) from error
    else:
        raise reader.error(f"{key} is env:NAME or file:PATH", reader.items.get(key), "never the secret itself")
    if not value:
        # Whoever has no password asks the server for no proof that it knows it.
        raise reader.error(f"{key}: {rest} is empty", reader.items.get(key), "write none where there is no password")
    return value
