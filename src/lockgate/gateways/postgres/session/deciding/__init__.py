"""From what a statement does to leave to run it, and what follows from that leave.

`admit` decides and, where people must be asked, waits for them; `redeem` uses the grant and writes the intent, last of
all. `part_for` says how the answer is shown, `after` what the session learns from it. Bytes are sent by others.
"""

from lockgate.gateways.postgres.session.deciding.admitting import admit, question_of
from lockgate.gateways.postgres.session.deciding.completing import after
from lockgate.gateways.postgres.session.deciding.drafting import draft
from lockgate.gateways.postgres.session.deciding.facts import DUMP
from lockgate.gateways.postgres.session.deciding.meaning import Watched
from lockgate.gateways.postgres.session.deciding.redeeming import Passed, finisher, redeem
from lockgate.gateways.postgres.session.deciding.showing import description, part_for, shape_only

__all__ = [
    "DUMP",
    "Passed",
    "Watched",
    "admit",
    "after",
    "description",
    "draft",
    "finisher",
    "part_for",
    "question_of",
    "redeem",
    "shape_only",
]
