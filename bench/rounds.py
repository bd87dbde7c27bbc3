"""Interleaved rounds: every end is measured once a round, so that what else the machine does hits all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

E = TypeVar("E")


@dataclass(frozen=True)
class Plan:
    """How thorough a run is. `seconds` is the length of one pgbench run."""

    rounds: int = 5
    seconds: float = 4
    rows: int = 1_000_000
    long_rows: int = 5_000_000
    held: int = 1000

    def quick(self) -> Plan:
        """For a look on the way: too short to be quoted."""
        return Plan(min(self.rounds, 2), 2, 100_000, 500_000, 100)


Values = dict[str, list[float]]


def interleaved(ends: Mapping[str, E], rounds: int, measure: Callable[[E], float]) -> Values:
    """One value a round for each end; the order turns around each round."""
    values: Values = {name: [] for name in ends}
    for number in range(rounds):
        for name in list(ends)[:: -1 if number % 2 else 1]:
            values[name].append(measure(ends[name]))
    return values


def medians(values: Values, digits: int) -> dict[str, float]:
    return {name: round(statistics.median(of), digits) for name, of in values.items()}


def ratio(values: Values, name: str, to: str) -> float:
    """The median over the rounds of this round's ratio: a slow minute of the machine leaves it as it is."""
    return round(statistics.median(a / b for a, b in zip(values[name], values[to], strict=True)), 3)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
