"""The collector of cycles, left out of work that makes many small things and no cycle.

The interpreter would look for cycles among all that the process holds, again and again, and stop every thread for it.
Counting references frees what is not needed any more all the same.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_within = 0
_was_on = False


@contextmanager
def uncollected() -> Iterator[None]:
    """For a batch, not for a whole dataset: others' cycles wait for its end.

    Threads may be within at once; once the last is out, it is as it was before the first.
    """
    global _within, _was_on
    with _lock:
        if _within == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _within += 1
    try:
        yield
    finally:
        with _lock:
            _within -= 1
            if _within == 0 and _was_on:
                gc.enable()
