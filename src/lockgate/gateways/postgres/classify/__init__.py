"""What the kind of a statement says of it, before anything is asked of the server. Pure.

In: a text; `parse` makes statements of it. Out: `classify`'s answer for each: its kind, the operations that policy is
asked about, the inner statement to analyse, or why it is refused. `barriers` says what must be answered first, `render`
shows a statement to a reviewer. What a statement reads is `lineage`'s business; a kind that is not named is refused.
"""

from lockgate.gateways.postgres.classify.classified import Classified
from lockgate.gateways.postgres.classify.kinds import classify
from lockgate.gateways.postgres.classify.parse import ParseError, parse

__all__ = ["Classified", "ParseError", "classify", "parse"]
