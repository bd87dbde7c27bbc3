"""Randomness that nobody can foresee, fetched ahead. Compiled."""

import os
import random
from array import array

_forks = 0


def _forked() -> None:
    """A forked process must not draw what its parent draws."""
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


class SecretRandom(random.SystemRandom):
    """The operating system's randomness, fetched 4 KB at a time: a call for each digit would be most of the work."""

    def __init__(self):
        super().__init__()
        self._words = []
        self._forks = _forks

    def getrandbits(self, k):
        if not 0 < k <= 64:
            return super().getrandbits(k)
        while True:
            words = self._words
            if words and self._forks == _forks:
                try:
                    return words.pop() >> (64 - k)
                except IndexError:  # another thread took the last one
                    continue
            self._words, self._forks = array("Q", os.urandom(4096)).tolist(), _forks


CHANCE = SecretRandom()
"""The process's: whoever draws little need not fetch 4 KB for it. Threads may share it."""
