"""How the rows of one statement are shown to one requester: which output is masked, and by which operator.

Pure: from what the analysis proved and what policy decided to a `RowPlan` that the compiled walk follows. Whatever is
in doubt is masked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lockgate.action import TEXT, UNCLASSIFIED, Decision
from lockgate.gateways.postgres.lineage.model import Output
from lockgate.gateways.postgres.masking._rows import RowPlan
from lockgate.gateways.postgres.masking.masks import column_mask
from lockgate.gateways.postgres.wire.parsing import Field
from lockgate.phi.operators import default_operator

NEVER_TOKENS = frozenset({"date", "geo", TEXT, UNCLASSIFIED})
"""Classes of few values: a token over them is a code book, so they never get one (see also `label` sex and age)."""


@dataclass(frozen=True, slots=True)
class Masked:
    """One masked output: the class that is named in its place, and the operator."""

    index: int
    name: str
    cls: str
    label: str
    operator: str
    computed: bool = False


@dataclass(slots=True)
class Treatment:
    """What happens to each field of a result.

    `fields` None means that the result's shape is not known beforehand: then everything is masked, unless `harmless`
    says that it comes from settings or a plan and not from rows.
    """

    fields: tuple[Field, ...] | None
    masked: tuple[Masked, ...]
    key: bytes = field(repr=False)
    harmless: bool = False
    _plans: dict[tuple[int, ...], RowPlan | None] = field(default_factory=dict, repr=False)

    @property
    def masks(self) -> bool:
        return (self.fields is None and not self.harmless) or bool(self.masked)

    def plan(self, fields: Sequence[Field], formats: Sequence[int]) -> RowPlan | None:
        """The compiled plan for these fields in these formats (0 text, 1 binary); None where nothing is masked."""
        spread = spread_formats(formats, len(fields))
        if self.harmless:
            return None
        if self.fields is None:
            hidden = [
                column_mask(i, "redact", UNCLASSIFIED, "", f.type_oid, spread[i], self.key, computed=True)
                for i, f in enumerate(fields)
            ]
            return RowPlan(hidden, len(fields))
        if spread not in self._plans:
            self._plans[spread] = (
                RowPlan(
                    [
                        column_mask(
                            c.index,
                            c.operator,
                            c.cls,
                            c.label,
                            fields[c.index].type_oid,
                            spread[c.index],
                            self.key,
                            computed=c.computed,
                        )
                        for c in self.masked
                    ],
                    len(fields),
                )
                if self.masked
                else None
            )
        return self._plans[spread]

    def agrees(self, fields: Sequence[Field]) -> bool:
        """Whether the server describes the result as the analysis did: same origins, same types, same number."""
        return self.fields is None or (
            len(fields) == len(self.fields)
            and all(
                (a.table_oid, a.attnum, a.type_oid) == (b.table_oid, b.attnum, b.type_oid)
                for a, b in zip(fields, self.fields, strict=True)
            )
        )


def spread_formats(formats: Sequence[int], count: int) -> tuple[int, ...]:
    """Bind's result formats: none means all text, one means all alike."""
    if not formats:
        return (0,) * count
    if len(formats) == 1:
        return (formats[0],) * count
    return tuple(formats)


def treat(
    outputs: Sequence[Output],
    fields: tuple[Field, ...],
    decision: Decision,
    operators: Mapping[str, str],
    writable: bool,
    key: bytes,
) -> Treatment:
    """Decide each output: clean only if every class beneath it is revealed.

    `operators` is the connection's choice per class. `writable` says that the requester may write what is read here:
    then a token could be made for a chosen value and the tokens would become a dictionary, so it is `redact`.
    """
    masked = []
    for index, output in enumerate(outputs):
        hidden = output.classes - decision.revealed
        if not hidden:
            continue
        cls = min(hidden) if len(hidden) > 1 else next(iter(hidden))
        operator = operators.get(cls) or default_operator(cls)
        single = output.base is not None and len(output.classes) == 1
        if not single or (operator == "token" and (writable or cls in NEVER_TOKENS or output.label in ("sex", "age"))):
            operator = "redact"
        masked.append(Masked(index, output.name, cls, output.label, operator, computed=output.base is None))
    return Treatment(fields, tuple(masked), key)


def unproven(key: bytes) -> Treatment:
    """For a result that nothing is known about: every value of it is redacted."""
    return Treatment(None, (), key)


def harmless(key: bytes) -> Treatment:
    """For what comes from settings, plans and the gateway itself: shown as it is."""
    return Treatment(None, (), key, harmless=True)
