"""Which output is PHI: PostgreSQL resolves the names, this folder follows the values.

In: one statement's text and a side connection. Out: an `Analysis` (outputs with their classes, probes, look-ups, what
is written) or an `AnalysisError`. It never executes the statement and never calls an output clean without proof.
"""

from lockgate.gateways.postgres.lineage.analysis import analyse
from lockgate.gateways.postgres.lineage.model import Analysis, AnalysisError, CatalogView, ColumnClass, Output
from lockgate.gateways.postgres.lineage.side import Described, ServerError, Side
from lockgate.gateways.postgres.lineage.trees import By

__all__ = [
    "Analysis",
    "AnalysisError",
    "By",
    "CatalogView",
    "ColumnClass",
    "Described",
    "Output",
    "ServerError",
    "Side",
    "analyse",
]
