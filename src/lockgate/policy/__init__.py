"""Who may do what, in Cedar; masking is the absence of permission to reveal.

In goes a `Query` (who asks, what a statement would do, which PHI classes are in play); out comes a `Decision`: allow
with what is masked, the approval profiles that people must satisfy, or deny, each with its reasons. Pure but for
`load` and `check`, which read a folder. It must never allow because something failed: an error, an unknown action or
an unanswered question is a deny.
"""

from lockgate.policy.explain import Explanation, Line
from lockgate.policy.holder import PolicyHolder
from lockgate.policy.model import Context, Finding, Profile, Query, Stage
from lockgate.policy.policyset import PolicySet, load, parse, read_folder

__all__ = [
    "Context",
    "Explanation",
    "Finding",
    "Line",
    "PolicyHolder",
    "PolicySet",
    "Profile",
    "Query",
    "Stage",
    "load",
    "parse",
    "read_folder",
]
