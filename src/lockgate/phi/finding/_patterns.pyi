from lockgate.phi.finding._words import Words

BITS: dict[str, int]

def mark(text: bytes, words: Words) -> None: ...
