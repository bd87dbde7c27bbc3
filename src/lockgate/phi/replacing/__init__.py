"""Put something else in the place of identifiers: texts, their spans and a profile in; new texts and their places out.

A `Profile` says by which operator each class is replaced. Surrogates come from a `Vault`, so that one person stays one
person; dates move by one secret number of days a patient. Pure: no I/O but loading its list of names, no clock;
randomness is the vault's. What cannot be understood is redacted, never left, and no original is ever in an error.
"""

from lockgate.phi.replacing.derived import Cipher, Secrets
from lockgate.phi.replacing.profile import PROFILES, Operator, Profile, Standard, named
from lockgate.phi.replacing.proving import Leak, leaks
from lockgate.phi.replacing.replace import Place, Replaced, replace
from lockgate.phi.replacing.survey import survey
from lockgate.phi.vault import MemoryVault, Originals, Vault

__all__ = [
    "PROFILES",
    "Cipher",
    "Leak",
    "MemoryVault",
    "Operator",
    "Originals",
    "Place",
    "Profile",
    "Replaced",
    "Secrets",
    "Standard",
    "Vault",
    "leaks",
    "named",
    "replace",
    "survey",
]
