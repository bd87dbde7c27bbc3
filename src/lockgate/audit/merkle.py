"""The Merkle tree of RFC 6962 (section 2.1): leaf and node hashes, the frontier, inclusion and consistency proofs.

A `Frontier` is all that is needed to append: the roots of the complete subtrees that make up the tree, left to right,
one for each bit that is set in its size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from lockgate.errors import AuditError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

NodeReader: TypeAlias = Callable[[int, int], bytes]
"""`(level, position)` to the hash of that complete subtree of `2^level` leaves."""


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """An append-only tree of `size` leaves, as the roots of its complete subtrees."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> tuple[Frontier, list[tuple[int, int, bytes]]]:
        """The tree with one more leaf, and the subtrees that became complete: `(level, position, hash)`."""
        hashes = list(self.hashes)
        made = [(0, self.size, leaf)]
        current, level, size = leaf, 0, self.size
        while size >> level & 1:
            current = node_hash(hashes.pop(), current)
            level += 1
            made.append((level, self.size >> level, current))
        hashes.append(current)
        return Frontier(self.size + 1, tuple(hashes)), made

    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        return self.size.to_bytes(8, "big") + b"".join(self.hashes)

    @staticmethod
    def from_bytes(data: bytes) -> Frontier:
        size = int.from_bytes(data[:8], "big")
        rest = data[8:]
        if len(data) < 8 or len(rest) != HASH_BYTES * size.bit_count():
            raise AuditError("a frontier has another number of hashes than its size says")
        return Frontier(size, tuple(rest[i : i + HASH_BYTES] for i in range(0, len(rest), HASH_BYTES)))


def subtree_root(start: int, end: int, node: NodeReader) -> bytes:
    """The hash over leaves `[start, end)`, from complete subtrees; `start` is a multiple of the largest power below."""
    size = end - start
    if size <= 0:
        raise AuditError("an empty range has no subtree")
    if size & (size - 1) == 0 and start % size == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    split = _split(size)
    return node_hash(subtree_root(start, start + split, node), subtree_root(start + split, end, node))


def inclusion_proof(index: int, size: int, node: NodeReader) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962, 2.1.1."""
    if not 0 <= index < size:
        raise AuditError("no such leaf in a tree of that size")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            proof.append(subtree_root(split, end, node))
            end = split
        else:
            proof.append(subtree_root(start, split, node))
            start = split
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162, 2.1.3.2. AuditError: the leaf is not at that index under that root."""
    if not 0 <= index < size:
        raise AuditError("no such leaf in a tree of that size")
    position, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise AuditError("the inclusion proof is too long")
        if position & 1 or position == last:
            current = node_hash(sibling, current)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            current = node_hash(current, sibling)
        position >>= 1
        last >>= 1
    if last or current != root:
        raise AuditError("the inclusion proof does not lead to the root")


def consistency_proof(old: int, new: int, node: NodeReader) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 6962, 2.1.2."""
    if not 0 < old <= new:
        raise AuditError("a consistency proof goes from a smaller tree to a larger one")
    proof: list[bytes] = []
    start, end, m, whole = 0, new, old, True
    while m != end - start:
        split = _split(end - start)
        if m <= split:
            proof.append(subtree_root(start + split, end, node))
            end = start + split
        else:
            proof.append(subtree_root(start, start + split, node))
            start += split
            m -= split
            whole = False
    if not whole:
        proof.append(subtree_root(start, end, node))
    return proof[::-1]


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """RFC 9162, 2.1.4.2. AuditError: the larger tree does not begin with the smaller one."""
    if old == new:
        if proof or old_root != new_root:
            raise AuditError("two trees of one size differ")
        return
    if not 0 < old < new or not proof:
        raise AuditError("a consistency proof is missing")
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    position, last = old - 1, new - 1
    while position & 1:
        position >>= 1
        last >>= 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise AuditError("the consistency proof is too long")
        if position & 1 or position == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            second = node_hash(second, sibling)
        position >>= 1
        last >>= 1
    if first != old_root or second != new_root or last:
        raise AuditError("the larger tree does not begin with the smaller one")


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)
