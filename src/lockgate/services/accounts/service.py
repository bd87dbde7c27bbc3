"""Accounts: people log in, agents have owners and keys, groups have a history. Each method is one unit of the store."""

from __future__ import annotations

from sqlalchemy import Connection

from lockgate.services.accounts import directory
from lockgate.services.accounts.chats import Chats
from lockgate.services.accounts.federated import Federated
from lockgate.services.accounts.proofs import Proofs
from lockgate.services.accounts.register import Register
from lockgate.services.accounts.requesters import Requesters


class Accounts(Register, Proofs, Federated, Requesters, Chats):
    """The directory and its credentials. `by` is always the id of who does it; it is logged and it counts later."""

    # For whoever is inside of a transaction, and has asked for `people` there.
    owners_since = staticmethod(directory.owners_since)

    def minters(self, conn: Connection, credential_id: str) -> frozenset[str]:
        """Everybody who minted, and so was shown, the credential or a token of it. StoreError: one was changed."""
        return directory.minters(conn, self._store.keys, credential_id)

    async def check_with_log(self) -> None:
        """The register is as it was written, and the log knows of no later one. StoreError: it is not."""
        await self._store.read(self.register.check_with_log)
