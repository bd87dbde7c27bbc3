from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from lockgate.phi.vault import Draw

class Piece:
    kind: str
    original: str
    draw: Draw
    like: str
    how: Literal["word", "signs", "whole"]
    def __init__(
        self, kind: str, original: str, draw: Draw, like: str, how: Literal["word", "signs", "whole"]
    ) -> None: ...

Part: TypeAlias = str | Piece

def canonical(written: str) -> str: ...
def write(piece: Piece, surrogate: str) -> str: ...
def asked(parts: Sequence[Part], wanted: dict[tuple[str, str], Piece]) -> None: ...
def written(parts: Sequence[Part], surrogates: Mapping[tuple[str, str], str]) -> list[str]: ...
