"""FF1 against NIST's own samples, a plain reading of the standard, and its properties."""

from __future__ import annotations

import math
import random
import string
import subprocess
import sys
import time

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.errors import CipherError
from lockgate.phi.fpe import FF1, FormatKeeping
from lockgate.phi.fpe.formats import Alphabet

K = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94"
DIGITS, BASE_36 = Alphabet(string.digits), Alphabet(string.digits + string.ascii_lowercase)
T10, T36 = "39383736353433323130", "3737373770717273373737"
SAMPLES = [  # NIST, Cryptographic Standards and Guidelines: FF1samples.pdf
    (16, DIGITS, "", "0123456789", "2433477484"),
    (16, DIGITS, T10, "0123456789", "6124200773"),
    (16, BASE_36, T36, "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (24, DIGITS, "", "0123456789", "2830668132"),
    (24, DIGITS, T10, "0123456789", "2496655549"),
    (24, BASE_36, T36, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (32, DIGITS, "", "0123456789", "6657667009"),
    (32, DIGITS, T10, "0123456789", "1001623463"),
    (32, BASE_36, T36, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]
KEY = bytes(range(32))


@pytest.mark.parametrize(("size", "alphabet", "tweak", "plain", "cipher"), SAMPLES)
def test_samples_of_nist_both_ways(size, alphabet, tweak, plain, cipher):
    ff1 = FF1(bytes.fromhex(K)[:size])
    assert alphabet.encrypt(ff1, [plain], bytes.fromhex(tweak)) == [cipher]
    assert alphabet.decrypt(ff1, [cipher], bytes.fromhex(tweak)) == [plain]


def as_written(key: bytes, radix: int, tweak: bytes, numerals: list[int]) -> list[int]:
    """Algorithm 7 of SP 800-38G, step by step, one value at a time."""

    def num(x: list[int]) -> int:
        total = 0
        for numeral in x:
            total = total * radix + numeral
        return total

    def text(x: int, m: int) -> list[int]:
        return [x // radix ** (m - 1 - i) % radix for i in range(m)]

    def prf(x: bytes) -> bytes:
        return Cipher(AES(key), CBC(bytes(16))).encryptor().update(x)[-16:]

    n, t = len(numerals), len(tweak)
    u = n // 2
    v = n - u
    a, b_ = numerals[:u], numerals[u:]
    b = math.ceil((radix**v - 1).bit_length() / 8)
    d = 4 * math.ceil(b / 4) + 4
    p = bytes([1, 2, 1, *radix.to_bytes(3, "big"), 10, u % 256, *n.to_bytes(4, "big"), *t.to_bytes(4, "big")])
    for i in range(10):
        q = tweak + bytes((-t - b - 1) % 16) + bytes([i]) + num(b_).to_bytes(b, "big")
        r = prf(p + q)
        s = r
        for j in range(1, math.ceil(d / 16)):
            block = (int.from_bytes(r, "big") ^ j).to_bytes(16, "big")
            s += Cipher(AES(key), CBC(bytes(16))).encryptor().update(block)
        y = int.from_bytes(s[:d], "big")
        m = u if i % 2 == 0 else v
        a, b_ = b_, text((num(a) + y) % radix**m, m)
    return a + b_


@given(
    radix=st.sampled_from([2, 3, 10, 26, 36, 62, 256, 1000, 65536]),
    length=st.integers(2, 150),
    tweak=st.binary(max_size=50),
    seed=st.integers(0, 1 << 30),
    size=st.sampled_from([16, 24, 32]),
)
@settings(max_examples=150, deadline=None)
def test_any_radix_length_and_tweak_is_as_the_standard_is_written(radix, length, tweak, seed, size):
    length = max(length, math.ceil(math.log(1_000_001, radix)))
    rng = random.Random(seed)
    key = KEY[:size]
    values = [[rng.randrange(radix) for _ in range(length)] for _ in range(3)]
    numbers = [sum(x * radix ** (length - 1 - i) for i, x in enumerate(value)) for value in values]
    expected = [as_written(key, radix, tweak, value) for value in values]
    encrypted = FF1(key).encrypt(numbers, radix, length, tweak)
    assert encrypted == [sum(x * radix ** (length - 1 - i) for i, x in enumerate(v)) for v in expected]
    assert FF1(key).decrypt(encrypted, radix, length, tweak) == numbers


def test_every_number_of_a_domain_is_reached_once():
    encrypted = FF1(KEY).encrypt(range(1_000_000), 10, 6)
    assert sorted(encrypted) == list(range(1_000_000))


@pytest.mark.parametrize(("radix", "length"), [(10, 5), (36, 3), (2, 19), (26, 4), (999_999 >> 4, 1), (10, 0)])
def test_a_domain_in_which_one_could_try_all_is_refused(radix, length):
    with pytest.raises(CipherError, match=r"too few to hide one among") as refused:
        FF1(KEY).encrypt([7], radix, length)
    assert "surrogate" in refused.value.hint


def test_what_is_none_of_the_numbers_is_refused_without_saying_it():
    for number in (-1, 10**6):
        with pytest.raises(CipherError, match="none of 6 numerals"):
            FF1(KEY).encrypt([number], 10, 6)
    with pytest.raises(CipherError) as refused:
        DIGITS.encrypt(FF1(KEY), ["12345678x"])
    assert "12345678" not in str(refused.value)
    with pytest.raises(CipherError, match="16, 24 or 32"):
        FF1(b"short")
    with pytest.raises(CipherError, match="each once"):
        Alphabet("aa")


# formats ------------------------------------------------------------------------------------------------------------
FORMATS = [
    "123-45-6789",
    "(555) 010-9999",
    "MRN-0012345",
    "ab.CDE/12 f9",
    "AB1234567C",
    "0000000",
    "zzzzz",
    "A-1-b-2-C-3-d",
]


@pytest.mark.parametrize("value", FORMATS)
def test_a_format_is_kept_and_comes_back(value):
    keeping = FormatKeeping(KEY)
    [encrypted] = keeping.encrypt([value], "ssn")
    assert encrypted != value
    for before, after in zip(value, encrypted, strict=True):
        assert before.isdigit() == after.isdigit()
        assert before.isupper() == after.isupper() and before.islower() == after.islower()
        assert before.isalnum() or before == after
    assert keeping.decrypt([encrypted], "ssn") == [value]
    assert keeping.encrypt([value], "mrn") != [encrypted], "the class is the tweak"
    assert FormatKeeping(KEY[::-1]).encrypt([value], "ssn") != [encrypted]


@given(st.lists(st.from_regex(r"\A[A-Za-z]{0,3}[-/ .]?[0-9]{6,12}[a-z]?\Z"), max_size=30))
@settings(deadline=None)
def test_a_mixed_column_comes_back_whole(values):
    keeping = FormatKeeping(KEY)
    encrypted = keeping.encrypt(values, "mrn")
    assert keeping.decrypt(encrypted, "mrn") == values
    assert len(set(encrypted)) == len(set(values)), "no two become one"


def test_digits_with_separators_are_ff1_of_the_digits():
    [kept] = FormatKeeping(KEY).encrypt(["123-45-6789"], "ssn")
    assert DIGITS.encrypt(FF1(KEY), ["123456789"], b"ssn") == [kept.replace("-", "")]


@pytest.mark.parametrize(
    ("value", "why"), [("", "only 1;"), ("12-345", "only 100,000"), ("A123", "only 26,000"), ("--", "only 1;")]
)
def test_a_format_that_is_too_small_is_refused(value, why):
    with pytest.raises(CipherError, match=why):
        FormatKeeping(KEY).encrypt([value], "mrn")


@pytest.mark.parametrize("value", ["Müller123456", "١٢٣٤٥٦٧", "1234567é", "123456７"])
def test_what_would_stay_in_clear_is_refused(value):
    with pytest.raises(CipherError, match="would stay as they are") as refused:
        FormatKeeping(KEY).encrypt([value], "name")
    assert value not in str(refused.value)


def test_a_value_longer_than_any_identifier_is_refused_at_once():
    with pytest.raises(CipherError, match="longer than"):
        FormatKeeping(KEY).encrypt(["1" * 100_000], "mrn")


def test_it_needs_no_store_and_starts_at_once():
    program = "import sys, lockgate.phi.fpe; sys.exit(any(m.startswith('sqlalchemy') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_many_at_once_cost_far_less_than_one_by_one():
    keeping = FormatKeeping(KEY)
    values = [f"{number:03}-{number % 97:02}-{number * 7 % 10_000:04}" for number in range(1000)]

    def seconds(work):
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    together = min(seconds(lambda: keeping.encrypt(values, "ssn")) for _ in range(3))
    one_by_one = min(seconds(lambda: [keeping.encrypt([value], "ssn") for value in values]) for _ in range(3))
    assert one_by_one > 3 * together
