AT: int
LINK: int
YEAR: int
RUN5: int
RUN7: int
PHONE: int
SSN: int
DOTTED: int
TWICE: int
DIGIT: int
MONTH: int
CODE4: int
RECORD: int
ACCOUNT: int
AGE: int
TITLED: int
RELATED: int
COMMA: int
STREET: int

def clues(text: bytes) -> int: ...
def by_clues(texts: list[bytes]) -> dict[int, list[int]]: ...
