"""Try policy: check a set, explain what it answers, run a decision table. Nothing is executed, nobody is asked.

Who reads the rules in force, or tries others, is an administrator or somebody who decides under them. Everybody else
may have explained what policy answers to themselves and to the agents that they own, as the directory knows them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, StringConstraints

from lockgate.apart import apart
from lockgate.errors import PolicyError
from lockgate.identity import Person
from lockgate.policy import PolicySet, check_files, parse, query_from, read_table, run_cases
from lockgate.server.api.guard import ADMINS, Forbidden, Me, Services

router = APIRouter(prefix="/policy", tags=["policy"])

LARGEST_SET = 500_000
T = TypeVar("T")

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")]
Text = Annotated[str, StringConstraints(max_length=LARGEST_SET)]
Word = Annotated[str, StringConstraints(max_length=256)]
Words = Annotated[list[Word], Field(max_length=64)]

_one_at_a_time = asyncio.Semaphore(1)
"""Reading a large set takes a core for seconds, and the gateway needs the other ones."""


class Submitted(BaseModel):
    files: dict[FileName, Text] | None = Field(
        default=None,
        max_length=200,
        description="a set by file name (`*.cedar`, `profiles.yaml`); the one in force else",
    )


class Check(Submitted):
    table: Text | None = Field(default=None, description="its decision table, run as well")


class Test(Submitted):
    table: Text = Field(description="a decision table in YAML")


class Explain(Submitted):
    do: Words = Field(min_length=1, examples=[["sql.export clinic/public.patient"]])
    who: Word = Field(default="", description="an account of the directory; yourself else")
    classes: Words = []
    reveal: Words = []
    probes: Words = []
    lookups: Words = []
    clean: Words = []
    satisfied: Words = []
    purpose: Word = ""
    address: Word = ""
    hour: int = Field(default=0, ge=0, le=23)
    rows: int = Field(default=0, ge=0, lt=1 << 53)
    auth: Word = ""
    destination: Word = "client"
    break_glass: bool = False


def reads_rules(me: Person, policies: PolicySet) -> bool:
    """Whether this person administers, or decides under a profile in force."""
    deciding = {stage.group for profile in policies.profiles.values() for stage in profile.stages}
    return bool(me.groups.keys() & (deciding | {ADMINS}))


def reader(me: Me, found: Services) -> Person:
    if not reads_rules(me, found.policy.current):
        raise Forbidden(
            "this is for administrators and for people who decide",
            hint="what policy answers to you: lockgate policy explain --server",
        )
    return me


Reader = Annotated[Person, Depends(reader)]


@router.post("/check")
async def check(body: Check, me: Reader, found: Services) -> dict[str, Any]:
    """What `lockgate policy check` finds in a submitted set, or in the one in force."""
    current = found.policy.current
    files = current.files if body.files is None else _bounded(body.files)
    findings = await _alone(lambda: check_files(files, body.table, datetime.now(UTC).date()))
    return {
        "digest": current.digest if body.files is None else None,
        "findings": [finding.body() for finding in findings],
    }


@router.post("/test")
async def test(body: Test, me: Reader, found: Services) -> list[dict[str, Any]]:
    """Run a decision table under a submitted set, or under the one in force."""
    current = found.policy.current

    def run() -> list[dict[str, Any]]:
        results = run_cases(current if body.files is None else parse(_bounded(body.files)), read_table(body.table))
        return [{"name": r.name, "line": r.line, "passed": r.passed, "problem": r.problem} for r in results]

    return await _alone(run)


@router.post("/explain")
async def explain(body: Explain, me: Me, found: Services, request: Request) -> Any:
    """Which policies decide what this account attempts, with its groups and owners of this moment."""
    current = found.policy.current
    account = (body.who if ":" in body.who else f"local:{body.who}") if body.who else me.id
    requester = await found.accounts.as_it_would_ask(account)
    if not reads_rules(me, current):
        if requester is None or me.id not in {requester.principal.id, *requester.owners}:
            # The same words for an account that does not exist: the directory is not for guessing.
            raise Forbidden("you may ask for yourself and for the agents that you own")
        if body.files is not None or body.satisfied or body.break_glass or body.address or body.hour:
            raise Forbidden(
                "other rules and circumstances are for administrators and for people who decide",
                hint="leave out files, satisfied, break_glass, address and hour",
            )
    if requester is None:
        raise PolicyError("no such account, or none that can log in", hint="lockgate people")
    known = requester
    address = body.address or (request.client.host if request.client else "")

    def run() -> Any:
        policies = current if body.files is None else parse(_bounded(body.files))
        asked = query_from(known, body.do, **body.model_dump(exclude={"files", "do", "who"}) | {"address": address})
        explanation = policies.explain(asked)
        return {"text": explanation.text(), "explanation": explanation.body()}

    return await _alone(run)


def _bounded(files: dict[str, str]) -> dict[str, str]:
    if sum(map(len, files.values())) > LARGEST_SET:
        raise PolicyError(f"a set is longer than {LARGEST_SET} characters", hint="check it where it lies")
    return files


async def _alone(work: Callable[[], T]) -> T:
    """In a thread, so that sessions go on, and one such at a time."""
    async with _one_at_a_time:
        return await apart(work)
