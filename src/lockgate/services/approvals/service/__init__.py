"""The approvals service as others call it, one part a file: each method is one unit of the store.

In: proposals, votes, actions to execute, outcomes. Out: requests as people see them, leave to execute, refusals as
values; a store that fails raises, and nothing runs. The rules themselves are in the modules beside this folder,
which work inside of a unit.
"""

from lockgate.services.approvals.service.asking import Asking
from lockgate.services.approvals.service.emergencies import Emergencies
from lockgate.services.approvals.service.keeping import Keeping
from lockgate.services.approvals.service.looking import Looking
from lockgate.services.approvals.service.permits import Permits
from lockgate.services.approvals.service.restores import Restores
from lockgate.services.approvals.service.running import Running


class Approvals(Asking, Emergencies, Running, Looking, Keeping, Permits, Restores):
    """People between a wish and its effect. Refusals are values; a store that fails raises, and nothing runs.

    `profiles` gives the bodies of the approval profiles in force today; without it those frozen in a request
    count alone. `changes` says who loosened a rule; by default the log is asked.
    """


__all__ = ["Approvals"]
