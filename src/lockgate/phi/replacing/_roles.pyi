from collections.abc import Callable

from lockgate.phi.replacing._names import Name
from lockgate.phi.replacing.draws import Ladder
from lockgate.phi.replacing.pieces import Part

class Roles:
    letters: set[str]
    def __init__(self) -> None: ...
    def learn(self, name: Name) -> None: ...

def parts(name: Name, roles: Roles, letter: dict[str, str], ladder: Callable[[str, str], Ladder]) -> list[Part]: ...
