"""The rows of a COPY … FROM STDIN that nobody is asked about: they pass as they come, unless a masked value is in them.

Where people are asked, the rows are collected first: `copied_rows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lockgate.gateways.postgres.masking.tokens import TokenWatch
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.session.inbox import Message
from lockgate.gateways.postgres.wire import messages as m

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session


class StreamedRows:
    """Of one session; remembers the end of the last message, since a value may be cut in two."""

    def __init__(self) -> None:
        self._watch = TokenWatch()

    async def take(self, session: Session, batch: Sequence[Message]) -> None:
        """Forward these; drop them where the server does not read any, as it would do itself."""
        answers, server = session.answers, session.upstream.peer
        if not session.unsynced:
            await answers.drained()
        if not answers.copy_in:
            return
        ended = next((at for at, (kind, _) in enumerate(batch) if kind != ord("d")), len(batch) - 1)
        batch = batch[: ended + 1]
        if any(self._watch.sees(raw[5:]) for _, raw in batch):
            answers.expected[0].refusal = replies.refusal(replies.masked_value())
            answers.copy_in = False
            server.write(m.message("f", b"a masked value\0"))
        else:
            server.write(b"".join(raw for _, raw in batch))
            answers.copy_in = batch[-1][0] == ord("d")
        if not answers.copy_in:
            self._watch = TokenWatch()
