class Token:
    text: str
    start: int
    end: int
    role: str
    key: str
    low: str
    kind: str
    sure: bool

class Name:
    written: str
    tokens: tuple[Token, ...]

def read(written: str, title: str = "") -> Name: ...
def title_before(whole: str, start: int) -> str: ...
