"""Random surrogates, as a vault draws them: which candidate may stand for an original, and how far dates are shifted.

In: what is wanted, and what is taken. Out: surrogates and offsets, by chance alone, never computed from the identifier
(45 CFR 164.514(c)(1)). `Vault` is what any vault promises. Pure: what is kept between runs, encrypted, is
`lockgate.store.vault`; `MemoryVault` forgets everything with the process, `Originals` is what a dataset holds. It must
never put an original into an error.
"""

from lockgate.phi.vault._chance import SecretRandom
from lockgate.phi.vault._free import normal, words
from lockgate.phi.vault.avoiding import Avoiding
from lockgate.phi.vault.drawing import LONGEST_OFFSET, Draw, Drawn, Places, Want, draw_all, draw_offset
from lockgate.phi.vault.memory import MemoryVault
from lockgate.phi.vault.originals import Originals
from lockgate.phi.vault.protocol import Vault, Wanted

__all__ = [
    "LONGEST_OFFSET",
    "Avoiding",
    "Draw",
    "Drawn",
    "MemoryVault",
    "Originals",
    "Places",
    "SecretRandom",
    "Vault",
    "Want",
    "Wanted",
    "draw_all",
    "draw_offset",
    "normal",
    "words",
]
