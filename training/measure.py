"""Covered recall and character precision of spans against marks, in a line for whoever trains.

The counting is `lockgate.phi.scoring`'s, as for `lockgate phi bench`.
"""

from __future__ import annotations

from lockgate.phi.scoring import Score as Counted

ALL = 1 << 30


class Score(Counted):
    """With every miss and every false alarm kept: `missed`, `alarms`."""

    def __init__(self) -> None:
        super().__init__(keep=ALL)

    @property
    def gold(self) -> int:
        return self.marks

    @property
    def covered(self) -> int:
        return sum(row.covered for row in self.by_label.values())

    @property
    def clean(self) -> int:
        return self.whole

    def line(self) -> str:
        figures = self.figures()
        worst = sorted(self.by_label.items(), key=lambda item: item[1].covered - item[1].marks)[:7]
        missed = ", ".join(
            f"{label} {row.marks - row.covered}/{row.marks}" for label, row in worst if row.covered < row.marks
        )
        covered, precision, whole = (
            1.0 if (value := figures[name]) is None else value
            for name in ("covered", "character_precision", "whole_documents")
        )
        return (
            f"covered {covered:.3f}  precision {precision:.3f}  whole documents {whole:.2f}  "
            f"touched {self.touched}/{self.without_marks}  missed: {missed}"
        )
