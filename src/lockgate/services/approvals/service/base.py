"""What the parts of `Approvals` share: the store, the desk with its dependencies, and the bell that wakes waiters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from lockgate.action import JSON
from lockgate.services.approvals.absences import Absences
from lockgate.services.approvals.changes import loosened_since
from lockgate.services.approvals.desk import Clock, Desk
from lockgate.services.approvals.inbox import Inbox
from lockgate.services.approvals.notices import notify
from lockgate.services.approvals.nouns import Changes, Directory, Rules, Show
from lockgate.services.approvals.waiting import Bell
from lockgate.services.views import mask_words
from lockgate.store import Store
from lockgate.store.seal import KeyRing


class Part:
    """Some of the methods of `Approvals`; each is one unit of the store, its events in the same transaction."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        keys: KeyRing,
        clock: Clock,
        base_url: str = "",
        *,
        rules: Rules | None = None,
        changes: Changes | None = None,
        profiles: Callable[[], Mapping[str, JSON]] | None = None,
        mask: Callable[[str], str] = mask_words,
        channels: Mapping[str, Show] | None = None,
    ) -> None:
        self._store = store
        self._profiles = profiles
        self._bell = Bell()
        self._inbox = Inbox()
        self._suspected: set[str] = set()
        self.absences = Absences()
        changes = changes or partial(loosened_since, keys=keys)
        rules = rules or Rules()
        self.desk = Desk(directory, keys, clock, base_url, rules, changes, mask, notify, store.instance, channels or {})
        store.on_commit.append(self.desk.lent.committed)
