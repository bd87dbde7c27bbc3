import random

from lockgate.phi.vault.drawing import Draw
from lockgate.phi.vault.originals import Originals

def normal(written: str) -> str: ...
def words(candidate: str) -> list[str]: ...
def draw_each(
    fresh: list[tuple[str, str, Draw]],
    given: dict[str, dict[str, str]],
    rng: random.Random,
    rounds: tuple[tuple[bool, int], ...],
    patient: str,
    taken: dict[str, dict[str, str | set[str]]],
    originals: Originals,
) -> str | None: ...
