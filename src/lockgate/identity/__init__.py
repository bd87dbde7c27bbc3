"""Who is asking: people, agents and services as the directory knows them, and the tokens that prove it.

In: a token's text. Out: its kind and the hash that it is looked up by. Pure: no I/O, no clock. It must never keep a
token itself, and never tell which half of a login was wrong.
"""

from lockgate.identity.person import Person
from lockgate.identity.provider import Claims, IdentityProvider
from lockgate.identity.tokens import TokenKind, kind_of, new_token, token_hash

__all__ = ["Claims", "IdentityProvider", "Person", "TokenKind", "kind_of", "new_token", "token_hash"]
