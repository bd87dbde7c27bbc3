"""Accounts: people log in, agents have owners and keys, groups have a history. Each method is one unit of the store."""

from __future__ import annotations

from lockgate.services.accounts import directory
from lockgate.services.accounts.proofs import Proofs
from lockgate.services.accounts.register import Register
from lockgate.services.accounts.requesters import Requesters


class Accounts(Register, Proofs, Requesters):
    """The directory and its credentials. `by` is always the id of who does it; it is logged and it counts later."""

    # For whoever is inside of a transaction.
    people = staticmethod(directory.people)
    person = staticmethod(directory.person)
    owners_since = staticmethod(directory.owners_since)
    minters = staticmethod(directory.minters)
