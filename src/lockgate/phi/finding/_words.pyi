class Words:
    count: int
    start: memoryview
    end: memoryview
    key: memoryview
    looks: memoryview
    shape: memoryview
    head: memoryview
    tail: memoryview
    bits: memoryview
    group: memoryview
    cue: memoryview
    pattern: memoryview
    def __init__(self, room: int = 1024) -> None: ...

class Lexicon:
    def __init__(self, keys: object, bits: object, groups: object) -> None: ...
    def bits_of(self, word: bytes) -> int: ...
    def group_of(self, word: bytes) -> int: ...

def hash_of(word: bytes) -> int: ...
def scan(text: bytes, words: Words, lexicon: Lexicon) -> int: ...
