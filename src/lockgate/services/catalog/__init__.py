"""The PHI map: which column is which class. Proposed by machines, accepted by people, versioned.

In: YAML, or a side connection to scan. Out: a `Catalog`. Whatever nobody reviewed counts as PHI.
"""

from lockgate.services.catalog.holder import CatalogHolder
from lockgate.services.catalog.model import EMPTY, Catalog, Entry, Place, parse_catalog
from lockgate.services.catalog.places import follow, places_of
from lockgate.services.catalog.propose import Proposal, propose
from lockgate.services.catalog.scan import scan

__all__ = [
    "EMPTY",
    "Catalog",
    "CatalogHolder",
    "Entry",
    "Place",
    "Proposal",
    "follow",
    "parse_catalog",
    "places_of",
    "propose",
    "scan",
]
