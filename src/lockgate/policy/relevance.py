"""Which approval profiles a policy can turn on, read from its tree.

Only these need to be tried for an action: a question that no policy connects with people is denied at once.
A policy that uses `context.satisfied` in a way not understood here counts as hanging on every profile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

from cedarpy import pst

from lockgate.policy.schema import ACTIONS, family_of

SATISFIED = pst.GetAttr(pst.Var("context"), "satisfied")
OPENING = (pst.GetAttr(pst.Var("context"), "asked"), pst.GetAttr(pst.Var("context"), "break_glass"))
"""Facts that are false whenever a class is shown without having been named."""

MEMBERSHIP = ("contains", "contains_all", "contains_any")


def covers(tree: pst.Template, action: str) -> bool:
    """Whether the policy's scope can match `action`."""
    scope = tree.action
    if isinstance(scope, pst.ActionEq):
        return scope.entity.id == action
    if isinstance(scope, pst.ActionIn):
        return any(entity.id in (action, family_of(action)) for entity in scope.entities)
    return True


def named_profiles(tree: pst.Template) -> tuple[frozenset[str], bool]:
    """The profiles that the policy's conditions name, and whether they may hang on others as well."""
    names: set[str] = set()
    unclear = False
    stack: list[object] = [clause.expr for clause in tree.clauses]
    while stack:
        node = stack.pop()
        found = membership(node)
        if found is not None:
            names |= found
            continue
        if node == SATISFIED or node == pst.Var("context"):
            unclear = True
        elif isinstance(node, pst.GetAttr | pst.HasAttr) and node.base == pst.Var("context"):
            continue
        stack.extend(_children(node))
    return frozenset(names), unclear


def membership(node: object) -> frozenset[str] | None:
    """The literal names of `context.satisfied.contains…(…)`; None if `node` is anything else."""
    if not (isinstance(node, pst.BinaryOp) and node.op in MEMBERSHIP and node.left == SATISFIED):
        return None
    if isinstance(node.right, pst.StringLit):
        return frozenset({node.right.value})
    if isinstance(node.right, pst.Set):
        literals = [e.value for e in node.right.elements if isinstance(e, pst.StringLit)]
        if len(literals) == len(node.right.elements):
            return frozenset(literals)
    return None


def relevant_profiles(trees: Sequence[pst.Template], known: frozenset[str]) -> dict[str, frozenset[str]]:
    """For each action the profiles whose satisfaction could change its answer."""
    read = [(tree, *named_profiles(tree)) for tree in trees]
    return {
        action: frozenset().union(
            *(known if unclear else names & known for tree, names, unclear in read if covers(tree, action))
        )
        for action in ACTIONS
    }


def shown_unasked(trees: Sequence[pst.Template]) -> frozenset[str]:
    """The `reveal.*` actions that some permit might allow with no profile, unasked and with no broken glass.

    The others need not be put to Cedar for a class that nobody named: they are masked.
    """
    open_ = [t for t in trees if t.effect == "permit" and not any(_closed_unasked(c) for c in t.clauses)]
    return frozenset(
        action for action in ACTIONS if family_of(action) == "reveal" and any(covers(t, action) for t in open_)
    )


def _closed_unasked(clause: pst.Clause) -> bool:
    if isinstance(clause, pst.Unless):
        return true_without_people(clause.expr)
    return needs_people(clause.expr) or any(part in OPENING for part in conjuncts(clause.expr))


def conjuncts(node: object) -> Iterator[object]:
    """The parts of `a && b && c`."""
    if isinstance(node, pst.BinaryOp) and node.op == "and":
        yield from conjuncts(node.left)
        yield from conjuncts(node.right)
    else:
        yield node


def needs_people(node: object) -> bool:
    """Whether an expression can be true only if some profile is satisfied."""
    if isinstance(node, pst.BinaryOp):
        if node.op == "and":
            return needs_people(node.left) or needs_people(node.right)
        if node.op == "or":
            return needs_people(node.left) and needs_people(node.right)
        return bool(membership(node))  # contains_all of an empty set is always true
    if isinstance(node, pst.UnaryOp) and node.op == "not":
        return true_without_people(node.arg)
    if isinstance(node, pst.IfThenElse):
        return (needs_people(node.cond) or needs_people(node.then_expr)) and needs_people(node.else_expr)
    return False


def true_without_people(node: object) -> bool:
    """Whether an expression is certainly true while no profile is satisfied."""
    if isinstance(node, pst.UnaryOp):
        if node.op == "not":
            return needs_people(node.arg)
        return node.op == "is_empty" and node.arg == SATISFIED
    if isinstance(node, pst.BinaryOp) and node.op in ("and", "or"):
        sides = true_without_people(node.left), true_without_people(node.right)
        return all(sides) if node.op == "and" else any(sides)
    return False


def reads(tree: pst.Template, attribute: str) -> bool:
    """Whether any condition reads `context.<attribute>`, or the context as a whole."""
    stack: list[object] = [clause.expr for clause in tree.clauses]
    while stack:
        node = stack.pop()
        if isinstance(node, pst.GetAttr | pst.HasAttr) and node.base == pst.Var("context"):
            if attribute in ((node.attr,) if isinstance(node, pst.GetAttr) else node.attrs):
                return True
            continue
        if node == pst.Var("context"):
            return True
        stack.extend(_children(node))
    return False


def compared(tree: pst.Template, attribute: str) -> frozenset[str]:
    """The texts with which any condition compares `context.<attribute>`, in `==`, `!=` or a set that holds it."""
    fact = pst.GetAttr(pst.Var("context"), attribute)
    found: set[str] = set()
    stack: list[object] = [clause.expr for clause in tree.clauses]
    while stack:
        node = stack.pop()
        if isinstance(node, pst.BinaryOp) and fact in (node.left, node.right):
            other = node.right if node.left == fact else node.left
            members = other.elements if isinstance(other, pst.Set) else (other,)
            found |= {member.value for member in members if isinstance(member, pst.StringLit)}
        stack.extend(_children(node))
    return frozenset(found)


def may_match(scope: pst.PrincipalOrResourceConstraint, id: str) -> bool:
    """Whether the scope can match the entity of this id; only one that names another entity cannot."""
    if isinstance(scope, pst.ScopeEq) and isinstance(scope.entity, pst.EntityUid):
        return scope.entity.id == id
    return True


def _children(node: object) -> Iterator[object]:
    if isinstance(node, tuple):
        yield from node
    elif isinstance(node, dict):
        yield from node.values()
    elif is_dataclass(node) and not isinstance(node, type):
        for f in fields(node):
            yield getattr(node, f.name)
