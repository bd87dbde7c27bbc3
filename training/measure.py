"""Covered recall and character precision of spans against marks, as the usual scorers count them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass
class Score:
    gold: int = 0
    covered: int = 0
    gold_characters: int = 0
    found_characters: int = 0
    hit_characters: int = 0
    clean: int = 0
    with_gold: int = 0
    without: int = 0
    touched: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    of_label: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, str, str, str]] = field(default_factory=list)
    alarms: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(
        self, id: str, text: str, gold: Sequence[tuple[int, int, str]], found: Iterable[tuple[int, int, str]]
    ) -> None:
        is_gold, is_found = bytearray(len(text)), bytearray(len(text))
        found = list(found)
        for start, end, _ in gold:
            is_gold[start:end] = b"\1" * (end - start)
        for start, end, _ in found:
            is_found[start:end] = b"\1" * (end - start)
        for at, c in enumerate(text):
            if not c.isspace():
                self.gold_characters += is_gold[at]
                self.found_characters += is_found[at]
                self.hit_characters += is_gold[at] & is_found[at]
        whole = True
        for start, end, label in gold:
            self.gold += 1
            self.of_label[label] += 1
            if all(is_found[at] or text[at].isspace() for at in range(start, end)):
                self.covered += 1
            else:
                whole = False
                self.missed[label] += 1
                self.examples.append(
                    (id, label, text[start:end], text[max(0, start - 40) : end + 30].replace("\n", "⏎"))
                )
        for start, end, label in found:
            if not any(is_gold[start:end]):
                self.alarms.append((id, label, text[start:end], text[max(0, start - 40) : end + 30].replace("\n", "⏎")))
        if gold:
            self.with_gold += 1
            self.clean += whole
        else:
            self.without += 1
            self.touched += bool(found)

    def line(self) -> str:
        recall = self.covered / self.gold if self.gold else 1
        precision = self.hit_characters / self.found_characters if self.found_characters else 1
        clean = self.clean / self.with_gold if self.with_gold else 1
        worst = ", ".join(f"{label} {n}/{self.of_label[label]}" for label, n in self.missed.most_common(7))
        return f"covered {recall:.3f}  precision {precision:.3f}  whole documents {clean:.2f}  touched {self.touched}/{self.without}  missed: {worst}"
