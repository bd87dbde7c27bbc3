"""FF1 (NIST SP 800-38G, and the domain size of its revision 1), over many values at once.

FF1 is ten rounds of a Feistel network whose round function is a CBC-MAC with AES. One value alone pays for ten calls of
AES; here values of one length go side by side, round by round, so that a round is one call for all of them. What a
round's input has in common (everything but the number B) is encrypted once.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from lockgate.errors import CipherError

ROUNDS = 10
BLOCK = 16
MIN_DOMAIN = 1_000_000
"""Fewer values than this are tried out in no time (SP 800-38G rev. 1, 5.1: radix^minlen >= 1,000,000)."""
LONGEST_TWEAK = 1 << 16
LARGEST_RADIX = 1 << 16
_LOW_64 = (1 << 64) - 1


class FF1:
    """FF1 with one AES key (16, 24 or 32 bytes). Values are numbers here; as texts: `formats`.

    A batch is numbers of one radix and one length, at least 2 numerals and 1,000,000 values: CipherError otherwise.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) not in (16, 24, 32):
            raise CipherError("a key of AES has 16, 24 or 32 bytes")
        # ECB only as the block cipher itself: FF1 chains its blocks as SP 800-38G says.
        self._cipher = Cipher(AES(key), ECB())  # noqa: S305

    def encrypt(self, numbers: Sequence[int], radix: int, length: int, tweak: bytes = b"") -> list[int]:
        """Each number, of `length` numerals, as another of the same: algorithm 7."""
        return self._run(numbers, radix, length, tweak, forward=True)

    def decrypt(self, numbers: Sequence[int], radix: int, length: int, tweak: bytes = b"") -> list[int]:
        """The way back: algorithm 8."""
        return self._run(numbers, radix, length, tweak, forward=False)

    def _run(self, numbers: Sequence[int], radix: int, length: int, tweak: bytes, *, forward: bool) -> list[int]:
        _check(radix, length, tweak)
        left = length // 2
        right = length - left
        sizes = (radix**left, radix**right)
        if any(not 0 <= number < sizes[0] * sizes[1] for number in numbers):
            raise CipherError(f"a number is none of {length} numerals of radix {radix}")
        if not numbers:
            return []
        round_of = _Round(self._cipher.encryptor().update, radix, length, right, tweak)
        a, b = [n // sizes[1] for n in numbers], [n % sizes[1] for n in numbers]
        if forward:
            for i in range(ROUNDS):
                size = sizes[i % 2]
                a, b = b, [(x + y) % size for x, y in zip(a, round_of(i, b), strict=True)]
        else:
            for i in reversed(range(ROUNDS)):
                size = sizes[i % 2]
                a, b = [(x - y) % size for x, y in zip(b, round_of(i, a), strict=True)], a
        return [x * sizes[1] + y for x, y in zip(a, b, strict=True)]


def _check(radix: int, length: int, tweak: bytes) -> None:
    if not 2 <= radix <= LARGEST_RADIX:
        raise CipherError(f"a radix is 2 to {LARGEST_RADIX}")
    if len(tweak) > LONGEST_TWEAK:
        raise CipherError(f"a tweak has at most {LONGEST_TWEAK} bytes")
    if length < 2 or radix**length < MIN_DOMAIN:
        raise CipherError(
            f"{length} numerals of radix {radix} are fewer than {MIN_DOMAIN:,} values: too few to hide one among",
            hint="use a surrogate of the vault for values as short as this, or redact them",
        )


class _Round:
    """The round function (algorithm 6, PRF, and steps 6.i to 6.iv): for each B the integer y, before it is added.

    Q = tweak, zeros, the round's number, and B in b bytes at its end. P and every whole block of Q that does not reach
    B or the round's number are the same for all, so the MAC of these is made once; of the rest, each block is one call.
    """

    def __init__(self, aes: Callable[[bytes], bytes], radix: int, length: int, right: int, tweak: bytes) -> None:
        self._aes = aes
        self.number_bytes = ((radix**right - 1).bit_length() + 7) // 8
        self.wanted_bytes = 4 * -(-self.number_bytes // 4) + 4
        head = tweak + b"\0" * ((-len(tweak) - self.number_bytes - 1) % BLOCK)
        p = struct.pack(
            ">BBB3sBBLL", 1, 2, 1, radix.to_bytes(3, "big"), ROUNDS, (length // 2) % 256, length, len(tweak)
        )
        whole = len(head) // BLOCK * BLOCK
        state = aes(p)
        for start in range(0, whole, BLOCK):
            state = aes(_xor(state, head[start : start + BLOCK]))
        self._state = state
        self._rest = head[whole:]

    def __call__(self, i: int, numbers: Sequence[int]) -> list[int]:
        size = len(self._rest) + 1 + self.number_bytes
        # What all have in common, with zeros where B goes: its first block is under the state already.
        common = int.from_bytes(self._rest + bytes([i]) + bytes(self.number_bytes), "big")
        if size == BLOCK:
            return self._short(common ^ int.from_bytes(self._state, "big"), numbers)
        return self._long(common, size, numbers)

    def _short(self, mixed: int, numbers: Sequence[int]) -> list[int]:
        """One block holds it all: nearly every identifier there is."""
        count = len(numbers)
        if self.number_bytes <= 8:
            high, low = mixed >> 64, mixed & _LOW_64
            words = [high] * (2 * count)
            words[1::2] = [low ^ number for number in numbers]
            blocks = self._aes(struct.pack(f">{2 * count}Q", *words))
        else:
            blocks = self._aes(b"".join([(mixed ^ number).to_bytes(BLOCK, "big") for number in numbers]))
        if self.wanted_bytes == 8:
            return list(struct.unpack(">" + "Q8x" * count, blocks))
        if self.wanted_bytes == 12:
            halves = struct.unpack(">" + "QL4x" * count, blocks)
            return [high << 32 | low for high, low in zip(halves[::2], halves[1::2], strict=True)]
        return self._stretched(blocks)

    def _long(self, common: int, size: int, numbers: Sequence[int]) -> list[int]:
        """Several blocks: the CBC-MAC goes on, a block of everybody's at a time."""
        texts = [(common | number).to_bytes(size, "big") for number in numbers]
        states = self._state * len(numbers)
        for start in range(0, size, BLOCK):
            states = self._aes(_xor(states, b"".join([text[start : start + BLOCK] for text in texts])))
        return self._stretched(states)

    def _stretched(self, blocks: bytes) -> list[int]:
        """Step 6.iii: R, and further blocks where more bytes are wanted than one block has."""
        parts = [blocks]
        for j in range(1, -(-self.wanted_bytes // BLOCK)):
            counter = j.to_bytes(BLOCK, "big") * (len(blocks) // BLOCK)
            parts.append(self._aes(_xor(blocks, counter)))
        wanted = self.wanted_bytes
        return [
            int.from_bytes(b"".join([part[start : start + BLOCK] for part in parts])[:wanted], "big")
            for start in range(0, len(blocks), BLOCK)
        ]


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")
