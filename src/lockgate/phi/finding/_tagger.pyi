from collections.abc import Sequence

from lockgate.phi.finding._words import Words

SHIFTED: bytes

class Tagger:
    kept: Sequence[int]
    stepped: list[int]
    tags: memoryview
    margins: memoryview
    def __init__(self, weights: Sequence[int], steps: Sequence[int]) -> None: ...
    scores: memoryview
    def tag(self, words: Words, bias: int = 0) -> None: ...
    def score(self, words: Words, bias: int = 0) -> None: ...
    def decide(self, words: Words) -> None: ...
