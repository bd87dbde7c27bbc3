"""What the server answers, in order, and what of it the client may see. No socket, no decision.

In: `Step`s, one for each message that went upstream, and the server's bytes. Out: bytes for the client, rows masked by
the plan of their step, errors and notices without text where they could quote rows. An answer that nobody asked for
ends the session.
"""

from lockgate.gateways.postgres.answers.steps import CAP_REACHED, CapReached, Kind, Part, Run, Step
from lockgate.gateways.postgres.answers.walk import Answers
from lockgate.gateways.postgres.masking.searched import Rewritten

__all__ = ["CAP_REACHED", "Answers", "CapReached", "Kind", "Part", "Rewritten", "Run", "Step"]
