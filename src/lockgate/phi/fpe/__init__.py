"""Format-preserving encryption: a number of the same length, a code of the same letters, and the way back with the key.

In: values, a key, the class that they are of. Out: values of the same format. A derived code, so only for profiles
that say *expert determination*: 45 CFR 164.514(c)(1) does not allow it under Safe Harbor. It must never put a value
into an error.
"""

from lockgate.phi.fpe.ff1 import FF1, MIN_DOMAIN
from lockgate.phi.fpe.formats import FormatKeeping

__all__ = ["FF1", "MIN_DOMAIN", "FormatKeeping"]
