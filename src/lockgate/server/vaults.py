"""The vault as something that actions are done to: looking a surrogate up, forgetting a patient.

An adapter to the one path, like a gateway, with no protocol but the API's. What is asked is put to policy before the
vault is so much as opened: whether a surrogate belongs to a patient is itself what must not be known unasked. What runs
is the sealed original of what people approved, once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.engine import make_url

from lockgate.action import UNCLASSIFIED, Action, Question, Requester, canonical
from lockgate.errors import LockgateError, StoreError, VaultError
from lockgate.pipeline import Facts, Held, Pass, Pipeline, Refusal, Wishes, unrecorded
from lockgate.server.config import VAULT
from lockgate.services.accounts import Accounts
from lockgate.services.views import ViewFacts
from lockgate.store import KeyRing
from lockgate.store.vault import Revealed, SealedVault, open_vault

REVEAL, FORGET = "vault.reveal", "vault.forget"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VaultAt:
    """Where the vault is, and how its keys are read: anew each time, so that a change of key needs no restart."""

    url: str
    keys: Callable[[], KeyRing] = field(repr=False)

    @property
    def name(self) -> str:
        """What an approval binds to: which database, without who logs in to it."""
        url = make_url(self.url)
        place = f"{url.host}:{url.port or 5432}/" if url.host else ""
        return f"{url.get_backend_name()}:{place}{(url.database or '').rpartition('/')[2]}"

    async def use(self, work: Callable[[SealedVault], T], *, unbounded: bool = False) -> T:
        """Open it, work in a thread, close it. VaultError, SealError, StoreError."""

        def run() -> T:
            with open_vault(self.url, self.keys(), unbounded=unbounded, most_cached=0) as vault:
                return work(vault)

        return await asyncio.to_thread(run)

    async def fingerprint(self) -> str:
        """Of the key that it is under; empty where there is no vault, or none that opens."""
        try:
            return await self.use(lambda vault: vault.fingerprint)
        except LockgateError:
            return ""


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be done. Its `repr` names nobody."""

    operation: str
    patient: str = field(repr=False)
    surrogates: tuple[str, ...] = field(default=(), repr=False)

    @property
    def payload(self) -> bytes:
        return canonical({"do": self.operation, "patient": self.patient, "surrogates": list(self.surrogates)})

    @staticmethod
    def of(payload: bytes) -> Deed:
        read = json.loads(payload)
        return Deed(read["do"], read["patient"], tuple(read["surrogates"]))


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it; `repr` shows no value."""

    request_id: str
    receipt: str = ""
    """The event under which it is recorded: what a proof is asked for by."""
    revealed: tuple[Revealed, ...] = ()
    forgotten: int = 0


class Caller:
    """Whoever waits for the answer of the API; `left` returns once they do no more."""

    def __init__(self, left: Callable[[], Awaitable[None]]) -> None:
        self._left = left

    async def told(self, held: Held) -> None:
        """The answer will say it."""

    async def gone(self) -> None:
        await self._left()


@dataclass(slots=True)
class Vaults:
    """One a process. `at` is None where no vault is configured."""

    at: VaultAt | None
    pipeline: Pipeline
    accounts: Accounts
    tenant: str

    async def do(self, requester: Requester, deed: Deed, wishes: Wishes, caller: Caller) -> Done | Refusal:
        """Ask for it, or do what people have agreed to: exactly this, for exactly this requester, once."""
        at = self._configured()
        # That it is there and its key fits is no secret, and people should not be asked for nothing.
        await at.use(lambda vault: vault.fingerprint)
        action, facts = _action(self.tenant, at.name, requester, deed, wishes), _facts(deed)

        async def describe() -> ViewFacts:
            return _view(requester, deed, wishes)

        try:
            ticket = await self.pipeline.ask(action, facts, wishes, caller=caller, describe=describe, audit_each=True)
            valid = await self.accounts.still_valid(requester)
        except StoreError as error:
            return unrecorded(error)
        if isinstance(ticket, Refusal):
            return ticket
        if not valid:
            return Refusal("LG004", "who asked may no longer act", "log in again", ticket.request_id)
        # Again, for people may have taken hours: a vault that is gone should cost nobody an approval.
        await at.use(lambda vault: vault.fingerprint)
        leave = await self.pipeline.redeem(ticket, {})
        return leave if isinstance(leave, Refusal) else await self._executed(at, leave, deed)

    async def _executed(self, at: VaultAt, leave: Pass, deed: Deed) -> Done:
        receipt = leave.receipt.event if leave.receipt is not None else ""
        approved = Deed.of(leave.execution.payload) if leave.execution is not None else deed
        try:
            if approved.operation == FORGET:
                count = await at.use(lambda vault: vault.forget(approved.patient), unbounded=True)
                done = Done(leave.request_id, receipt, forgotten=count)
            else:
                found = await at.use(lambda vault: vault.reveal(approved.patient, approved.surrogates))
                done = Done(leave.request_id, receipt, revealed=tuple(found))
        except BaseException as error:
            # A reading that failed has no effect; whether an erasure whose answer was lost took place, nobody knows.
            lost = approved.operation == FORGET and not isinstance(error, VaultError)
            await leave.finish("UNKNOWN" if lost else "FAILED", 0, 0, getattr(error, "code", "LG005"))
            raise
        await leave.finish("SUCCEEDED", done.forgotten or len(done.revealed), 0)
        return done

    def _configured(self) -> VaultAt:
        if self.at is None:
            raise VaultError(
                "this Lockgate has no vault", hint="lockgate vault init makes one; name it in lockgate.yaml"
            )
        return self.at


def _action(tenant: str, upstream: str, requester: Requester, deed: Deed, wishes: Wishes) -> Action:
    facts = _facts(deed)
    return Action(
        tenant=tenant,
        connection=VAULT,
        upstream=upstream,
        requester=requester,
        questions=facts.questions,
        payload=deed.payload,
        classes=facts.classes,
        reveal=wishes.reveal & facts.classes,
        purpose=wishes.purpose,
    )


def _facts(deed: Deed) -> Facts:
    """Of which class a surrogate is, the vault alone knows: it counts as any."""
    classes = frozenset({UNCLASSIFIED}) if deed.operation == REVEAL else frozenset[str]()
    return Facts(
        questions=(Question(deed.operation, VAULT),),
        classes=classes,
        probes=frozenset(),
        lookups=frozenset(),
    )


def _view(requester: Requester, deed: Deed, wishes: Wishes) -> ViewFacts:
    """What reviewers see: how many and who asks, never which patient or which surrogate."""
    who = requester.principal.subject
    if deed.operation == FORGET:
        return ViewFacts(
            asks=f"{who} wants a patient to be forgotten by the vault, for good",
            statement_masked="forget [PATIENT 1]",
            does=("erase every surrogate and the date offset of one patient; nobody can look them up again",),
            destination="nobody",
            reason=wishes.reason,
            flags=("what is de-identified of this patient from now on gets other surrogates",),
        )
    count = len(deed.surrogates)
    # Each word of a name stands for one of its own.
    most = sum(max(1, len(surrogate.split())) for surrogate in deed.surrogates)
    named = " ".join(f"[SURROGATE {number}]" for number in range(1, count + 1))
    values = "a value" if most == 1 else f"up to {most} values" if most > count else f"{count} values"
    return ViewFacts(
        asks=f"{who} wants to see {values} of one patient that surrogates stand for",
        statement_masked=f"reveal {named} of [PATIENT 1]",
        does=(f"show {who} the real {values} behind {count} of one patient's surrogates, whatever they are",),
        classes=_facts(deed).classes,
        destination=f"{who} alone",
        reason=wishes.reason,
        flags=("this re-identifies somebody",),
    )
