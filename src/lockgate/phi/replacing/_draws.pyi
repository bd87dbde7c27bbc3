import random
from collections.abc import Sequence
from typing import TypeVar

from lockgate.phi.vault import Draw

Option = TypeVar("Option")
NARROW: int
STEP: int

def pick(rng: random.Random, options: Sequence[Option]) -> Option: ...

class widening:
    def __init__(self, draws: tuple[Draw | tuple[str, ...], ...]) -> None: ...
    def __call__(self, rng: random.Random) -> str: ...

class another:
    def __init__(self, letter: str, deck: list[str], full: str) -> None: ...
    def __call__(self, rng: random.Random) -> str: ...
