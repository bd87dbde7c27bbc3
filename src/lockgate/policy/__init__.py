"""Who may do what, in Cedar; masking is the absence of permission to reveal.

In goes a `Query` (who asks, what a statement would do, which PHI classes are in play); out comes a
`Decision`: allow with what is masked, the approval profiles that people must satisfy, or deny, each with
its reasons. Pure but for `load` and `check`, which read a folder. It must never allow because something
failed: an error, an unknown action or an unanswered question is a deny.
"""

from lockgate.policy.explain import Explanation, Line
from lockgate.policy.holder import PolicyHolder
from lockgate.policy.lint import check
from lockgate.policy.model import Context, Finding, Profile, Query, Stage
from lockgate.policy.policyset import PolicySet, load, parse, read_folder
from lockgate.policy.shipped import STARTERS, starter, write_starters
from lockgate.policy.table import Result, run_table

__all__ = [
    "STARTERS",
    "Context",
    "Explanation",
    "Finding",
    "Line",
    "PolicyHolder",
    "PolicySet",
    "Profile",
    "Query",
    "Result",
    "Stage",
    "check",
    "load",
    "parse",
    "read_folder",
    "run_table",
    "starter",
    "write_starters",
]
