from lockgate.phi.finding._words import Words

class Spans:
    count: int
    start: memoryview
    end: memoryview
    tag: memoryview
    proven: memoryview
    lean: memoryview
    def __init__(self, room: int) -> None: ...

def build(text: bytes, words: Words, tags: memoryview, margins: memoryview) -> Spans: ...
