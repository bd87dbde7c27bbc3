"""YAML whose every value knows its line, so that an error can say where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import yaml

from lockgate.errors import PolicyError


@dataclass(frozen=True, slots=True)
class Located:
    """A YAML node and its file; each reader returns plain values or raises `PolicyError` at the line."""

    node: yaml.Node
    file: str

    @classmethod
    def parse(cls, text: str, file: str) -> Located:
        """The document's root. Unsafe tags are never built: only scalars, lists and mappings are read."""
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark is not None else 1
            raise PolicyError(f"{file}:{line}: {error.problem or 'this is not YAML'}") from error
        except (yaml.YAMLError, RecursionError) as error:
            raise PolicyError(f"{file}:1: this is not YAML") from error
        if node is None:
            node = yaml.MappingNode("tag:yaml.org,2002:map", [], yaml.Mark(file, 0, 0, 0, "", 0))
        return cls(node, file)

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    def error(self, message: str, *, hint: str = "") -> PolicyError:
        return PolicyError(f"{self.file}:{self.line}: {message}", hint=hint)

    def mapping(self, allowed: Sequence[str] | None = None) -> dict[str, Located]:
        """Keys and values in the order of the file; unknown and repeated keys are refused."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error("a mapping (key: value) is expected here")
        found: dict[str, Located] = {}
        for key_node, value_node in self.node.value:
            at = Located(key_node, self.file)
            key = at.text()
            if key in found:
                raise at.error(f'the key "{key}" is there twice')
            if allowed is not None and key not in allowed:
                close = get_close_matches(key, allowed, 1)
                raise at.error(
                    f'the key "{key}" is unknown here',
                    hint=f'did you mean "{close[0]}"?' if close else f"known are {', '.join(allowed)}",
                )
            found[key] = Located(value_node, self.file)
        return found

    def items(self) -> list[Located]:
        """The members of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.error("a list is expected here")
        return [Located(item, self.file) for item in self.node.value]

    def is_text(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode)

    def text(self) -> str:
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag == "tag:yaml.org,2002:null":
            raise self.error("a word is expected here")
        return str(self.node.value)

    def texts(self) -> tuple[str, ...]:
        """A list of words; one word stands for a list of one."""
        return (self.text(),) if self.is_text() else tuple(item.text() for item in self.items())

    def integer(self) -> int:
        text = self.text()
        if not (text.isascii() and text.removeprefix("-").isdecimal()):
            raise self.error("a whole number is expected here")
        return int(text)

    def boolean(self) -> bool:
        text = self.text().lower()
        if text not in ("true", "false"):
            raise self.error("true or false is expected here")
        return text == "true"
