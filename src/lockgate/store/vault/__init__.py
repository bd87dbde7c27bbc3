"""The vault of surrogates, kept: encrypted rows that only whoever has the vault's own key can look up or read.

In: what is wanted (`lockgate.phi.vault`). Out: surrogates and offsets, the same ever after and in every process; the
way back for whoever was given leave (`reveal`); erasure (`forget`). A database of its own, SQLite or PostgreSQL, with
a key file of its own: whoever de-identifies needs neither the gateway's store nor its keys (decision record 0031). It
must never hold an identifier in clear, on disk or in an error.
"""

from lockgate.store.vault.opening import create_vault, is_there, open_vault
from lockgate.store.vault.rotating import rotate_vault
from lockgate.store.vault.vault import Revealed, SealedVault, Status

__all__ = ["Revealed", "SealedVault", "Status", "create_vault", "is_there", "open_vault", "rotate_vault"]
