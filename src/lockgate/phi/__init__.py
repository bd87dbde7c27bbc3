"""Find PHI in text and say what may stand in its place.

In: texts, or a value with its class and operator. Out: spans, or the replacement. Pure: no I/O, no clock. It must
never put a value it was given into a log or an error.
"""

from lockgate.phi.detect import Span, detect, redact_text, redact_values
from lockgate.phi.operators import Operator, default_operator, generalise, redacted

__all__ = ["Operator", "Span", "default_operator", "detect", "generalise", "redact_text", "redact_values", "redacted"]
