from collections.abc import Callable, Sequence

NULL: int
CONSTANT: int
TOKEN_TEXT: int
TOKEN_INTEGER_TEXT: int
TOKEN_INTEGER_BINARY: int
KEEP_FIRST: int
CALL: int
CONSTANT_EVEN_NULL: int
BATCH: int

class Column:
    index: int
    op: int
    argument: bytes
    keep: int
    def __init__(
        self,
        index: int,
        op: int,
        argument: bytes = b"",
        key: bytes = ...,
        keep: int = 0,
        call: Callable[[bytes], bytes | None] | Callable[[list[bytes]], list[bytes | None]] | None = None,
    ) -> None: ...

class RowPlan:
    columns: list[Column]
    width: int
    searches: bool
    def __init__(self, columns: Sequence[Column], width: int) -> None: ...

def siphash(data: bytes, key: bytes) -> int: ...
def rewrite(data: bytes, start: int, plan: RowPlan) -> tuple[bytearray, int, int]: ...
