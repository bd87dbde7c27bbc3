"""What a walk over predicates judges by: which classes a flow carries, and what has been found so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lockgate.gateways.postgres.lineage.constants import Asked
from lockgate.gateways.postgres.lineage.flow import Flows
from lockgate.gateways.postgres.lineage.model import Column, ColumnClass
from lockgate.gateways.postgres.lineage.scope import NOTHING, Flow

LOOKED_UP_PLACES = frozenset({"city", "state", "zip"})


@dataclass(slots=True)
class Found:
    """Classes that are probed, looked up, or compared column to column."""

    probes: set[str] = field(default_factory=set)
    lookups: set[str] = field(default_factory=set)
    joined: set[str] = field(default_factory=set)
    asked: Asked = field(default_factory=Asked)
    """How many records are looked up by their identifier."""


class Judge:
    """`describe` is the catalog's word on a column, `everything` all the classes that a flow carries."""

    def __init__(
        self,
        flows: Flows,
        describe: Callable[[Column], ColumnClass],
        everything: Callable[[Flow], frozenset[str]],
        found: Found | None = None,
    ) -> None:
        self.flows = flows
        self.describe = describe
        self.everything = everything
        self.found = Found() if found is None else found

    def _plain_date_or_place(self, column: Column) -> bool:
        found = self.describe(column)
        if found.cls == "date":
            return found.label not in ("birth", "death", "age")
        return found.cls == "geo" and found.label in LOOKED_UP_PLACES

    def _classes(self, flow: Flow) -> frozenset[str]:
        return self.everything(flow)

    def _free(self, flow: Flow) -> bool:
        return not flow.unknown and not self._classes(flow)

    def _probe(self, flow: Flow) -> None:
        if flow is not NOTHING:
            self.found.probes |= self._classes(flow)
