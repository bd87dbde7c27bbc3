"""The Merkle tree: known vectors, and properties over random sizes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.audit import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from lockgate.errors import AuditError

# The eight leaves and roots of the Certificate Transparency reference tests.
LEAVES = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]  # noqa: E501  # fmt: skip
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


class Tree:
    """A whole tree kept in memory, the slow way."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.frontier, self.nodes = Frontier(), {}
        for leaf in leaves:
            self.frontier, made = self.frontier.append(leaf_hash(leaf))
            for level, position, digest in made:
                self.nodes[level, position] = digest

    def node(self, level: int, position: int) -> bytes:
        return self.nodes[level, position]


def root_of(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(root_of(leaves[:k]), root_of(leaves[k:]))


@pytest.mark.parametrize("size", ROOTS)
def test_known_roots(size):
    assert Tree(LEAVES[:size]).frontier.root().hex() == ROOTS[size]


def test_the_empty_tree():
    assert Frontier().root() == hashlib.sha256(b"").digest()


@given(st.lists(st.binary(max_size=8), max_size=70))
@settings(max_examples=60, deadline=None)
def test_the_frontier_has_the_root_of_the_definition(leaves):
    frontier = Tree(leaves).frontier
    assert frontier.root() == root_of(leaves)
    assert Frontier.from_bytes(frontier.to_bytes()) == frontier


@given(st.integers(1, 70), st.data())
@settings(max_examples=60, deadline=None)
def test_inclusion_holds_for_that_leaf_and_no_other(size, data):
    leaves = [bytes([i]) for i in range(size)]
    tree, index = Tree(leaves), data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, tree.node)
    root = tree.frontier.root()
    verify_inclusion(leaf_hash(leaves[index]), index, size, proof, root)
    with pytest.raises(AuditError):
        verify_inclusion(leaf_hash(b"another"), index, size, proof, root)
    if size > 1:
        with pytest.raises(AuditError):
            verify_inclusion(leaf_hash(leaves[index]), (index + 1) % size, size, proof, root)


@given(st.integers(1, 70), st.data())
@settings(max_examples=60, deadline=None)
def test_a_larger_tree_begins_with_the_smaller_or_is_found_out(size, data):
    old = data.draw(st.integers(1, size))
    leaves = [bytes([i]) for i in range(size)]
    small, large = Tree(leaves[:old]), Tree(leaves)
    proof = consistency_proof(old, size, large.node)
    verify_consistency(old, size, small.frontier.root(), large.frontier.root(), proof)
    forked = Tree([b"forked", *leaves[1:old]])
    with pytest.raises(AuditError):
        verify_consistency(old, size, forked.frontier.root(), large.frontier.root(), proof)
