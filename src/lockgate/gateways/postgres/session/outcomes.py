"""What the log is told of executions: nothing has succeeded before its transaction has ended."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.gateways.postgres.answers import CAP_REACHED, Run, Step

CONNECTION_LOST = "57P01"


class Outcomes:
    """The runs of the open transaction."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._failed = False

    def add(self, steps: Sequence[Step]) -> None:
        """These are about to go upstream."""
        for step in steps:
            for part in step.parts:
                if part.run is not None and part.run not in self._runs:
                    self._runs.append(part.run)

    def fail(self) -> None:
        """The open transaction will end without effect (an error, ROLLBACK, or COMMIT of a failed one)."""
        self._failed = True

    def transaction_ended(self) -> None:
        """The server is idle: what completed in a transaction that did not fail has succeeded."""
        runs, self._runs = self._runs, []
        committed, self._failed = not self._failed, False
        for run in runs:
            succeeded = committed and run.completed and not run.code
            run.finish("SUCCEEDED" if succeeded else "FAILED", run.rows, run.bytes, run.code)

    def session_ended(self, on_its_way: bool) -> None:
        """What is on its way to the server may still be committed; what waited for COMMIT is rolled back. A stream that
        was cut at its cap was the answer of a write that the server may be through with."""
        runs, self._runs = self._runs, []
        for run in runs:
            may_commit = not run.code or (run.code == CAP_REACHED and not run.held_back)
            unknown = run.writes and may_commit and on_its_way
            run.finish("UNKNOWN" if unknown else "FAILED", run.rows, run.bytes, run.code or CONNECTION_LOST)
