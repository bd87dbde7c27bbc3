from array import array
from collections.abc import Sequence

from lockgate.phi.finding._words import Words

ROWS: int
SIZES: tuple[int, ...]

class Second:
    kept: tuple[object, ...]
    def __init__(
        self,
        times: int,
        table: Sequence[int],
        filters: Sequence[int],
        shifts: Sequence[int],
        mixtures: Sequence[int],
        offsets: Sequence[int],
        ends: Sequence[int],
        leans: Sequence[int],
    ) -> None: ...
    def look(self, words: Words, scores: memoryview) -> None: ...

def rows_of(words: Words) -> tuple[array[int], array[int]]: ...
