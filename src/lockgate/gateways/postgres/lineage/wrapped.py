"""The printed tree without the line breaks that the server put into it (`format_node_dump`, src/backend/nodes/print.c).

It breaks a line of 78 bytes at its last space, which it leaves out, or inside of a word that is longer than that. The
text is believed only if breaking it again gives what was printed: a line break inside of a name, which looks the same,
comes out elsewhere.
"""

from __future__ import annotations

from lockgate.gateways.postgres.lineage.nodetree import NodeTreeError

LINE_BYTES = 78


def unwrapped(printed: str) -> str:
    """One line. Raises `NodeTreeError` where it is not certain what stood there."""
    lines = printed.encode().removesuffix(b"\n").split(b"\n")
    if any(len(line) == LINE_BYTES and b" " not in line[1:] for line in lines):
        raise NodeTreeError("a name is longer than a line")
    joined = b" ".join(lines)
    if _broken(joined) != lines:
        raise NodeTreeError("a name holds a line break")
    return joined.decode()


def _broken(text: bytes) -> list[bytes]:
    lines = []
    start = 0
    while len(text) - start > LINE_BYTES:
        end = start + LINE_BYTES
        if text[end] != ord(" "):
            end = text.rfind(b" ", start + 1, end)
            if end < 0:
                raise NodeTreeError("a name is longer than a line")
        lines.append(text[start:end])
        start = end + 1
    lines.append(text[start:])
    return lines
