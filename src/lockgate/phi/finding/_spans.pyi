from lockgate.phi.finding._words import Words

class Spans:
    count: int
    start: memoryview
    end: memoryview
    tag: memoryview
    proven: memoryview
    turned: memoryview
    lean: memoryview
    def __init__(self, room: int) -> None: ...

def build(
    text: bytes,
    words: Words,
    tags: memoryview,
    margins: memoryview,
    strict: bool = False,
    scores: memoryview | None = None,
    doubt: bool = False,
) -> Spans: ...
def listed(spans: Spans) -> list[tuple[int, int, int]]: ...
