"""Who there is and how they prove it: local users, agents with owners, groups with a history, tokens.

In: names, passwords, tokens. Out: a `Person`, a `Requester`, a token shown once. It must never keep a secret in the
clear, never let an agent without an owner in, and never forget who changed what.
"""

from lockgate.services.accounts.base import LOCAL
from lockgate.services.accounts.credentials import Minted
from lockgate.services.accounts.federated import LinkWish
from lockgate.services.accounts.service import Accounts

__all__ = ["LOCAL", "Accounts", "LinkWish", "Minted"]
