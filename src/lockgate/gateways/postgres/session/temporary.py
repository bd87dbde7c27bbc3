"""What the columns of a session's temporary tables carry: learnt where the session makes them, forgotten in doubt.

A table that was made from a query (`CREATE TEMP TABLE … AS`) carries what that query's outputs carried. Whatever else
is in `pg_temp` is unclassified, so it is masked. A name that a transaction has given a new meaning is forgotten when
that transaction may have been undone: the older table, which nobody looked at again, is back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lockgate.action import UNCLASSIFIED
from lockgate.gateways.postgres.lineage.analysis import CLEAN
from lockgate.gateways.postgres.lineage.model import ColumnClass, Output


class TemporaryClasses(Mapping[str, Mapping[int, ColumnClass]]):
    """Classes by table and by the number of the column, for the analysis to read. `CREATE TABLE t (a, b) AS …` calls
    its columns as it likes, in the order of the query."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, ColumnClass]] = {}
        self._unsettled: set[str] = set()

    def __getitem__(self, name: str) -> Mapping[int, ColumnClass]:
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def made(self, name: str, outputs: Sequence[Output]) -> None:
        """The open transaction made this table from these outputs."""
        self._known[name] = {number: _carried(output) for number, output in enumerate(outputs, 1)}
        self._unsettled.add(name)

    def doubtful(self, name: str) -> None:
        """The open transaction may or may not have made this table."""
        self._known.pop(name, None)
        self._unsettled.add(name)

    def committed(self) -> None:
        self._unsettled.clear()

    def undone(self) -> None:
        """The open transaction, or a part of it, was rolled back."""
        for name in self._unsettled:
            self._known.pop(name, None)

    def forget(self) -> None:
        """Anything may have been renamed or altered."""
        self._unsettled |= set(self._known)
        self._known.clear()


def _carried(output: Output) -> ColumnClass:
    if not output.classes:
        return CLEAN
    if len(output.classes) > 1:
        return ColumnClass(UNCLASSIFIED)  # one class revealed must not show the others
    return ColumnClass(next(iter(output.classes)), output.label)
