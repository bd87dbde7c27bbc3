"""A set of policies in force: parsed once, asked often, swapped whole."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from types import MappingProxyType

from lockgate.action import JSON, Decision, Effect, digest
from lockgate.errors import PolicyError
from lockgate.policy import profiles as profiles_
from lockgate.policy.engine import Engine
from lockgate.policy.explain import Explanation, explain
from lockgate.policy.model import Profile, Query
from lockgate.policy.permits import FOLDER
from lockgate.policy.reasons import reasons_of
from lockgate.policy.relevance import (
    covers,
    may_match,
    named_profiles,
    reads,
    relevant_profiles,
    shown_unasked,
)
from lockgate.policy.schema import schema_text
from lockgate.policy.source import Policy, read_policies
from lockgate.policy.steps import Weighed, weigh

CACHED_DECISIONS = 4096


class PolicySet:
    """Policies and profiles under one digest. Safe to share between threads."""

    def __init__(
        self,
        policies: tuple[Policy, ...],
        profiles: Mapping[str, Profile],
        digest: str,
        files: Mapping[str, str] | None = None,
    ) -> None:
        self.policies = policies
        self.files: Mapping[str, str] = MappingProxyType(dict(files or {}))
        """The text that the digest is of, by file name."""
        self.profiles: Mapping[str, Profile] = MappingProxyType(dict(profiles))
        self.digest = digest
        self.folder_digest = folder_digest(self.files)
        self._titles = {p.id: p.title for p in policies}
        self._engine = Engine(policies)
        self._relevant = relevant_profiles([p.tree for p in policies], frozenset(profiles))
        self._showable = shown_unasked([p.tree for p in policies])
        self.names_statements = self.reads("statement")
        """Whether any policy reads which statement it is."""
        self._by_statement = [p.tree for p in policies if p.tree.effect == "permit" and reads(p.tree, "statement")]
        self.knows_dates = self.reads("today")
        """Whether what is allowed today may not be tomorrow."""
        self.knows_hours = self.reads("hour")
        self._cache: OrderedDict[tuple[Query, frozenset[str]], Decision] = OrderedDict()
        self._lock = Lock()

    def reads(self, fact: str) -> bool:
        """Whether what is answered may hang on this fact of the context."""
        return any(reads(policy.tree, fact) for policy in self.policies)

    def decide(self, query: Query, satisfied: frozenset[str] = frozenset()) -> Decision:
        """May this happen, what is masked, and who must agree first? About 0.3 ms, and 0.01 ms if just asked.

        `satisfied` adds to what the query's context says has been met; names of no profile here count for
        nothing.
        """
        key = (query, satisfied)
        with self._lock:
            kept = self._cache.get(key)
            if kept is not None:
                self._cache.move_to_end(key)
                return kept
        decision = self._decision(query, self._weigh(query, satisfied))
        with self._lock:
            self._cache[key] = decision
            if len(self._cache) > CACHED_DECISIONS:
                self._cache.popitem(last=False)
        return decision

    def by_some_statement(self, principal: str, action: str, resource: str) -> bool:
        """Whether a permit that reads which statement it is might allow this to the principal, for some statement."""
        return any(
            covers(tree, action) and may_match(tree.principal, principal) and may_match(tree.resource, resource)
            for tree in self._by_statement
        )

    def explain(self, query: Query, satisfied: frozenset[str] = frozenset()) -> Explanation:
        """The decision with every question that led to it, for people."""
        weighed = self._weigh(query, satisfied)
        return explain(self._decision(query, weighed), weighed, self._titles)

    def changes_from(self, old: PolicySet) -> dict[str, JSON]:
        """What differs from `old`, by id: for the event that a change of policy leaves behind."""
        return {
            "policies": _changes({p.id: p.text for p in old.policies}, {p.id: p.text for p in self.policies}),
            "profiles": _changes(
                dict(old.profiles),
                dict(self.profiles),
            ),
            "from": old.digest,
            "to": self.digest,
        }

    def _weigh(self, query: Query, satisfied: frozenset[str]) -> Weighed:
        met = (query.context.satisfied | satisfied) & self.profiles.keys()
        return weigh(self._engine.session(query), query, frozenset(met), self.profiles, self._relevant, self._showable)

    def _decision(self, query: Query, weighed: Weighed) -> Decision:
        classes = query.classes | query.context.classes
        revealed = weighed.revealed if weighed.effect is not Effect.DENY else frozenset()
        return Decision(
            effect=weighed.effect,
            masked=classes - revealed,
            revealed=revealed,
            profiles=weighed.profiles,
            reasons=reasons_of(weighed, self._titles),
            policy_digest=self.digest,
        )


def _changes(old: Mapping[str, object], new: Mapping[str, object]) -> JSON:
    return {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": sorted(name for name in old.keys() & new.keys() if old[name] != new[name]),
    }


def folder_digest(files: Mapping[str, str]) -> str:
    """Names the files alone: the same for every version of Lockgate, and whatever permits are in force beside them."""
    return digest("policy-folder", {name: text for name, text in files.items() if not name.startswith(FOLDER)})


def parse(files: Mapping[str, str]) -> PolicySet:
    """A set from the text of its files (`*.cedar`, `profiles.yaml`), or `PolicyError` with file and line."""
    if profiles_.FILE not in files:
        raise PolicyError(f"there is no {profiles_.FILE}", hint="an empty one will do if no policy asks for people")
    profiles = profiles_.read_profiles(files[profiles_.FILE])
    texts = {name: text for name, text in files.items() if name.endswith(".cedar")}
    policies = read_policies(texts)
    for policy in policies:
        _refuse_unsound(policy, profiles)
    pinned = {**texts, profiles_.FILE: files[profiles_.FILE]}
    return PolicySet(policies, profiles, digest("policy", {"schema": schema_text(), "files": pinned}), pinned)


def read_folder(folder: Path) -> dict[str, str]:
    """The files of a policy folder by relative name, those in subfolders too: none is passed over."""
    if not folder.is_dir():
        raise PolicyError(f"{folder} is no folder", hint="write one with: lockgate init")
    paths = [p for p in sorted(folder.rglob("*.cedar")) if p.is_file()]
    if (folder / profiles_.FILE).is_file():
        paths.append(folder / profiles_.FILE)
    files = {}
    for path in paths:
        name = path.relative_to(folder).as_posix()
        try:
            files[name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyError(f"{name}:1: this file cannot be read as UTF-8 text") from error
    return files


def load(folder: Path) -> PolicySet:
    """The policy set of a folder, or `PolicyError`."""
    return parse(read_folder(Path(folder)))


def _refuse_unsound(policy: Policy, profiles: Mapping[str, Profile]) -> None:
    for name in sorted(named_profiles(policy.tree)[0] - profiles.keys()):
        error = profiles_.undefined(name, profiles)
        raise PolicyError(f'{policy.at}: in "{policy.id}": {error.message}', hint=error.hint)
    if policy.tree.effect == "permit" and reads(policy.tree, "purpose"):
        raise PolicyError(
            f'{policy.at}: the permit "{policy.id}" rests on context.purpose, which is only a claim',
            hint="a claim may narrow (forbid), never widen; use context.vouched_purpose",
        )
