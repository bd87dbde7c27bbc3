"""A query from words: what a person writes who asks what policy would answer."""

from __future__ import annotations

from collections.abc import Iterable

from lockgate.action import PHI_CLASSES, Question, Requester
from lockgate.errors import PolicyError
from lockgate.policy.model import Context, Query
from lockgate.policy.schema import OPERATIONS


def query_from(
    requester: Requester,
    do: Iterable[str],
    *,
    classes: Iterable[str] = (),
    reveal: Iterable[str] = (),
    probes: Iterable[str] = (),
    lookups: Iterable[str] = (),
    clean: Iterable[str] = (),
    satisfied: Iterable[str] = (),
    purpose: str = "",
    address: str = "",
    hour: int = 0,
    rows: int = 0,
    auth: str = "",
    destination: str = "client",
    break_glass: bool = False,
) -> Query:
    """`do` holds "OPERATION RESOURCE" texts; what is to be revealed is in play. PolicyError: a word is not known."""
    revealed = _classes(reveal)
    in_play = _classes(classes) | revealed
    return Query(
        requester=requester,
        questions=tuple(_question(text) for text in do),
        probes=_classes(probes),
        lookups=_classes(lookups),
        classes=in_play,
        reveal=revealed,
        context=Context(
            purpose=purpose,
            satisfied=frozenset(satisfied),
            break_glass=break_glass,
            classes=in_play,
            rows=rows,
            auth=auth,
            destination=destination,
            address=address,
            hour=hour,
        ),
        clean=frozenset(clean),
    )


def _question(text: str) -> Question:
    operation, _, resource = text.strip().partition(" ")
    if not operation or not resource.strip():
        raise PolicyError('write "OPERATION RESOURCE", for example "sql.select clinic/public.patient"')
    if operation not in OPERATIONS:
        raise PolicyError(f"{operation} is no operation", hint=f"known are {', '.join(sorted(OPERATIONS))}")
    return Question(operation, resource.strip())


def _classes(names: Iterable[str]) -> frozenset[str]:
    found = frozenset(names)
    for name in sorted(found - set(PHI_CLASSES)):
        raise PolicyError(f'"{name}" is no PHI class; known are {", ".join(PHI_CLASSES)}')
    return found
