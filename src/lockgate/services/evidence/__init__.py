"""Evidence for somebody outside: a population of events, a sample of it that anybody can draw again, and the proofs.

In: a store to read, a span of time, a seed. Out: values, and files made of them. It shows what the log and the stored
views show, which is masked; nothing is opened that is sealed.
"""

from lockgate.services.evidence.check import check_folder
from lockgate.services.evidence.collect import Evidence, Wanted, collect
from lockgate.services.evidence.files import write_evidence

__all__ = ["Evidence", "Wanted", "check_folder", "collect", "write_evidence"]
