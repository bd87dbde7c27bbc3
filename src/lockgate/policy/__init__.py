"""Who may do what, in Cedar; masking is the absence of permission to reveal.

In goes a `Query` (who asks, what a statement would do, which PHI classes are in play); out comes a
`Decision`: allow with what is masked, the approval profiles that people must satisfy, or deny, each with
its reasons. Pure but for `load`, `check` and `run_table`, which read files. It must never allow because something
failed: an error, an unknown action or an unanswered question is a deny.
"""

from lockgate.policy.asking import query_from
from lockgate.policy.explain import Explanation, Line
from lockgate.policy.holder import PolicyHolder
from lockgate.policy.lint import check, check_files
from lockgate.policy.model import Context, Finding, Profile, Query, Stage
from lockgate.policy.policyset import PolicySet, load, parse, read_folder
from lockgate.policy.shipped import STARTERS, starter, write_starters
from lockgate.policy.table import Result, read_table, run_cases, run_table

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
    "check_files",
    "load",
    "parse",
    "query_from",
    "read_folder",
    "read_table",
    "run_cases",
    "run_table",
    "starter",
    "write_starters",
]
