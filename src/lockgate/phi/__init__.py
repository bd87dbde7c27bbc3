"""Find PHI in text and replace it.

`detect` and `deidentify` take lists of texts, pyarrow arrays, and Series of pandas and polars (`columns`). `finding` is
the engine, `replacing` what stands in an identifier's place, `vault` how surrogates are drawn, `fpe` codes that lead back
with a key; `freetext` is how the gateway shows text, `operators` are its masks of single values; `scoring` counts how well
all this does. It must never put a value that it was given into a log or an error.
"""

from lockgate.phi.columns import deidentify, detect
from lockgate.phi.freetext import redact_text, redact_values
from lockgate.phi.operators import Operator, default_operator, generalise, redacted

__all__ = [
    "Operator",
    "default_operator",
    "deidentify",
    "detect",
    "generalise",
    "redact_text",
    "redact_values",
    "redacted",
]
