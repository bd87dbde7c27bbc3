from collections.abc import Sequence

from lockgate.phi.finding._words import Words

class Tagger:
    kept: bytes
    stepped: list[int]
    tags: memoryview
    margins: memoryview
    def __init__(self, weights: bytes, steps: Sequence[int]) -> None: ...
    def tag(self, words: Words, bias: int = 0) -> None: ...
